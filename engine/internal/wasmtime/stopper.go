package wasmtime

/*
#include "invocation.h"
*/
import "C"

import (
	"bytes"
	"cmp"
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"unsafe"

	"github.com/faaslens/faaslens/guest"
)

// stopperModule is this module, named so that its frames can be left out of stacks:
//
//	(module $faaslens:stopper
//	  (import "" "" (func))
//	  (func (export "trap") unreachable)
//	  (func (export "enter") (call 0)))
//
// Its trap is where stopped guests are sent; enter runs a guest with less stack.
var stopperModule = []byte("\x00asm\x01\x00\x00\x00" +
	"\x01\x04\x01\x60\x00\x00" + // type: () -> ()
	"\x02\x05\x01\x00\x00\x00\x00" + // import "" "" function of type 0
	"\x03\x03\x02\x00\x00" + // two functions of type 0
	"\x07\x10\x02\x04trap\x00\x01\x05enter\x00\x02" +
	"\x0a\x0a\x02\x03\x00\x00\x0b\x04\x00\x10\x00\x0b" +
	"\x00\x18\x04name\x00\x11\x10faaslens:stopper")

// loadStopper compiles the stopper and finds its trap instruction.
func (e *Engine) loadStopper() error {
	m, err := e.compile(stopperModule)
	if err != nil {
		return fmt.Errorf("compile the module that stops guests: %w", err)
	}
	e.c.stopper = m
	img := image(m)
	bodies, err := FunctionBodies(img)
	if err != nil {
		return fmt.Errorf("read the module that stops guests: %w", err)
	}
	base := uintptr(unsafe.Pointer(unsafe.SliceData(img)))
	for _, b := range bodies {
		switch b.Func {
		case 1:
			if at := findTrap(img[b.Start:b.End]); at >= 0 {
				e.c.stopper_trap = C.uintptr_t(base + b.Start + uintptr(at))
			}
		case 2:
			e.findsExits = bool(C.fl_find_exits(e.c, C.uintptr_t(base+b.Start), C.uintptr_t(base+b.End)))
		}
	}
	if e.c.stopper_trap == 0 {
		return errors.New("the module that stops guests has no trap instruction")
	}
	return nil
}

// FindsExits reports whether guests can be stopped in calls into the engine's runtime
// too, such as a long memory.fill, and not only in their own code.
func (e *Engine) FindsExits() bool { return e.findsExits }

// findTrap finds the engine's trap instruction in a function's code: ud2 on amd64,
// udf #0xc11f on arm64.
func findTrap(code []byte) int {
	if runtime.GOARCH == "arm64" {
		return bytes.Index(code, []byte{0x1f, 0xc1, 0x00, 0x00})
	}
	return bytes.Index(code, []byte{0x0f, 0x0b})
}

// CompiledBody is a function in a compiled image: its index in the module, and its
// bytes' offsets in the image.
type CompiledBody struct {
	Func       guest.FuncIndex
	Start, End uintptr
}

// FunctionBodies reads a compiled image's symbol table, in which the engine names
// every function body "wasm[0]::function[N]" with "::NAME" behind it where the
// module has names. The bodies come sorted by address.
func FunctionBodies(img []byte) ([]CompiledBody, error) {
	f, err := elf.NewFile(bytes.NewReader(img))
	if err != nil {
		return nil, fmt.Errorf("read the compiled image: %w", err)
	}
	symtab, strtab, text := f.Section(".symtab"), f.Section(".strtab"), f.Section(".text")
	if symtab == nil || strtab == nil || text == nil {
		return nil, errors.New("read the compiled image: it has no symbol table or no code")
	}
	syms, err := symtab.Data()
	if err != nil {
		return nil, fmt.Errorf("read the compiled image's symbol table: %w", err)
	}
	names, err := strtab.Data()
	if err != nil {
		return nil, fmt.Errorf("read the compiled image's symbol names: %w", err)
	}
	var bodies []CompiledBody
	for ; len(syms) >= elf.Sym64Size; syms = syms[elf.Sym64Size:] {
		name := binary.LittleEndian.Uint32(syms)
		value := binary.LittleEndian.Uint64(syms[8:])
		size := binary.LittleEndian.Uint64(syms[16:])
		if uint64(name) >= uint64(len(names)) || size == 0 || value+size > text.Size {
			continue
		}
		n, ok := functionNumber(names[name:])
		if !ok {
			continue
		}
		start := uintptr(text.Offset + value)
		bodies = append(bodies, CompiledBody{guest.FuncIndex(n), start, start + uintptr(size)})
	}
	slices.SortFunc(bodies, func(a, b CompiledBody) int { return cmp.Compare(a.Start, b.Start) })
	return bodies, nil
}

func functionNumber(name []byte) (uint32, bool) {
	const prefix = "wasm[0]::function["
	if len(name) < len(prefix) || string(name[:len(prefix)]) != prefix {
		return 0, false
	}
	var n uint32
	digits := 0
	for _, c := range name[len(prefix):] {
		if c == ']' && digits > 0 {
			return n, true
		}
		if c < '0' || c > '9' || digits > 9 {
			break
		}
		n = n*10 + uint32(c-'0')
		digits++
	}
	return 0, false
}
