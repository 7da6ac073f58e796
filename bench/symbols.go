package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/store"
	"github.com/faaslens/faaslens/symbol"
	"github.com/faaslens/faaslens/wasm"
	"github.com/faaslens/faaslens/worker"
)

// trapDepth is how deep the stacks are that are shown.
const trapDepth = 20

// symbolsBenchmark asks where code is, and what it costs that one can ask.
func symbolsBenchmark() benchmark {
	return benchmark{
		name:  "symbols",
		about: "a 27 MB module with 20 MB of DWARF is asked where its code is; traps with backtraces; looks at running stacks; hello with and without symbols",
		floors: []floor{
			{Case: "first address", Subject: "faaslens", Of: ofValue, AtMost: 300},
			{Case: "each of the next 100,000", Subject: "faaslens", Of: ofValue, AtMost: 2},
			{Case: "first trap with its backtrace", Subject: "faaslens", Of: ofValue, AtMost: 400},
			{Case: "each later trap with its backtrace", Subject: "faaslens", Of: ofValue, AtMost: 200},
			{Case: "computing", Subject: "1,000 looks a second", Of: ofRatio, AtMost: 1.01},
			{Case: "stacks taken", Subject: "1,000 looks a second", Of: ofValue, AtLeast: 900},
			{Case: "fresh hello", Subject: "with symbols", Of: ofRatio, AtMost: 1.02},
		},
		run: runSymbols,
	}
}

func runSymbols(ctx context.Context, s *session) ([]result, error) {
	parts, functions := largeParts, largeFunctions
	if s.size == quick {
		parts, functions = 3, 20
	}
	s.note("symbols: building the large module, unless it was kept")
	path, err := largeModule(ctx, s.shop, parts, functions)
	if err != nil {
		return nil, err
	}
	s.note("symbols: %s", path)
	h, err := openHost(s.shop.path("inprocess"), 1)
	if err != nil {
		return nil, err
	}
	defer h.close()
	var all []result
	for _, measure := range []func(context.Context, *session, *host, string) ([]result, error){
		addresses, traps, looks, helloWithSymbols,
	} {
		r, err := measure(ctx, s, h, path)
		if err != nil {
			return nil, err
		}
		all = append(all, r...)
	}
	return all, nil
}

// addresses measures the first address in a module, from its file on, and those after it.
func addresses(ctx context.Context, s *session, _ *host, path string) ([]result, error) {
	const next = 100_000
	random := rand.New(rand.NewPCG(3, 1))
	var table *symbol.Table
	var code wasm.Section
	at := func() guest.CodeOffset { return guest.CodeOffset(random.Uint64N(code.Size)) }
	rest := func(context.Context) (float64, error) {
		start := time.Now()
		for range next {
			table.At(at())
		}
		return microseconds(time.Since(start), next), nil
	}
	first := func(context.Context) (float64, error) {
		start := time.Now()
		b, err := os.ReadFile(path)
		if err != nil {
			return 0, err
		}
		m, err := wasm.Parse(b)
		if err != nil {
			return 0, err
		}
		table = symbol.Open(symbol.Source{Module: m})
		code, _ = m.CodeSection()
		table.At(at())
		return float64(time.Since(start)) / float64(time.Millisecond), nil
	}
	s.note("symbols: addresses")
	taken, err := s.interleave(ctx, []subject{{"first", first}, {"next", rest}, {"again", rest}})
	if err != nil {
		return nil, err
	}
	for i := range taken {
		taken[i].subject = "faaslens"
	}
	all := compare("first address", "ms", "", taken[:1])
	all = append(all, compare("each of the next 100,000", "µs", "", taken[1:2])...)
	return append(all, compare("each of 100,000 more, all units read", "µs", "", taken[2:])...), nil
}

// traps measures an invocation that traps, with its backtrace: the first of a function
// that was just opened, and later ones that start elsewhere.
func traps(ctx context.Context, s *session, h *host, path string) ([]result, error) {
	const later = 1000
	var f *worker.Function
	defer func() {
		if f != nil {
			f.Close()
		}
	}()
	trap := func(ctx context.Context, seed int) error {
		_, err := f.Invoke(ctx, &worker.Invocation{Args: []string{"large", strconv.Itoa(seed), strconv.Itoa(trapDepth)}})
		var t *guest.Trap
		if !errors.As(err, &t) {
			return fmt.Errorf("large %d ended with %w", seed, err)
		}
		calls := f.Backtrace(t.Frames)
		if len(t.Frames) < trapDepth || len(calls) < len(t.Frames) || calls[0].Line == 0 {
			return fmt.Errorf("large %d has the stack %+v", seed, calls)
		}
		return nil
	}
	s.note("symbols: traps")
	taken, err := s.interleave(ctx, []subject{{"first", func(ctx context.Context) (float64, error) {
		if f != nil {
			f.Close()
		}
		var err error
		if f, err = h.add(ctx, "large", path); err != nil {
			return 0, err
		}
		start := time.Now()
		err = trap(ctx, 1)
		return float64(time.Since(start)) / float64(time.Millisecond), err
	}}, {"later", func(ctx context.Context) (float64, error) {
		for seed := range 100 { // in all units
			if err := trap(ctx, 2+seed); err != nil {
				return 0, err
			}
		}
		start := time.Now()
		for seed := range later {
			if err := trap(ctx, 1000+seed); err != nil {
				return 0, err
			}
		}
		return microseconds(time.Since(start), later), nil
	}}})
	if err != nil {
		return nil, err
	}
	for i := range taken {
		taken[i].subject = "faaslens"
	}
	return append(compare("first trap with its backtrace", "ms", "", taken[:1]),
		compare("each later trap with its backtrace", "µs", "", taken[1:])...), nil
}

