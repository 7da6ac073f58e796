package export

import (
	"math"
	"slices"

	"github.com/google/pprof/profile"
)

// graph is a profile with its stacks merged to a tree.
type graph struct {
	*functionTable
	types []*profile.ValueType
	// nodes are in preorder, siblings in the order of their functions. The first is
	// the root, which is no call.
	nodes []node
	// values are by type and node: what was measured in that call itself.
	values [][]int64
	// base is as values, of a difference's base; nil if it is none.
	base [][]int64
}

// node is a call with the stack that led to it.
type node struct {
	parent int32 // index of the caller
	depth  int32 // of the root 0
	frame  frame
}

func newGraph(p *profile.Profile) *graph {
	return mergeStacks(newFunctionTable(p), p.SampleType, p.Sample)
}

func mergeStacks(functions *functionTable, types []*profile.ValueType, samples []*profile.Sample) *graph {
	g := &graph{functionTable: functions, types: types}
	b := &graphBuilder{children: make(map[uint64]int32), nodes: []node{{parent: -1}}}
	ends := make([]int32, len(samples))
	var stack []call
	for i, s := range samples {
		stack = g.stack(stack[:0], s)
		at := int32(0)
		for _, c := range slices.Backward(stack) {
			at = b.child(at, c.frame)
		}
		ends[i] = at
	}
	order := b.sort()
	g.nodes = b.nodes
	g.values = newValues(len(types), len(g.nodes))
	if isDiff(samples) {
		g.base = newValues(len(types), len(g.nodes))
	}
	for i, s := range samples {
		at := order[ends[i]]
		for t, v := range s.Value {
			if v >= 0 {
				g.values[t][at] = add(g.values[t][at], v)
			} else {
				g.base[t][at] = add(g.base[t][at], -max(v, -math.MaxInt64))
			}
		}
	}
	return g
}

func newValues(types, nodes int) [][]int64 {
	v := make([][]int64, types)
	for i := range v {
		v[i] = make([]int64, nodes)
	}
	return v
}

// add adds values that are not negative, up to what there is room for.
func add(a, b int64) int64 {
	if a > math.MaxInt64-b {
		return math.MaxInt64
	}
	return a + b
}

// graphBuilder is a tree that grows.
type graphBuilder struct {
	nodes    []node
	children map[uint64]int32 // by parent and frame
}

func (b *graphBuilder) child(parent int32, f frame) int32 {
	key := uint64(uint32(parent))<<32 | uint64(uint32(f))
	if n, ok := b.children[key]; ok {
		return n
	}
	n := int32(len(b.nodes))
	b.nodes = append(b.nodes, node{parent: parent, depth: b.nodes[parent].depth + 1, frame: f})
	b.children[key] = n
	return n
}

// sort brings the nodes in preorder and returns where each is now.
func (b *graphBuilder) sort() (order []int32) {
	children := make([][]int32, len(b.nodes))
	for i, n := range b.nodes[1:] {
		children[n.parent] = append(children[n.parent], int32(i+1))
	}
	order = make([]int32, len(b.nodes))
	sorted := make([]node, 0, len(b.nodes))
	for todo := []int32{0}; len(todo) > 0; {
		at := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		n := b.nodes[at]
		if n.parent >= 0 {
			n.parent = order[n.parent]
		}
		order[at] = int32(len(sorted))
		sorted = append(sorted, n)
		slices.SortFunc(children[at], func(x, y int32) int { return int(b.nodes[y].frame) - int(b.nodes[x].frame) })
		todo = append(todo, children[at]...)
	}
	b.nodes = sorted
	return order
}

// totals returns for each node the values of a type, its calls included; of a difference,
// those of its base too.
func (g *graph) totals(sampleType int) (values, base []int64) {
	return g.sum(g.values, sampleType), g.sum(g.base, sampleType)
}

func (g *graph) sum(values [][]int64, sampleType int) []int64 {
	if values == nil {
		return nil
	}
	total := slices.Clone(values[sampleType])
	for i := len(g.nodes) - 1; i > 0; i-- {
		p := g.nodes[i].parent
		total[p] = add(total[p], total[i])
	}
	return total
}

// path appends the frames that lead to a node, the outermost first.
func (g *graph) path(to []frame, n int) []frame {
	start := len(to)
	for i := int32(n); i > 0; i = g.nodes[i].parent {
		to = append(to, g.nodes[i].frame)
	}
	slices.Reverse(to[start:])
	return to
}

// functionAt returns the function of a node that is not the root.
func (g *graph) functionAt(n int) function { return g.all[g.nodes[n].frame.function()] }
