package export

import (
	"cmp"
	"slices"
	"strings"

	"github.com/google/pprof/profile"
)

// function is one function as all formats name it.
type function struct {
	name   string
	file   string // path; "" if it is not known
	module string // name of a file, USER/FUNCTION or a name in brackets
	kind   Kind
}

// noStack stands for the stack of samples that have none, leftOut for the middle of one
// that is too deep to show.
func noStack() function { return function{name: "[no stack]", kind: Unknown} }
func leftOut() function { return function{name: "[calls left out]", kind: Unknown} }

func compareFunctions(a, b function) int {
	return cmp.Or(strings.Compare(a.name, b.name), strings.Compare(a.module, b.module),
		strings.Compare(a.file, b.file), cmp.Compare(a.kind, b.kind))
}

// frame is a function as it stands in stacks: twice its index, and 1 more where it is
// inlined.
type frame int32

func makeFrame(function int, inlined bool) frame {
	f := frame(function) << 1
	if inlined {
		f |= 1
	}
	return f
}

func (f frame) function() int { return int(f >> 1) }
func (f frame) inlined() bool { return f&1 != 0 }

// call is one call of a stack.
type call struct {
	frame frame
	line  int64 // 0 if it is not known
}

// functionTable has the functions of a profile in an order that follows from them.
type functionTable struct {
	all   []function
	start []int64 // for each, the line that it is declared in; 0 if it is not known
	calls map[*profile.Location][]call
}

func newFunctionTable(p *profile.Profile) *functionTable {
	index := map[function]int{noStack(): 0, leftOut(): 0}
	starts := map[function]int64{}
	for _, l := range p.Location {
		for i := range max(1, len(l.Line)) {
			f := functionOf(l, i)
			index[f] = 0
			if i < len(l.Line) && l.Line[i].Function != nil {
				// Of several lines, which debug information can give, the first.
				if n := l.Line[i].Function.StartLine; n > 0 && (starts[f] == 0 || n < starts[f]) {
					starts[f] = n
				}
			}
		}
	}
	t := &functionTable{calls: make(map[*profile.Location][]call, len(p.Location))}
	for f := range index {
		t.all = append(t.all, f)
	}
	slices.SortFunc(t.all, compareFunctions)
	t.start = make([]int64, len(t.all))
	for i, f := range t.all {
		index[f] = i
		t.start[i] = starts[f]
	}
	for _, l := range p.Location {
		calls := make([]call, max(1, len(l.Line)))
		for i := range calls {
			calls[i].frame = makeFrame(index[functionOf(l, i)], i < len(l.Line)-1)
			if i < len(l.Line) {
				calls[i].line = l.Line[i].Line
			}
		}
		t.calls[l] = calls
	}
	return t
}

// maxDepth bounds the stacks that are merged: of one with more calls, those in the middle
// are left out. No stack of a guest is as deep; a profile from somewhere else may be.
const maxDepth = 4096

// stack appends a sample's calls, the innermost first: at least one, at most maxDepth.
func (t *functionTable) stack(to []call, s *profile.Sample) []call {
	start := len(to)
	for _, l := range s.Location {
		to = append(to, t.calls[l]...)
	}
	switch n := len(to) - start; {
	case n == 0:
		to = append(to, t.marker(noStack()))
	case n > maxDepth:
		half := start + maxDepth/2
		to[half] = t.marker(leftOut())
		to = slices.Delete(to, half+1, half+1+n-maxDepth)
	}
	return to
}

// marker returns a call that stands for what is not there.
func (t *functionTable) marker(f function) call {
	i, _ := slices.BinarySearchFunc(t.all, f, compareFunctions)
	return call{frame: makeFrame(i, false)}
}

// functionOf returns the function of one of a location's lines; a location may have
// none, and then is called after its module.
func functionOf(l *profile.Location, line int) function {
	var f *profile.Function
	if line < len(l.Line) {
		f = l.Line[line].Function
	}
	module := moduleName(l.Mapping)
	out := function{module: module, kind: kindOf(l.Mapping, f)}
	if f != nil {
		out.name, out.file = cmp.Or(f.Name, f.SystemName), f.Filename
	}
	if out.name == "" {
		out.name = "[" + strings.Trim(cmp.Or(module, "unknown"), "[]") + "]"
	}
	return out
}
