package profiler

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/google/pprof/profile"

	"github.com/faaslens/faaslens/guest"
)

// maxSummary is how many functions a summary has.
const maxSummary = 20

// summaryRow is what a profile says of one function.
type summaryRow struct {
	name, mapping string
	self, total   int64
}

// WriteSummary writes a profile's functions with the largest shares, and its comments, as
// text.
func WriteSummary(w io.Writer, p *profile.Profile) error {
	value := defaultValue(p)
	rows, all := summarise(p, value)
	t := p.SampleType[value]
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s in %d stack(s)\n", t.Type, showValue(all, t.Unit), len(p.Sample))
	if all > 0 {
		fmt.Fprintf(&b, "%10s %6s %10s %6s  function\n", "self", "", "total", "")
	}
	shown := 0
	for _, r := range rows {
		// Of what only leads to other code, the guest's own is worth a line.
		if shown == maxSummary || r.self == 0 && !strings.HasPrefix(r.mapping, "wasm:") {
			continue
		}
		shown++
		fmt.Fprintf(&b, "%10s %5.1f%% %10s %5.1f%%  %s  %s\n",
			showValue(r.self, t.Unit), percent(r.self, all), showValue(r.total, t.Unit), percent(r.total, all), r.name, r.mapping)
	}
	if more := len(rows) - shown; more > 0 {
		fmt.Fprintf(&b, "and %d more function(s)\n", more)
	}
	for _, c := range p.Comments {
		b.WriteString(c + "\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// defaultValue is the index of the value that a profile is about.
func defaultValue(p *profile.Profile) int {
	for i, t := range p.SampleType {
		if t.Type == p.DefaultSampleType {
			return i
		}
	}
	return len(p.SampleType) - 1
}

// summarise adds a profile's samples up by function, largest first.
func summarise(p *profile.Profile, value int) (rows []*summaryRow, all int64) {
	byKey := make(map[summaryRow]*summaryRow)
	for _, s := range p.Sample {
		v := s.Value[value]
		all += v
		counted := make(map[*summaryRow]bool)
		for i, loc := range s.Location {
			for k, line := range loc.Line {
				key := summaryRow{name: oneLine(line.Function.Name)}
				if loc.Mapping != nil {
					key.mapping = shortMapping(loc.Mapping.File)
				}
				r := byKey[key]
				if r == nil {
					r = &summaryRow{name: key.name, mapping: key.mapping}
					byKey[key] = r
					rows = append(rows, r)
				}
				if i == 0 && k == 0 {
					r.self += v
				}
				if !counted[r] {
					counted[r] = true
					r.total += v
				}
			}
		}
	}
	slices.SortFunc(rows, func(a, b *summaryRow) int {
		return cmp.Or(cmp.Compare(b.self, a.self), cmp.Compare(b.total, a.total), cmp.Compare(a.name, b.name))
	})
	return rows, all
}

// shortMapping is a mapping's file without its directory.
func shortMapping(file string) string {
	if strings.HasPrefix(file, "wasm:") {
		return file
	}
	return file[strings.LastIndexByte(file, '/')+1:]
}

// oneLine keeps a name of a module from writing more than its place in a terminal.
func oneLine(name string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return '?'
		}
		return r
	}, name)
}

func percent(part, all int64) float64 {
	if all == 0 {
		return 0
	}
	return 100 * float64(part) / float64(all)
}

func showValue(v int64, unit string) string {
	switch unit {
	case "nanoseconds":
		d := time.Duration(v)
		switch {
		case d >= time.Second:
			d = d.Round(10 * time.Millisecond)
		case d >= time.Millisecond:
			d = d.Round(10 * time.Microsecond)
		case d >= time.Microsecond:
			d = d.Round(10 * time.Nanosecond)
		}
		return d.String()
	case "bytes":
		return guest.FormatBytes(uint64(max(v, 0)))
	}
	return fmt.Sprint(v)
}
