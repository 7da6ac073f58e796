package worker

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/hostcall/faasm"
	"github.com/faaslens/faaslens/scheduler"
)

// maxStream is how much of a stream of a function's is kept unless its request says.
const maxStream = 256 << 10

// head keeps the first of what is written.
type head struct {
	kept []byte
	most int
	size int64 // of all that was written
}

// Write implements io.Writer.
func (h *head) Write(p []byte) (int, error) {
	h.size += int64(len(p))
	h.kept = append(h.kept, p[:min(len(p), h.most-len(h.kept))]...)
	return len(p), nil
}

// bookCall is what one invocation needs here, kept for the next.
type bookCall struct {
	inv            Invocation
	stdin          bytes.Reader
	stdout, stderr head
	output         []byte
}

func newBookCall() *bookCall {
	c := &bookCall{}
	c.inv.KeepOutput = func(output []byte) { c.output = bytes.Clone(output) }
	c.inv.Stdin = &c.stdin
	return c
}

// Invoke implements scheduler.Function. The input is what Faasm's interface reads and
// what is on stdin.
func (b *book) Invoke(ctx context.Context, id scheduler.ID, r *scheduler.Request, chain faasm.Chain) scheduler.Result {
	l := b.library
	c := l.calls.Get().(*bookCall)
	defer l.calls.Put(c)
	c.prepare(l, id, r, chain)
	o, err := b.function.Invoke(ctx, &c.inv)
	result := scheduler.Result{
		ReturnValue: o.Code, Memory: o.Memory, Output: c.output,
		Stdout: c.stdout.kept, StdoutSize: c.stdout.size, Stderr: c.stderr.kept, StderrSize: c.stderr.size,
	}
	if err != nil {
		result.ReturnValue, result.Failure = 1, b.failure(ctx, err)
	}
	c.release()
	return result
}

func (c *bookCall) prepare(l *Library, id scheduler.ID, r *scheduler.Request, chain faasm.Chain) {
	c.stdin.Reset(r.Input)
	c.stdout, c.stderr = head{most: maxStream}, head{most: maxStream}
	if r.KeepStdout > 0 {
		c.stdout.most = r.KeepStdout
	}
	i := &c.inv
	i.Input, i.Args, i.Limits, i.Python, i.Pointer, i.Chain, i.Tag = r.Input, nil, r.Limits, r.Python, r.Pointer, chain, uint64(id)
	if len(r.Args) > 0 {
		i.Args = append(faasm.Args(""), r.Args...)
	}
	i.Stdout, i.Stderr = also(&c.stdout, l.Stdout), also(&c.stderr, l.Stderr)
}

// release lets go of what belongs to others.
func (c *bookCall) release() {
	c.stdin.Reset(nil)
	c.stdout, c.stderr, c.output = head{}, head{}, nil
	i := &c.inv
	i.Input, i.Args, i.Python, i.Pointer, i.Chain, i.Stdout, i.Stderr = nil, nil, faasm.Python{}, nil, nil, nil, nil
}

// also writes to a second writer, if there is one.
func also(w, second io.Writer) io.Writer {
	if second == nil {
		return w
	}
	return io.MultiWriter(w, second)
}

// failure says in text why an invocation did not end by itself.
func (b *book) failure(ctx context.Context, err error) *scheduler.Failure {
	f := &scheduler.Failure{Kind: "error", Code: "cannot run", Message: err.Error()}
	var trap *guest.Trap
	var limit *guest.Limit
	switch {
	case errors.As(err, &trap):
		f.Kind, f.Code, f.Frames = "trap", trap.Code.String(), b.Backtrace(trap.Frames)
	case errors.As(err, &limit):
		f.Kind, f.Code, f.Frames = "limit", limit.Kind.String(), b.Backtrace(limit.Frames)
		if why := context.Cause(ctx); limit.Kind == guest.LimitCancelled && why != nil {
			f.Message = fmt.Sprintf("%v", why)
		}
	}
	return f
}

// Backtrace implements scheduler.Function.
func (b *book) Backtrace(stack []guest.Frame) []scheduler.Frame {
	return b.function.PlainBacktrace(stack)
}

// PlainBacktrace is Backtrace as schedulers keep it.
func (f *Function) PlainBacktrace(stack []guest.Frame) []scheduler.Frame {
	calls := f.Backtrace(stack)
	frames := make([]scheduler.Frame, len(calls))
	for i, c := range calls {
		frames[i] = scheduler.Frame{Function: c.Function, Index: uint32(c.Func), File: c.File, Line: c.Line, Column: c.Column, Inlined: c.Inlined, Offset: uint64(c.Code), Note: c.Note}
	}
	return frames
}