// looks measures what a guest loses to somebody who takes its stack a thousand times a
// second. The clock is that of the guest's thread, signals and their handling included:
// the difference is smaller than what other programs on a machine make.
func looks(ctx context.Context, s *session, h *host, _ string) ([]result, error) {
	f, err := h.build(ctx, s.shop, "work.c")
	if err != nil {
		return nil, err
	}
	defer f.Close()
	const perSecond = 1000
	work := func(ctx context.Context) (float64, error) {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		start, err := threadTime()
		if err != nil {
			return 0, err
		}
		o, err := f.Invoke(ctx, &worker.Invocation{})
		if err != nil {
			return 0, err
		}
		end, err := threadTime()
		if err == nil && o.Code != 0 {
			err = fmt.Errorf("work ended with %d", o.Code)
		}
		return float64(end-start) / float64(time.Millisecond), err
	}
	var rates []float64
	lookedAt := func(ctx context.Context) (float64, error) {
		ended, stacks := make(chan struct{}), make(chan int)
		start := time.Now()
		go func() { stacks <- lookAt(h.worker, time.Second/perSecond, ended) }()
		took, err := work(ctx)
		close(ended)
		rates = append(rates, float64(<-stacks)/time.Since(start).Seconds())
		return took, err
	}
	s.note("symbols: looks")
	many := *s
	if s.size == full {
		many.rounds *= 6
	}
	all, err := many.interleave(ctx, []subject{{"alone", work}, {"1,000 looks a second", lookedAt}})
	if err != nil {
		return nil, err
	}
	return append(compare("computing", "ms", "alone", all),
		result{Case: "stacks taken", Subject: "1,000 looks a second", Unit: "/s", Value: median(rates), Spread: spread(rates)}), nil
}

// threadTime is the processor time that this thread has taken.
func threadTime() (time.Duration, error) {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &t); err != nil {
		return 0, fmt.Errorf("read the thread's time: %w", err)
	}
	return time.Duration(t.Nano()), nil
}

// lookAt takes the stacks of all that runs, so often on average, and returns how many
// it took.
func lookAt(w *worker.Worker, every time.Duration, ended <-chan struct{}) (stacks int) {
	for next := time.Now(); ; next = next.Add(every) {
		select {
		case <-time.After(time.Until(next)):
			stacks += len(w.Stacks())
		case <-ended:
			return stacks
		}
	}
}

// helloWithSymbols measures hello as the fresh benchmark does, stripped, and with debug
// information that has been read.
func helloWithSymbols(ctx context.Context, s *session, h *host, _ string) ([]result, error) {
	calls := 100_000
	if s.size == quick {
		calls = 2_000
	}
	with, err := h.build(ctx, s.shop, "hello.c")
	if err != nil {
		return nil, err
	}
	defer with.Close()
	if n := with.Symbols().At(guest.CodeOffset(with.Module().Bodies[0].Offset)); len(n) == 0 {
		return nil, errors.New("hello has no symbols")
	}
	bare, _, err := wasm.Strip(with.Module().Bytes(), wasm.StripOptions{})
	if err != nil {
		return nil, err
	}
	n := guest.Name{User: "bench", Function: "stripped"}
	if _, err := h.store.Add(n, bare, store.AddOptions{}); err != nil {
		return nil, err
	}
	without, err := h.worker.Open(ctx, n)
	if err != nil {
		return nil, err
	}
	defer without.Close()
	measure := func(f *worker.Function) func(context.Context) (float64, error) {
		return func(ctx context.Context) (float64, error) {
			d, err := timeCalls(calls, 1, func() error { return hello(ctx, f) })
			return microseconds(d, calls), err
		}
	}
	s.note("symbols: hello")
	taken, err := s.interleave(ctx, []subject{{"stripped", measure(without)}, {"with symbols", measure(with)}})
	if err != nil {
		return nil, err
	}
	return compare("fresh hello", "µs", "stripped", taken), nil
}
