package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/faaslens/faaslens/engine/internal/wasmtime"
	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/hostcall"
)

// Config shapes an engine. Its zero value, but for Calls, has good defaults.
type Config struct {
	// Calls is what modules may import.
	Calls *hostcall.Table
	// Stub provides for an import that Calls lacks a call that says so when it
	// is called; it returns nil for imports that nobody knows, which are link
	// errors. May be nil.
	Stub func(module, name string, t guest.FuncType) *hostcall.Spec
	// Shards is the number of engines. What one has several threads contend
	// for. Default: one for each processor.
	Shards int
	// Slots is how many invocations a shard runs at once; more wait. Default:
	// 256.
	Slots int
	// Stack is the native stack, in bytes, that guest frames may take unless
	// an invocation's limits say less. Default: 4 MiB.
	Stack uint64
	// TableElements bounds every table. Default: 500,000, as in Faasm.
	TableElements uint64
	// KeepResident is how much memory a shard keeps in place, in bytes, for the next
	// instances of the modules that it served, beyond 64 KiB for each memory. Without it
	// they take page faults. Default: 256 MiB.
	KeepResident uint64
	// Reset is how the memory of instances that are kept is put back.
	Reset Reset
	// DebugInfo compiles native debug information into images.
	DebugInfo bool
	// CopyImages loads images into memory that belongs to no file, where perf looks
	// for names in a map file.
	CopyImages bool
	// Emulated is for running under valgrind: images are without AVX-512, which it does
	// not know, and memory is compared with its limit only at host calls and at the
	// end, because the signals that are sent for it otherwise make callgrind fail.
	Emulated bool
	// Compile, if it is not nil, has modules compiled elsewhere than in this process,
	// which a module can make the compiler end. It does as the function Compile does,
	// stops when the context ends, and is called from several goroutines at once. Where
	// the compiler fails on a module, the error is a *guest.CompileFailure.
	Compile func(context.Context, Compilation) error
	// Log is told of damaged cache entries and the like. Default: discarded.
	Log *slog.Logger
}

// Default limits of an invocation.
const (
	DefaultMemory  = 1 << 30
	DefaultTimeout = 5 * time.Minute
	DefaultOutput  = 1 << 30
	DefaultSlots   = 256
	DefaultStack   = 4 << 20
	// MaxStack is the largest stack a guest can have; native threads are made
	// large enough for it.
	MaxStack = 8 << 20
)

