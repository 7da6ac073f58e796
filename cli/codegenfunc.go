package cli

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/faaslens/faaslens/engine"
	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/store"
	"github.com/faaslens/faaslens/worker"
)

// codegenVM is what Faasm's log calls the engine.
const codegenVM = "wasmtime"

// codegenFunc is Faasm's codegen_func: it compiles a function, or all of a user's,
// ahead of time, unless that has been done for the module already.
func (s *session) codegenFunc(args []string) int {
	log := s.faasmLog()
	positional, options, err := parseOptions(args, map[string]bool{"func": true, "clean": false})
	if err != nil || len(positional) != 1 {
		if err != nil {
			log.fail("%v", err)
		}
		log.fail("Usage: codegen_func <user> [--func F] [--clean]")
		return exitFailed
	}
	user := positional[0]
	_, clean := options["clean"]
	w, err := s.newWorkshop(worker.Config{SharedRoot: true, AllowUnknown: true, Engine: engine.Config{Shards: 1, Slots: fewSlots}})
	if err != nil {
		log.fail("%v", err)
		return exitFailed
	}
	defer w.close()
	ctx, release := interruptible(context.Background())
	defer release()
	g := &codegen{workshop: w, log: log, user: user, clean: clean}
	if function, ok := options["func"]; ok {
		log.info("Running codegen for function %s/%s (WASM VM: %s)", user, function, codegenVM)
		g.function(ctx, function)
	} else if !g.all(ctx) {
		return exitFailed
	}
	if sig, ok := context.Cause(ctx).(*interrupted); ok {
		return exitCode(sig)
	}
	if g.failed.Load() {
		return exitFailed
	}
	return exitOK
}

// codegen compiles functions of a user.
type codegen struct {
	workshop *workshop
	log      *faasmLog
	user     string
	clean    bool
	failed   atomic.Bool
}

// all compiles all functions of the user, by as many goroutines as there are
// processors, which end with it. It reports whether the user has a directory.
func (g *codegen) all(ctx context.Context) bool {
	dir := filepath.Join(g.workshop.store.Dir(), "wasm")
	g.log.info("Running codegen for user %s on dir %s", g.user, dir)
	path := filepath.Join(dir, g.user)
	if (guest.Name{User: g.user, Function: "any"}).Validate() != nil {
		g.log.fail("Expected %s to be a directory", path)
		return false
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		g.log.fail("Expected %s to be a directory", path)
		return false
	}
	names := make(chan string, len(entries))
	for _, e := range entries {
		names <- e.Name()
	}
	close(names)
	var threads sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		threads.Go(func() {
			g.log.info("Spawning codegen thread")
			for name := range names {
				g.function(ctx, name)
			}
			g.log.info("Codegen thread finished")
		})
	}
	threads.Wait()
	return true
}

// function compiles one function. One that does not exist is only worth a warning,
// as in Faasm.
func (g *codegen) function(ctx context.Context, function string) {
	name := guest.Name{User: g.user, Function: function}
	module, err := g.workshop.store.Read(name)
	if errors.Is(err, store.ErrNotFound) || name.Validate() != nil {
		g.log.log(levelWarn, "Invalid function: %s/%s", g.user, function)
		return
	}
	g.log.info("Generating machine code for %s (WASM VM: %s)", name, codegenVM)
	if err == nil {
		err = g.generate(ctx, name, module)
	}
	if err != nil {
		g.log.fail("%v", err)
		g.failed.Store(true)
	}
}

func (g *codegen) generate(ctx context.Context, name guest.Name, module []byte) error {
	dir, err := g.workshop.store.ObjectDir(name)
	if err != nil {
		return err
	}
	if g.clean {
		if err := worker.DropCodegen(dir); err != nil {
			return err
		}
	} else if worker.CodegenCurrent(dir, module) {
		g.log.log(levelDebug, "Skipping codegen for %s", name)
		return nil
	}
	f, err := g.workshop.open(ctx, name)
	if err != nil {
		return err
	}
	return errors.Join(f.Codegen(), f.Close())
}
