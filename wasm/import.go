package wasm

import (
	"fmt"
	"slices"
)

// Kind says what an import or an export is (section 5.5.5).
type Kind byte

const (
	KindFunc Kind = iota
	KindTable
	KindMemory
	KindGlobal
	KindTag
	kinds
)

var kindNames = [...]string{"function", "table", "memory", "global", "tag"}

// String returns "function", "table", "memory", "global" or "tag".
func (k Kind) String() string {
	if k < kinds {
		return kindNames[k]
	}
	return fmt.Sprintf("kind %d", byte(k))
}

// Import is one thing that a module needs. Its type is at Index of the index
// space of its kind: see Module.TypeString for words.
type Import struct {
	Module, Name string
	Kind         Kind
	Index        uint32
}

// imports reads the import section.
func (p *parser) imports(r *reader) {
	n := r.count("imports", 4, maxImports)
	p.m.Imports = make([]Import, 0, n)
	for i := 0; i < n && r.ok(); i++ {
		imp := Import{Module: r.name("an import's module"), Name: r.name("an import's name")}
		start := r.pos
		imp.Kind = Kind(r.byte("an import's kind"))
		if imp.Kind >= kinds {
			r.failAt(start, "import %s.%s is of the unknown kind 0x%02x", imp.Module, imp.Name, byte(imp.Kind))
			return
		}
		imp.Index = uint32(p.m.imported[imp.Kind])
		p.m.imported[imp.Kind]++
		p.importType(r, imp.Kind)
		p.m.Imports = append(p.m.Imports, imp)
	}
}

func (p *parser) importType(r *reader, k Kind) {
	m := p.m
	switch k {
	case KindFunc:
		m.Funcs = append(m.Funcs, p.funcTypeIndex(r, "an imported function"))
	case KindTable:
		m.Tables = append(m.Tables, r.tableType())
	case KindMemory:
		m.Memories = append(m.Memories, r.memoryType())
	case KindGlobal:
		m.Globals = append(m.Globals, r.globalType())
	case KindTag:
		m.Tags = append(m.Tags, p.tagType(r))
	}
}

// NumImported returns how many imports of a kind there are, which is also the
// index of the first thing of that kind that the module defines itself.
func (m *Module) NumImported(k Kind) int {
	if k >= kinds {
		return 0
	}
	return m.imported[k]
}

// NumImportedFuncs returns how many functions are imported.
func (m *Module) NumImportedFuncs() int { return m.imported[KindFunc] }

// TypeString returns the type of what stands at index i of an index space, for
// people: "(i32) -> i32", "2 to 16 pages", "mut i32"; "" if nothing stands there.
func (m *Module) TypeString(k Kind, i uint32) string {
	n := int(i)
	switch {
	case k == KindFunc && n < len(m.Funcs):
		return m.Types[m.Funcs[n]].String()
	case k == KindTable && n < len(m.Tables):
		return m.Tables[n].String()
	case k == KindMemory && n < len(m.Memories):
		return m.Memories[n].String()
	case k == KindGlobal && n < len(m.Globals):
		return m.Globals[n].String()
	case k == KindTag && n < len(m.Tags):
		return m.Types[m.Tags[n]].String()
	}
	return ""
}

// Import returns the first import of that name; false if there is none.
func (m *Module) Import(module, name string) (Import, bool) {
	i := slices.IndexFunc(m.Imports, func(i Import) bool { return i.Module == module && i.Name == name })
	if i < 0 {
		return Import{}, false
	}
	return m.Imports[i], true
}
