package engine

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"sync/atomic"

	"github.com/faaslens/faaslens/engine/internal/wasmtime"
	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/hostcall"
)

// Why a run is asked to stop, as the binding carries it.
const (
	stopDeadline  = 1
	stopCancelled = 2
)

var errStopped = errors.New("the invocation is being stopped")

// slot runs one invocation at a time. It is the guest's side of host calls.
type slot struct {
	engine *Engine
	shard  *shard
	native *wasmtime.Slot

	// Read by the watcher.
	generation atomic.Uint64 // odd while an invocation runs
	started    atomic.Int64  // ns on the watcher's clock
	deadline   atomic.Int64  // ns on the watcher's clock
	asked      atomic.Uint64 // the last request to stop: generation<<8 | reason
	module     atomic.Pointer[Module]
	tag        atomic.Uint64 // the Run's
	soft       atomic.Uint64 // memory beyond which the guest is stopped

	looked uint64 // generation at the watcher's last look; the watcher's own

	// Of the running invocation; its goroutine's own.
	run    *Run
	err    error         // with which a host call ended the guest
	calls  int           // host calls under way: more than one where one runs the guest
	inner  []guest.Frame // the stack at which a call by a host call was stopped
	call   hostcall.Call
	parent context.Context
	ctx    context.Context // made when a host call asks

	endable bool // its context can end

	specs []*hostcall.Spec // of the module that runs or ran last, at hand for host calls

	mu         sync.Mutex              // guards what follows
	cancel     context.CancelCauseFunc // of ctx; only the invocation's goroutine sets it
	unfollowed context.Context         // whose end nobody is told of yet
	unfollow   func() bool             // has nobody told any more
}

func newSlot(e *Engine, sh *shard) (*slot, error) {
	s := &slot{engine: e, shard: sh}
	s.call.Guest = s
	native, err := wasmtime.NewSlot(sh.native, s)
	if err != nil {
		return nil, err
	}
	s.native = native
	return s, nil
}

// HostCall implements wasmtime.Host.
func (s *slot) HostCall(id uint32, memory []byte, args []guest.Value) (goOn bool) {
	spec := s.specs[id]
	returned := false
	defer func() {
		if !returned {
			s.containPanic(spec, recover())
		}
	}()
	if soft := s.soft.Load(); soft != 0 && uint64(len(memory)) > soft {
		s.err = &guest.Limit{Kind: guest.LimitMemory, Allowed: soft, Used: uint64(len(memory))}
		returned = true
		return false
	}
	c := &s.call
	if s.calls > 0 {
		c = &hostcall.Call{Guest: s}
	}
	s.calls++
	var err error
	if o := s.run.Observer; o != nil {
		err = spec.InvokeObserved(o, c, memory, s.run.States, args)
	} else {
		err = spec.Invoke(c, memory, s.run.States, args)
	}
	returned = true
	s.calls--
	if err != nil {
		s.err = err
		return false
	}
	return true
}

// containPanic turns a host call's panic into a trap of this guest alone.
func (s *slot) containPanic(spec *hostcall.Spec, v any) {
	s.calls--
	s.engine.cfg.Log.Error("a host call panicked", "call", spec.Module+"."+spec.Name, "panic", v, "stack", string(debug.Stack()))
	s.err = &guest.Trap{Code: guest.TrapHost, Message: fmt.Sprintf("%s.%s failed inside the host: %v", spec.Module, spec.Name, v)}
}

// Memory implements hostcall.Guest.
func (s *slot) Memory() hostcall.Memory { return s.native.Memory() }

// Grow implements hostcall.Guest.
func (s *slot) Grow(pages uint32) (before uint32, ok bool) {
	b, ok := s.native.Grow(uint64(pages))
	return uint32(b), ok
}

// MapFile implements hostcall.Guest.
func (s *slot) MapFile(addr uint32, fd int, offset int64, length uint32) error {
	if err := s.native.MapFile(addr, fd, offset, length); err != nil {
		return fmt.Errorf("map %d bytes into the guest: %w", length, err)
	}
	return nil
}

// CallExport implements hostcall.Guest.
func (s *slot) CallExport(name string, args ...guest.Value) (guest.Value, error) {
	m := s.module.Load()
	t, ok := m.exportedFunc(name)
	switch {
	case !ok:
		return guest.Value{}, fmt.Errorf("call the guest's %s: %w", name, wasmtime.ErrNoExport)
	case len(t.Params) != len(args) || len(args) > wasmtime.MaxParams || len(t.Results) > 1 || refersToAnything(t.Params):
		return guest.Value{}, fmt.Errorf("call the guest's %s: it is a %v, and %d argument(s) were given", name, t, len(args))
	}
	results, status := s.native.Call(name, args, len(t.Results))
	switch status {
	case wasmtime.Done:
	case wasmtime.Starting:
		return guest.Value{}, fmt.Errorf("call the guest's %s: %w", name, wasmtime.ErrStarting)
	default:
		if err := s.err; err != nil {
			// A host call that the guest made ended it.
			s.err = nil
			return guest.Value{}, err
		}
		if s.inner == nil && s.stopReason(s.generation.Load()) != 0 {
			s.inner = s.frames(m)
		}
		return guest.Value{}, s.failure(m)
	}
	if len(results) == 0 {
		return guest.Value{}, nil
	}
	return results[0], nil
}

// Context implements hostcall.Guest.
func (s *slot) Context() context.Context {
	if s.ctx == nil {
		s.follow(s.generation.Load())
		s.mu.Lock()
		defer s.mu.Unlock()
		// It ends by requestStop alone, so that a guest whose call was woken does
		// not go on.
		s.ctx, s.cancel = context.WithCancelCause(context.WithoutCancel(s.parent))
		if s.asked.Load()>>8 == s.generation.Load() {
			s.cancel(errStopped)
		}
	}
	return s.ctx
}

// requestStop asks an invocation to stop, unless it has been asked. Waiting host calls
// are woken; the watcher sees to the rest. No request is lost: begin tells the binding of
// a generation before anybody else can know it.
func (s *slot) requestStop(generation uint64, reason uint8) {
	for {
		before := s.asked.Load()
		if before>>8 >= generation {
			return
		}
		if s.asked.CompareAndSwap(before, generation<<8|uint64(reason)) {
			break
		}
	}
	s.native.RequestStop(generation, reason)
	s.mu.Lock()
	if s.generation.Load() == generation && s.cancel != nil {
		s.cancel(errStopped)
	}
	s.mu.Unlock()
	s.engine.watcher.poke()
}

// stopReason is why an invocation was asked to stop; 0 if it was not.
func (s *slot) stopReason(generation uint64) uint8 {
	if asked := s.asked.Load(); asked>>8 == generation {
		return uint8(asked)
	}
	return 0
}

// dropContext ends what Context made.
func (s *slot) dropContext() {
	s.parent = nil
	if s.ctx == nil {
		return
	}
	s.mu.Lock()
	s.cancel(errStopped)
	s.ctx, s.cancel = nil, nil
	s.mu.Unlock()
}
