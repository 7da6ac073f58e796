package engine

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"strings"
	"time"

	"github.com/faaslens/faaslens/engine/internal/wasmtime"
	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/hostcall"
)

// Run is what one invocation brings. It may be used again after the invocation.
type Run struct {
	// States are the states of the engine's host calls, one for each set of
	// its table, in that order.
	States []any
	Limits guest.Limits
	// Observer is told of every host call; nil costs nothing.
	Observer hostcall.Observer
	// Pointer, if not nil, runs in the place of the module's main step.
	Pointer *Pointer
	// Tag is what Stacks calls the invocation; the engine makes nothing of it.
	Tag uint64
	// Files are mapped over the instance's memory before the first step.
	Files []File
	// captured is called if all steps ran, while there is the instance. May be nil.
	captured func(*slot)
}

// File is a piece of a file, shared, over a guest's memory: multiples of the host's page
// size, open until the run ends.
type File = wasmtime.File

// Pointer is a function that is called by its index in the module's first exported
// table. It takes nothing or an i32 and returns at most
// one value, which counts if it is an i32.
type Pointer struct {
	Index uint32
	// Arg is what it is given if it takes a number. NoArg says why there is none;
	// "" if there is.
	Arg   int32
	NoArg string
}

// Result is what an invocation left behind.
type Result struct {
	// Value is what the result step returned, or a step that must return 0 and
	// did not: then Step is its index.
	Value int32
	// Step is the index of the step that the invocation ended in; the number
	// of steps if all ran.
	Step    int
	Memory  uint64 // bytes of linear memory at the end, which is the most there was
	Elapsed time.Duration
}

// Run makes a fresh instance and runs the module's steps on it. It returns nil if they
// all ran; else a *guest.Exit, *guest.Trap or *guest.Limit, or an error that says
// why the instance could not be made. The guest runs on the calling goroutine's
// thread.
func (m *Module) Run(ctx context.Context, r *Run) (Result, error) {
	l, err := m.limits(r.Limits)
	if err != nil {
		return Result{}, err
	}
	s, err := m.engine.acquire(ctx, m)
	if err != nil {
		return Result{}, err
	}
	defer s.shard.release(s, m)
	s.module.Store(m)
	s.specs = m.specs
	defer s.module.Store(nil)
	if m.closed.Load() {
		return Result{}, errClosed
	}
	native, err := m.native(s.shard)
	if err != nil {
		return Result{}, err
	}

	timeout := r.Limits.Timeout
	if timeout == 0 {
		timeout = DefaultTimeout
	}
	pointer, err := m.nativePointer(r.Pointer)
	if err != nil {
		return Result{}, err
	}
	manner := m.manner(r)
	s.native.Prepare(manner)
	start, generation := s.begin(ctx, r, l.MemorySoft, timeout)
	status := s.enter(native, l, m.steps, pointer)
	if status == wasmtime.SmallStack {
		status = s.runElsewhere(native, l, m.steps, pointer)
	}
	elapsed := s.end(start)
	if manner.Measure {
		m.warm.tuner.note(manner.Reset, s.native.Cost())
	}

	step, value := s.native.Step()
	res := Result{Value: value, Step: step, Memory: s.native.Peak(), Elapsed: elapsed}
	if r.captured != nil && status == wasmtime.Done && step == len(m.names) {
		defer s.native.EndCapture()
	}
	if status == wasmtime.Done && s.err == nil && (l.MemorySoft == 0 || res.Memory <= l.MemorySoft) {
		if r.captured != nil && step == len(m.names) {
			r.captured(s)
		}
		return res, nil
	}
	if err = pointerError(r.Pointer, status); err == nil {
		err = s.outcome(m, generation, status, res)
	}
	s.native.Clear()
	s.err = nil
	return res, err
}

// enter is where a stack leaves the host's part for the guest's: see readHostStack.
//
//go:noinline
func (s *slot) enter(native *wasmtime.Module, l wasmtime.Limits, steps *wasmtime.Steps, p *wasmtime.Pointer) wasmtime.Status {
	status := s.native.Run(native, l, steps, p)
	runtime.KeepAlive(s)
	return status
}

