package export

import (
	"cmp"
	"encoding/json"
	"math"
	"slices"

	"github.com/google/pprof/profile"
)

// lineSums is what was measured on one line of a function's source, for each type of
// values; of a difference, less the base's.
type lineSums struct {
	line        int64 // 0 if it is not known
	self, total []int64
}

// MarshalJSON writes an array of the three.
func (s lineSums) MarshalJSON() ([]byte, error) {
	return json.Marshal([]any{s.line, s.self, s.total})
}

// sumLines returns for each function its lines in order. A line that a stack has several
// times, as those of recursive calls, counts once.
func sumLines(t *functionTable, types int, samples []*profile.Sample) [][]lineSums {
	type key struct {
		function int
		line     int64
	}
	index := make(map[key]*lineSums)
	seen := make(map[*lineSums]int) // the last sample that a line was in, counted from 1
	all := make([][]lineSums, len(t.all))
	order := make([][]*lineSums, len(t.all))
	var stack []call
	for i, s := range samples {
		stack = t.stack(stack[:0], s)
		for j, c := range stack {
			k := key{c.frame.function(), c.line}
			sums := index[k]
			if sums == nil {
				sums = &lineSums{line: c.line, self: make([]int64, types), total: make([]int64, types)}
				index[k] = sums
				order[k.function] = append(order[k.function], sums)
			}
			if j == 0 {
				addSigned(sums.self, s.Value)
			}
			if seen[sums] != i+1 {
				seen[sums] = i + 1
				addSigned(sums.total, s.Value)
			}
		}
	}
	for fn, lines := range order {
		slices.SortFunc(lines, func(a, b *lineSums) int { return cmp.Compare(a.line, b.line) })
		all[fn] = make([]lineSums, len(lines)) // never nil, for JSON
		for i, l := range lines {
			all[fn][i] = *l
		}
	}
	return all
}

// addSigned adds values up to what there is room for.
func addSigned(to, values []int64) {
	for i, v := range values {
		switch a := to[i]; {
		case v > 0 && a > math.MaxInt64-v:
			to[i] = math.MaxInt64
		case v < 0 && a < math.MinInt64-v:
			to[i] = math.MinInt64
		default:
			to[i] = a + v
		}
	}
}
