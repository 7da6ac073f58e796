package scheduler

import (
	"context"
	"sync"
	"time"
)

// lifetime is the context of an invocation and of those that it chains. A context that
// others can wait for costs as much as a short invocation, for which nobody does: it is
// made when it is asked for.
type lifetime struct {
	mu     sync.Mutex
	parent context.Context
	cause  error           // why it has ended; nil if it has not, or its parent has
	real   context.Context // nil until somebody asks for it
	stop   context.CancelCauseFunc
}

func (l *lifetime) context() context.Context {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.real == nil {
		l.real, l.stop = context.WithCancelCause(l.parent)
		if l.cause != nil {
			l.stop(l.cause)
		}
	}
	return l.real
}

// Done implements context.Context.
func (l *lifetime) Done() <-chan struct{} { return l.context().Done() }

// Value implements context.Context. By it, context.Cause finds the cause.
func (l *lifetime) Value(key any) any { return l.context().Value(key) }

// Deadline implements context.Context.
func (l *lifetime) Deadline() (time.Time, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.parent.Deadline()
}

// Err implements context.Context.
func (l *lifetime) Err() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.real != nil:
		return l.real.Err()
	case l.cause != nil:
		return context.Canceled
	}
	return l.parent.Err()
}

// cancel ends it, unless it has ended.
func (l *lifetime) cancel(cause error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.end(cause)
}

// end is cancel; the lock is held.
func (l *lifetime) end(cause error) {
	if l.cause == nil {
		l.cause = cause
	}
	if l.real != nil {
		l.stop(cause)
	}
}

// release ends it, and lets go of its parents: those of a client's request are much.
func (l *lifetime) release() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.end(context.Canceled)
	l.parent, l.real, l.stop = context.Background(), nil, nil
}
