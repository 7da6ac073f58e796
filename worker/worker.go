package worker

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/faaslens/faaslens/codemap"
	"github.com/faaslens/faaslens/engine"
	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/hostcall"
	"github.com/faaslens/faaslens/hostcall/faasm"
	"github.com/faaslens/faaslens/hostcall/wasi"
	"github.com/faaslens/faaslens/sharedfile"
	"github.com/faaslens/faaslens/snapshot"
	"github.com/faaslens/faaslens/state"
	"github.com/faaslens/faaslens/store"
	"github.com/faaslens/faaslens/symbol"
	"github.com/faaslens/faaslens/wasm"
)

// Config shapes a worker.
type Config struct {
	Store *store.Store
	// Engine shapes the engine, but for its calls, which the worker gives.
	Engine engine.Config
	// AllowUnknown lets functions have imports that nobody knows; calling one is
	// a trap.
	AllowUnknown bool
	// SharedRoot gives every function the one file system that Faasm's functions
	// share, instead of one of its own, and the environment that they have, which
	// others get only if they were built for Faasm.
	SharedRoot bool
	// Warm keeps instances of functions for later invocations, put back to the state of
	// fresh ones, where that is possible.
	Warm bool
	// Snapshots runs what initialises a function once, when it is opened, and starts its
	// invocations from what that left. It is not done for debuggers, whose breakpoints are
	// in that code too.
	Snapshots bool
	// Initial are the limits of that. Its time is a minute unless they say.
	Initial guest.Limits
	// Retry tries again what initialises functions where that was refused before, as if
	// it had not been.
	Retry bool
	// Initialised is told of a function whose Snapshot has just been made, or refused. May
	// be nil.
	Initialised func(*Function)
	// WarmExport is an export that initialises functions, behind their constructors and
	// zygotes; empty for what each was kept with.
	WarmExport string
	// State is what functions share. Nil: they share none, and trap where they try.
	State *state.Local
	// Files are those behind faasm://. Nil: the store's, which this host alone has.
	Files *sharedfile.Files
	// Interpreters knows the guests whose stacks are merged with those of the programs
	// that they interpret. May be nil.
	Interpreters Interpreters
	// Progress is told how long the compilation of a function has taken so far.
	// May be nil.
	Progress func(name guest.Name, size int, elapsed time.Duration)
	// Loaded is told where functions' compiled code is in memory, before it runs;
	// Unloaded again when that is to be freed. Of the function, Invoke and Close are
	// not to be called then. May be nil.
	Loaded, Unloaded func(*Function, codemap.Loaded)
	Log              *slog.Logger
}

// Worker runs the functions of a store.
type Worker struct {
	cfg       Config
	engine    *engine.Engine
	calls     sync.Pool         // of *call
	functions sync.Map          // by *engine.Module
	ownFiles  *sharedfile.Files // nil if they were given
}

// The order of the engine's states.
const (
	wasiState = iota
	faasmState
)

// New starts a worker.
func New(cfg Config) (*Worker, error) {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	table, err := hostcall.NewTable(wasi.Calls(), faasm.Calls())
	if err != nil {
		return nil, err
	}
	cfg.Engine.Calls = table
	cfg.Engine.Log = cfg.Log
	cfg.Engine.Stub = func(module, name string, _ guest.FuncType) *hostcall.Spec { return faasm.Stub(module, name) }
	e, err := engine.New(cfg.Engine)
	if err != nil {
		return nil, err
	}
	w := &Worker{cfg: cfg, engine: e}
	if cfg.Files == nil {
		w.ownFiles = sharedfile.New(sharedfile.Config{Open: cfg.Store.Shared, Log: cfg.Log})
		w.cfg.Files = w.ownFiles
	}
	w.calls.New = func() any { return newCall() }
	return w, nil
}

// Close frees the worker. Its functions must have been closed.
func (w *Worker) Close() error {
	err := w.engine.Close()
	if w.ownFiles != nil {
		err = errors.Join(err, w.ownFiles.Close())
	}
	return err
}

// Function is a function that is ready to be invoked.
type Function struct {
	Name   guest.Name
	worker *Worker
	parsed *wasm.Module
	module *engine.Module
	steps  []faasm.Step // of an invocation
	main   int          // index of the step that is the function itself
	env    []string
	root   *os.Root
	roots  []wasi.Preopen
	// symbols opens the symbols when it is first called.
	symbols     func() *symbol.Table
	interpreter Interpreter // nil if the function is none
	// original is parsed as it was before what it was initialised to became part of it.
	original *wasm.Module
	snapshot *Snapshot // nil if nothing initialises it but its invocations
	retry    bool      // initialise it though that was refused before
	// plain opens the function without its snapshot, for invocations that would have
	// initialised it otherwise; nil if it has none.
	plain func() (*Function, error)
	// opened is what plain has opened.
	opened atomic.Pointer[Function]
}

// Open prepares a function of the store: it is compiled, unless its compiled image is
// there already.
func (w *Worker) Open(ctx context.Context, name guest.Name) (*Function, error) {
	b, err := w.cfg.Store.Read(name)
	if err != nil {
		return nil, err
	}
	parsed, err := wasm.Parse(b)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	dir, err := w.cfg.Store.ObjectDir(name)
	if err != nil {
		return nil, err
	}
	if w.cfg.Engine.DebugInfo {
		// In a place of its own: it may be of another module, which would drive the
		// ordinary image out.
		dir, parsed = filepath.Join(dir, debugDir), w.withDWARF(name, parsed)
	}
	return w.open(ctx, &Function{Name: name, original: parsed}, dir, w.warmExport(name, b))
}

