package export

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"

	"github.com/google/pprof/profile"
)

// Bounds of folded stacks that are read.
const (
	maxFoldedLine   = 1 << 20 // bytes
	maxFoldedFrames = 64 << 20
)

// ParseFolded reads folded stacks, such as FlameGraph's stackcollapse tools and perf's
// reports write: lines with the functions of a stack from the outermost on, joined by
// semicolons, and how often it was seen. Empty lines and those that start with # mean
// nothing. The result has one type of value, samples/count; lines with two numbers make
// it a difference, as by [Diff], of the first number as its base.
//
// The marks _[k] (kernel), _[j] (compiled at run time, so a guest's) and _[i] (inlined)
// are understood and removed; functions named "[unknown]" are of no known module.
// Everything else belongs to no mapping, which is the host. Memory follows the size of
// the input, which must have less than 64 Mi calls.
func ParseFolded(r io.Reader) (*profile.Profile, error) {
	f := &foldedReader{
		p: &profile.Profile{
			SampleType: []*profile.ValueType{{Type: "samples", Unit: "count"}},
			PeriodType: &profile.ValueType{Type: "samples", Unit: "count"}, Period: 1,
		},
		locations: make(map[string]*profile.Location),
		functions: make(map[string]*profile.Function),
		mappings:  make(map[string]*profile.Mapping),
	}
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxFoldedLine)
	n := 0
	for lines.Scan() {
		n++
		if err := f.line(lines.Text()); err != nil {
			return nil, fmt.Errorf("read folded stacks: line %d: %w", n, err)
		}
	}
	if err := lines.Err(); errors.Is(err, bufio.ErrTooLong) {
		return nil, fmt.Errorf("read folded stacks: line %d has more than %d bytes", n+1, maxFoldedLine)
	} else if err != nil {
		return nil, fmt.Errorf("read folded stacks: %w", err)
	}
	if len(f.p.Sample) == 0 {
		return nil, errors.New("read folded stacks: there are none: want lines such as main;work 12")
	}
	return f.p, nil
}

type foldedReader struct {
	p         *profile.Profile
	frames    int
	locations map[string]*profile.Location // by their frames as they are written
	functions map[string]*profile.Function
	mappings  map[string]*profile.Mapping
}

func (f *foldedReader) line(text string) error {
	text = strings.TrimSpace(text)
	if text == "" || text[0] == '#' {
		return nil
	}
	stack, value, ok := cutNumber(text)
	if !ok {
		return errors.New("want a stack and a number, such as main;work 12")
	}
	base := int64(-1)
	if rest, first, two := cutNumber(stack); two {
		stack, base = rest, first
	}
	if stack == "" {
		return errors.New("want a stack before the number, such as main;work 12")
	}
	locations, err := f.stack(stack)
	if err != nil {
		return err
	}
	if value > 0 || base < 0 {
		f.p.Sample = append(f.p.Sample, &profile.Sample{Location: locations, Value: []int64{value}})
	}
	if base > 0 {
		f.p.Sample = append(f.p.Sample, &profile.Sample{
			Location: locations, Value: []int64{-base}, Label: map[string][]string{baseLabel: {"true"}},
		})
	}
	return nil
}

// cutNumber takes a number that is not negative off the end of a line. Some tools write
// fractions; half a sample is none.
func cutNumber(text string) (rest string, n int64, ok bool) {
	i := strings.LastIndexByte(text, ' ')
	if i < 0 {
		return text, 0, false
	}
	x, err := strconv.ParseFloat(text[i+1:], 64)
	switch whole, intErr := strconv.ParseInt(text[i+1:], 10, 64); {
	case intErr == nil && whole >= 0:
		n = whole
	case err != nil || !(x >= 0) || x >= math.MaxInt64 || strings.Trim(text[i+1:], "0123456789.") != "":
		return text, 0, false
	default:
		n = int64(x)
	}
	return strings.TrimSpace(text[:i]), n, true
}

// stack returns the locations of a stack, the innermost first. A frame that is marked
// inlined shares the location of its caller.
func (f *foldedReader) stack(text string) ([]*profile.Location, error) {
	var groups []string // each a location's frames, the outermost first
	for name := range strings.SplitSeq(text, ";") {
		if f.frames++; f.frames > maxFoldedFrames {
			return nil, fmt.Errorf("there are more than %d calls: leave some out", maxFoldedFrames)
		}
		if last := len(groups) - 1; last >= 0 && strings.HasSuffix(name, inlinedMark) {
			groups[last] += ";" + name
		} else {
			groups = append(groups, name)
		}
	}
	locations := make([]*profile.Location, len(groups))
	for i, g := range groups {
		locations[len(groups)-1-i] = f.location(g)
	}
	return locations, nil
}

func (f *foldedReader) location(frames string) *profile.Location {
	if l := f.locations[frames]; l != nil {
		return l
	}
	names := strings.Split(frames, ";")
	l := &profile.Location{ID: uint64(len(f.p.Location) + 1), Line: make([]profile.Line, len(names))}
	for i, name := range names {
		name, mark := cutMark(name)
		l.Line[len(names)-1-i].Function = f.function(name)
		switch {
		case mark == kernelMark:
			l.Mapping = f.mapping("[kernel.kallsyms]")
		case mark == jitMark:
			l.Mapping = f.mapping(jitMapping)
		case name == "[unknown]":
			l.Mapping = f.mapping(unknownMapping)
		}
	}
	f.locations[frames] = l
	f.p.Location = append(f.p.Location, l)
	return l
}

func cutMark(name string) (rest, mark string) {
	for _, mark := range []string{kernelMark, jitMark, inlinedMark} {
		if rest, ok := strings.CutSuffix(name, mark); ok {
			return rest, mark
		}
	}
	return name, ""
}

func (f *foldedReader) function(name string) *profile.Function {
	fn := f.functions[name]
	if fn == nil {
		fn = &profile.Function{ID: uint64(len(f.p.Function) + 1), Name: name, SystemName: name}
		f.functions[name] = fn
		f.p.Function = append(f.p.Function, fn)
	}
	return fn
}

func (f *foldedReader) mapping(file string) *profile.Mapping {
	m := f.mappings[file]
	if m == nil {
		id := uint64(len(f.p.Mapping) + 1)
		m = &profile.Mapping{ID: id, Start: id << 32, Limit: id<<32 + 1, File: file, HasFunctions: true}
		f.mappings[file] = m
		f.p.Mapping = append(f.p.Mapping, m)
	}
	return m
}
