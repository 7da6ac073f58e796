package export

import (
	"fmt"

	"github.com/google/pprof/profile"
)

// baseLabel marks the samples of a difference's base, as pprof does (-diff_base).
const baseLabel = "pprof::base"

// Diff returns the difference of two profiles: the samples of p, and those of base with
// their values negated and the label pprof::base=true, so that neither hides the other.
// Every format shows which is which. Only types of values that both have are compared.
// Neither profile is changed, but both are numbered anew, as by [Write].
//
// To compare shares in place of amounts, call base.Normalize(p) first.
func Diff(p, base *profile.Profile) (*profile.Profile, error) {
	p, base = p.Copy(), base.Copy()
	if err := profile.CompatibilizeSampleTypes([]*profile.Profile{p, base}); err != nil {
		return nil, fmt.Errorf("compare profiles: they have no type of values in common: %w", err)
	}
	base.Scale(-1)
	base.SetLabel(baseLabel, []string{"true"})
	// A period is how often a sample was taken; it may differ where values do not.
	base.PeriodType, base.Period = p.PeriodType, p.Period
	d, err := profile.Merge([]*profile.Profile{p, base})
	if err != nil {
		return nil, fmt.Errorf("compare profiles: %w", err)
	}
	// Of what happened at two times, the later run is the one that is looked at.
	d.TimeNanos, d.DurationNanos = p.TimeNanos, p.DurationNanos
	return d, nil
}

// isDiff reports whether samples are of a difference.
func isDiff(samples []*profile.Sample) bool {
	for _, s := range samples {
		if s.DiffBaseSample() {
			return true
		}
		for _, v := range s.Value {
			if v < 0 {
				return true
			}
		}
	}
	return false
}
