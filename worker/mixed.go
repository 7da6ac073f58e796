package worker

import (
	"runtime"

	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/symbol"
)

// MixedFrame is a call of a stack that goes through the host and guests.
type MixedFrame struct {
	// Guest is the function that the call is in; nil for one of the host's.
	Guest *Function
	// Frame says where it is. Of the host's calls it has only the Location.
	Frame
}

// Calls says what the addresses are that runtime.Callers gave: calls of the host and of
// this worker's functions, innermost first, inlined ones too. engine.MixStacks must have
// been called before the guest made the host call that asks; without it there are only the
// host's. Addresses that are nobody's are left out.
func (w *Worker) Calls(pcs []uintptr) []MixedFrame {
	var all []MixedFrame
	host := 0 // where the host's addresses start that are not yet named
	for i, pc := range pcs {
		m, g, ok := w.engine.FrameAt(pc)
		if !ok {
			continue
		}
		all = append(all, hostCalls(pcs[host:i])...)
		host = i + 1
		if f := w.functionOf(m); f != nil {
			for _, c := range f.Backtrace([]guest.Frame{g}) {
				all = append(all, MixedFrame{Guest: f, Frame: c})
			}
		}
	}
	return append(all, hostCalls(pcs[host:])...)
}

func hostCalls(pcs []uintptr) []MixedFrame {
	if len(pcs) == 0 {
		return nil
	}
	var all []MixedFrame
	frames := runtime.CallersFrames(pcs)
	for {
		f, more := frames.Next()
		if f.PC != 0 {
			l := symbol.Location{Function: f.Function, File: f.File, Line: f.Line, Inlined: f.Func == nil}
			all = append(all, MixedFrame{Frame: Frame{Location: l}})
		}
		if !more {
			return all
		}
	}
}
