package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/faaslens/faaslens/engine"
	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/store"
	"github.com/faaslens/faaslens/toolchain"
	"github.com/faaslens/faaslens/worker"
)

// warmStartBenchmark invokes a function with a heap of 20 MiB that is prepared in each
// invocation, or once.
func warmStartBenchmark() benchmark {
	return benchmark{
		name:  "warmstart",
		about: "a call of a function with an initialised heap of 20 MiB: prepared by each call, or once, in fresh and in kept instances",
		floors: []floor{
			{Case: "20 MiB heap", Subject: "prepared by each call", Of: ofRatio, AtLeast: 5},
			{Case: "20 MiB heap", Subject: "prepared once, kept instance", Of: ofValue, AtMost: 10},
		},
		run: runWarmStart,
	}
}

func runWarmStart(ctx context.Context, s *session) ([]result, error) {
	calls := 20_000
	if s.size == quick {
		calls = 1_000
	}
	module := s.shop.path("heap.wasm")
	tools := toolchain.Find(ctx, toolchain.Host{Env: os.Environ()}, toolchain.C)
	request := toolchain.Request{Sources: []string{s.shop.path("guests", "heap.c")}, Output: module, WarmExport: "prepare"}
	if _, err := tools.Build(ctx, request); err != nil {
		return nil, err
	}
	var subjects []subject
	for _, c := range []struct {
		name            string
		snapshots, warm bool
		calls           int
	}{
		{"prepared by each call", false, false, max(calls/400, 10)},
		{"prepared once, fresh instance", true, false, calls / 10},
		{"prepared once, kept instance", true, true, calls},
	} {
		f, closeAll, err := openHeap(ctx, s.shop.path("warmstart", c.name), module, worker.Config{Snapshots: c.snapshots, Warm: c.warm})
		if err != nil {
			return nil, err
		}
		defer closeAll()
		subjects = append(subjects, subject{c.name, func(ctx context.Context) (float64, error) {
			d, err := timeCalls(c.calls, 1, func() error { return hello(ctx, f) })
			return microseconds(d, c.calls), err
		}})
	}
	taken, err := s.interleave(ctx, subjects)
	if err != nil {
		return nil, err
	}
	return compare("20 MiB heap", "µs", "prepared once, fresh instance", taken), nil
}

// openHeap opens the function in a store of its own.
func openHeap(ctx context.Context, dir, module string, cfg worker.Config) (f *worker.Function, closeAll func(), err error) {
	b, err := os.ReadFile(module)
	if err != nil {
		return nil, nil, err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, nil, err
	}
	if cfg.Store, err = store.Open(dir); err != nil {
		return nil, nil, err
	}
	cfg.Engine = engine.Config{Shards: 1, Slots: 4}
	cfg.Initial = guest.Limits{Timeout: time.Minute}
	w, err := worker.New(cfg)
	if err != nil {
		cfg.Store.Close()
		return nil, nil, err
	}
	free := func() { w.Close(); cfg.Store.Close() }
	name := guest.Name{User: "bench", Function: "heap"}
	if _, err = cfg.Store.Add(name, b, store.AddOptions{WarmExport: "prepare"}); err == nil {
		f, err = w.Open(ctx, name)
	}
	if err == nil && cfg.Snapshots && f.Snapshot().Refused != "" {
		err = fmt.Errorf("heap: no snapshot: %s", f.Snapshot().Refused)
	}
	if err != nil {
		free()
		return nil, nil, err
	}
	return f, func() { f.Close(); free() }, nil
}
