package wasmtime

/*
#cgo CFLAGS: -O2 -Wall -Wextra
#cgo LDFLAGS: -Wl,-unresolved-symbols=ignore-all
#include <stdlib.h>
#include "invocation.h"
*/
import "C"

import (
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"unsafe"

	// The static library. Its own binding is not used.
	_ "github.com/bytecodealliance/wasmtime-go/v39"
)

// Version is the release of Wasmtime that is linked in: what its header says, which is
// not what the module that carries it is tagged.
const Version = "39.0.0"

// Config shapes an engine.
type Config struct {
	// IdleMemories is how many memories may wait for their next instances, beside one
	// for each slot.
	IdleMemories int
	// Stack is the native stack in bytes that guest frames may take.
	Stack uint64
	// KeepResident is how many bytes all memories together keep for their next
	// instances, beyond 64 KiB each.
	KeepResident uint64
	// DebugInfo compiles native debug information for gdb and lldb, which may write to
	// guests' memories.
	DebugInfo bool
	// Emulated compiles for processors without AVX-512, and asks nothing of the kernel
	// that an emulator of one does not know.
	Emulated bool
}

// Engine compiles modules and holds the memories of their instances.
type Engine struct {
	c          *C.fl_engine
	findsExits bool
	modules    atomic.Uint64 // that were ever loaded
	close      sync.Once
}

// MaxMemories is how many one module may have: each takes four gigabytes of addresses.
const MaxMemories = 4

var prepareProcess = sync.OnceValue(func() error {
	// With it set, every trap and exit costs four microseconds more.
	if err := os.Setenv("RUST_BACKTRACE", "0"); err != nil {
		return err
	}
	cs := C.CString("RUST_BACKTRACE")
	defer C.free(unsafe.Pointer(cs))
	if n := C.fl_install_handler(); n != 0 {
		return fmt.Errorf("install the handler that stops guests: %w", syscall.Errno(n))
	}
	return nil
})

// Reset is how the memory of an instance that is kept for the next invocation is put back
// to its first state.
type Reset int

const (
	// ResetSticky writes back the pages that were ever written, and asks the kernel for
	// more of them only where the thread had page faults.
	ResetSticky Reset = C.FL_STICKY
	// ResetScan asks the kernel each time.
	ResetScan Reset = C.FL_SCAN
	// ResetCopy writes all of memory back. It is what the others do on kernels before
	// 6.7, which cannot be asked.
	ResetCopy Reset = C.FL_COPY_ALL
	// ResetFresh keeps no instance.
	ResetFresh Reset = C.FL_FRESH
)

// NewEngine makes an engine.
func NewEngine(cfg Config) (*Engine, error) {
	if err := prepareProcess(); err != nil {
		return nil, err
	}
	state := (*C.fl_engine)(C.calloc(1, C.sizeof_fl_engine))
	state.stack = C.size_t(cfg.Stack)
	state.keep = C.size_t(cfg.KeepResident)
	state.idle.most = C.uint32_t(cfg.IdleMemories)
	state.debugged = C.bool(cfg.DebugInfo)
	state.pagemap = -1
	if !cfg.Emulated {
		state.pagemap = C.fl_open_pagemap()
	}
	c := newConfig(cfg)
	C.fl_own_memories(state, c)
	e, err := newEngine(c, state)
	if err != nil {
		return nil, err
	}
	if err := e.loadStopper(); err != nil {
		e.Close()
		return nil, err
	}
	return e, nil
}

// NewCompiler makes an engine that can only compile. What it makes,
// an engine of the same configuration takes.
func NewCompiler(cfg Config) (*Engine, error) {
	if err := prepareProcess(); err != nil {
		return nil, err
	}
	state := (*C.fl_engine)(C.calloc(1, C.sizeof_fl_engine))
	state.pagemap = -1
	return newEngine(newConfig(cfg), state)
}

// newConfig is what all engines have in common, and all that images depend on.
func newConfig(cfg Config) *C.wasm_config_t {
	c := C.wasm_config_new()
	if cfg.DebugInfo {
		C.wasmtime_config_debug_info_set(c, true)
		// What optimisation moves or removes, debug information loses.
		C.wasmtime_config_cranelift_opt_level_set(c, C.WASMTIME_OPT_LEVEL_NONE)
	}
	if cfg.Stack != 0 {
		C.wasmtime_config_max_wasm_stack_set(c, C.size_t(cfg.Stack))
	}
	// Memories are ours, and the engine cannot map into them.
	C.wasmtime_config_memory_init_cow_set(c, false)
	C.wasmtime_config_parallel_compilation_set(c, true)
	chooseFeatures(c)
	if cfg.Emulated {
		disableAVX512(c)
	}
	return c
}

