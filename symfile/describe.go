package symfile

import (
	"encoding/json"
	"fmt"

	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/wasm"
)

// Description is what the section .faaslens.module says of a module, for debuggers'
// extensions.
type Description struct {
	Imports []string `json:"imports"` // functions, as MODULE.NAME
	Globals []Global `json:"globals"`
	// Memory is where an instance has the address of its first memory, in bytes from
	// its start, and behind that the memory's size; -1 if it has none.
	Memory int `json:"memory"`
	// Bodies are the positions in the module's file of its functions' bodies, and Code
	// that of the code section's content.
	Code   uint64   `json:"code"`
	Bodies []uint64 `json:"bodies"`
}

// Global is one of a module's globals.
type Global struct {
	Name    string `json:"name"` // from the name section or an export; may be empty
	Type    string `json:"type"`
	Mutable bool   `json:"mutable"`
	Offset  int    `json:"offset"` // where an instance has its value, in bytes from its start
}

// How Wasmtime 39 lays out an instance: six words, then for each memory a pointer, for
// each memory its address and size, three words for each imported function, two for
// each table, and at a multiple of 16 bytes the globals, of 16 bytes each. What else
// could be imported is refused by the engine.
const (
	instanceHead   = 48
	memoryPointer  = 8
	memoryEntry    = 16
	importedEntry  = 24
	tableEntry     = 16
	globalEntry    = 16
	globalAligment = 16
)

func describe(m *wasm.Module) []byte {
	d := Description{Imports: []string{}, Globals: []Global{}, Bodies: []uint64{}, Memory: -1}
	functions := 0
	for _, i := range m.Imports {
		if i.Kind == wasm.KindFunc {
			d.Imports = append(d.Imports, i.Module+"."+i.Name)
			functions++
		}
	}
	if len(m.Memories) > 0 {
		d.Memory = instanceHead + memoryPointer*len(m.Memories)
	}
	if code, ok := m.CodeSection(); ok {
		d.Code = uint64(code.Content)
	}
	for i := range m.Bodies {
		if b, ok := m.Body(guest.FuncIndex(functions + i)); ok {
			d.Bodies = append(d.Bodies, uint64(b.Offset))
		}
	}
	at := instanceHead + (memoryPointer+memoryEntry)*len(m.Memories) + importedEntry*functions + tableEntry*len(m.Tables)
	at = (at + globalAligment - 1) / globalAligment * globalAligment
	names := globalNames(m)
	for i, g := range m.Globals {
		d.Globals = append(d.Globals, Global{Name: names[uint32(i)], Type: g.Type.String(), Mutable: g.Mutable, Offset: at + globalEntry*i})
	}
	b, err := json.Marshal(d)
	if err != nil {
		panic(fmt.Sprintf("strings and numbers always encode: %v", err))
	}
	return b
}

func globalNames(m *wasm.Module) map[uint32]string {
	names := make(map[uint32]string)
	for _, x := range m.Exports {
		if x.Kind == wasm.KindGlobal {
			names[x.Index] = x.Name
		}
	}
	read, _ := m.Names() // what can be read of them
	for _, n := range read.Globals {
		names[n.Index] = n.Name
	}
	return names
}
