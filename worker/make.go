package worker

import (
	"context"
	"fmt"
	"path/filepath"
	"sync"
	"time"

	"github.com/faaslens/faaslens/codemap"
	"github.com/faaslens/faaslens/engine"
	"github.com/faaslens/faaslens/hostcall/faasm"
	"github.com/faaslens/faaslens/snapshot"
	"github.com/faaslens/faaslens/symbol"
	"github.com/faaslens/faaslens/wasm"
)

// make compiles the function: from what it is initialised to, if that can be done.
func (f *Function) make(ctx context.Context, cacheDir string) error {
	parsed := f.original
	if w := f.worker; w.cfg.Snapshots && !w.cfg.Engine.DebugInfo && f.main > 0 {
		frozen, dir, err := f.initialise(ctx, cacheDir)
		if err != nil {
			return err
		}
		if frozen != nil {
			f.plain = sync.OnceValues(func() (*Function, error) { return f.openPlain(cacheDir) })
			f.steps, f.main = f.steps[f.main:], 0
			parsed, cacheDir = frozen, dir
		}
	}
	if f.plain == nil && f.worker.cfg.Warm {
		parsed, cacheDir = putBackable(parsed, cacheDir)
	}
	return f.compile(ctx, parsed, cacheDir)
}

// openPlain opens the function without a snapshot.
func (f *Function) openPlain(cacheDir string) (*Function, error) {
	p := &Function{Name: f.Name, worker: f.worker, original: f.original, env: f.env}
	if err := p.plan(f.original, f.snapshot.WarmExport); err != nil {
		return nil, err
	}
	if err := p.openRoot(); err != nil {
		return nil, fmt.Errorf("%s: %w", f.Name, err)
	}
	if err := p.compile(context.Background(), f.original, cacheDir); err != nil {
		p.root.Close()
		return nil, fmt.Errorf("%s: %w", f.Name, err)
	}
	f.opened.Store(p)
	return p, nil
}

// keptDir is where images are of modules that were changed so that instances can be kept.
const keptDir = "kept"

// putBackable is the module with all that an instance can change exported, so that it can
// be put back, if that helps.
func putBackable(parsed *wasm.Module, cacheDir string) (*wasm.Module, string) {
	b := snapshot.ExportGlobals(parsed)
	if b == nil {
		return parsed, cacheDir
	}
	if changes, err := snapshot.ChangesOf(parsed); err != nil || changes.Any() || parsed.Start != nil {
		return parsed, cacheDir
	}
	if m, err := wasm.Parse(b); err == nil {
		return m, filepath.Join(cacheDir, keptDir)
	}
	return parsed, cacheDir
}

// compile readies a module as what the function runs.
func (f *Function) compile(ctx context.Context, parsed *wasm.Module, cacheDir string) (err error) {
	w := f.worker
	f.parsed = parsed
	if w.cfg.Interpreters != nil {
		f.interpreter = w.cfg.Interpreters(parsed)
	}
	f.symbols = f.tableOf(parsed)
	f.module, err = w.engine.Compile(ctx, parsed, f.moduleOptions(f.steps, cacheDir))
	if err != nil {
		return err
	}
	w.functions.Store(f.module, f)
	return nil
}

// tableOf opens the symbols of a module with the function's code when it is called.
func (f *Function) tableOf(parsed *wasm.Module) func() *symbol.Table {
	return sync.OnceValue(func() *symbol.Table { return openTable(f.worker.cfg.Store, f.Name, parsed) })
}

// moduleOptions say how the engine is to compile and run steps of the function.
func (f *Function) moduleOptions(steps []faasm.Step, cacheDir string) engine.ModuleOptions {
	w := f.worker
	o := engine.ModuleOptions{CacheDir: cacheDir, AllowUnknown: w.cfg.AllowUnknown, Warm: w.cfg.Warm}
	for _, s := range steps {
		o.Steps = append(o.Steps, engine.Step{Export: s.Export, Result: s.Role != faasm.Zygote && s.Role != faasm.Warm, Main: s.Role == faasm.Main})
	}
	if p := w.cfg.Progress; p != nil {
		o.Progress = func(elapsed time.Duration) { p(f.Name, f.original.Size(), elapsed) }
	}
	if loaded := w.cfg.Loaded; loaded != nil {
		o.Loaded = func(c codemap.Loaded) { loaded(f, c) }
	}
	if unloaded := w.cfg.Unloaded; unloaded != nil {
		o.Unloaded = func(c codemap.Loaded) { unloaded(f, c) }
	}
	return o
}
