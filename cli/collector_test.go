package cli

import "testing"

func TestALargeHeapGrowsLess(t *testing.T) {
	for name, test := range map[string]struct {
		live uint64
		want int
	}{
		"an empty heap":          {0, 400},
		"a small one":            {20 << 20, 400},
		"one of 128 MiB":         {128 << 20, 200},
		"one that is large":      {1 << 30, 100},
		"one that is at a bound": {64 << 20, 400},
	} {
		if got := growthOf(test.live); got != test.want {
			t.Errorf("%s may grow by %d%%, want %d%%", name, got, test.want)
		}
	}
}
