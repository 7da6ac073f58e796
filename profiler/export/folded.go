package export

import (
	"bufio"
	"strconv"
	"strings"
	"unicode"
)

// writeFolded writes a line for each distinct stack that has a value.
func writeFolded(w *bufio.Writer, g *graph, selected int, o Options) error {
	names := make([]string, len(g.all))
	for i, f := range g.all {
		names[i] = foldedName(f.name)
	}
	var path []frame
	for n := range g.nodes {
		value, base := g.values[selected][n], int64(0)
		if g.base != nil {
			base = g.base[selected][n]
		}
		if value == 0 && base == 0 {
			continue
		}
		path = g.path(path[:0], n)
		for i, f := range path {
			if i > 0 {
				w.WriteByte(';')
			}
			w.WriteString(names[f.function()])
			if o.Annotate {
				w.WriteString(annotation(g.all[f.function()].kind, f.inlined()))
			}
		}
		if g.base != nil {
			w.WriteString(" " + strconv.FormatInt(base, 10))
		}
		if _, err := w.WriteString(" " + strconv.FormatInt(value, 10) + "\n"); err != nil {
			return err
		}
	}
	return nil
}

// foldedName is a name without what has a meaning in the format.
func foldedName(name string) string {
	name = strings.TrimSpace(strings.Map(func(r rune) rune {
		switch {
		case r == ';':
			return ':'
		case unicode.IsControl(r), r == '\u2028', r == '\u2029':
			return ' '
		}
		return r
	}, name))
	if name == "" || name[0] == '#' {
		name = "[unnamed]" + name
	}
	if rest, _, ok := cutNumber(name); ok { // it would be the base's value
		name = rest + "_" + strings.TrimSpace(name[len(rest):])
	}
	return name
}

// The marks of FlameGraph's stackcollapse tools.
const (
	kernelMark  = "_[k]"
	inlinedMark = "_[i]"
	jitMark     = "_[j]"
)

func annotation(k Kind, inlined bool) string {
	switch {
	case k == Kernel:
		return kernelMark
	case inlined:
		return inlinedMark
	case k == Guest || k == Library:
		return jitMark
	}
	return ""
}
