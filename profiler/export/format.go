package export

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/google/pprof/profile"
)

// Format is a way to write a profile.
type Format string

// The formats.
const (
	// Pprof is profile.proto, compressed with gzip, as 'go tool pprof' reads it.
	Pprof Format = "pprof"
	// Folded is a line for each stack: its functions from the outermost on, joined by
	// semicolons, and its value (github.com/brendangregg/FlameGraph). Of a difference,
	// it is the base's value and the new one.
	Folded Format = "folded"
	// HTML is a page with a flame graph, tables and sources, which needs nothing else.
	HTML Format = "html"
	// SVG is a flame graph that browsers show and let one zoom and search.
	SVG Format = "svg"
	// Firefox is the Firefox Profiler's processed profile format, version 57
	// (github.com/firefox-devtools/profiler, docs-developer/CHANGELOG-formats.md).
	Firefox Format = "firefox"
	// Speedscope is speedscope's own format
	// (https://www.speedscope.app/file-format-schema.json).
	Speedscope Format = "speedscope"
	// JSON is everything in the profile, in our own plain form: see [Document].
	JSON Format = "json"
)

// Formats returns all formats, the one for tools first.
func Formats() []Format {
	return []Format{Pprof, Folded, HTML, SVG, Firefox, Speedscope, JSON}
}

// ParseFormat returns the format with a name.
func ParseFormat(name string) (Format, error) {
	if f := Format(name); slices.Contains(Formats(), f) {
		return f, nil
	}
	var names []string
	for _, f := range Formats() {
		names = append(names, string(f))
	}
	return "", fmt.Errorf("format %q: there are %s", name, strings.Join(names, ", "))
}

// Extension returns the usual end of a file's name, such as ".pb.gz".
func (f Format) Extension() string {
	switch f {
	case Pprof:
		return ".pb.gz"
	case HTML:
		return ".html"
	case SVG:
		return ".svg"
	case Folded:
		return ".folded"
	case Firefox:
		return ".firefox.json"
	case Speedscope:
		return ".speedscope.json"
	}
	return ".json"
}

// FormatOf returns the format that the end of a file's name says, as ".svg" does; false if
// it says none.
func FormatOf(file string) (Format, bool) {
	var found Format
	for _, f := range Formats() {
		end := f.Extension()
		if strings.HasSuffix(file, end) && (found == "" || len(end) > len(found.Extension())) {
			found = f
		}
	}
	if found == "" && strings.HasSuffix(file, ".pprof") {
		found = Pprof
	}
	return found, found != ""
}

// Options says how a profile is written. The zero value is useful.
type Options struct {
	// Title is what the profile is of, such as "demo/hello".
	Title string
	// SampleType is the Type of the values that are shown where a format has room for
	// one, or that are shown first. "" means the profile's default, or else its last.
	SampleType string
	// Annotate marks the functions of folded stacks as FlameGraph's tools do: _[k] the
	// kernel's, _[i] inlined ones, _[j] other guest code, which was compiled at run
	// time.
	Annotate bool
	// Reverse starts the stacks of an SVG at their innermost function.
	Reverse bool
	// Source returns the content of a source file that the profile names, for HTML. The
	// names come from modules: it decides which files may be shown. nil shows none.
	Source func(file string) ([]byte, error)
}

// Write writes a profile. Nothing else may use the profile meanwhile: its values stay as
// they are, but the profile library numbers its parts. The error is of the profile, the
// options or the writer; a file that Options.Source cannot read is none.
func Write(w io.Writer, p *profile.Profile, f Format, o Options) error {
	if err := write(w, p, f, o); err != nil {
		return fmt.Errorf("write profile as %s: %w", f, err)
	}
	return nil
}

func write(w io.Writer, p *profile.Profile, f Format, o Options) error {
	if err := check(p); err != nil {
		return err
	}
	if f == Pprof {
		return p.Write(w)
	}
	selected, err := sampleType(p, o.SampleType)
	if err != nil {
		return err
	}
	b := bufio.NewWriterSize(w, 64<<10)
	switch f {
	case Folded:
		err = writeFolded(b, newGraph(p), selected, o)
	case HTML:
		err = writeHTML(b, p, selected, o)
	case SVG:
		err = writeSVG(b, newGraph(p), selected, o)
	case Firefox:
		err = writeFirefox(b, p, selected, o)
	case Speedscope:
		err = writeSpeedscope(b, newGraph(p), selected, o)
	case JSON:
		err = writeJSON(b, p, selected)
	default:
		_, err = ParseFormat(string(f))
	}
	if err != nil {
		return err
	}
	return b.Flush()
}

// check reports what the profile library does not let pass, and what it does but nobody
// can show.
func check(p *profile.Profile) error {
	if err := p.CheckValid(); err != nil {
		return err
	}
	if len(p.SampleType) == 0 {
		return errors.New("it has no sample types")
	}
	return nil
}

// sampleType returns the index of the type of value with a name.
func sampleType(p *profile.Profile, name string) (int, error) {
	if name == "" {
		name = p.DefaultSampleType
		if i := slices.IndexFunc(p.SampleType, func(t *profile.ValueType) bool { return t.Type == name }); i >= 0 {
			return i, nil
		}
		return len(p.SampleType) - 1, nil
	}
	var types []string
	for i, t := range p.SampleType {
		if t.Type == name {
			return i, nil
		}
		types = append(types, t.Type)
	}
	return 0, fmt.Errorf("sample type %q: the profile has %s", name, strings.Join(types, ", "))
}
