package engine

import (
	"context"
	"errors"
	"fmt"
	"sort"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/faaslens/faaslens/codemap"
	"github.com/faaslens/faaslens/engine/internal/wasmtime"
	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/hostcall"
	"github.com/faaslens/faaslens/snapshot"
	"github.com/faaslens/faaslens/wasm"
)

// Step is one export that an invocation calls. It takes nothing, or numbers that are
// all given as 0, and returns nothing or an i32. The value of a Result is the invocation's; that of any other step must
// be 0 for the next to run.
type Step struct {
	Export string
	Result bool
	// Main is whether it is the function itself, whose place a Run's Pointer takes.
	Main bool
}

// ModuleOptions say how a module is compiled and run.
type ModuleOptions struct {
	// Steps are what an invocation calls, in this order.
	Steps []Step
	// CacheDir is where compiled images are kept; it is made if need be.
	// Empty: they are not kept.
	CacheDir string
	// AllowUnknown links imports that nobody knows to calls that trap.
	AllowUnknown bool
	// Progress is told, from another goroutine and about ten times a second,
	// how long compiling has taken so far. May be nil.
	Progress func(elapsed time.Duration)
	// Warm keeps instances for later invocations of the module, put back to the state
	// of a fresh one, where all that an instance can change can be put back.
	Warm bool
	// Loaded is told where the module's compiled code is in memory: once for each
	// shard that runs it, before it does. Unloaded is told again when that is to be
	// freed. May be nil.
	Loaded, Unloaded func(codemap.Loaded)
}

// Module is a compiled module, linked and ready to run.
type Module struct {
	engine  *Engine
	parsed  *wasm.Module
	specs   []*hostcall.Spec // by import ID
	imports []wasmtime.Import
	memory  string // export name of the memory that host calls see
	least   uint64 // bytes of memory that an instance starts with
	hard    bool   // it has memories that cannot be watched: growth is refused
	greedy  bool   // it takes more than a slot's share of addresses
	mapped  bool   // see hasFirst
	first   firstMemory
	steps   *wasmtime.Steps
	names   []Step
	image   compiledImage
	options ModuleOptions

	loaded []atomic.Pointer[wasmtime.Module] // by shard
	mu     sync.Mutex                        // guards loading, bodies and closing
	bodies []bool                            // by shard
	code   *codemap.Map                      // read when it is first needed
	told   *codemap.Map                      // a copy for Loaded and Unloaded
	closed atomic.Bool
	held   atomic.Int32 // by those who look at running guests
	warm   *warmth      // nil if no instances are kept
}

// Compile makes a module ready to run: its imports are matched with the host's calls,
// its code is compiled or found in the cache. Errors are *guest.InvalidModule,
// *guest.LinkError, or say what else failed.
func (e *Engine) Compile(ctx context.Context, parsed *wasm.Module, o ModuleOptions) (*Module, error) {
	m := &Module{
		engine:  e,
		parsed:  parsed,
		names:   o.Steps,
		options: o,
		loaded:  make([]atomic.Pointer[wasmtime.Module], len(e.shards)),
		bodies:  make([]bool, len(e.shards)),
	}
	if err := m.checkSteps(); err != nil {
		return nil, err
	}
	if err := m.resolveImports(o.AllowUnknown); err != nil {
		return nil, err
	}
	if err := m.checkSizes(); err != nil {
		return nil, err
	}
	m.findMemory()
	m.least = m.minMemory()
	m.greedy = isGreedy(parsed)
	if m.mapped = hasFirst(parsed); m.mapped {
		m.first = layFirst(parsed)
	}
	m.prepareWarmth()
	native, image, err := e.obtain(ctx, parsed, m.first, o)
	if err != nil {
		return nil, err
	}
	m.image = image
	if err := m.prepare(native); err != nil {
		native.Close()
		image.file.Close()
		m.first.close()
		return nil, err
	}
	m.steps = wasmtime.NewSteps(m.nativeSteps())
	m.announce(native)
	m.tellLoaded(e.shards[0], native)
	m.loaded[0].Store(native)
	e.modules.Add(1)
	e.open.Store(m, nil)
	return m, nil
}

