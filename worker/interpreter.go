package worker

import (
	"github.com/faaslens/faaslens/hostcall"
	"github.com/faaslens/faaslens/symbol"
	"github.com/faaslens/faaslens/wasm"
)

// Interpreter tells the calls of a program that a guest interprets: what a Python
// program is doing inside CPython, say. It is where the frames of such a language come
// into stacks.
type Interpreter interface {
	// Language is what the frames are marked with, such as "python".
	Language() string
	// Calls reads the program's calls out of the guest's memory, innermost first.
	// stack is the guest's own; each call says which of its frames runs it.
	// Memory is the guest's and not to be trusted; it must not be kept.
	Calls(stack []Frame, memory hostcall.Memory) []InterpretedCall
}

// InterpretedCall is a call of a program that a guest interprets.
type InterpretedCall struct {
	// By is the index of the guest's frame that runs the call: the interpreter's
	// loop. Calls that one frame runs follow each other.
	By int
	symbol.Location
}

// Interpreters chooses the interpreter that a module is; nil if it is none. It is asked
// when a function is opened.
type Interpreters func(*wasm.Module) Interpreter

// BacktraceIn is Backtrace for a guest that is in a host call, so that its memory can be
// read: if the guest is an interpreter, the calls of its program are merged in, each
// before the frame that runs it.
func (f *Function) BacktraceIn(g hostcall.Guest) []Frame { return f.backtraceIn(g, 0) }

// backtraceIn is BacktraceIn without the guest's omit innermost frames and what comes
// before them.
func (f *Function) backtraceIn(g hostcall.Guest, omit int) []Frame {
	stack := g.Frames()
	omit = min(max(omit, 0), len(stack))
	if f.interpreter == nil {
		return f.Backtrace(stack[omit:])
	}
	frames := f.merged(f.Backtrace(stack), g.Memory())
	for own := len(f.Backtrace(stack[:omit])); own > 0; frames = frames[1:] {
		if frames[0].Language == "" {
			own--
		}
	}
	return frames
}

// merged adds the calls of the program that a guest interprets to its stack.
func (f *Function) merged(stack []Frame, memory hostcall.Memory) []Frame {
	language := f.interpreter.Language()
	by := make(map[int][]Frame)
	n := 0
	for _, c := range f.interpreter.Calls(stack, memory) {
		if c.By < 0 || c.By >= len(stack) {
			continue // what was read was no stack
		}
		of := stack[c.By]
		by[c.By] = append(by[c.By], Frame{Func: of.Func, Offset: of.Offset, Code: of.Code, Location: c.Location, Language: language})
		n++
	}
	all := make([]Frame, 0, len(stack)+n)
	for i, fr := range stack {
		all = append(append(all, by[i]...), fr)
	}
	return all
}
