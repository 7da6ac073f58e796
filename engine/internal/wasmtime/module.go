package wasmtime

/*
#include <stdlib.h>
#include "invocation.h"
#include "jit.h"
*/
import "C"

import (
	"fmt"
	"os"
	"sync"
	"syscall"
	"unsafe"

	"github.com/faaslens/faaslens/guest"
)

// Module is a compiled module in one engine, linked to its host calls.
type Module struct {
	engine *Engine
	c      *C.fl_module
	object *C.fl_object // what debuggers were told of it; may be nil
	first  []byte       // mapped: see SetFirst
	close  sync.Once
}

// Import is a function that a module asks for and the host provides. ID comes back
// with each call.
type Import struct {
	Module, Name string
	Type         guest.FuncType
	ID           uint32
}

// LoadFile maps a compiled image from a file. The file is trusted: it is native
// code.
func (e *Engine) LoadFile(path string) (*Module, error) {
	p := C.CString(path)
	defer C.free(unsafe.Pointer(p))
	var m *C.wasmtime_module_t
	if err := takeError(C.wasmtime_module_deserialize_file(e.c.engine, p, &m)); err != nil {
		return nil, err
	}
	return e.newModule(m), nil
}

// Load takes a compiled image from memory. The image is trusted: it is native code.
func (e *Engine) Load(image []byte) (*Module, error) {
	var m *C.wasmtime_module_t
	err := takeError(C.wasmtime_module_deserialize(e.c.engine, (*C.uint8_t)(unsafe.Pointer(unsafe.SliceData(image))), C.size_t(len(image)), &m))
	if err != nil {
		return nil, err
	}
	return e.newModule(m), nil
}

func (e *Engine) newModule(m *C.wasmtime_module_t) *Module {
	c := (*C.fl_module)(C.calloc(1, C.sizeof_fl_module))
	c.module = m
	c.number = C.uint64_t(e.modules.Add(1))
	img := image(m)
	c.image = C.uintptr_t(uintptr(unsafe.Pointer(unsafe.SliceData(img))))
	c.image_end = c.image + C.uintptr_t(len(img))
	return &Module{engine: e, c: c}
}

// Link binds the module's imports, each to its call, and names the memory that host
// calls see; empty for none. only is whether that is all that the engine asks for as
// memories: the module has no other and no heap for managed objects.
func (m *Module) Link(imports []Import, memory string, only bool) error {
	l := C.wasmtime_linker_new(m.engine.c.engine)
	defer C.wasmtime_linker_delete(l)
	for _, i := range imports {
		if err := define(l, i); err != nil {
			return fmt.Errorf("link %s.%s: %w", i.Module, i.Name, err)
		}
	}
	if memory != "" {
		m.c.memory = C.CString(memory)
		m.c.memory_len = C.size_t(len(memory))
		m.c.only = C.bool(only)
	}
	return takeError(C.wasmtime_linker_instantiate_pre(l, m.c.module, &m.c.pre))
}

func define(l *C.wasmtime_linker_t, i Import) error {
	params, err := kinds(i.Type.Params)
	if err != nil {
		return err
	}
	results, err := kinds(i.Type.Results)
	if err != nil {
		return err
	}
	return takeError(C.fl_define(l,
		(*C.char)(unsafe.Pointer(unsafe.StringData(i.Module))), C.size_t(len(i.Module)),
		(*C.char)(unsafe.Pointer(unsafe.StringData(i.Name))), C.size_t(len(i.Name)),
		(*C.uint8_t)(unsafe.SliceData(params)), C.size_t(len(params)),
		(*C.uint8_t)(unsafe.SliceData(results)), C.size_t(len(results)), C.uint32_t(i.ID)))
}

// kinds are the C API's numbers for types. It has none for v128.
func kinds(types []guest.ValueType) ([]byte, error) {
	var ks []byte
	for _, t := range types {
		switch t {
		case guest.I32:
			ks = append(ks, C.WASM_I32)
		case guest.I64:
			ks = append(ks, C.WASM_I64)
		case guest.F32:
			ks = append(ks, C.WASM_F32)
		case guest.F64:
			ks = append(ks, C.WASM_F64)
		case guest.ExternRef:
			ks = append(ks, C.WASM_EXTERNREF)
		case guest.FuncRef:
			ks = append(ks, C.WASM_FUNCREF)
		default:
			return nil, fmt.Errorf("a host call cannot take or return a %v", t)
		}
	}
	return ks, nil
}