// prepare readies the module in the first shard.
func (m *Module) prepare(n *wasmtime.Module) (err error) {
	if m.first, err = m.first.open(m.image.file, m.parsed); err != nil {
		return err
	}
	return m.link(n)
}

func (m *Module) checkSteps() error {
	for _, s := range m.names {
		t, ok := m.exportedFunc(s.Export)
		switch {
		case !ok:
			return &guest.InvalidModule{Offset: -1, Reason: fmt.Sprintf("it does not export a function %q", s.Export)}
		case !runnable(t):
			return &guest.InvalidModule{Offset: -1, Reason: fmt.Sprintf("its export %q is a function %v: what can be run takes at most %d i32 and returns nothing or an i32", s.Export, t, wasmtime.MaxParams)}
		}
	}
	return nil
}

func (m *Module) nativeSteps() []wasmtime.Step {
	steps := make([]wasmtime.Step, len(m.names))
	for i, s := range m.names {
		x, _ := m.parsed.Export(s.Export)
		steps[i] = wasmtime.Step{Export: s.Export, Result: s.Result, Main: s.Main, Own: int(x.Index) >= m.parsed.NumImportedFuncs()}
	}
	return steps
}

func runnable(t guest.FuncType) bool {
	for _, p := range t.Params {
		if p != guest.I32 {
			return false
		}
	}
	return len(t.Params) <= wasmtime.MaxParams &&
		(len(t.Results) == 0 || len(t.Results) == 1 && t.Results[0] == guest.I32)
}

func (m *Module) exportedFunc(name string) (guest.FuncType, bool) {
	x, ok := m.parsed.Export(name)
	if !ok || x.Kind != wasm.KindFunc {
		return guest.FuncType{}, false
	}
	return m.parsed.FuncType(guest.FuncIndex(x.Index))
}

// findMemory picks the memory that host calls see: the export "memory", else the
// first exported one.
func (m *Module) findMemory() {
	for _, x := range m.parsed.Exports {
		if x.Kind == wasm.KindMemory && (m.memory == "" || x.Name == "memory") && !strings.HasPrefix(x.Name, snapshot.Prefix) {
			m.memory = x.Name
		}
	}
	m.hard = len(m.parsed.Memories) > 1 || len(m.parsed.Memories) == 1 && m.memory == ""
}

// What bounds a module's tables, and the size of each of its memories.
const (
	maxTables = 8
	maxMemory = 4 << 30
)

// checkSizes refuses what instances have no room for, before the engine does so in its own
// words.
func (m *Module) checkSizes() error {
	if n := len(m.parsed.Memories); n > wasmtime.MaxMemories {
		return &guest.InvalidModule{Offset: -1, Reason: fmt.Sprintf("it has %d memories, at most %d are supported", n, wasmtime.MaxMemories)}
	}
	if n := len(m.parsed.Tables); n > maxTables {
		return &guest.InvalidModule{Offset: -1, Reason: fmt.Sprintf("it has %d tables, at most %d are supported", n, maxTables)}
	}
	for _, t := range m.parsed.Tables {
		if t.Min > m.engine.cfg.TableElements {
			return &guest.Limit{Kind: guest.LimitTable, Allowed: m.engine.cfg.TableElements, Used: t.Min}
		}
	}
	for _, mem := range m.parsed.Memories {
		if mem.Shared {
			return &guest.InvalidModule{Offset: -1, Reason: "its memory is shared between threads, which is not supported"}
		}
		if mem.Min > maxMemory>>mem.PageSizeLog2 {
			return &guest.InvalidModule{Offset: -1, Reason: fmt.Sprintf("its memory starts with %d pages, which exceeds the limit of %s", mem.Min, guest.FormatBytes(maxMemory))}
		}
	}
	return nil
}

