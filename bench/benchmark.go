package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
)

// benchmark is one entry of the registry. To add one, write a file with its run
// function and its floors and list it in benchmarks.
type benchmark struct {
	name   string
	about  string
	floors []floor
	run    func(context.Context, *session) ([]result, error)
}

// benchmarks lists everything that can be run, in the order of "all".
func benchmarks() []benchmark {
	return []benchmark{
		kernelsBenchmark(),
		freshBenchmark(),
		warmStartBenchmark(),
		hostcallBenchmark(),
		killsBenchmark(),
		profileBenchmark(),
		cpythonBenchmark(),
		symbolsBenchmark(),
		httpBenchmark(),
		clusterBenchmark(),
	}
}

// choose returns the benchmarks that a comma-separated list names; "all" names
// every one.
func choose(list string) ([]benchmark, error) {
	all := benchmarks()
	if list == "all" {
		return all, nil
	}
	var chosen []benchmark
	for name := range strings.SplitSeq(list, ",") {
		i := slices.IndexFunc(all, func(b benchmark) bool { return b.name == name })
		if i < 0 {
			return nil, fmt.Errorf("-run %s: no benchmark %q: want all, or some of %s", list, name, strings.Join(names(all), ","))
		}
		chosen = append(chosen, all[i])
	}
	return chosen, nil
}

func names(all []benchmark) []string {
	var n []string
	for _, b := range all {
		n = append(n, b.name)
	}
	return n
}

// session is what one run of the command gives to its benchmarks.
type session struct {
	rounds      int
	size        size
	builds      []build
	contestants []contestant
	binary      string // faaslens
	shop        *workshop
	progress    io.Writer
}

// size chooses between the amounts of work that a benchmark offers.
type size int

const (
	full  size = iota
	quick      // enough to see that everything runs, too little for figures
)

// note tells the person who waits what is going on.
func (s *session) note(format string, args ...any) {
	fmt.Fprintf(s.progress, format+"\n", args...)
}

// subject is one column of a comparison: what it is called and how one sample of
// it is taken, in the benchmark's unit.
type subject struct {
	name    string
	measure func(context.Context) (float64, error)
}

// series are the samples of one subject, one a round.
type series struct {
	subject string
	samples []float64
}

// interleave takes one sample of each subject in turn, round by round. A round
// that warms up caches goes first and does not count.
func (s *session) interleave(ctx context.Context, subjects []subject) ([]series, error) {
	taken := make([]series, len(subjects))
	for round := range s.rounds + 1 {
		for i, sub := range subjects {
			sample, err := sub.measure(ctx)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", sub.name, err)
			}
			taken[i].subject = sub.name
			if round > 0 {
				taken[i].samples = append(taken[i].samples, sample)
			}
		}
	}
	return taken, nil
}

// compare makes results of series. Where one of them belongs to the baseline, the
// others get the median of their ratios to it within each round.
func compare(name, unit, baseline string, all []series) []result {
	base := slices.IndexFunc(all, func(s series) bool { return s.subject == baseline })
	var results []result
	for i, s := range all {
		r := result{Case: name, Subject: s.subject, Unit: unit, Value: median(s.samples), Spread: spread(s.samples), Samples: s.samples}
		if base >= 0 && i != base {
			ratios := quotients(s.samples, all[base].samples)
			r.Baseline, r.Ratio, r.Spread = baseline, median(ratios), spread(ratios)
		}
		results = append(results, r)
	}
	return results
}
