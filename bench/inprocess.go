package main

import (
	"context"
	"fmt"
	"os"

	"github.com/faaslens/faaslens/engine"
	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/store"
	"github.com/faaslens/faaslens/toolchain"
	"github.com/faaslens/faaslens/worker"
)

// host is the product inside this process, for what takes microseconds.
type host struct {
	store  *store.Store
	worker *worker.Worker
}

func openHost(dir string, shards int) (*host, error) {
	s, err := store.Open(dir)
	if err != nil {
		return nil, err
	}
	w, err := worker.New(worker.Config{Store: s, Engine: engine.Config{Shards: shards, Slots: 64}})
	if err != nil {
		s.Close()
		return nil, err
	}
	return &host{s, w}, nil
}

func (h *host) close() {
	h.worker.Close()
	h.store.Close()
}

// build builds a guest as "faaslens build" does, with its default flags.
func (h *host) build(ctx context.Context, shop *workshop, source string) (*worker.Function, error) {
	out := shop.path("inprocess.wasm")
	tools := toolchain.Find(ctx, toolchain.Host{Env: os.Environ()}, toolchain.C)
	if _, err := tools.Build(ctx, toolchain.Request{Sources: []string{shop.path("guests", source)}, Output: out}); err != nil {
		return nil, err
	}
	return h.add(ctx, "bench", out)
}

func (h *host) add(ctx context.Context, name, path string) (*worker.Function, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	n := guest.Name{User: "bench", Function: name}
	if _, err := h.store.Add(n, b, store.AddOptions{}); err != nil {
		return nil, fmt.Errorf("add %s: %w", path, err)
	}
	return h.worker.Open(ctx, n)
}
