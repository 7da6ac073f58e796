package worker

import (
	"fmt"
	"strings"
	"testing"

	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/symbol"
)

// frames makes a stack of letters, one function a letter.
func frames(letters string) []Frame {
	var all []Frame
	for _, c := range letters {
		all = append(all, Frame{Func: guest.FuncIndex(c), Offset: guest.FileOffset(c), Location: symbol.Location{Function: string(c)}})
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
			for _, l := range Fold(frames(c.stack)) {
				switch {
				case l.Period == 0:
					fmt.Fprintf(&b, "%d%s ", l.At, l.Frame.Function)
				case l.Period == 1:
					fmt.Fprintf(&b, "%d×%d ", l.At, l.Times)
				default:
					fmt.Fprintf(&b, "%d/%d×%d ", l.At, l.Period, l.Times)
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
	if lines := Fold(stack); len(lines) != 3 {
		t.Errorf("folded to %v", lines)
	}
}

// Calls that are inlined into a frame are folded with it, however many they are.
func TestInlinedCallsAreFoldedWithTheirFrame(t *testing.T) {
	var stack []Frame
	for range 5 {
		for i := range 10 {
			stack = append(stack, Frame{Func: 1, Offset: 7, Location: symbol.Location{Function: string(rune('a' + i)), Inlined: i < 9}})
		}
	}
	lines := Fold(stack)
	if len(lines) != 11 || lines[10].Period != 10 || lines[10].Times != 4 || lines[10].At != 10 {
		t.Errorf("folded to %+v", lines)
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
		for _, l := range Fold(stack) {
			if l.At != next {
				t.Fatalf("%q: a line is about frame %d, want %d", letters, l.At, next)
			}
			if l.Period == 0 {
				next++
			} else {
				next += l.Period * l.Times
			}
		}
		if next != len(stack) {
			t.Errorf("%q: lines are about %d frames of %d", letters, next, len(stack))
		}
	})
}
