package main

import "fmt"

// result is one figure: a case measured on a subject.
type result struct {
	Benchmark string `json:"benchmark"` // set by the command
	Case      string `json:"case"`
	Subject   string `json:"subject"`
	Unit      string `json:"unit,omitempty"`

	// Value is the median of the samples; 0 where only a ratio makes sense.
	Value float64 `json:"value,omitempty"`
	// Ratio is the median over the rounds of the sample divided by the
	// baseline's of the same round; 0 without a baseline.
	Ratio    float64 `json:"ratio,omitempty"`
	Baseline string  `json:"baseline,omitempty"`
	// Spread is that of the ratios, or of the values where there are none.
	Spread  float64   `json:"spread"`
	Samples []float64 `json:"samples,omitempty"`
}

// floor is a claim about one figure that a run can hold or miss. Exactly one of
// the bounds is set.
type floor struct {
	Case    string  `json:"case"`
	Subject string  `json:"subject"`
	Of      measure `json:"of"`
	AtMost  float64 `json:"at_most,omitempty"`
	AtLeast float64 `json:"at_least,omitempty"`
}

// measure says which number of a result a floor bounds.
type measure string

const (
	ofValue measure = "value"
	ofRatio measure = "ratio"
)

// String writes the claim as "geomean of faaslens simd ≤ 1.25".
func (f floor) String() string {
	sign, bound := "≤", f.AtMost
	if f.AtLeast != 0 {
		sign, bound = "≥", f.AtLeast
	}
	return fmt.Sprintf("%s %s of %s %s %g", f.Case, f.Of, f.Subject, sign, bound)
}

// verdict is what a run says about a floor.
type verdict struct {
	Benchmark string  `json:"benchmark"`
	Floor     floor   `json:"floor"`
	Got       float64 `json:"got"`
	State     state   `json:"state"`
}

type state string

const (
	pass state = "pass"
	miss state = "miss"
	// unmeasured: the run left out the subject or the case.
	unmeasured state = "unmeasured"
)

// judge holds the results against the benchmark's floors.
func judge(b benchmark, results []result) []verdict {
	var verdicts []verdict
	for _, f := range b.floors {
		v := verdict{Benchmark: b.name, Floor: f, State: unmeasured}
		for _, r := range results {
			if r.Case != f.Case || r.Subject != f.Subject {
				continue
			}
			v.Got = r.Value
			if f.Of == ofRatio {
				v.Got = r.Ratio
			}
			v.State = miss
			if f.AtMost != 0 && v.Got <= f.AtMost || f.AtLeast != 0 && v.Got >= f.AtLeast {
				v.State = pass
			}
		}
		verdicts = append(verdicts, v)
	}
	return verdicts
}
