package symfile

import (
	"bytes"
	"debug/elf"
	"fmt"

	"github.com/faaslens/faaslens/codemap"
	"github.com/faaslens/faaslens/wasm"
)

// addSymbols names all code: each function as functionDefN, by which Faasm's tools know
// it, and by its name; and the engine's stubs.
func (f *file) addSymbols(c Code, in *elf.File) error {
	bodies, err := codemap.ReadBodies(c.Image)
	if err != nil {
		return err
	}
	stubs, err := codemap.ReadStubs(c.Image)
	if err != nil {
		return err
	}
	names, _ := c.Module.Names()        // what can be read of them
	exported := make(map[uint32]string) // names for functions that have no other
	for _, e := range c.Module.Exports {
		if e.Kind == wasm.KindFunc && exported[e.Index] == "" {
			exported[e.Index] = e.Name
		}
	}
	imports := c.Module.NumImportedFuncs()
	table := symbolTable{base: uint64(c.Base), names: []byte{0}}
	write(&table.symbols, elf.Sym64{})
	for _, b := range bodies {
		// Debuggers that know several names for an address show the last.
		table.add(fmt.Sprintf("functionDef%d", int(b.Func)-imports), b.Start, b.End)
		name := names.Func(b.Func)
		if name == "" {
			name = exported[uint32(b.Func)]
		}
		if name != "" {
			table.add(name, b.Start, b.End)
		}
	}
	for _, s := range stubs {
		table.add(s.Name, s.Start, s.End)
	}
	f.add(outSection{name: ".symtab", data: table.symbols.Bytes(), kind: elf.SHT_SYMTAB, link: ".strtab", info: 1, entry: elf.Sym64Size, align: 8})
	f.add(outSection{name: ".strtab", data: table.names, kind: elf.SHT_STRTAB, align: 1})
	return nil
}

type symbolTable struct {
	base    uint64
	symbols bytes.Buffer
	names   []byte
}

const textSection = 1 // its number in the file

func (t *symbolTable) add(name string, start, end uintptr) {
	write(&t.symbols, elf.Sym64{
		Name: uint32(len(t.names)), Info: elf.ST_INFO(elf.STB_GLOBAL, elf.STT_FUNC), Shndx: textSection,
		Value: t.base + uint64(start), Size: uint64(end - start),
	})
	t.names = append(append(t.names, name...), 0)
}