func newEngine(c *C.wasm_config_t, state *C.fl_engine) (*Engine, error) {
	e := &Engine{c: state}
	native := C.wasm_engine_new_with_config(c)
	if native == nil {
		e.free()
		return nil, errors.New("start the WebAssembly engine: it refused its configuration; is address space limited (ulimit -v)?")
	}
	e.c.engine = native
	return e, nil
}

// chooseFeatures turns on what functions may use. Exceptions need neither typed
// references nor managed objects, and their code makes the compiler take much.
func chooseFeatures(c *C.wasm_config_t) {
	C.wasmtime_config_wasm_simd_set(c, true)
	C.wasmtime_config_wasm_relaxed_simd_set(c, true)
	C.wasmtime_config_wasm_relaxed_simd_deterministic_set(c, true)
	C.wasmtime_config_wasm_bulk_memory_set(c, true)
	C.wasmtime_config_wasm_multi_value_set(c, true)
	C.wasmtime_config_wasm_reference_types_set(c, true)
	C.wasmtime_config_wasm_tail_call_set(c, true)
	C.wasmtime_config_wasm_multi_memory_set(c, true)
	C.wasmtime_config_wasm_memory64_set(c, true)
	C.wasmtime_config_wasm_exceptions_set(c, true)
	C.wasmtime_config_wasm_gc_set(c, false)
	C.wasmtime_config_wasm_function_references_set(c, false)
}

// disableAVX512 takes out of what the compiler may use what only x86-64 has.
func disableAVX512(c *C.wasm_config_t) {
	if runtime.GOARCH != "amd64" {
		return
	}
	off := C.CString("false")
	defer C.free(unsafe.Pointer(off))
	for _, part := range []string{"f", "dq", "vl", "vbmi", "bitalg"} {
		flag := C.CString("has_avx512" + part)
		C.wasmtime_config_cranelift_flag_set(c, flag, off)
		C.free(unsafe.Pointer(flag))
	}
}

// Close frees the engine. Its modules must have been closed and its slots freed.
func (e *Engine) Close() {
	e.close.Do(func() {
		if e.c.stopper != nil {
			C.wasmtime_module_delete(e.c.stopper)
		}
		C.wasm_engine_delete(e.c.engine)
		for C.fl_shed(e.c) {
		}
		e.free()
	})
}

func (e *Engine) free() {
	if e.c.pagemap >= 0 {
		syscall.Close(int(e.c.pagemap))
	}
	C.free(unsafe.Pointer(e.c))
}

// Compile translates a module into an image that Load and LoadFile take. An *Error
// is the module's fault.
func (e *Engine) Compile(wasm []byte) (*Image, error) {
	m, err := e.compile(wasm)
	if err != nil {
		return nil, err
	}
	defer C.wasmtime_module_delete(m)
	i := &Image{}
	if err := takeError(C.wasmtime_module_serialize(m, &i.v)); err != nil {
		return nil, fmt.Errorf("serialize the compiled module: %v", err)
	}
	return i, nil
}

// Image is a compiled module in memory of its own.
type Image struct {
	v C.wasm_byte_vec_t
}

// WriteTo writes the image.
func (i *Image) WriteTo(w io.Writer) (int64, error) {
	n, err := w.Write(unsafe.Slice((*byte)(unsafe.Pointer(i.v.data)), i.v.size))
	return int64(n), err
}

// Free gives the memory back. It must be called once.
func (i *Image) Free() { C.wasm_byte_vec_delete(&i.v) }

func (e *Engine) compile(wasm []byte) (*C.wasmtime_module_t, error) {
	var m *C.wasmtime_module_t
	err := takeError(C.wasmtime_module_new(e.c.engine, (*C.uint8_t)(unsafe.Pointer(unsafe.SliceData(wasm))), C.size_t(len(wasm)), &m))
	return m, err
}

// Error is a message from Wasmtime.
type Error struct {
	Message string
}

func (e *Error) Error() string { return e.Message }

// takeError turns an owned error into a Go one.
func takeError(e *C.wasmtime_error_t) error {
	if e == nil {
		return nil
	}
	var v C.wasm_byte_vec_t
	C.wasmtime_error_message(e, &v)
	C.wasmtime_error_delete(e)
	return &Error{Message: string(takeBytes(&v))}
}

// takeBytes copies an owned vector and frees it.
func takeBytes(v *C.wasm_byte_vec_t) []byte {
	defer C.wasm_byte_vec_delete(v)
	if v.size == 0 {
		return nil
	}
	b := make([]byte, v.size)
	copy(b, unsafe.Slice((*byte)(unsafe.Pointer(v.data)), v.size))
	return b
}