// linearStack is the size of the stack that a C, C++ or Rust program has in its memory,
// if it lies at the memory's start and the linker exported its pointer.
func (m *Module) linearStack() (size uint64, ok bool) {
	x, ok := m.parsed.Export("__stack_pointer")
	if !ok || x.Kind != wasm.KindGlobal {
		return 0, false
	}
	init := m.parsed.Globals[x.Index].Init
	return uint64(init.Value.U32()), init.Known
}

// minMemory is the memory that an instance starts with, in bytes.
func (m *Module) minMemory() uint64 {
	var n uint64
	for _, mem := range m.parsed.Memories {
		n += mem.Min << mem.PageSizeLog2
	}
	return n
}

// evenShare is how far each of the module's memories may grow, so that all of them
// together stay within the limit: the engine has one bound for all. It is never 0, which
// would be no bound.
func (m *Module) evenShare(limit uint64) uint64 {
	const page = 64 << 10
	pages := sort.Search(int(min(limit, maxMemory)/page), func(i int) bool { return m.mostMemory(uint64(i+1)*page) > limit })
	return max(uint64(pages)*page, 1)
}

// mostMemory is what the module's memories take if each grows up to share, or to its
// own maximum.
func (m *Module) mostMemory(share uint64) uint64 {
	var total uint64
	for _, mem := range m.parsed.Memories {
		most := max(share, mem.Min<<mem.PageSizeLog2)
		if mem.HasMax && mem.Max < most>>mem.PageSizeLog2 {
			most = mem.Max << mem.PageSizeLog2
		}
		total += most
	}
	return total
}

// largestFirst is the size of the memory that starts as the largest.
func (m *Module) largestFirst() uint64 {
	var n uint64
	for _, mem := range m.parsed.Memories {
		n = max(n, mem.Min<<mem.PageSizeLog2)
	}
	return n
}

// native is the module in a shard's engine; it is loaded there when first used.
func (m *Module) native(sh *shard) (*wasmtime.Module, error) {
	if n := m.loaded[sh.index].Load(); n != nil {
		return n, nil
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if n := m.loaded[sh.index].Load(); n != nil {
		return n, nil
	}
	if m.closed.Load() {
		return nil, errClosed
	}
	n, err := m.image.load(sh.native)
	if err != nil {
		return nil, fmt.Errorf("load the compiled module: %w", err)
	}
	if err := m.link(n); err != nil {
		n.Close()
		return nil, err
	}
	m.announce(n)
	m.tellLoaded(sh, n)
	m.loaded[sh.index].Store(n)
	return n, nil
}

// link binds a shard's module to the host's calls.
func (m *Module) link(n *wasmtime.Module) error {
	if err := n.Link(m.imports, m.memory, !m.greedy && m.parsed.NumImported(wasm.KindMemory) == 0); err != nil {
		return fmt.Errorf("link the module: %w", err)
	}
	if m.warm != nil {
		n.Keep(m.warm.globals)
	}
	if m.first.file == nil {
		return nil
	}
	f := &m.first
	return n.SetFirst(wasmtime.First{Memory: m.least, Start: f.start, Size: f.size, File: f.file, Offset: f.offset})
}

var errClosed = errors.New("the module is closed")

// setBodies tells the binding where the module's functions lie, which stops and looks
// need to know.
func (m *Module) setBodies(sh *shard) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if n := m.loaded[sh.index].Load(); n != nil {
		m.putBodies(sh, n)
	}
}

// putBodies is setBodies for a module that is being loaded. m.mu is held.
func (m *Module) putBodies(sh *shard, n *wasmtime.Module) {
	if m.bodies[sh.index] {
		return
	}
	m.bodies[sh.index] = true
	code, err := m.readCode(n)
	if err != nil {
		m.engine.cfg.Log.Error("a guest cannot be stopped in its own code", "error", err)
		return
	}
	bodies := make([]wasmtime.Body, len(code.Bodies))
	for i, b := range code.Bodies {
		bodies[i] = wasmtime.Body{Start: n.Base() + b.Start, End: n.Base() + b.End}
	}
	n.SetBodies(bodies)
}

