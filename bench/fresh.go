package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/worker"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"
)

// freshBenchmark runs hello in an instance of its own each time: instance, start,
// arguments, output through WASI, end, with limits and a deadline.
func freshBenchmark() benchmark {
	return benchmark{
		name:  "fresh",
		about: "hello from C in a fresh instance for every call, with WASI, limits and a deadline, inside one process",
		floors: []floor{
			{Case: "fresh hello", Subject: "faaslens", Of: ofValue, AtMost: 3},
			{Case: "throughput, two threads ÷ one", Subject: "2 threads", Of: ofRatio, AtLeast: 1.6},
		},
		run: runFresh,
	}
}

func runFresh(ctx context.Context, s *session) ([]result, error) {
	calls := 100_000
	if s.size == quick {
		calls = 2_000
	}
	h, err := openHost(s.shop.path("inprocess"), 2)
	if err != nil {
		return nil, err
	}
	defer h.close()
	f, err := h.build(ctx, s.shop, "hello.c")
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if err := checkHello(ctx, f); err != nil {
		return nil, err
	}
	other, err := wazeroProgram(ctx, s.shop.path("inprocess.wasm"))
	if err != nil {
		return nil, err
	}
	s.note("fresh: %d calls a sample", calls)
	one, err := s.interleave(ctx, []subject{
		{"faaslens", func(ctx context.Context) (float64, error) {
			d, err := timeCalls(calls, 1, func() error { return hello(ctx, f) })
			return microseconds(d, calls), err
		}},
		{"wazero", func(ctx context.Context) (float64, error) {
			n := calls / 10
			d, err := timeCalls(n, 1, func() error { return other(io.Discard, "function.wasm") })
			return microseconds(d, n), err
		}},
	})
	if err != nil {
		return nil, err
	}
	perSecond := func(threads int) func(context.Context) (float64, error) {
		return func(ctx context.Context) (float64, error) {
			d, err := timeCalls(calls, threads, func() error { return hello(ctx, f) })
			return float64(calls*threads) / d.Seconds(), err
		}
	}
	two, err := s.interleave(ctx, []subject{{"1 thread", perSecond(1)}, {"2 threads", perSecond(2)}})
	if err != nil {
		return nil, err
	}
	return append(compare("fresh hello", "µs", "wazero", one),
		compare("throughput, two threads ÷ one", "/s", "1 thread", two)...), nil
}

func hello(ctx context.Context, f *worker.Function) error {
	o, err := f.Invoke(ctx, &worker.Invocation{Limits: guest.Limits{Memory: 64 << 20, Timeout: time.Minute, Output: 1 << 20}})
	if err == nil && o.Code != 0 {
		err = fmt.Errorf("hello ended with %d", o.Code)
	}
	return err
}

// checkHello makes sure that what is measured does its work.
func checkHello(ctx context.Context, f *worker.Function) error {
	var out bytes.Buffer
	if _, err := f.Invoke(ctx, &worker.Invocation{Stdout: &out}); err != nil {
		return err
	}
	if !bytes.Contains(bytes.ToLower(out.Bytes()), []byte("hello")) {
		return fmt.Errorf("hello printed %q", out.String())
	}
	return nil
}

// timeCalls times n calls on each of the threads at once.
func timeCalls(n, threads int, call func() error) (time.Duration, error) {
	errs := make([]error, threads)
	var wg sync.WaitGroup
	start := time.Now()
	for i := range threads {
		wg.Go(func() {
			for range n {
				if err := call(); err != nil {
					errs[i] = err
					return
				}
			}
		})
	}
	wg.Wait()
	took := time.Since(start)
	for _, err := range errs {
		if err != nil {
			return 0, err
		}
	}
	return took, nil
}

func microseconds(d time.Duration, n int) float64 { return float64(d) / float64(n) / 1000 }

// wazeroProgram prepares wazero's way of the same: a fresh instance with its own WASI.
func wazeroProgram(ctx context.Context, path string) (func(out io.Writer, args ...string) error, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	r := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfigCompiler())
	if _, err := wasi_snapshot_preview1.Instantiate(ctx, r); err != nil {
		return nil, err
	}
	m, err := r.CompileModule(ctx, b)
	if err != nil {
		return nil, err
	}
	cfg := wazero.NewModuleConfig().WithName("").WithSysWalltime().WithSysNanotime()
	return func(out io.Writer, args ...string) error {
		i, err := r.InstantiateModule(ctx, m, cfg.WithArgs(args...).WithStdout(out))
		if err != nil {
			return err
		}
		return i.Close(ctx)
	}, nil
}
