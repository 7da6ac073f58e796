package worker

import (
	"time"

	"github.com/faaslens/faaslens/engine"
	"github.com/faaslens/faaslens/guest"
)

// LiveStack is the stack of an invocation that runs.
type LiveStack struct {
	Function *Function
	Tag      uint64 // the Invocation's
	Elapsed  time.Duration
	Call     string // the host call that it is in, or "the engine"; empty in its own code
	Frames   []guest.Frame
	Depth    int // how deep the stack is: may be more than there are frames
	// Inner are the host's calls inside of Call, innermost first, and Outer those by
	// which the function was invoked. Only MixedStacks gives them.
	Inner, Outer []engine.HostFrame
}

// Stacks takes the stack of every running invocation, without stopping it.
func (w *Worker) Stacks() []LiveStack { return w.live(w.engine.Stacks()) }

// MixedStacks is Stacks with the host's calls too. For them all goroutines are halted for
// some ten microseconds each; functions in their own code go on.
func (w *Worker) MixedStacks() []LiveStack {
	stacks := w.engine.Stacks()
	w.engine.AddHost(stacks)
	return w.live(stacks)
}

func (w *Worker) live(taken []engine.LiveStack) []LiveStack {
	var stacks []LiveStack
	for _, s := range taken {
		if f := w.functionOf(s.Module); f != nil {
			stacks = append(stacks, LiveStack{
				Function: f, Tag: s.Tag, Elapsed: s.Elapsed, Call: s.Call, Frames: s.Frames, Depth: s.Depth,
				Inner: s.Inner, Outer: s.Outer,
			})
		}
	}
	return stacks
}

func (w *Worker) functionOf(m *engine.Module) *Function {
	f, ok := w.functions.Load(m)
	if !ok {
		return nil
	}
	return f.(*Function)
}
