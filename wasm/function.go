package wasm

import "slices"

// functions reads the function section: the type of each function with a body.
func (p *parser) functions(r *reader) {
	n := r.count("functions", 1, maxFuncs)
	p.m.Funcs = slices.Grow(p.m.Funcs, n)
	for i := 0; i < n && r.ok(); i++ {
		p.m.Funcs = append(p.m.Funcs, p.funcTypeIndex(r, "a function"))
	}
}
