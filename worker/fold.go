package worker

import (
	"fmt"
	"strconv"
)

// StackLine is a line of a stack for people: a call, or the note that the calls
// before it come again.
type StackLine struct {
	At     int // number of the call, 0 for the innermost
	Frame  Frame
	Period int // of a note: how many calls come again; else 0
	Times  int // of a note: and how often
}

// Note says in words what a note stands for.
func (l *StackLine) Note() string {
	if l.Period == 1 {
		return grouped(l.Times) + " more of " + l.Frame.Function
	}
	return fmt.Sprintf("these %d frames %s more times", l.Period, grouped(l.Times))
}

// grouped writes a number with its thousands apart.
func grouped(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// Fold makes lines of a stack, with repetitions folded as recursion makes them. Calls
// repeat if they are at the same places in the code. Every call is in one line, or
// counted in one note.
func Fold(frames []Frame) []StackLine {
	// starts are where the frames that are no part of another begin: an inlined call
	// is folded with what it is inlined into.
	starts := make([]int, 0, len(frames)+1)
	for i := range frames {
		if i == 0 || !frames[i-1].Inlined {
			starts = append(starts, i)
		}
	}
	n := len(starts)
	starts = append(starts, len(frames))
	var lines []StackLine
	for i := 0; i < n; {
		period, times := repetition(frames, starts[i:n])
		first, behind := starts[i], starts[i+period]
		for k := first; k < behind; k++ {
			lines = append(lines, StackLine{At: k, Frame: frames[k]})
		}
		if times > 1 {
			lines = append(lines, StackLine{At: behind, Frame: frames[behind-1], Period: behind - first, Times: times - 1})
		}
		i += period * times
	}
	return lines
}

// A repetition of up to maxPeriod frames is folded if it comes minTimes times.
const (
	maxPeriod = 8
	minTimes  = 3
)

// repetition says how many frames at the start of a stack come how many times in a
// row; 1 and 1 if none do.
func repetition(frames []Frame, starts []int) (period, times int) {
	same := func(i, j int) bool {
		a, b := &frames[starts[i]], &frames[starts[j]]
		return a.Func == b.Func && a.Offset == b.Offset && a.Language == b.Language && (a.Language == "" || a.Location == b.Location)
	}
	for p := 1; p <= maxPeriod && p*minTimes <= len(starts); p++ {
		n := p
		for n < len(starts) && same(n, n-p) {
			n++
		}
		if n/p >= minTimes {
			return p, n / p
		}
	}
	return 1, 1
}
