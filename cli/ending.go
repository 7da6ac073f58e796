package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
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
	frames  []worker.Frame
	excerpt *excerpt // of the source of one of the frames; may be nil
	sources sourceMap
	advice  string // the next step; may be empty
	closer  string // the command that shows more of where it ended; may be empty
	exit    int    // the program's exit code
}

// invocationEnding says how an invocation went from what the worker returned. ctx is
// the invocation's.
func invocationEnding(ctx context.Context, st *store.Store, f *worker.Function, limits guest.Limits, sources sourceMap, o worker.Outcome, err error) ending {
	e, stack := howEnded(ctx, limits, o, err)
	if len(stack) == 0 {
		return e
	}
	e.frames, e.sources = f.Backtrace(stack), sources
	e.excerpt = findExcerpt(e.frames, sources, moduleTime(st, f.Name))
	e.closer = fmt.Sprintf("faaslens symbols %s --at 0x%x --build %s", f.Name, uint64(e.frames[0].Code), codeID(f.Module()))
	e.advice = adviseOnInlining(e.advice, e.frames)
	return e
}

// howEnded is invocationEnding without the source; it returns the stack as the engine
// has it.
func howEnded(ctx context.Context, limits guest.Limits, o worker.Outcome, err error) (ending, []guest.Frame) {
	var trap *guest.Trap
	var limit *guest.Limit
	switch {
	case err == nil:
		return ending{kind: "exit", code: strconv.Itoa(int(o.Code)), message: fmt.Sprintf("exited with %d", o.Code), exit: functionCode(o.Code)}, nil
	case errors.As(err, &trap):
		return ending{
			kind: "trap", code: trap.Code.String(), message: trap.Error(), exit: exitTrap,
			advice: trapAdvice(trap, limits),
		}, trap.Frames
	case errors.As(err, &limit):
		e := ending{
			kind: "limit", code: limit.Kind.String(), message: limit.Error(), exit: limitCode(limit.Kind),
			advice: limitAdvice(limit),
		}
		if sig, ok := context.Cause(ctx).(*interrupted); ok && limit.Kind == guest.LimitCancelled {
			e.message, e.exit = sig.Error(), exitCode(sig)
		}
		return e, limit.Frames
	}
	return errorEnding(err), nil
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
	e.writeStack(w)
	for _, next := range e.next() {
		fmt.Fprintf(w, "  %s\n", next)
	}
}

// writeStack writes the stack, if there is one, with the source of where it ended.
func (e *ending) writeStack(w io.Writer) {
	if len(e.frames) > 0 {
		s := stackWriter{w: w, sources: e.sources, excerpt: e.excerpt}
		s.write(e.frames)
	}
}

// next are the next steps.
func (e *ending) next() []string {
	var all []string
	if e.advice != "" {
		all = append(all, e.advice)
	}
	if e.closer != "" {
		all = append(all, "look closer with '"+e.closer+"'")
	}
	return all
}

const traceAdvice = "see its calls before that with --trace"

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
	return traceAdvice
}

// adviseOnInlining adds how to get the frames that the compiler has inlined.
func adviseOnInlining(advice string, frames []worker.Frame) string {
	if advice == traceAdvice && slices.ContainsFunc(frames, func(f worker.Frame) bool { return f.Inlined }) {
		advice += "; build it with -O0 for every function's own frame"
	}
	return advice
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