// runElsewhere runs the guest on another thread than this one, whose stack is too small:
// that of the process's first follows ulimit -s. While this goroutine keeps its thread,
// the other cannot get it.
func (s *slot) runElsewhere(native *wasmtime.Module, l wasmtime.Limits, steps *wasmtime.Steps, p *wasmtime.Pointer) (status wasmtime.Status) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	done := make(chan struct{})
	go func() {
		defer close(done)
		status = s.enter(native, l, steps, p)
	}()
	<-done
	return status
}

// limits turns an invocation's limits into the binding's.
func (m *Module) limits(l guest.Limits) (wasmtime.Limits, error) {
	memory := l.Memory
	if memory == 0 {
		memory = DefaultMemory
	}
	if need := m.least; need > memory {
		return wasmtime.Limits{}, &guest.Limit{Kind: guest.LimitMemory, Allowed: memory, Used: need}
	}
	if l.Stack > m.engine.cfg.Stack {
		return wasmtime.Limits{}, &guest.Limit{Kind: guest.LimitStack, Allowed: m.engine.cfg.Stack, Used: l.Stack}
	}
	n := wasmtime.Limits{Table: m.engine.cfg.TableElements, Stack: l.Stack}
	if l.TableElements != 0 {
		n.Table = min(n.Table, l.TableElements)
		for _, t := range m.parsed.Tables {
			if t.Min > l.TableElements {
				return wasmtime.Limits{}, &guest.Limit{Kind: guest.LimitTable, Allowed: l.TableElements, Used: t.Min}
			}
		}
	}
	if m.hard {
		n.MemoryHard, n.MemoryFirst = m.evenShare(memory), m.largestFirst()
		if most := m.mostMemory(n.MemoryFirst); m.parsed.Start != nil && n.MemoryFirst > n.MemoryHard && most > memory {
			// Its start function could take it.
			return wasmtime.Limits{}, &guest.Limit{Kind: guest.LimitMemory, Allowed: memory, Used: most}
		}
	} else {
		// The guest is stopped when it is found beyond its limit, so that the
		// reason is told. What it can take until then is bounded too.
		n.MemorySoft = memory
		n.MemoryHard = memory + max(memory/4, 64<<20)
	}
	return n, nil
}

// begin marks the slot as running, for the watcher.
func (s *slot) begin(ctx context.Context, r *Run, soft uint64, timeout time.Duration) (start int64, generation uint64) {
	w := s.engine.watcher
	start = w.now()
	deadline := int64(math.MaxInt64)
	if timeout > 0 && int64(timeout) < deadline-start {
		deadline = start + int64(timeout)
	}
	s.run, s.calls, s.err, s.inner, s.parent = r, 0, nil, nil, ctx
	s.deadline.Store(deadline)
	s.started.Store(start)
	s.tag.Store(r.Tag)
	s.soft.Store(soft)
	generation = s.generation.Load() + 1
	s.native.Begin(generation)
	look := start + int64(lookEvery)
	if ctx != context.Background() {
		look = start + int64(followAfter)
		s.mu.Lock()
		s.unfollowed, s.endable = ctx, true
		s.mu.Unlock()
	}
	s.generation.Store(generation)
	if s.endable && ctx.Err() != nil {
		s.follow(generation)
	}
	w.begun(min(deadline, look))
	return start, generation
}

// end marks the slot as idle and returns how long it ran.
func (s *slot) end(start int64) time.Duration {
	s.generation.Add(1)
	elapsed := s.engine.watcher.now() - start
	if s.endable {
		s.followNoMore()
	}
	s.dropContext()
	s.run = nil
	return time.Duration(elapsed)
}

