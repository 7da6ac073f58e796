package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/worker"
)

// killsBenchmark cancels guests that never end at random instants. Each must be
// stopped, and the engine go on to run another function.
func killsBenchmark() benchmark {
	return benchmark{
		name:  "kills",
		about: "guests that never end, cancelled at random instants: the time from the cancellation to the end",
		floors: []floor{
			{Case: "stopped of 100", Subject: "faaslens", Of: ofValue, AtLeast: 100},
			{Case: "until it has ended", Subject: "faaslens", Of: ofValue, AtMost: 1000},
		},
		run: runKills,
	}
}

func runKills(ctx context.Context, s *session) ([]result, error) {
	kills := 2000
	if s.size == quick {
		kills = 70
	}
	h, err := openHost(s.shop.path("inprocess"), 2)
	if err != nil {
		return nil, err
	}
	defer h.close()
	spin, err := h.build(ctx, s.shop, "spin.c")
	if err != nil {
		return nil, err
	}
	defer spin.Close()
	s.note("kills: %d", kills)
	kinds := []string{"loop", "memory", "calls", "float", "deep", "host", "bulk"}
	r := rand.New(rand.NewPCG(39, 1))
	var latencies []float64
	stopped := 0
	for i := range kills {
		after := time.Duration(200+r.IntN(3000)) * time.Microsecond // behind its start
		took, ok, err := kill(ctx, spin, kinds[i%len(kinds)], after)
		if err != nil {
			return nil, err
		}
		if ok {
			stopped++
		}
		latencies = append(latencies, float64(took)/float64(time.Microsecond))
	}
	return []result{
		{Case: "stopped of 100", Subject: "faaslens", Value: 100 * float64(stopped) / float64(kills)},
		{Case: "until it has ended", Subject: "faaslens", Unit: "µs", Value: median(latencies), Spread: spread(latencies)},
	}, nil
}

// kill lets a guest run for a while, cancels it and returns how long that took and
// whether it was stopped with its stack.
func kill(ctx context.Context, f *worker.Function, kind string, after time.Duration) (time.Duration, bool, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	cancelled := make(chan time.Time, 1)
	timer := time.AfterFunc(after, func() {
		cancelled <- time.Now()
		cancel()
	})
	defer timer.Stop()
	_, err := f.Invoke(ctx, &worker.Invocation{Args: []string{"spin", kind}})
	ended := time.Now()
	var l *guest.Limit
	if !errors.As(err, &l) {
		return 0, false, fmt.Errorf("spin %s ended with %w", kind, err)
	}
	return ended.Sub(<-cancelled), l.Kind == guest.LimitCancelled && len(l.Frames) > 0, nil
}
