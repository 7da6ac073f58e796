package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/faaslens/faaslens/engine"
	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/store"
	"github.com/faaslens/faaslens/worker"
)

// ending is how an invocation went, or why there was none.
type ending struct {
	kind    string // "exit", "trap", "limit" or "error"
	code    string // of an exit the number, else a word or two
	message string
	frames  []stackFrame
	advice  string // the next step; may be empty
	exit    int    // the program's exit code
}

// invocationEnding says how an invocation went from what the worker returned. ctx is
// the invocation's.
func invocationEnding(ctx context.Context, st *store.Store, f *worker.Function, limits guest.Limits, o worker.Outcome, err error) ending {
	var trap *guest.Trap
	var limit *guest.Limit
	switch {
	case err == nil:
		return ending{kind: "exit", code: strconv.Itoa(int(o.Code)), message: fmt.Sprintf("exited with %d", o.Code), exit: functionCode(o.Code)}
	case errors.As(err, &trap):
		return ending{
			kind: "trap", code: trap.Code.String(), message: trap.Error(), exit: exitTrap,
			frames: nameFrames(st, f.Name, f.Module(), trap.Frames),
			advice: trapAdvice(trap, limits),
		}
	case errors.As(err, &limit):
		e := ending{
			kind: "limit", code: limit.Kind.String(), message: limit.Error(), exit: limitCode(limit.Kind),
			frames: nameFrames(st, f.Name, f.Module(), limit.Frames),
			advice: limitAdvice(limit),
		}
		if sig, ok := context.Cause(ctx).(*interrupted); ok && limit.Kind == guest.LimitCancelled {
			e.message, e.exit = sig.Error(), exitCode(sig)
		}
		return e
	}
	return errorEnding(err)
}

// errorEnding is that of an invocation that could not start.
func errorEnding(err error) ending {
	e := ending{kind: "error", code: "failed", message: err.Error(), exit: exitCode(err)}
	var link *guest.LinkError
	var invalid *guest.InvalidModule
	var signal *interrupted
	switch {
	case errors.Is(err, store.ErrNotFound):
		e.code = "not found"
	case errors.As(err, &link):
		e.code = "link"
	case errors.As(err, &invalid):
		e.code = "invalid module"
	case errors.As(err, &signal):
		e.code = "cancelled"
	}
	return e
}

// write says how it went, unless it went well.
func (e *ending) write(s *session, w io.Writer, function guest.Name) {
	switch e.kind {
	case "exit":
		return
	case "error":
		s.complain(e.message)
	default:
		s.complain(function.String() + ": " + e.message)
	}
	writeStack(w, e.frames)
	if e.advice != "" {
		fmt.Fprintf(w, "  %s\n", e.advice)
	}
}

func trapAdvice(t *guest.Trap, limits guest.Limits) string {
	switch t.Code {
	case guest.TrapStackOverflow:
		stack := limits.Stack
		if stack == 0 {
			stack = engine.DefaultStack
		}
		if stack < engine.MaxStack {
			return "if it does not recurse forever, give it more stack with --stack " + flagSize(min(2*stack, engine.MaxStack))
		}
		return "it has the largest stack there is: see whether it recurses forever"
	case guest.TrapUnreachable:
		return "it gave up by itself: an abort, a failed assertion or a panic; --trace shows its calls before"
	case guest.TrapHost:
		return "" // the message is the host call's, and says what to do
	case guest.TrapLinearStackOverflow:
		return "if it does not recurse forever, build it with a larger stack: -- -Wl,-z,stack-size=8388608"
	}
	return "see its calls before that with --trace; build it with -O0 for every function's own frame"
}

func limitAdvice(l *guest.Limit) string {
	switch l.Kind {
	case guest.LimitMemory:
		if l.Allowed >= maxMemory32 {
			return "a 32-bit module cannot have more: let it work in smaller pieces"
		}
		return "raise it with --memory " + flagSize(min(nextPower(max(l.Used, l.Allowed+1)), maxMemory32))
	case guest.LimitDeadline:
		more := 2 * time.Duration(l.Allowed)
		return fmt.Sprintf("allow it more time with --timeout %v, or 0 for no deadline", more)
	case guest.LimitOutput:
		return "allow it more with --output-limit " + flagSize(nextPower(max(l.Used, l.Allowed+1)))
	case guest.LimitStack:
		return "ask for less with --stack"
	case guest.LimitTable:
		return "build it with a smaller table"
	}
	return ""
}

// maxMemory32 is what 32-bit addresses reach.
const maxMemory32 = 4 << 30

// nextPower is the smallest power of two that is not less than n.
func nextPower(n uint64) uint64 {
	p := uint64(1)
	for p < n && p < 1<<63 {
		p <<= 1
	}
	return p
}

// flagSize writes a size as flags take it.
func flagSize(n uint64) string {
	for _, u := range []struct {
		shift uint
		name  string
	}{{30, "G"}, {20, "M"}, {10, "K"}} {
		if n >= 1<<u.shift && n%(1<<u.shift) == 0 {
			return strconv.FormatUint(n>>u.shift, 10) + u.name
		}
	}
	return strconv.FormatUint(n, 10)
}