func (c Config) withDefaults() Config {
	if c.Shards == 0 {
		c.Shards = runtime.GOMAXPROCS(0)
	}
	if c.Slots == 0 {
		c.Slots = DefaultSlots
	}
	if c.Stack == 0 {
		c.Stack = DefaultStack
	}
	if c.TableElements == 0 {
		c.TableElements = 500_000
	}
	if c.KeepResident == 0 {
		c.KeepResident = 256 << 20
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return c
}

// Reset is how the memory of an instance that is kept for another invocation is put back
// to that of a fresh one. What is visible to guests is the same.
type Reset int

const (
	// ResetMeasured tries the others on each module and takes what costs it least; now and
	// then it tries again.
	ResetMeasured Reset = iota
	// ResetSticky writes back the pages that were written in any invocation so far. The
	// kernel is asked for new ones only after an invocation with page faults. Where it
	// would be more than about an eighth of memory, it starts over.
	ResetSticky
	// ResetScan asks the kernel after each invocation.
	ResetScan
	// ResetCopy writes all of memory back.
	ResetCopy
	// ResetFresh keeps no instance: each invocation gets a new one.
	ResetFresh
)

// String names the policy.
func (r Reset) String() string {
	names := [...]string{"measured", "sticky", "scan", "copy", "fresh"}
	if r >= 0 && int(r) < len(names) {
		return names[r]
	}
	return fmt.Sprintf("reset %d", int(r))
}

// Engine compiles and runs modules. Its methods may be called from any goroutine.
type Engine struct {
	cfg     Config
	cpu     string // what the processor is, for the cache
	shards  []*shard
	next    atomic.Uint32 // shard of the next invocation
	watcher *watcher
	modules sync.WaitGroup // open modules
	open    sync.Map       // the same, as keys
	looking sync.Mutex     // guards looker
	looker  *wasmtime.Looker
	// compiling are compilations under way, of which some may have been given up.
	compiling sync.WaitGroup
	givenUp   atomic.Int32
	close     sync.Once
}

// shard is an engine and the slots that use it.
type shard struct {
	native *wasmtime.Engine
	index  int
	free   freeSlots // slots that have run before
	mu     sync.Mutex
	slots  atomic.Pointer[[]*slot] // all of them; grows under mu up to max
	max    int
	greedy chan struct{} // holds a word for each greedy module's invocation
}

// New starts an engine.
func New(cfg Config) (*Engine, error) {
	cfg = cfg.withDefaults()
	if cfg.Calls == nil {
		return nil, errors.New("start the engine: no table of host calls is given")
	}
	if cfg.Stack > MaxStack {
		return nil, fmt.Errorf("start the engine: a stack of %s is more than the largest, %s",
			guest.FormatBytes(cfg.Stack), guest.FormatBytes(MaxStack))
	}
	if err := checkAddresses(cfg); err != nil {
		return nil, err
	}
	e := &Engine{cfg: cfg, cpu: processor()}
	for i := range cfg.Shards {
		native, err := wasmtime.NewEngine(wasmtime.Config{
			IdleMemories: cfg.idleMemories(),
			Stack:        cfg.Stack,
			KeepResident: cfg.KeepResident,
			DebugInfo:    cfg.DebugInfo,
			Emulated:     cfg.Emulated,
		})
		if err != nil {
			e.freeShards()
			return nil, err
		}
		sh := &shard{native: native, index: i, free: freeSlots{rest: make(chan *slot, cfg.Slots)}, max: cfg.Slots, greedy: make(chan struct{}, cfg.greedy())}
		sh.slots.Store(&[]*slot{})
		e.shards = append(e.shards, sh)
	}
	e.watcher = startWatcher(e)
	return e, nil
}

// Close waits until all modules are closed and frees the engine. Where a compilation was
// cancelled that cannot be stopped, the rest is freed when that has ended.
func (e *Engine) Close() error {
	e.close.Do(func() {
		e.modules.Wait()
		e.watcher.stop()
		if e.givenUp.Load() == 0 {
			e.freeShards()
			return
		}
		go func() {
			e.compiling.Wait()
			e.freeShards()
		}()
	})
	return nil
}

func (e *Engine) freeShards() {
	for _, sh := range e.shards {
		for _, s := range *sh.slots.Load() {
			s.native.Free()
		}
		sh.native.Close()
	}
	if e.looker != nil {
		e.looker.Free()
	}
}

// acquire takes a free slot for a module, in the next shard if it has one; it waits
// where all are taken.
func (e *Engine) acquire(ctx context.Context, m *Module) (*slot, error) {
	n := int(e.next.Add(1))
	if m.greedy {
		return e.shards[n%len(e.shards)].acquireGreedy(ctx, e)
	}
	if s := m.takeParked(n % len(e.shards)); s != nil {
		return s, nil
	}
	for i := range e.shards {
		sh := e.shards[(n+i)%len(e.shards)]
		if s := sh.free.take(); s != nil {
			return s, nil
		}
		if s, err := sh.grow(e); s != nil || err != nil {
			return s, err
		}
	}
	return e.shards[n%len(e.shards)].wait(ctx, e)
}

// wait waits for a slot of the shard.
func (sh *shard) wait(ctx context.Context, e *Engine) (*slot, error) {
	if s := sh.free.wait(ctx, func() { e.evictAny(sh) }); s != nil {
		return s, nil
	}
	return nil, &guest.Limit{Kind: guest.LimitCancelled}
}

// acquireGreedy takes a free slot of this shard. Before it holds one, it waits until
// there is room for another greedy invocation.
func (sh *shard) acquireGreedy(ctx context.Context, e *Engine) (*slot, error) {
	select {
	case sh.greedy <- struct{}{}:
	case <-ctx.Done():
		return nil, &guest.Limit{Kind: guest.LimitCancelled}
	}
	if s := sh.free.take(); s != nil {
		return s, nil
	}
	s, err := sh.grow(e)
	if s == nil && err == nil {
		s, err = sh.wait(ctx, e)
	}
	if s == nil {
		<-sh.greedy
	}
	return s, err
}

// grow adds a slot, or returns nil if the shard has all it may have.
func (sh *shard) grow(e *Engine) (*slot, error) {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	have := *sh.slots.Load()
	if len(have) == sh.max {
		return nil, nil
	}
	s, err := newSlot(e, sh)
	if err != nil {
		return nil, err
	}
	grown := append(have[:len(have):len(have)], s)
	sh.slots.Store(&grown)
	return s, nil
}

func (sh *shard) release(s *slot, m *Module) {
	if m.park(s) {
		return // it is not greedy
	}
	sh.free.put(s)
	if m.greedy {
		<-sh.greedy
	}
}
