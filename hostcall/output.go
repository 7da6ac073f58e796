package hostcall

import (
	"context"
	"io"
)

// WaitingWriter is a writer that may have to wait for room, as a pipe's does, and that
// gives up with the context's error when the invocation ends first.
type WaitingWriter interface {
	io.Writer
	WriteWhile(r Running, p []byte) (n int, err error)
}

// Running is an invocation as a WaitingWriter sees it. A Guest is one.
type Running interface {
	// Context ends with the invocation. It is made at the first use.
	Context() context.Context
}

// Write writes to an output of the invocation's. A call must write by it, so that a
// reader who does not read cannot keep the invocation beyond its end.
func (c *Call) Write(w io.Writer, p []byte) (int, error) {
	if ww, ok := w.(WaitingWriter); ok && c.Guest != nil {
		return ww.WriteWhile(c.Guest, p)
	}
	return w.Write(p)
}