// readCode reads the code map once; it is the same in every shard. m.mu is held.
func (m *Module) readCode(n *wasmtime.Module) (*codemap.Map, error) {
	if m.code == nil {
		code, err := codemap.Read(n.Image())
		if err != nil {
			return nil, err
		}
		m.code = code
	}
	return m.code, nil
}

// tellLoaded tells who asked for it where the code is. For them Go's tracebacks have whole
// stacks from the start.
func (m *Module) tellLoaded(sh *shard, n *wasmtime.Module) {
	if m.options.Loaded == nil && m.options.Unloaded == nil {
		return
	}
	code, err := m.readCode(n)
	if err != nil {
		m.engine.cfg.Log.Error("compiled code cannot be named", "error", err)
		return
	}
	if m.told == nil {
		m.told = code.Clone()
	}
	if m.options.Loaded != nil {
		m.putBodies(sh, n)
		m.options.Loaded(codemap.Loaded{Base: n.Base(), Image: n.Image(), Map: m.told})
	}
}

// tellUnloaded tells that the code is about to be freed.
func (m *Module) tellUnloaded(n *wasmtime.Module) {
	if m.options.Unloaded != nil && m.told != nil {
		m.options.Unloaded(codemap.Loaded{Base: n.Base(), Image: n.Image(), Map: m.told})
	}
}

// frameAt says what guest frame an address in compiled code is.
func (m *Module) frameAt(sh *shard, pc uintptr) (guest.Frame, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := m.loaded[sh.index].Load()
	if n == nil {
		return guest.Frame{}, false
	}
	code, err := m.readCode(n)
	if err != nil {
		m.engine.cfg.Log.Error("a guest's frame cannot be named", "error", err)
		return guest.Frame{}, false
	}
	f, ok := code.FrameAt(pc - n.Base())
	f.PC = pc
	return m.withOffset(f), ok
}

// withOffset gives a frame that comes from no instruction its function's start.
func (m *Module) withOffset(f guest.Frame) guest.Frame {
	if body, ok := m.parsed.Body(f.Func); ok && f.Offset == codemap.NoPlace {
		f.Offset = body.Offset
	}
	return f
}

// Parsed is the module as it was read.
func (m *Module) Parsed() *wasm.Module { return m.parsed }

// Image is the path of the compiled image's file, or empty if it is not kept.
func (m *Module) Image() string { return m.image.name }

// Cached reports whether the image was found rather than compiled.
func (m *Module) Cached() bool { return m.image.cached }

// Close waits for the module's running invocations and frees it. No new one may
// start.
func (m *Module) Close() error {
	if m.closed.Swap(true) {
		return nil
	}
	m.engine.open.Delete(m)
	for m.running() || m.held.Load() > 0 {
		time.Sleep(time.Millisecond)
	}
	m.coolDown()
	m.mu.Lock()
	defer m.mu.Unlock()
	for i := range m.loaded {
		if n := m.loaded[i].Swap(nil); n != nil {
			m.tellUnloaded(n)
			n.Close()
		}
	}
	m.steps.Free()
	m.image.file.Close()
	m.first.close()
	m.engine.modules.Done()
	return nil
}

// hold keeps the module from being freed by Close until release; it is false if Close
// has begun.
func (m *Module) hold() bool {
	m.held.Add(1)
	if m.closed.Load() {
		m.held.Add(-1)
		return false
	}
	return true
}

func (m *Module) release() { m.held.Add(-1) }

func (m *Module) running() bool {
	for _, sh := range m.engine.shards {
		for _, s := range *sh.slots.Load() {
			if s.module.Load() == m {
				return true
			}
		}
	}
	return false
}