// Image is the compiled module in memory, an ELF file. It must not be used after
// Close.
func (m *Module) Image() []byte { return image(m.c.module) }

func image(m *C.wasmtime_module_t) []byte {
	var start, end unsafe.Pointer
	C.wasmtime_module_image_range(m, &start, &end)
	return unsafe.Slice((*byte)(start), uintptr(end)-uintptr(start))
}

// Base is the address of the image's first byte.
func (m *Module) Base() uintptr {
	var start, end unsafe.Pointer
	C.wasmtime_module_image_range(m.c.module, &start, &end)
	return uintptr(start)
}

// Body is where a compiled function lies, as addresses.
type Body struct {
	Start, End uintptr
}

// SetBodies tells where the module's functions lie, sorted ascending. Until then
// a running guest of the module cannot be stopped inside its code. It may be called
// while guests run, once.
func (m *Module) SetBodies(bodies []Body) {
	n := len(bodies)
	word := unsafe.Sizeof(uintptr(0))
	block := C.calloc(1, C.size_t(unsafe.Sizeof(C.fl_code{})+2*uintptr(n)*word))
	code := (*C.fl_code)(block)
	code.count = C.uint32_t(n)
	all := unsafe.Slice((*uintptr)(unsafe.Add(block, unsafe.Sizeof(C.fl_code{}))), 2*n)
	starts, ends := all[:n], all[n:]
	for i, b := range bodies {
		starts[i], ends[i] = b.Start, b.End
	}
	code.starts = (*C.uintptr_t)(unsafe.Pointer(unsafe.SliceData(starts)))
	code.ends = (*C.uintptr_t)(unsafe.Pointer(unsafe.SliceData(ends)))
	C.fl_set_code(m.c, code)
}

// Keep has the module's instances kept for the next invocation of the same slot. Globals
// are its mutable globals, by the names that they are exported by; all else that an
// instance can change must be its one memory. It must be called before the first run.
func (m *Module) Keep(globals []string) {
	n := len(globals)
	block := C.calloc(C.size_t(n+1), C.sizeof_fl_name)
	m.c.globals = (*C.fl_name)(block)
	for i, g := range globals {
		unsafe.Slice(m.c.globals, n)[i] = C.fl_name{name: C.CString(g), len: C.size_t(len(g))}
	}
	m.c.nglobals = C.size_t(n)
	m.c.keep = true
}

func (m *Module) freeKept() {
	for _, g := range unsafe.Slice(m.c.globals, int(m.c.nglobals)) {
		C.free(unsafe.Pointer(g.name))
	}
	C.free(unsafe.Pointer(m.c.globals))
}

// First is what a module's one memory starts with, in place of its data segments: whole pages
// of a file, from Start on, and zeroes else.
type First struct {
	Memory      uint64 // the memory's size, which is not 0
	Start, Size uint64
	File        *os.File // open until the module is closed; it must not change
	Offset      uint64   // in the file
}

// SetFirst must be called before the module's first run.
func (m *Module) SetFirst(f First) error {
	b, err := syscall.Mmap(int(f.File.Fd()), int64(f.Offset), int(f.Size), syscall.PROT_READ, syscall.MAP_PRIVATE)
	if err != nil {
		return fmt.Errorf("map what a module's memory starts with: %w", err)
	}
	m.first = b
	m.c.first = C.fl_first{
		memory: C.size_t(f.Memory), start: C.size_t(f.Start), size: C.size_t(f.Size),
		bytes: (*C.uint8_t)(unsafe.Pointer(unsafe.SliceData(b))), offset: C.int64_t(f.Offset), fd: C.int(f.File.Fd()),
	}
	return nil
}

// Close frees the module. No slot may be running it.
func (m *Module) Close() {
	m.close.Do(func() {
		m.withdraw()
		if m.c.pre != nil {
			C.wasmtime_instance_pre_delete(m.c.pre)
		}
		C.wasmtime_module_delete(m.c.module)
		C.free(unsafe.Pointer(m.c.memory))
		C.fl_set_code(m.c, nil)
		m.freeKept()
		C.fl_free_idle(m.engine.c, m.c.number)
		if m.first != nil {
			_ = syscall.Munmap(m.first) // it is what was mapped
		}
		C.free(unsafe.Pointer(m.c))
	})
}
