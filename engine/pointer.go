package engine

import (
	"fmt"
	"strings"

	"github.com/faaslens/faaslens/engine/internal/wasmtime"
	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/snapshot"
	"github.com/faaslens/faaslens/wasm"
)

// nativePointer is a pointer in the binding's terms.
func (m *Module) nativePointer(p *Pointer) (*wasmtime.Pointer, error) {
	if p == nil {
		return nil, nil
	}
	for _, x := range m.parsed.Exports {
		if x.Kind == wasm.KindTable && !strings.HasPrefix(x.Name, snapshot.Prefix) {
			return &wasmtime.Pointer{Table: x.Name, Index: p.Index, Arg: p.Arg, HasArg: p.NoArg == ""}, nil
		}
	}
	return nil, &guest.Trap{Code: guest.TrapHost,
		Message: fmt.Sprintf("call function pointer %d: the module exports no table: link it with -Wl,--export-table", p.Index)}
}

// pointerError says why a pointer could not be called; nil if that was not so.
func pointerError(p *Pointer, status wasmtime.Status) error {
	why := ""
	switch status {
	case wasmtime.NoPointer:
		why = "the module's table has no function there"
	case wasmtime.BadPointer:
		why = "the function there does not take nothing or an i32, or returns more than one value"
	case wasmtime.NoArgument:
		why = "the function there takes a number, and " + p.NoArg
	default:
		return nil
	}
	return &guest.Trap{Code: guest.TrapHost, Message: fmt.Sprintf("call function pointer %d: %s", p.Index, why)}
}
