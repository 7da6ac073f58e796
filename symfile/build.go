package symfile

import (
	"bytes"
	"debug/elf"
	"fmt"

	"github.com/faaslens/faaslens/wasm"
)

// Code is compiled code in memory.
type Code struct {
	Image  []byte       // the compiled image, an ELF file
	Base   uintptr      // address of the image's first byte
	Module *wasm.Module // what it was compiled from, before KeepAddresses
	// Memory is the address of the word that has the address of the memory of the
	// instance that the user looks at. Global variables of the guest are found by it.
	Memory uintptr
}

// Build writes the object file for code in memory. Beside what every debugger reads, it
// has the sections .wasmtime.addrmap and .wasmtime.traps as the engine wrote them, and
// .faaslens.module, a JSON object (Description).
func Build(c Code) ([]byte, error) {
	in, err := elf.NewFile(bytes.NewReader(c.Image))
	if err != nil {
		return nil, fmt.Errorf("read the compiled image: %w", err)
	}
	text, err := section(in, c.Image, ".text")
	if err != nil {
		return nil, err
	}
	out := &file{machine: in.Machine, text: uint64(c.Base) + in.Section(".text").Offset, memory: uint64(c.Memory)}
	out.add(outSection{name: ".text", data: text, kind: elf.SHT_PROGBITS, flags: elf.SHF_ALLOC | elf.SHF_EXECINSTR, addr: out.text, align: 16})
	if s := in.Section(".eh_frame"); s != nil {
		// Its addresses are relative to where it is in memory.
		b, err := section(in, c.Image, ".eh_frame")
		if err != nil {
			return nil, err
		}
		if b, err = undefineCallerSaved(b, in.Machine); err != nil {
			return nil, err
		}
		out.add(outSection{name: ".eh_frame", data: b, kind: elf.SHT_PROGBITS, flags: elf.SHF_ALLOC, addr: uint64(c.Base) + s.Offset, align: 8})
	}
	if err := out.addDebug(in, c.Image); err != nil {
		return nil, err
	}
	if err := out.addSymbols(c, in); err != nil {
		return nil, err
	}
	if c.Memory != 0 {
		// lldb reads at no address that is in no section.
		out.add(outSection{name: ".faaslens.memory", kind: elf.SHT_NOBITS, flags: elf.SHF_ALLOC | elf.SHF_WRITE, addr: out.memory, size: 8, align: 8})
	}
	for _, name := range []string{".wasmtime.addrmap", ".wasmtime.traps"} {
		b, err := section(in, c.Image, name)
		if err != nil {
			return nil, err
		}
		out.add(outSection{name: name, data: b, kind: elf.SHT_PROGBITS, align: 1})
	}
	out.add(outSection{name: ".faaslens.module", data: describe(c.Module), kind: elf.SHT_PROGBITS, align: 1})
	return out.bytes(), nil
}

// section is the content of an image's section, as it lies in the image.
func section(in *elf.File, image []byte, name string) ([]byte, error) {
	s := in.Section(name)
	if s == nil {
		return nil, fmt.Errorf("read the compiled image: it has no section %s", name)
	}
	if size := uint64(len(image)); s.Offset > size || s.Size > size-s.Offset {
		return nil, fmt.Errorf("read the compiled image: its section %s, %d bytes at %d, does not fit", name, s.Size, s.Offset)
	}
	return image[s.Offset : s.Offset+s.Size], nil
}
