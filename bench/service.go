package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"runtime"

	"github.com/faaslens/faaslens/engine"
	"github.com/faaslens/faaslens/gateway"
	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/scheduler"
	"github.com/faaslens/faaslens/store"
	"github.com/faaslens/faaslens/toolchain"
	"github.com/faaslens/faaslens/worker"
)

// service is what "faaslens serve" is, inside this process.
type service struct {
	store     *store.Store
	worker    *worker.Worker
	library   *worker.Library
	scheduler *scheduler.Scheduler
	handler   http.Handler
}

func openService(dir string) (*service, error) {
	st, err := store.Open(dir)
	if err != nil {
		return nil, err
	}
	w, err := worker.New(worker.Config{Store: st, Warm: true, Engine: engine.Config{Shards: runtime.GOMAXPROCS(0)}})
	if err != nil {
		st.Close()
		return nil, err
	}
	v := &service{store: st, worker: w, library: worker.NewLibrary(w, 64)}
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	ledger := gateway.NewLedger(log)
	v.scheduler = scheduler.New(scheduler.Config{Functions: v.library, Host: "bench", Workers: runtime.GOMAXPROCS(0), Ended: ledger.Ended})
	v.handler = gateway.New(gateway.Config{Scheduler: v.scheduler, Functions: v.library, Store: st, Ledger: ledger, Log: log}).Handler()
	return v, nil
}

func (v *service) close() {
	v.scheduler.Close(context.Background())
	v.library.Close()
	v.worker.Close()
	v.store.Close()
}

// add builds a guest and publishes it.
func (v *service) add(ctx context.Context, shop *workshop, function, source string) error {
	out := shop.path("service.wasm")
	tools := toolchain.Find(ctx, toolchain.Host{Env: os.Environ()}, toolchain.C)
	if _, err := tools.Build(ctx, toolchain.Request{Sources: []string{shop.path("guests", source)}, Output: out}); err != nil {
		return err
	}
	b, err := os.ReadFile(out)
	if err != nil {
		return err
	}
	_, err = v.library.Publish(ctx, guest.Name{User: "bench", Function: function}, b, store.AddOptions{})
	return err
}

// run runs a function directly, and checks that it succeeded.
func (v *service) run(ctx context.Context, function, input string) (scheduler.Invocation, error) {
	i, err := v.scheduler.Run(ctx, &scheduler.Request{Function: guest.Name{User: "bench", Function: function}, Input: []byte(input)})
	if err == nil && (i.Result.Failure != nil || i.Result.ReturnValue != 0) {
		err = fmt.Errorf("%s returned %d, %+v", function, i.Result.ReturnValue, i.Result.Failure)
	}
	return i, err
}

// listen serves a handler at a port of its own until stop is called.
func listen(h http.Handler) (address string, stop func() error, err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	server := gateway.Server(h, slog.New(slog.DiscardHandler))
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(l) }()
	return l.Addr().String(), func() error {
		err := server.Close()
		if e := <-ended; !errors.Is(e, http.ErrServerClosed) {
			err = errors.Join(err, e)
		}
		return err
	}, nil
}
