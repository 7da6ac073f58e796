package cli

import (
	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/hostcall"
	"github.com/faaslens/faaslens/hostcall/faasm"
	"github.com/faaslens/faaslens/hostcall/wasi"
	"github.com/faaslens/faaslens/wasm"
)

// provision says who answers an import.
type provision string

const (
	provided provision = "provided"
	stub     provision = "stub"    // known: traps when it is called
	unknown  provision = "unknown" // a link error, unless --allow-unknown is given
	misfit   provision = "misfit"  // known with another type: a link error
)

// moduleImport is one import of a module and who answers it.
type moduleImport struct {
	Module, Name, Kind, Type string
	provision                provision
}

// importsOf lists a module's imports in their order.
func importsOf(m *wasm.Module) []moduleImport {
	types := make(map[[2]string]guest.FuncType)
	for _, set := range []hostcall.Set{wasi.Calls(), faasm.Calls()} {
		for _, spec := range set.Specs {
			types[[2]string{spec.Module, spec.Name}] = spec.Type()
		}
	}
	all := make([]moduleImport, 0, len(m.Imports))
	for _, i := range m.Imports {
		mi := moduleImport{Module: i.Module, Name: i.Name, Kind: i.Kind.String(), Type: m.TypeString(i.Kind, i.Index), provision: unknown}
		if i.Kind == wasm.KindFunc {
			t, _ := m.FuncType(guest.FuncIndex(i.Index))
			mi.provision = provisionOf(types, i.Module, i.Name, t)
		}
		all = append(all, mi)
	}
	return all
}

func provisionOf(types map[[2]string]guest.FuncType, module, name string, want guest.FuncType) provision {
	if have, ok := types[[2]string{module, name}]; ok {
		if !have.Equal(want) {
			return misfit
		}
		return provided
	}
	if _, ok := faasm.Known(module, name); ok {
		return stub
	}
	return unknown
}
