package wasmtime

/*
#include "invocation.h"
*/
import "C"

import (
	"bytes"
	"errors"
	"fmt"
	"runtime"
	"unsafe"

	"github.com/faaslens/faaslens/codemap"
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
	bodies, err := codemap.ReadBodies(img)
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