// outcome says how an invocation that did not return ended.
func (s *slot) outcome(m *Module, generation uint64, status wasmtime.Status, res Result) error {
	if status == wasmtime.SmallStack {
		return &guest.Limit{Kind: guest.LimitStack, Allowed: 0, Used: m.engine.cfg.Stack}
	}
	if status == wasmtime.NoMapping {
		return errors.New("map the files that the invocation was given over its memory: they do not fit it, or the kernel refuses")
	}
	reason := s.stopReason(generation)
	soft := s.soft.Load()
	switch {
	case soft != 0 && res.Memory > soft:
		return &guest.Limit{Kind: guest.LimitMemory, Allowed: soft, Used: res.Memory, Frames: s.frames(m)}
	case status != wasmtime.Done && (reason == stopDeadline || reason == stopCancelled):
		l := &guest.Limit{Kind: guest.LimitCancelled, Frames: s.inner}
		if s.inner == nil {
			l.Frames = s.frames(m)
		}
		if reason == stopDeadline {
			l.Kind, l.Used, l.Allowed = guest.LimitDeadline, uint64(res.Elapsed), uint64(s.deadline.Load()-s.started.Load())
		}
		return l
	case s.err != nil:
		return s.withFrames(m, s.err)
	}
	err := s.failure(m)
	var t *guest.Trap
	if status == wasmtime.NoInstance && errors.As(err, &t) && t.Code == guest.TrapOther {
		return fmt.Errorf("make an instance: %s", t.Message)
	}
	return err
}

// withFrames completes an error that a host call ended the guest with.
func (s *slot) withFrames(m *Module, err error) error {
	switch e := err.(type) {
	case *guest.Exit:
		return e
	case *guest.Trap:
		if e.Frames == nil {
			e.Frames = s.frames(m)
		}
		return e
	case *guest.Limit:
		if e.Frames == nil {
			e.Frames = s.frames(m)
		}
		return e
	}
	return &guest.Trap{Code: guest.TrapHost, Message: err.Error(), Frames: s.frames(m)}
}

// frames is the stack at the end.
func (s *slot) frames(m *Module) []guest.Frame {
	frames, pc := s.native.Frames()
	for i := range frames {
		frames[i] = m.withOffset(frames[i])
	}
	if pc == 0 {
		return frames
	}
	f, ok := m.frameAt(s.shard, pc)
	if !ok {
		return frames
	}
	return append([]guest.Frame{f}, frames...)
}

// Wasmtime's numbers for traps, as its header trap.h has them.
var trapCodes = map[uint8]guest.TrapCode{
	0:  guest.TrapStackOverflow,
	1:  guest.TrapMemoryOutOfBounds,
	2:  guest.TrapMisaligned,
	3:  guest.TrapTableOutOfBounds,
	4:  guest.TrapIndirectCallToNull,
	5:  guest.TrapBadSignature,
	6:  guest.TrapIntegerOverflow,
	7:  guest.TrapIntegerDivideByZero,
	8:  guest.TrapBadConversion,
	9:  guest.TrapUnreachable,
	14: guest.TrapNullReference,
}

// otherTraps are those that guest has no code for.
var otherTraps = map[uint8]string{
	13: "atomic wait on memory that is not shared",
	15: "array access out of bounds",
	16: "allocation too large",
	17: "reference of another type than it was cast to",
}

// failure is the trap that the guest itself ended with.
func (s *slot) failure(m *Module) error {
	code, ok := s.native.TrapCode()
	if c, known := trapCodes[code]; ok && known {
		t := &guest.Trap{Code: c, Frames: s.frames(m)}
		if size, sized := m.linearStack(); sized && c == guest.TrapMemoryOutOfBounds && s.native.Overflowed() {
			t.Code, t.Message = guest.TrapLinearStackOverflow, "it has "+guest.FormatBytes(size)
		}
		return t
	}
	if why, known := otherTraps[code]; ok && known {
		return &guest.Trap{Code: guest.TrapOther, Message: why, Frames: s.frames(m)}
	}
	why := cause(s.native.Message())
	if why == uncaught {
		return &guest.Trap{Code: guest.TrapUncaughtException, Frames: s.frames(m)}
	}
	return &guest.Trap{Code: guest.TrapOther, Message: why, Frames: s.frames(m)}
}

// uncaught is what the engine says, without a code, of an exception that left the guest.
const uncaught = "thrown Wasm exception"

// cause is the last line of the engine's text, which is the reason; before it may stand
// a backtrace, which frames tell as well.
func cause(message string) string {
	message = strings.TrimSpace(message)
	if i := strings.LastIndexByte(message, '\n'); i >= 0 {
		message = message[i+1:]
	}
	return strings.TrimPrefix(strings.TrimSpace(message), "wasm trap: ")
}
