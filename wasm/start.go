package wasm

import "github.com/faaslens/faaslens/guest"

// start reads the start section: the function that runs at instantiation.
func (p *parser) start(r *reader) {
	i := guest.FuncIndex(r.index("function", len(p.m.Funcs)))
	p.m.Start = &i
}
