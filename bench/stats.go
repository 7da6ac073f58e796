package main

import (
	"math"
	"slices"
)

// median returns the middle of the samples, or the mean of the middle two. It
// returns NaN for none.
func median(samples []float64) float64 {
	if len(samples) == 0 {
		return math.NaN()
	}
	sorted := slices.Sorted(slices.Values(samples))
	mid := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[mid]
	}
	return (sorted[mid-1] + sorted[mid]) / 2
}

// geomean returns the geometric mean of positive samples, or NaN for none.
func geomean(samples []float64) float64 {
	if len(samples) == 0 {
		return math.NaN()
	}
	var sum float64
	for _, s := range samples {
		sum += math.Log(s)
	}
	return math.Exp(sum / float64(len(samples)))
}

// spread returns the distance from the smallest to the largest sample as a share
// of the median: 0 for one sample, NaN for none.
func spread(samples []float64) float64 {
	if len(samples) == 0 {
		return math.NaN()
	}
	return (slices.Max(samples) - slices.Min(samples)) / median(samples)
}

// quotients divides two series round by round.
func quotients(of, by []float64) []float64 {
	ratios := make([]float64, min(len(of), len(by)))
	for i := range ratios {
		ratios[i] = of[i] / by[i]
	}
	return ratios
}
