package engine

import (
	"github.com/faaslens/faaslens/engine/internal/wasmtime"
	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/hostcall"
	"github.com/faaslens/faaslens/wasm"
)

// resolveImports matches every import with a host call. It returns a
// *guest.LinkError that lists all that do not fit.
//
// A module may import a function more than once, as Go's do; the engine's linker knows
// each name once, with one type.
func (m *Module) resolveImports(allowUnknown bool) error {
	var missing []guest.MissingImport
	types := make(map[[2]string]guest.FuncType)
	for _, imp := range m.parsed.Imports {
		want := m.parsed.TypeString(imp.Kind, imp.Index)
		if imp.Kind != wasm.KindFunc {
			missing = append(missing, guest.MissingImport{Module: imp.Module, Name: imp.Name, Kind: imp.Kind.String(), Want: want})
			continue
		}
		t, _ := m.parsed.FuncType(guest.FuncIndex(imp.Index))
		key := [2]string{imp.Module, imp.Name}
		if before, again := types[key]; again {
			if !before.Equal(t) {
				missing = append(missing, guest.MissingImport{Module: imp.Module, Name: imp.Name, Kind: "function", Want: want, Have: before.String()})
			}
			continue
		}
		types[key] = t
		spec, have := m.engine.provide(imp.Module, imp.Name, t, allowUnknown)
		if spec == nil {
			missing = append(missing, guest.MissingImport{Module: imp.Module, Name: imp.Name, Kind: "function", Want: want, Have: have})
			continue
		}
		m.imports = append(m.imports, wasmtime.Import{Module: imp.Module, Name: imp.Name, Type: t, ID: uint32(len(m.specs))})
		m.specs = append(m.specs, spec)
	}
	if missing != nil {
		return &guest.LinkError{Missing: missing}
	}
	return nil
}

// provide finds the call for an import of that type; if it is of another type, have
// says which.
func (e *Engine) provide(module, name string, t guest.FuncType, allowUnknown bool) (spec *hostcall.Spec, have string) {
	if spec := e.cfg.Calls.Lookup(module, name); spec != nil {
		if st := spec.Type(); !st.Equal(t) {
			return nil, st.String()
		}
		return spec, ""
	}
	if e.cfg.Stub != nil {
		if spec := e.cfg.Stub(module, name, t); spec != nil {
			return spec, ""
		}
	}
	if allowUnknown {
		return hostcall.Unprovided(module, name, t, ""), ""
	}
	return nil, ""
}
