package wasm

import "slices"

// Global is a global's type and, if the module defines it, its first value.
type Global struct {
	Type    ValueType
	Mutable bool
	Init    Const // unknown for an import
}

// String returns the type for people: "i32" or "mut i32".
func (g Global) String() string {
	if g.Mutable {
		return "mut " + g.Type.String()
	}
	return g.Type.String()
}

// globals reads the global section.
func (p *parser) globals(r *reader) {
	n := r.count("globals", 3, maxGlobals)
	p.m.Globals = slices.Grow(p.m.Globals, n)
	for i := 0; i < n && r.ok(); i++ {
		g := r.globalType()
		g.Init = r.constExpr("a global's initial value")
		p.m.Globals = append(p.m.Globals, g)
	}
}

func (r *reader) globalType() Global {
	t := r.valueType("a global's type")
	return Global{Type: t, Mutable: r.mutability()}
}
