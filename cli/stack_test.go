package cli

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// frames makes a stack of letters, one function a letter.
func frames(letters string) []stackFrame {
	var all []stackFrame
	for _, c := range letters {
		all = append(all, stackFrame{Function: uint32(c), Name: string(c), Offset: uint64(c)})
	}
	return all
}

func TestStacksAreFolded(t *testing.T) {
	for _, c := range []struct{ name, stack, want string }{
		{"nothing", "", ""},
		{"a plain stack stays", "abcd", "0a 1b 2c 3d"},
		{"twice is no recursion", "aab", "0a 1a 2b"},
		{"three times is", "aaab", "0a 1×2 3b"},
		{"above a leaf", "xaaaam", "0x 1a 2×3 5m"},
		{"two that call each other", "xababababm", "0x 1a 2b 3/2×3 9m"},
		{"an incomplete last round stays", "abababac", "0a 1b 2/2×2 6a 7c"},
		{"eight at most", strings.Repeat("abcdefgh", 3), "0a 1b 2c 3d 4e 5f 6g 7h 8/8×2"},
		{"nine are too many", strings.Repeat("abcdefghi", 3), plain(strings.Repeat("abcdefghi", 3))},
	} {
		t.Run(c.name, func(t *testing.T) {
			var b strings.Builder
			for _, l := range foldStack(frames(c.stack)) {
				switch {
				case l.period == 0:
					fmt.Fprintf(&b, "%d%s ", l.at, l.frame.Name)
				case l.period == 1:
					fmt.Fprintf(&b, "%d×%d ", l.at, l.times)
				default:
					fmt.Fprintf(&b, "%d/%d×%d ", l.at, l.period, l.times)
				}
			}
			if have := strings.TrimSpace(b.String()); have != c.want {
				t.Errorf("%s is folded to %q, want %q", c.stack, have, c.want)
			}
		})
	}
}

func plain(letters string) string {
	var b strings.Builder
	for i, c := range letters {
		fmt.Fprintf(&b, "%d%c ", i, c)
	}
	return strings.TrimSpace(b.String())
}

// The same function at two places is no repetition.
func TestOffsetsCountInRecursion(t *testing.T) {
	stack := frames("aaa")
	stack[1].Offset = 1
	if lines := foldStack(stack); len(lines) != 3 {
		t.Errorf("folded to %v", lines)
	}
}

func TestLongStacksLoseTheirMiddle(t *testing.T) {
	var stack []stackFrame
	for i := range 1000 {
		stack = append(stack, stackFrame{Name: fmt.Sprintf("f%d", i), Offset: uint64(i)})
	}
	var b strings.Builder
	writeStack(&b, stack)
	lines := strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n")
	want := []string{"    #39  f39 (+0x27)", "    …    950 more frame(s)", "    #990 f990 (+0x3de)"}
	if len(lines) != innerLines+1+outerLines {
		t.Fatalf("%d lines", len(lines))
	}
	if diff := cmp.Diff(want, lines[39:42]); diff != "" {
		t.Error(diff)
	}
}

// Every frame is shown, folded or counted, once.
func FuzzFoldedStacksKeepTheirFrames(f *testing.F) {
	for _, seed := range []string{"", "a", "aaab", "abababab", "aabaabaabaab", strings.Repeat("ab", 500)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, letters string) {
		stack := frames(letters)
		next := 0
		for _, l := range foldStack(stack) {
			if l.at != next {
				t.Fatalf("%q: a line is about frame %d, want %d", letters, l.at, next)
			}
			if l.period == 0 {
				next++
			} else {
				next += l.period * l.times
			}
		}
		if next != len(stack) {
			t.Errorf("%q: lines are about %d frames of %d", letters, next, len(stack))
		}
	})
}
