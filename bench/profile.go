package main

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"strconv"
	"time"

	"github.com/google/pprof/profile"

	"github.com/faaslens/faaslens/codemap"
	"github.com/faaslens/faaslens/engine"
	"github.com/faaslens/faaslens/hostcall"
	"github.com/faaslens/faaslens/profiler"
	"github.com/faaslens/faaslens/store"
	"github.com/faaslens/faaslens/worker"
)

// profileBenchmark runs each kernel with and without a recording, in this process, so
// that it is the same code at the same addresses, and compares the processor time of its
// thread: other programs take less from that than from time. That a run without a
// profile has nothing installed is a test.
func profileBenchmark() benchmark {
	b := benchmark{name: "profile", about: "kernels while a profile is recorded at 100 Hz, processor time of the thread ÷ without", run: runProfile}
	for _, k := range kernels {
		b.floors = append(b.floors, floor{Case: k.name, Subject: "cpu", Of: ofRatio, AtMost: 1.01})
	}
	return b
}

func runProfile(ctx context.Context, s *session) (_ []result, err error) {
	code := profiler.NewCode(time.Now)
	h, err := openProfiledHost(s.shop.path("profiled"), code)
	if err != nil {
		return nil, err
	}
	defer h.close()
	var results []result
	ratios := map[string][]float64{}
	for _, k := range kernels {
		s.note("profile: %s", k.name)
		of, err := profileKernel(ctx, s, h, code, k)
		if err != nil {
			return nil, fmt.Errorf("kernel %s: %w", k.name, err)
		}
		for _, r := range of {
			if r.Ratio != 0 {
				ratios[r.Subject] = append(ratios[r.Subject], r.Ratio)
			}
		}
		results = append(results, of...)
	}
	for _, subject := range []string{"cpu", "wall"} {
		results = append(results, result{Case: "geomean", Subject: subject, Ratio: geomean(ratios[subject]), Baseline: "off"})
	}
	return results, nil
}

// openProfiledHost is openHost with all that a recording needs.
func openProfiledHost(dir string, code *profiler.Code) (*host, error) {
	engine.MixStacks()
	s, err := store.Open(dir)
	if err != nil {
		return nil, err
	}
	w, err := worker.New(worker.Config{
		Store:  s,
		Engine: engine.Config{Shards: 1, Slots: 1},
		Loaded: func(f *worker.Function, l codemap.Loaded) {
			code.Loaded(profiler.Function{Name: f.Name, Module: f.Module(), Symbols: f.Symbols}, l)
		},
		Unloaded: func(_ *worker.Function, l codemap.Loaded) { code.Unloaded(l) },
	})
	if err != nil {
		s.Close()
		return nil, err
	}
	return &host{s, w}, nil
}

func profileKernel(ctx context.Context, s *session, h *host, code *profiler.Code, k kernel) ([]result, error) {
	p, err := s.shop.compile(ctx, k.name, s.builds[0])
	if err != nil {
		return nil, err
	}
	f, err := h.add(ctx, k.name, p.path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	args := []string{k.name}
	if s.size == quick {
		args = append(args, strconv.Itoa(k.brief))
	}
	spent := func(ctx context.Context, o hostcall.Observer) (time.Duration, time.Duration, error) {
		before, err := threadTime()
		if err != nil {
			return 0, 0, err
		}
		out, err := f.Invoke(ctx, &worker.Invocation{Args: args, Stdout: io.Discard, Observer: o})
		if err != nil {
			return 0, 0, err
		}
		after, err := threadTime()
		return after - before, out.Elapsed, err
	}
	i := profiler.Invocation{Function: f.Name, Number: 1, Start: profiler.Warm}
	taken, err := s.interleave(ctx, []subject{
		{"off", func(ctx context.Context) (float64, error) {
			return onOneThread(func() (time.Duration, error) {
				d, _, err := spent(ctx, nil)
				return d, err
			})
		}},
		{"cpu", func(ctx context.Context) (float64, error) {
			rec, err := profiler.StartCPU(code, 100)
			if err != nil {
				return 0, err
			}
			return recorded(rec.Stop, func() (d time.Duration, err error) {
				i.Do(ctx, func(ctx context.Context) { d, _, err = spent(ctx, nil) })
				return d, err
			})
		}},
		{"wall", func(ctx context.Context) (float64, error) {
			start := time.Now()
			rec, err := profiler.StartWall(code, 100, func() time.Duration { return time.Since(start) })
			if err != nil {
				return 0, err
			}
			return recorded(rec.Stop, func() (d time.Duration, err error) {
				rec.Do(ctx, i, func(ctx context.Context, o hostcall.Observer) (elapsed time.Duration) {
					d, elapsed, err = spent(ctx, o)
					return elapsed
				})
				return d, err
			})
		}},
	})
	if err != nil {
		return nil, err
	}
	return compare(k.name, "ns", "off", taken), nil
}

// recorded takes a sample under a recording and ends that.
func recorded(stop func() (*profile.Profile, error), f func() (time.Duration, error)) (float64, error) {
	d, err := onOneThread(f)
	p, stopErr := stop()
	if err != nil {
		return 0, err
	}
	if stopErr == nil && len(p.Sample) == 0 {
		stopErr = fmt.Errorf("a profile of %.0f ms has no samples", d/1e6)
	}
	return d, stopErr
}

// onOneThread keeps the goroutine on its thread and returns nanoseconds.
func onOneThread(f func() (time.Duration, error)) (float64, error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	d, err := f()
	return float64(d.Nanoseconds()), err
}
