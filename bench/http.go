package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"time"

	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/scheduler"
)

// httpBenchmark measures what serving adds: to an HTTP server's own work, to a direct call
// where functions chain, and by queueing.
func httpBenchmark() benchmark {
	return benchmark{
		name:  "http",
		about: "the service in one process with its clients: hello over HTTP on 16 connections, chained calls, queueing at half load",
		floors: []floor{
			{Case: "hello over HTTP", Subject: "faaslens", Of: ofRatio, AtLeast: 0.80},
			{Case: "chained call, beyond a direct one", Subject: "faaslens", Of: ofValue, AtMost: 50},
			{Case: "queueing at half load, mean", Subject: "faaslens", Of: ofValue, AtMost: 1000},
			{Case: "queueing at half load, 99%", Subject: "faaslens", Of: ofValue, AtMost: 1000},
		},
		run: runHTTP,
	}
}

// collectAt is how much the heap grows before it is collected, as of "faaslens serve"; the
// bare handler has it too.
const collectAt = 400

const httpHello = "hello from a fresh instance\n"

func runHTTP(ctx context.Context, s *session) ([]result, error) {
	defer debug.SetGCPercent(debug.SetGCPercent(collectAt))
	v, err := openService(s.shop.path("service"))
	if err != nil {
		return nil, err
	}
	defer v.close()
	for function, source := range map[string]string{"hello": "hello.c", "relay": "relay.c"} {
		if err := v.add(ctx, s.shop, function, source); err != nil {
			return nil, err
		}
	}
	all, err := s.overHTTP(ctx, v)
	if err != nil {
		return nil, err
	}
	chained, err := s.chained(ctx, v)
	if err != nil {
		return nil, err
	}
	queued, err := s.queueing(ctx, v)
	return slices.Concat(all, chained, queued), err
}

// overHTTP compares the service with a handler that only writes the same.
func (s *session) overHTTP(ctx context.Context, v *service) ([]result, error) {
	requests := 60_000
	if s.size == quick {
		requests = 1_600
	}
	bare, stopBare, err := listen(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, httpHello) // the load reports what is missing
	}))
	if err != nil {
		return nil, err
	}
	defer stopBare()
	served, stop, err := listen(v.handler)
	if err != nil {
		return nil, err
	}
	defer stop()
	at := func(name, address string) subject {
		l := &load{address: address, want: httpHello, connections: 16,
			request: "POST /v1/functions/bench/hello/invoke HTTP/1.1\r\nHost: " + address + "\r\nContent-Length: 0\r\n\r\n"}
		return subject{name, func(ctx context.Context) (float64, error) { return l.run(ctx, requests) }}
	}
	s.note("http: %d requests a sample", requests)
	taken, err := s.interleave(ctx, []subject{at("net/http", bare), at("faaslens", served)})
	if err != nil {
		return nil, err
	}
	return compare("hello over HTTP", "/s", "net/http", taken), nil
}

// chained takes what a chained call takes off what a direct one does.
func (s *session) chained(ctx context.Context, v *service) ([]result, error) {
	calls := 5_000
	if s.size == quick {
		calls = 200
	}
	s.note("http: %d chained calls a sample", calls)
	taken, err := s.interleave(ctx, []subject{{"faaslens", func(ctx context.Context) (float64, error) {
		start := time.Now()
		for range calls {
			if _, err := v.run(ctx, "hello", ""); err != nil {
				return 0, err
			}
		}
		direct := time.Since(start)
		i, err := v.run(ctx, "relay", strconv.Itoa(calls))
		if err != nil {
			return 0, err
		}
		took := i.Times.Finished.Sub(i.Times.Started)
		return microseconds(took-direct, calls), nil
	}}})
	if err != nil {
		return nil, err
	}
	return compare("chained call, beyond a direct one", "µs", "", taken), nil
}

// queueing sends work at half the rate that the service can do, and looks how long it
// waits for a worker.
func (s *session) queueing(ctx context.Context, v *service) ([]result, error) {
	calls := 20_000
	if s.size == quick {
		calls = 400
	}
	s.note("http: %d invocations at half load a sample", calls)
	var last []float64
	mean := subject{"faaslens", func(ctx context.Context) (float64, error) {
		threads := runtime.GOMAXPROCS(0)
		all, err := timeCalls(calls/threads, threads, func() error {
			_, err := v.run(ctx, "hello", "")
			return err
		})
		if err != nil {
			return 0, err
		}
		last = last[:0]
		err = v.startAll(calls, 2*all/time.Duration(calls), func(i *scheduler.Invocation) {
			last = append(last, float64(i.Times.Started.Sub(i.Times.Queued))/1000)
		})
		if err != nil {
			return 0, err
		}
		sum := 0.0
		for _, t := range last {
			sum += t
		}
		return sum / float64(len(last)), nil
	}}
	tail := subject{"faaslens", func(context.Context) (float64, error) {
		slices.Sort(last)
		return last[len(last)*99/100], nil
	}}
	taken, err := s.interleave(ctx, []subject{mean, tail})
	if err != nil {
		return nil, err
	}
	return append(compare("queueing at half load, mean", "µs", "", taken[:1]), compare("queueing at half load, 99%", "µs", "", taken[1:])...), nil
}

// startAll starts calls invocations of hello, one each interval, and shows each when all
// have ended. Where it is late it does not catch up: the burst would be its own doing.
func (v *service) startAll(calls int, interval time.Duration, show func(*scheduler.Invocation)) error {
	ids := make([]scheduler.ID, 0, calls)
	next := time.Now()
	for range calls {
		now := time.Now()
		if wait := next.Sub(now); wait > 0 {
			time.Sleep(wait)
		}
		if next = next.Add(interval); next.Before(now) {
			next = now
		}
		id, err := v.scheduler.Start(&scheduler.Request{Function: guest.Name{User: "bench", Function: "hello"}})
		if err != nil {
			return err
		}
		ids = append(ids, id)
	}
	for _, id := range ids {
		i, err := v.scheduler.Wait(context.Background(), id)
		if err != nil {
			return err
		}
		if i.Result.Failure != nil {
			return fmt.Errorf("an invocation failed: %s", i.Result.Failure.Message)
		}
		show(&i)
	}
	return nil
}
