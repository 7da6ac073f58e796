package wasmtime

/*
#cgo nocallback fl_read_memory
#cgo nocallback fl_read_global
#cgo nocallback fl_read_table
#cgo nocallback fl_read_func
#cgo noescape fl_read_memory
#cgo noescape fl_read_global
#cgo noescape fl_read_table
#cgo noescape fl_read_func
#include <stdlib.h>
#include "invocation.h"
*/
import "C"

import (
	"time"
	"unsafe"

	"github.com/faaslens/faaslens/guest"
)

// Manner is how a slot's next run has its instance.
type Manner struct {
	// Reset is how a kept instance is put back; it counts for modules that Keep was
	// called for.
	Reset Reset
	// Measure notes what having the instance costs: see Cost.
	Measure bool
	// Capture keeps an instance whose steps all ran until EndCapture, so that it can be
	// read. It is not for modules that Keep was called for.
	Capture bool
	// Files are mapped over the guest's memory before the first step, as MapFile does.
	Files []File
}

// File is a piece of a file, shared, over a guest's memory: multiples of the host's page
// size.
type File struct {
	Address uint32
	FD      int
	Offset  int64
	Size    uint32 // bytes
}

// Prepare says how the next Run, and those after it, have their instances.
func (s *Slot) Prepare(m Manner) {
	s.c.policy, s.c.measure, s.c.capture = C.int(m.Reset), C.bool(m.Measure), C.bool(m.Capture)
	if len(m.Files) > 0 || s.c.files != nil {
		s.setFiles(m.Files)
	}
}

// setFiles keeps files where C reads them, in the place of those that were.
func (s *Slot) setFiles(files []File) {
	C.free(unsafe.Pointer(s.c.files))
	s.c.files, s.c.nfiles = nil, C.uint32_t(len(files))
	if len(files) == 0 {
		return
	}
	s.c.files = (*C.fl_file)(C.calloc(C.size_t(len(files)), C.sizeof_fl_file))
	for i, f := range files {
		unsafe.Slice(s.c.files, len(files))[i] = C.fl_file{addr: C.uint64_t(f.Address), offset: C.int64_t(f.Offset), size: C.size_t(f.Size), fd: C.int(f.FD)}
	}
}

// Cost is what having an instance took in one run, beside what the guest did.
type Cost struct {
	// Settled is whether the slot's run before was of the same module, in the same manner.
	Settled bool
	Time    time.Duration // to make or take the instance, and to drop it or put it back
	Faults  int64         // the thread's page faults while the guest ran
}

// Cost is what the last run's instance took, if it was measured.
func (s *Slot) Cost() Cost {
	c := &s.c.cost
	return Cost{Settled: bool(c.settled), Time: time.Duration(c.nanos), Faults: int64(c.faults)}
}

// Written is how many pages of the slot's memory are written back after each run, as far
// as they are known.
func (s *Slot) Written() int {
	if s.c.own == nil {
		return 0
	}
	return int(s.c.own.count)
}

// EndCapture drops the instance that was kept to be read.
func (s *Slot) EndCapture() { C.fl_end_capture(s.c) }

// Unmap puts zeroes where files are mapped over the memory of a captured instance.
func (s *Slot) Unmap() { C.fl_unmap(s.c) }

// ReadMemory returns the memory that a captured instance exports by a name. It is valid
// until the next probe runs, or EndCapture.
func (s *Slot) ReadMemory(name string) ([]byte, bool) {
	var base *C.uint8_t
	var size C.size_t
	n, length := text(name)
	ok := bool(C.fl_read_memory(s.c, n, length, &base, &size))
	return view(base, size), ok
}

// ReadGlobal returns the value of an exported global: a number's bits, or what tells a
// function from others as ReadFunc does; 0 for no function.
func (s *Slot) ReadGlobal(name string) (v guest.Value, ok bool) {
	n, length := text(name)
	ok = bool(C.fl_read_global(s.c, n, length, (*C.uint64_t)(unsafe.Pointer(&v[0]))))
	return v, ok
}

// ReadTable returns the functions of an exported table of functions, as ReadFunc has them.
func (s *Slot) ReadTable(name string) ([]uint64, bool) {
	n, length := text(name)
	var size C.uint64_t
	if !C.fl_read_table(s.c, n, length, nil, &size, 0) || size == 0 {
		return nil, size == 0
	}
	all := make([]uint64, size)
	ok := bool(C.fl_read_table(s.c, n, length, (*C.uint64_t)(unsafe.Pointer(&all[0])), &size, size))
	return all, ok
}

// ReadFunc returns what tells an exported function from others of a captured instance.
func (s *Slot) ReadFunc(name string) uint64 {
	n, length := text(name)
	return uint64(C.fl_read_func(s.c, n, length))
}

// RunProbe runs an exported function without parameters and reports whether it trapped.
func (s *Slot) RunProbe(name string) (trapped bool) {
	n := C.CString(name)
	defer C.free(unsafe.Pointer(n))
	return bool(C.fl_run_probe(s.c, n, C.size_t(len(name))))
}

func text(s string) (*C.char, C.size_t) {
	return (*C.char)(unsafe.Pointer(unsafe.StringData(s))), C.size_t(len(s))
}
