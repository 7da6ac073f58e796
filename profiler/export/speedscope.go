package export

import (
	"bufio"
	"iter"
	"slices"

	"github.com/google/pprof/profile"
)

// speedscopeFrame is FileFormat.Frame of speedscope's schema.
type speedscopeFrame struct {
	Name string `json:"name"`
	File string `json:"file,omitempty"`
	Line int64  `json:"line,omitempty"`
}

// writeSpeedscope writes a profile for each type of values, and of a difference, whose
// negative values speedscope does not take, another for each of the base.
func writeSpeedscope(w *bufio.Writer, g *graph, selected int, o Options) error {
	out := newObject(w)
	out.member("$schema", "https://www.speedscope.app/file-format-schema.json")
	out.member("exporter", "faaslens")
	if o.Title != "" {
		out.member("name", o.Title)
	}
	out.member("activeProfileIndex", selected)
	out.object("shared", func(shared *objectWriter) {
		array(shared, "frames", mapped(g.all, func(i int, f function) speedscopeFrame {
			frame := speedscopeFrame{Name: f.name, File: f.file, Line: g.start[i]}
			if f.file == "" {
				frame.File = f.module
			}
			return frame
		}))
	})
	out.name("profiles")
	w.WriteByte('[')
	for i, t := range g.types {
		if i > 0 {
			w.WriteString(",\n")
		}
		if err := writeSpeedscopeProfile(w, g, t, t.Type, g.values[i]); err != nil {
			return err
		}
	}
	for i, values := range g.base {
		w.WriteString(",\n")
		t := g.types[i]
		if err := writeSpeedscopeProfile(w, g, t, t.Type+" (base)", values); err != nil {
			return err
		}
	}
	w.WriteByte(']')
	return out.close()
}

func writeSpeedscopeProfile(w *bufio.Writer, g *graph, t *profile.ValueType, name string, values []int64) error {
	var total int64
	for _, v := range values {
		total = add(total, v)
	}
	out := newObject(w)
	out.member("type", "sampled")
	out.member("name", name)
	out.member("unit", speedscopeUnit(t.Unit))
	out.member("startValue", 0)
	out.member("endValue", total)
	var path []frame
	array(out, "samples", func(yield func([]int) bool) {
		for n := range measured(values) {
			path = g.path(path[:0], n)
			stack := make([]int, len(path))
			for i, f := range path {
				stack[i] = f.function()
			}
			if !yield(stack) {
				return
			}
		}
	})
	array(out, "weights", func(yield func(int64) bool) {
		for n := range measured(values) {
			if !yield(values[n]) {
				return
			}
		}
	})
	return out.close()
}

// measured returns the nodes that have a value.
func measured(values []int64) iter.Seq[int] {
	return func(yield func(int) bool) {
		for n, v := range values {
			if v != 0 && !yield(n) {
				return
			}
		}
	}
}

// speedscopeUnit returns a unit of FileFormat.ValueUnit.
func speedscopeUnit(unit string) string {
	if slices.Contains([]string{"nanoseconds", "microseconds", "milliseconds", "seconds", "bytes"}, unit) {
		return unit
	}
	return "none"
}
