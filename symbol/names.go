package symbol

import (
	"fmt"

	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/wasm"
)

// names are the names that functions have apart from DWARF.
type names struct {
	section *wasm.Names
	exports map[guest.FuncIndex]string
	imports []wasm.Import // of functions
}

// readNames reads the names of a module, or of its debug file if it has none.
// Damage leaves the names that stand before it.
func readNames(m, debug *wasm.Module) names {
	from := m
	if !m.HasNames() && debug != nil {
		from = debug
	}
	n := names{exports: make(map[guest.FuncIndex]string)}
	n.section, _ = from.Names()
	for _, e := range m.Exports {
		i := guest.FuncIndex(e.Index)
		if _, twice := n.exports[i]; e.Kind == wasm.KindFunc && !twice {
			n.exports[i] = e.Name
		}
	}
	for _, i := range m.Imports {
		if i.Kind == wasm.KindFunc {
			n.imports = append(n.imports, i)
		}
	}
	return n
}

// moduleName names a function without DWARF. It is not named if all it has is its
// number.
func (t *Table) moduleName(i guest.FuncIndex) (name, linkage string, named bool) {
	n := t.names()
	raw := n.section.Func(i)
	if raw == "" {
		raw = n.exports[i]
	}
	if raw == "" && int(i) < len(n.imports) {
		raw = n.imports[i].Module + "." + n.imports[i].Name
	}
	if raw == "" {
		return t.number(i), "", false
	}
	if name := demangleName(raw); name != raw {
		return name, raw, true
	}
	return raw, "", true
}

// number returns the name that a function has by its number alone, as Faasm counts:
// those that the module defines and those that it imports each from 0.
func (t *Table) number(i guest.FuncIndex) string {
	if int(i) < t.imported {
		return fmt.Sprintf("functionImport%d", i)
	}
	return fmt.Sprintf("functionDef%d", int(i)-t.imported)
}
