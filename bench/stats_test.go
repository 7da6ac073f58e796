package main

import (
	"math"
	"testing"
)

func TestStatistics(t *testing.T) {
	tests := []struct {
		name string
		got  float64
		want float64
	}{
		{"the median of an odd number of samples is the middle one", median([]float64{9, 1, 5}), 5},
		{"the median of an even number of samples lies between the middle two", median([]float64{9, 1, 5, 7}), 6},
		{"the geometric mean of a ratio and its inverse is one", geomean([]float64{4, 0.25}), 1},
		{"the geometric mean of equal samples is that sample", geomean([]float64{3, 3, 3}), 3},
		{"the spread is the range as a share of the median", spread([]float64{8, 10, 14}), 0.6},
		{"one sample has no spread", spread([]float64{8}), 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if math.Abs(tt.got-tt.want) > 1e-12 {
				t.Errorf("got %v, want %v", tt.got, tt.want)
			}
		})
	}
}

func TestStatisticsOfNothingAreNotNumbers(t *testing.T) {
	for name, f := range map[string]func([]float64) float64{"median": median, "geomean": geomean, "spread": spread} {
		if got := f(nil); !math.IsNaN(got) {
			t.Errorf("%s of no samples is %v, want NaN", name, got)
		}
	}
}
