package main

import (
	"context"
	"slices"
	"strconv"
	"time"
)

// clusterBenchmark measures what goes by way of NATS: invocations that are stored before
// they are acknowledged, and several processes on one NATS against one.
func clusterBenchmark() benchmark {
	return benchmark{
		name:  "cluster",
		about: "the built binary, as one process and as several on one NATS, with the load in this process: hello started over HTTP on 16 connections until its result is stored; a function that computes for 5 ms, and one that sleeps so long",
		floors: []floor{
			{Case: "hello, stored, run, result stored", Subject: "faaslens", Of: ofValue, AtLeast: 5000},
			{Case: caseCores, Subject: "3 processes", Of: ofRatio, AtLeast: 0.9},
			{Case: caseStarted, Subject: "2 processes", Of: ofRatio, AtLeast: 1.6},
			{Case: caseChained, Subject: "2 processes", Of: ofRatio, AtLeast: 1.6},
			{Case: caseDozing, Subject: "2 processes", Of: ofRatio, AtLeast: 1.6},
		},
		run: runCluster,
	}
}

const (
	caseCores   = "5 ms, started, all cores"
	caseStarted = "5 ms, started, a worker each"
	caseChained = "5 ms, chained, a worker each"
	caseDozing  = "5 ms asleep, chained, a worker each"
)

func runCluster(ctx context.Context, s *session) ([]result, error) {
	stored, err := s.stored(ctx)
	if err != nil {
		return nil, err
	}
	cores, err := s.scale(ctx, 2, []int{1, 3}, []task{{caseCores, started("crunch")}})
	if err != nil {
		return nil, err
	}
	each, err := s.scale(ctx, 1, []int{1, 2}, []task{
		{caseStarted, started("crunch")}, {caseChained, chained("crunch")}, {caseDozing, chained("doze")},
	})
	return slices.Concat(stored, cores, each), err
}

// stored counts the invocations that come to their stored end in a second.
func (s *session) stored(ctx context.Context) ([]result, error) {
	calls := 40_000
	if s.size == quick {
		calls = 800
	}
	all, stop, err := s.members(ctx, "stored", 1, 2)
	if err != nil {
		return nil, err
	}
	defer stop()
	s.note("cluster: %d invocations started a sample", calls)
	taken, err := s.interleave(ctx, []subject{{"faaslens", func(ctx context.Context) (float64, error) {
		return all[0].start(ctx, "hello", "", calls)
	}}})
	if err != nil {
		return nil, err
	}
	return compare("hello, stored, run, result stored", "/s", "", taken), nil
}

// task has a member do a number of calls of 5 ms, whoever runs them, and returns how many
// that were in a second.
type task struct {
	name string
	do   taken
}

type taken func(ctx context.Context, m *member, rounds string, calls int) (float64, error)

// started starts a function.
func started(function string) taken {
	return func(ctx context.Context, m *member, rounds string, calls int) (float64, error) {
		return m.start(ctx, function, rounds, calls)
	}
}

// fan is how many calls the guest spread chains.
const fan = 64

// chained has another function chain it.
func chained(function string) taken {
	return func(ctx context.Context, m *member, rounds string, calls int) (float64, error) {
		begin := time.Now()
		for range calls / fan {
			if _, err := m.ask(ctx, "POST", "/v1/functions/bench/spread/invoke", []byte(function+" "+rounds)); err != nil {
				return 0, err
			}
		}
		return float64(calls/fan*fan) / time.Since(begin).Seconds(), nil
	}
}

// scale compares services of several processes with one of one.
func (s *session) scale(ctx context.Context, workers int, processes []int, tasks []task) ([]result, error) {
	calls := 10 * fan
	if s.size == quick {
		calls = fan
	}
	var firsts []*member
	for _, n := range processes {
		all, stop, err := s.members(ctx, "scale-"+strconv.Itoa(workers)+"-"+strconv.Itoa(n), n, workers)
		if err != nil {
			return nil, err
		}
		defer stop()
		firsts = append(firsts, all[0])
	}
	rounds, err := firsts[0].calibrate(ctx, 5*time.Millisecond)
	if err != nil {
		return nil, err
	}
	s.note("cluster: %d calls of %s rounds a sample", calls, rounds)
	var results []result
	for _, t := range tasks {
		var subjects []subject
		for k, n := range processes {
			title := strconv.Itoa(n) + " processes"
			if n == 1 {
				title = "1 process"
			}
			subjects = append(subjects, subject{title, func(ctx context.Context) (float64, error) { return t.do(ctx, firsts[k], rounds, calls) }})
		}
		taken, err := s.interleave(ctx, subjects)
		if err != nil {
			return nil, err
		}
		results = append(results, compare(t.name, "/s", "1 process", taken)...)
	}
	return results, nil
}

// calibrate finds how many rounds of the guest crunch take that long.
func (m *member) calibrate(ctx context.Context, want time.Duration) (string, error) {
	const sample, tries = 10_000_000, 5
	best := time.Hour
	for range tries {
		begin := time.Now()
		if _, err := m.ask(ctx, "POST", "/v1/functions/bench/crunch/invoke", []byte(strconv.Itoa(sample))); err != nil {
			return "", err
		}
		best = min(best, time.Since(begin))
	}
	return strconv.FormatInt(int64(sample*want/best), 10), nil
}
