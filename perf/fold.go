package perf

import (
	"bufio"
	"fmt"
	"io"
	"maps"
	"path"
	"slices"
	"strings"
)

// ScriptFields are the fields that perf script must print for Fold (its flag -F).
const ScriptFields = "comm,ip,sym,dso"

// Fold reads what perf script prints and returns folded stacks as FlameGraph's
// stackcollapse tools write them: the program and the functions from the outermost on,
// joined by semicolons, and how often perf found that stack. Functions end in _[k] if
// they are the kernel's, _[j] if they are a guest's, _[i] if they are inlined. Samples
// without a stack count for their program.
func Fold(script io.Reader) (map[string]int, error) {
	folded := make(map[string]int)
	lines := bufio.NewScanner(script)
	lines.Buffer(nil, 1<<20)
	program, stack := "", []string(nil)
	flush := func() {
		if program != "" {
			slices.Reverse(stack)
			folded[strings.Join(append([]string{program}, stack...), ";")]++
		}
		program, stack = "", nil
	}
	for lines.Scan() {
		line := lines.Text()
		switch {
		case strings.TrimSpace(line) == "":
			flush()
		case line[0] == '#':
		case line[0] == '\t' || line[0] == ' ' && program != "":
			stack = append(stack, foldedFrame(line))
		default:
			flush()
			program = foldedText(line)
		}
	}
	flush()
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("read what perf script prints: %w", err)
	}
	return folded, nil
}

// foldedFrame is the function of a line: address, name and, in brackets, the file.
func foldedFrame(line string) string {
	_, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
	if name, ok := strings.CutSuffix(rest, " (inlined)"); ok {
		return foldedText(name) + "_[i]"
	}
	name, object := rest, ""
	if i := strings.LastIndex(rest, " ("); i >= 0 {
		name, object = rest[:i], strings.TrimSuffix(rest[i+2:], ")")
	}
	name = foldedText(name)
	base := path.Base(object)
	switch {
	case name == "[unknown]":
		return name
	case strings.HasPrefix(object, "[kernel") || strings.HasPrefix(object, "[guest.kernel") || strings.HasSuffix(object, ".ko"):
		return name + "_[k]"
	case strings.HasPrefix(base, "jitted-") || strings.HasSuffix(base, ".cwasm") || strings.HasPrefix(base, "perf-") && strings.HasSuffix(base, ".map"):
		return name + "_[j]"
	}
	return name
}

// foldedText leaves out of a name what has a meaning in folded stacks.
func foldedText(s string) string {
	return strings.ReplaceAll(oneLine(strings.TrimSpace(s)), ";", ":")
}

// WriteFolded writes folded stacks in alphabetical order.
func WriteFolded(w io.Writer, folded map[string]int) error {
	for _, stack := range slices.Sorted(maps.Keys(folded)) {
		if _, err := fmt.Fprintf(w, "%s %d\n", stack, folded[stack]); err != nil {
			return err
		}
	}
	return nil
}