// warmExport is the export that shall initialise a function of the store.
func (w *Worker) warmExport(name guest.Name, module []byte) string {
	if w.cfg.WarmExport != "" {
		return w.cfg.WarmExport
	}
	return w.cfg.Store.WarmExport(name, module)
}

// open prepares a module, f.original, as the function f.
func (w *Worker) open(ctx context.Context, f *Function, cacheDir, warmExport string) (*Function, error) {
	f.worker = w
	if err := f.plan(f.original, warmExport); err != nil {
		return nil, fmt.Errorf("%s: %w", f.Name, err)
	}
	if err := f.openRoot(); err != nil {
		return nil, fmt.Errorf("%s: %w", f.Name, err)
	}
	if err := f.make(ctx, cacheDir); err != nil {
		f.root.Close()
		return nil, fmt.Errorf("%s: %w", f.Name, err)
	}
	return f, nil
}

// debugDir is where, in a function's object directory, images for debuggers are kept.
const debugDir = "debug"

// withDWARF is the module from which a stripped one was made, if it is kept beside it and
// whole: the same but for custom sections. For debuggers, it is compiled instead.
func (w *Worker) withDWARF(name guest.Name, m *wasm.Module) *wasm.Module {
	debug, err := w.cfg.Store.FindDebug(name, m)
	if err != nil || debug.Module == m {
		return m
	}
	if !slices.EqualFunc(contents(m), contents(debug.Module), bytes.Equal) {
		return m
	}
	return debug.Module
}

// contents are the sections that a module is made of when it runs.
func contents(m *wasm.Module) [][]byte {
	var all [][]byte
	for _, s := range m.Sections {
		if s.ID != wasm.SectionCustom {
			all = append(all, m.Bytes()[s.Content:s.End()])
		}
	}
	return all
}

// Plan says what an invocation of a module calls, in order, if an export prepares it, or
// none for "". Errors are *faasm.UnfitModule.
func Plan(parsed *wasm.Module, warmExport string) ([]faasm.Step, error) {
	exports := make(map[string]guest.FuncType)
	for _, x := range parsed.Exports {
		if x.Kind == wasm.KindFunc {
			exports[x.Name], _ = parsed.FuncType(guest.FuncIndex(x.Index))
		}
	}
	steps, err := faasm.PlanWarm(exports, warmExport)
	if err != nil {
		return nil, err
	}
	if _, ok := parsed.Custom(snapshot.Section); ok {
		steps = faasm.WithDestructors(steps, exports)
	}
	return steps, nil
}

// plan finds what an invocation calls.
func (f *Function) plan(parsed *wasm.Module, warmExport string) (err error) {
	if f.steps, err = Plan(parsed, warmExport); err != nil {
		return err
	}
	has := func(r faasm.Role) func(faasm.Step) bool { return func(s faasm.Step) bool { return s.Role == r } }
	f.main = slices.IndexFunc(f.steps, has(faasm.Main))
	if f.worker.cfg.SharedRoot || slices.ContainsFunc(f.steps, has(faasm.Zygote)) || importsFaasm(parsed) {
		f.env = faasm.Environment()
	}
	return nil
}

// importsFaasm reports whether a module was built for Faasm's interface, as far as its
// imports tell.
func importsFaasm(parsed *wasm.Module) bool {
	for _, imp := range parsed.Imports {
		if _, known := faasm.Known(imp.Module, imp.Name); known {
			return true
		}
	}
	return false
}

// openRoot opens the file system that the function sees as "/" and as its working
// directory.
func (f *Function) openRoot() (err error) {
	if f.worker.cfg.SharedRoot {
		f.root, err = f.worker.cfg.Store.RuntimeRoot()
	} else {
		f.root, err = f.worker.cfg.Store.FunctionRoot(f.Name)
	}
	if err != nil {
		return fmt.Errorf("open its file system: %w", err)
	}
	f.roots = []wasi.Preopen{{Guest: "/", Root: f.root}, {Guest: ".", Root: f.root}}
	if err := (&wasi.Config{Args: programArgs, Env: f.env, Preopens: f.roots}).Validate(); err != nil {
		f.root.Close()
		return err
	}
	return nil
}

// Module is the function's code.
func (f *Function) Module() *wasm.Module { return f.parsed }

// Cached reports whether the function's compiled image was found rather than made.
func (f *Function) Cached() bool { return f.module.Cached() }

// Image is the path of the compiled image; empty if it could not be kept.
func (f *Function) Image() string { return f.module.Image() }

// Close waits for running invocations and frees the function.
func (f *Function) Close() error {
	f.worker.functions.Delete(f.module)
	err := errors.Join(f.module.Close(), f.root.Close())
	if p := f.opened.Swap(nil); p != nil {
		err = errors.Join(err, p.Close())
	}
	return err
}

// imageLink is what Faasm calls a compiled function.
const imageLink = "function.wasm.o"

// Codegen compiles a function as Faasm's tool does, leaving function.wasm.o and the
// module's MD5 beside it in the object directory.
func (f *Function) Codegen() error {
	image := f.Image()
	if image == "" {
		return fmt.Errorf("%s: its compiled image could not be kept", f.Name)
	}
	link := filepath.Join(filepath.Dir(image), imageLink)
	return linkImage(image, link, f.Module().Bytes())
}
