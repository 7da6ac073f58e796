package codemap

import (
	"bytes"
	"cmp"
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
)

// Stub is code that the engine puts around a module's functions: what leads into the
// guest and out of it.
type Stub struct {
	Name       string // the engine's, such as "wasm[0]::array_to_wasm_trampoline[3]"
	Start, End uintptr
}

// ReadStubs reads what code an image has beside the module's functions, by its
// offsets.
func ReadStubs(image []byte) ([]Stub, error) {
	var stubs []Stub
	err := eachSymbol(image, func(name []byte, start, end uintptr) {
		if _, ok := functionNumber(name); !ok {
			stubs = append(stubs, Stub{string(name), start, end})
		}
	})
	slices.SortFunc(stubs, func(a, b Stub) int { return cmp.Compare(a.Start, b.Start) })
	return stubs, err
}

// eachSymbol calls f for all code that an image's symbol table names, with its offsets
// in the image.
func eachSymbol(image []byte, f func(name []byte, start, end uintptr)) error {
	file, err := elf.NewFile(bytes.NewReader(image))
	if err != nil {
		return fmt.Errorf("read the compiled image: %w", err)
	}
	symtab, strtab, text := file.Section(".symtab"), file.Section(".strtab"), file.Section(".text")
	if symtab == nil || strtab == nil || text == nil {
		return errors.New("read the compiled image: it has no symbol table or no code")
	}
	if size := uint64(len(image)); text.Offset > size || text.Size > size-text.Offset {
		return fmt.Errorf("read the compiled image: %d bytes of code at %d do not fit it", text.Size, text.Offset)
	}
	syms, err := symtab.Data()
	if err != nil {
		return fmt.Errorf("read the compiled image's symbol table: %w", err)
	}
	names, err := strtab.Data()
	if err != nil {
		return fmt.Errorf("read the compiled image's symbol names: %w", err)
	}
	for ; len(syms) >= elf.Sym64Size; syms = syms[elf.Sym64Size:] {
		name := binary.LittleEndian.Uint32(syms)
		value := binary.LittleEndian.Uint64(syms[8:])
		size := binary.LittleEndian.Uint64(syms[16:])
		if uint64(name) >= uint64(len(names)) || size == 0 || value > text.Size || size > text.Size-value {
			continue
		}
		n, _, _ := bytes.Cut(names[name:], []byte{0})
		start := uintptr(text.Offset + value)
		f(n, start, start+uintptr(size))
	}
	return nil
}

// functionNumber reads the name that the engine gives to a function's body:
// "wasm[0]::function[N]", with "::NAME" behind it where the module has names.
func functionNumber(name []byte) (uint32, bool) {
	rest, ok := bytes.CutPrefix(name, []byte("wasm[0]::function["))
	if !ok {
		return 0, false
	}
	var n uint32
	for i, c := range rest {
		if c == ']' && i > 0 {
			return n, true
		}
		if c < '0' || c > '9' || i > 9 {
			break
		}
		n = n*10 + uint32(c-'0')
	}
	return 0, false
}
