package cli

import (
	"fmt"
	"io"

	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/store"
	"github.com/faaslens/faaslens/wasm"
)

// stackFrame is one frame of a guest's stack with the name of its function.
type stackFrame struct {
	Function uint32 `json:"function"` // index
	Name     string `json:"name"`
	Offset   uint64 `json:"offset"` // in the module's file, in bytes
}

// nameFrames looks up the functions of a stack in the module's name section, or in
// that of its debug file.
func nameFrames(st *store.Store, function guest.Name, m *wasm.Module, frames []guest.Frame) []stackFrame {
	if len(frames) == 0 {
		return nil
	}
	names, _ := m.Names() // what can be read of a damaged section is better than nothing
	if !m.HasNames() {
		if debug, err := st.FindDebug(function, m); err == nil {
			names, _ = debug.Module.Names()
		}
	}
	named := make([]stackFrame, len(frames))
	for i, f := range frames {
		name := names.Func(f.Func)
		if name == "" {
			name = fmt.Sprintf("<function #%d>", f.Func)
		}
		named[i] = stackFrame{Function: uint32(f.Func), Name: name, Offset: uint64(f.Offset)}
	}
	return named
}

// How many lines of a stack are shown at its inner and at its outer end.
const (
	innerLines = 40
	outerLines = 10
)

// writeStack writes a stack, innermost frame first, with repetitions folded and the
// middle of a long rest left out.
func writeStack(w io.Writer, frames []stackFrame) {
	lines := foldStack(frames)
	width := len(fmt.Sprintf("#%d", len(frames)-1))
	if len(lines) <= innerLines+outerLines {
		writeLines(w, lines, width)
		return
	}
	outer := lines[len(lines)-outerLines:]
	writeLines(w, lines[:innerLines], width)
	left := outer[0].at - lines[innerLines].at
	fmt.Fprintf(w, "    %-*s %d more frame(s)\n", width, "…", left)
	writeLines(w, outer, width)
}

// stackLine is a frame, or the note that the frames before it come again.
type stackLine struct {
	at     int // number of the frame
	frame  stackFrame
	period int // of a note: how many frames come again
	times  int // of a note: and how often
}

func writeLines(w io.Writer, lines []stackLine, width int) {
	for _, l := range lines {
		switch {
		case l.period == 0:
			fmt.Fprintf(w, "    %-*s %s (+0x%x)\n", width, fmt.Sprintf("#%d", l.at), l.frame.Name, l.frame.Offset)
		case l.period == 1:
			fmt.Fprintf(w, "    %-*s the same %d more time(s)\n", width, "…", l.times)
		default:
			fmt.Fprintf(w, "    %-*s these %d frames %d more time(s)\n", width, "…", l.period, l.times)
		}
	}
}

func foldStack(frames []stackFrame) []stackLine {
	var lines []stackLine
	for i := 0; i < len(frames); {
		period, times := repetition(frames[i:])
		for k := range period {
			lines = append(lines, stackLine{at: i + k, frame: frames[i+k]})
		}
		if times > 1 {
			lines = append(lines, stackLine{at: i + period, period: period, times: times - 1})
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
func repetition(frames []stackFrame) (period, times int) {
	for p := 1; p <= maxPeriod && p*minTimes <= len(frames); p++ {
		same := p
		for same < len(frames) && frames[same] == frames[same-p] {
			same++
		}
		if same/p >= minTimes {
			return p, same / p
		}
	}
	return 1, 1
}
