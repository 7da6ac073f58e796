package export

import "slices"

// reversed returns the graph with each stack turned around: what was measured is at the
// innermost functions' callers.
func (g *graph) reversed() *graph {
	b := &graphBuilder{children: make(map[uint64]int32), nodes: []node{{parent: -1}}}
	ends := make([]int32, len(g.nodes))
	var path []frame
	for n := range g.nodes {
		if !g.hasValue(n) {
			continue
		}
		path = g.path(path[:0], n)
		at := int32(0)
		for _, f := range slices.Backward(path) {
			at = b.child(at, f)
		}
		ends[n] = at
	}
	order := b.sort()
	r := &graph{functionTable: g.functionTable, types: g.types, nodes: b.nodes}
	move := func(from [][]int64) [][]int64 {
		if from == nil {
			return nil
		}
		to := newValues(len(from), len(r.nodes))
		for t, values := range from {
			for n := range measured(values) {
				to[t][order[ends[n]]] = add(to[t][order[ends[n]]], values[n])
			}
		}
		return to
	}
	r.values, r.base = move(g.values), move(g.base)
	return r
}

// hasValue reports whether anything was measured in a call itself.
func (g *graph) hasValue(n int) bool {
	for t := range g.values {
		if g.values[t][n] != 0 || g.base != nil && g.base[t][n] != 0 {
			return true
		}
	}
	return false
}
