package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/faaslens/faaslens/engine"
	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/state"
	"github.com/faaslens/faaslens/store"
	"github.com/faaslens/faaslens/worker"
)

// cannotRun is a function that is there and cannot be made ready.
type cannotRun struct {
	err error
}

func (e *cannotRun) Error() string { return e.err.Error() }
func (e *cannotRun) Unwrap() error { return e.err }

// fewSlots is for commands that run one invocation at a time: starting the engine
// costs the less the fewer there are.
const fewSlots = 1

// workshop is a worker and what it works with. Close it when its functions are closed.
type workshop struct {
	store    *store.Store
	state    *state.Local // what its functions share, as long as it lives
	worker   *worker.Worker
	progress *progress
	perf     *perfAgent // nil unless perf is to be told of code
}

// newWorkshop opens the data directory and starts a worker, for one invocation at a
// time unless cfg says otherwise.
func (s *session) newWorkshop(cfg worker.Config) (*workshop, error) {
	return s.newPerfWorkshop(cfg, perfOff)
}

// newPerfWorkshop is newWorkshop for functions whose code perf is told of.
func (s *session) newPerfWorkshop(cfg worker.Config, perf perfMode) (*workshop, error) {
	st, err := s.openStore()
	if err != nil {
		return nil, err
	}
	w := &workshop{store: st, progress: s.newProgress()}
	if perf != perfOff || s.env.get(emulatedVariable) != "" {
		cfg.Snapshots = false // what is measured is all that it does
	}
	if perf != perfOff {
		if w.perf, err = s.startPerf(perf, st, &cfg); err != nil {
			st.Close()
			return nil, err
		}
	}
	if cfg.Engine.Shards == 0 {
		cfg.Engine.Shards, cfg.Engine.Slots = 1, fewSlots
	}
	w.state = state.NewLocal(new(state.Memory), state.Limits{})
	if !cfg.Engine.DebugInfo {
		if cfg.Engine.DebugInfo, err = s.nativeDebug(); err != nil {
			w.perf.close()
			st.Close()
			return nil, err
		}
	}
	if s.env.get(emulatedVariable) != "" {
		cfg.Engine.Emulated = true
	}
	if cfg.Engine.Compile, err = s.compileApart(); err != nil {
		w.perf.close()
		st.Close()
		return nil, err
	}
	cfg.Store, cfg.State, cfg.Progress = st, w.state, w.progress.compiling
	if cfg.Initialised == nil {
		cfg.Initialised = s.tellInitial
	}
	if w.worker, err = worker.New(cfg); err != nil {
		w.perf.close()
		st.Close()
		return nil, err
	}
	return w, nil
}

func (w *workshop) close() {
	w.worker.Close()
	w.perf.close()
	w.store.Close()
}

// open makes a function ready to run. The error is a *cannotRun, an *interrupted, or
// wraps store.ErrNotFound.
func (w *workshop) open(ctx context.Context, name guest.Name) (*worker.Function, error) {
	f, err := w.worker.Open(ctx, name)
	w.progress.done()
	switch {
	case err == nil:
		return f, nil
	case errors.Is(err, store.ErrNotFound):
		return nil, suggest(w.store, name, err)
	case ctx.Err() != nil:
		return nil, cause(ctx, err)
	}
	return nil, &cannotRun{adviseOnOpen(err)}
}

// adviseOnOpen adds the next step to an error about a module.
func adviseOnOpen(err error) error {
	var link *guest.LinkError
	var invalid *guest.InvalidModule
	var failure *guest.CompileFailure
	switch {
	case errors.As(err, &failure):
		return fmt.Errorf("%w\n  %s", err, adviseOnCompiling(failure))
	case errors.As(err, &link) && stubbable(link):
		return fmt.Errorf("%w\n  run it until it calls one of them with --allow-unknown", err)
	case errors.As(err, &link):
		return fmt.Errorf("%w\n  build it for WASI preview 1 or for Faasm's interface", err)
	case errors.As(err, &invalid):
		return fmt.Errorf("%w\n  build or add it again", err)
	}
	return err
}

// stubbable reports whether --allow-unknown would do.
func stubbable(e *guest.LinkError) bool {
	for _, m := range e.Missing {
		if m.Kind != "function" || m.Have != "" {
			return false
		}
	}
	return true
}

// maxWarnings is how many imports that nobody provides are named.
const maxWarnings = 20

// prepare compiles a function ahead of time, so that its first run is warm, tries to
// initialise it even if that was refused before, and warns of imports that nobody provides.
func (s *session) prepare(ctx context.Context, name guest.Name) (*worker.Function, func(), error) {
	w, err := s.newWorkshop(worker.Config{AllowUnknown: true, Snapshots: true, Retry: true, Engine: engine.Config{Shards: 1, Slots: fewSlots}})
	if err != nil {
		return nil, nil, err
	}
	f, err := w.open(ctx, name)
	if err != nil {
		w.close()
		return nil, nil, err
	}
	strangers := 0
	for _, i := range importsOf(f.Module()) {
		if i.provision != unknown {
			continue
		}
		if strangers++; strangers <= maxWarnings {
			s.warn("nobody provides %s.%s %s, which %s imports: it runs with --allow-unknown only", i.Module, i.Name, i.Type, name)
		}
	}
	if strangers > maxWarnings {
		s.warn("nobody provides %d more of its imports", strangers-maxWarnings)
	}
	return f, func() { f.Close(); w.close() }, nil
}

func (s *session) warn(format string, args ...any) {
	fmt.Fprintf(s.stderr, "%s %s\n", s.paint(bold, "faaslens: warning:"), printableLines(fmt.Sprintf(format, args...)))
}
