package wasm

// Export is one thing that a module offers, by its index in the index space of
// its kind.
type Export struct {
	Name  string
	Kind  Kind
	Index uint32
}

// exports reads the export section. That no two names are the same is left to
// the engine.
func (p *parser) exports(r *reader) {
	n := r.count("exports", 3, maxExports)
	p.m.Exports = make([]Export, 0, n)
	for i := 0; i < n && r.ok(); i++ {
		e := Export{Name: r.name("an export's name")}
		start := r.pos
		e.Kind = Kind(r.byte("an export's kind"))
		if e.Kind >= kinds {
			r.failAt(start, "export %q is of the unknown kind 0x%02x", e.Name, byte(e.Kind))
			return
		}
		e.Index = r.index(e.Kind.String(), p.m.count(e.Kind))
		p.m.Exports = append(p.m.Exports, e)
	}
}

// count returns the length of an index space.
func (m *Module) count(k Kind) int {
	switch k {
	case KindFunc:
		return len(m.Funcs)
	case KindTable:
		return len(m.Tables)
	case KindMemory:
		return len(m.Memories)
	case KindGlobal:
		return len(m.Globals)
	}
	return len(m.Tags)
}

// Export returns the export of that name; false if there is none.
func (m *Module) Export(name string) (Export, bool) {
	for _, e := range m.Exports {
		if e.Name == name {
			return e, true
		}
	}
	return Export{}, false
}
