package main

import (
	"context"
	"io"
	"strings"
	"testing"
)

func TestFloorsAreJudgedAgainstTheFigureTheyName(t *testing.T) {
	results := []result{
		{Case: "geomean", Subject: "faaslens simd", Ratio: 1.2},
		{Case: "fresh", Subject: "faaslens", Value: 5},
	}
	tests := []struct {
		name  string
		floor floor
		want  state
	}{
		{"a ratio under its bound passes", floor{Case: "geomean", Subject: "faaslens simd", Of: ofRatio, AtMost: 1.25}, pass},
		{"a ratio over its bound misses", floor{Case: "geomean", Subject: "faaslens simd", Of: ofRatio, AtMost: 1.1}, miss},
		{"a value under a lower bound misses", floor{Case: "fresh", Subject: "faaslens", Of: ofValue, AtLeast: 6}, miss},
		{"a value at its lower bound passes", floor{Case: "fresh", Subject: "faaslens", Of: ofValue, AtLeast: 5}, pass},
		{"a subject that was left out is not judged", floor{Case: "fresh", Subject: "node", Of: ofValue, AtMost: 9}, unmeasured},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := judge(benchmark{floors: []floor{tt.floor}}, results)
			if len(got) != 1 || got[0].State != tt.want {
				t.Errorf("judge = %+v, want one verdict %q", got, tt.want)
			}
		})
	}
}

func TestSamplesAreComparedWithinTheirRound(t *testing.T) {
	// The machine slows down threefold; the ratio stays two.
	speed := 1.0
	s := &session{rounds: 3, progress: io.Discard}
	var order []string
	taken, err := s.interleave(context.Background(), []subject{
		{"base", func(context.Context) (float64, error) { order = append(order, "base"); return 10 * speed, nil }},
		{"other", func(context.Context) (float64, error) {
			order = append(order, "other")
			v := 20 * speed
			speed++
			return v, nil
		}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := strings.Join(order, " "), "base other base other base other base other"; got != want {
		t.Errorf("order of measuring: got %q, want %q (a warm-up round and three that count)", got, want)
	}
	results := compare("case", "ns", "base", taken)
	if got := results[1].Ratio; got != 2 {
		t.Errorf("ratio to the baseline: got %v, want 2", got)
	}
	if got := results[1].Spread; got != 0 {
		t.Errorf("spread of the ratios: got %v, want 0", got)
	}
	if got := len(results[0].Samples); got != 3 {
		t.Errorf("samples that count: got %d, want 3", got)
	}
}

func TestChoosingNamesTheBenchmarksThereAre(t *testing.T) {
	if _, err := choose("nonesuch"); err == nil || !strings.Contains(err.Error(), "kernels") {
		t.Errorf("choose(nonesuch) = %v, want an error that lists the names", err)
	}
	got, err := choose("cpython,kernels")
	if err != nil || strings.Join(names(got), ",") != "cpython,kernels" {
		t.Errorf("choose(cpython,kernels) = %v, %v", names(got), err)
	}
}
