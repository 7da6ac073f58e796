package wasmtime

/*
#cgo noescape fl_run
#cgo noescape fl_call
#cgo noescape fl_frames
#cgo noescape fl_grow
#cgo noescape fl_memory_size
#cgo nocallback fl_frames
#cgo nocallback fl_grow
#cgo nocallback fl_memory_size
#cgo nocallback fl_request_stop
#cgo nocallback fl_kick
#include <stdlib.h>
#include "invocation.h"
*/
import "C"

import (
	"errors"
	"fmt"
	"reflect"
	"sync"
	"sync/atomic"
	"syscall"
	"unsafe"

	"github.com/faaslens/faaslens/guest"
)

// Host answers the host calls of a slot's invocations, on the guest's thread.
type Host interface {
	// HostCall runs the call that Import.ID named. args holds the arguments
	// and takes the result. It reports whether the guest may go on.
	HostCall(id uint32, memory []byte, args []guest.Value) (goOn bool)
}

// maxSlots bounds the slots of a process.
const maxSlots = 1 << 16

// registry finds a slot's host by the number that C hands back. It is the one mutable
// global: C must not hold Go pointers. A host is written before its slot's first run and
// after its last, so that host calls read it without more ado.
var registry struct {
	hosts [maxSlots]Host
	mu    sync.Mutex
	free  []uint32
	next  uint32
}

func register(s *Slot, host Host) error {
	registry.mu.Lock()
	defer registry.mu.Unlock()
	id := registry.next
	if n := len(registry.free); n > 0 {
		id, registry.free = registry.free[n-1], registry.free[:n-1]
	} else if id == maxSlots {
		return fmt.Errorf("more than %d concurrent invocations in one process", maxSlots)
	} else {
		registry.next++
	}
	s.c.slot = C.uint32_t(id)
	registry.hosts[id] = host
	return nil
}

func unregister(s *Slot) {
	registry.mu.Lock()
	defer registry.mu.Unlock()
	id := uint32(s.c.slot)
	registry.hosts[id] = nil
	registry.free = append(registry.free, id)
}

// Slot is a place in which one invocation at a time runs. All its methods but
// RequestStop and Kick belong to the goroutine that runs the invocation.
type Slot struct {
	c       *C.fl_invocation
	control *uint64 // in c
}

// NewSlot makes a slot whose host calls go to host.
func NewSlot(e *Engine, host Host) (*Slot, error) {
	s := &Slot{c: (*C.fl_invocation)(C.calloc(1, C.sizeof_fl_invocation))}
	s.c.engine = e.c
	s.c.enter = (*[0]byte)(reflect.ValueOf(hostCall).UnsafePointer())
	s.c.exits_at, s.c.has_exits = e.c.exits, e.c.has_exits
	C.fl_set_idle(s.c)
	s.control = (*uint64)(unsafe.Pointer(C.fl_control(s.c)))
	if err := register(s, host); err != nil {
		C.free(unsafe.Pointer(s.c))
		return nil, err
	}
	return s, nil
}

// Free gives the slot back. Nothing may use it any more.
func (s *Slot) Free() {
	s.DropWarm()
	C.fl_free_own(s.c)
	s.setFiles(nil)
	unregister(s)
	C.free(unsafe.Pointer(s.c))
	s.c = nil
}

// MaxParams bounds the parameters of a function that Run and Call can call.
const MaxParams = C.FL_MAX_PARAMS

// Step is an export that an invocation calls. It takes at most MaxParams numbers, all
// given as 0, and returns nothing or an i32, which is the invocation's value if Result is set and must else be 0.
type Step struct {
	Export string
	Result bool
	// Own is whether the function is the module's own, not an import that it
	// exports again.
	Own bool
	// Main is whether it is the function itself, whose place a Pointer takes.
	Main bool
}

// Pointer is a function that is called by its index in a table that the module
// exports. It takes nothing or an i32 and returns at most
// one value, which counts if it is an i32.
type Pointer struct {
	Table string
	Index uint32
	// Arg is what it is given if it takes a number, and HasArg whether there is one.
	Arg    int32
	HasArg bool
}

// Steps are an invocation's steps, kept where C reads them.
type Steps struct {
	c *C.fl_step
	n int
}

// NewSteps copies the steps for C.
func NewSteps(steps []Step) *Steps {
	s := &Steps{c: (*C.fl_step)(C.calloc(C.size_t(len(steps)+1), C.sizeof_fl_step)), n: len(steps)}
	for i, step := range steps {
		unsafe.Slice(s.c, s.n)[i] = C.fl_step{name: C.CString(step.Export), len: C.size_t(len(step.Export)), result: C.bool(step.Result), own: C.bool(step.Own), main: C.bool(step.Main)}
	}
	return s
}

// Free gives the copy back.
func (s *Steps) Free() {
	for _, step := range unsafe.Slice(s.c, s.n) {
		C.free(unsafe.Pointer(step.name))
	}
	C.free(unsafe.Pointer(s.c))
}

// Limits of one invocation, in the binding's terms.
type Limits struct {
	MemoryHard uint64 // growth of a memory beyond is refused; 0 for the engine's maximum
	// MemoryFirst is what a memory may start with, if more than MemoryHard; growth
	// up to it is allowed to the start function.
	MemoryFirst uint64
	MemorySoft  uint64 // a guest found beyond is stopped; 0 for never
	Table       uint64 // elements of each table; 0 for the engine's
	Stack       uint64 // native bytes, if less than the engine's; 0 for the engine's
}

// Status says how a run ended.
type Status int

const (
	Done       Status = C.FL_OK     // all steps ran, or one that must return 0 did not
	Failed     Status = C.FL_FAILED // a trap or an error: see TrapCode and Message
	NoExport   Status = C.FL_NO_EXPORT
	SmallStack Status = C.FL_SMALL_STACK // the thread's own stack is too small
	Starting   Status = C.FL_STARTING    // called from the start function
	NoInstance Status = C.FL_NO_INSTANCE // the instance could not be made: see Message

	NoPointer  Status = C.FL_NO_POINTER  // the table has no function at the Pointer's index
	BadPointer Status = C.FL_BAD_POINTER // the function there is of another type
	NoArgument Status = C.FL_NO_ARGUMENT // the function there takes a number, and there is none
	NoMapping  Status = C.FL_NO_MAPPING  // a file of the Manner's cannot be mapped
)

// Begin starts a generation, which names the run that follows for RequestStop and Look;
// it must differ from all earlier ones of the slot. From here on the run can be asked to
// stop.
func (s *Slot) Begin(generation uint64) { atomic.StoreUint64(s.control, generation<<8|C.FL_RUNNING) }

// Run makes a fresh instance of the module, calls the steps in order up to the first
// that fails or must return 0 and does not, and drops the instance. A pointer, if not
// nil, takes the main step's place. Begin must come before it. After SmallStack the run
// has not begun, and another Run makes it.
func (s *Slot) Run(m *Module, l Limits, steps *Steps, p *Pointer) Status {
	c := s.c
	if p != nil {
		free := s.setPointer(p)
		defer free()
	}
	c.module = m.c
	c.limits.memory_hard = orNone(l.MemoryHard)
	c.limits.memory_first = orNone(max(l.MemoryFirst, l.MemoryHard))
	c.limits.memory_soft = C.uint64_t(l.MemorySoft)
	c.limits.table = orNone(l.Table)
	c.limits.stack = C.size_t(l.Stack)
	return Status(C.fl_run(c, steps.c, C.uint32_t(steps.n)))
}

// IsWarm reports whether the slot keeps an instance of the module that it ran last.
func (s *Slot) IsWarm() bool { return s.c.warm != nil }

// DropWarm drops the instance that the slot keeps, if it does.
func (s *Slot) DropWarm() { C.fl_drop_warm(s.c) }

// setPointer copies a pointer for C, for one run.
func (s *Slot) setPointer(p *Pointer) (free func()) {
	c := (*C.fl_pointer)(C.calloc(1, C.sizeof_fl_pointer))
	*c = C.fl_pointer{
		table: C.CString(p.Table), table_len: C.size_t(len(p.Table)),
		index: C.uint32_t(p.Index), arg: C.int32_t(p.Arg), has_arg: C.bool(p.HasArg),
	}
	s.c.pointer = c
	return func() {
		s.c.pointer = nil
		C.free(unsafe.Pointer(c.table))
		C.free(unsafe.Pointer(c))
	}
}

func orNone(n uint64) C.int64_t {
	if n == 0 {
		return -1
	}
	return C.int64_t(n)
}

// Step is which step Run ended in, or their number if all ran, and the value that it
// ended with.
func (s *Slot) Step() (step int, value int32) { return int(s.c.step), int32(s.c.value) }

// Peak is the size of memory at the run's end, which is its largest.
func (s *Slot) Peak() uint64 { return uint64(s.c.peak) }

// RequestStop asks the run of that generation to stop, for a reason between 1 and 254
// other than 3, which the binding gives where memory is beyond its soft limit. It
// reports whether that run was going and nobody had asked before. Kick
// must follow, again and again until the run ends: a signal finds the guest only
// while it executes its own code.
func (s *Slot) RequestStop(generation uint64, reason uint8) bool {
	return bool(C.fl_request_stop(s.c, C.uint64_t(generation), C.uint8_t(reason)))
}

// Kick has the guest's thread look at whether it should stop.
func (s *Slot) Kick() error {
	if n := C.fl_kick(s.c); n != 0 {
		return syscall.Errno(n)
	}
	return nil
}

// Frames is the stack that the last failed run or call ended with, innermost first.
// stopPC, if not 0, is where the guest was when it was stopped in its own code or
// called out of it: a frame that comes before the others.
func (s *Slot) Frames() (frames []guest.Frame, stopPC uintptr) {
	var buf [64]C.fl_frame
	var sent C.bool
	n := int(C.fl_frames(s.c, &buf[0], C.size_t(len(buf)), &sent))
	got := buf[:min(n, len(buf))]
	if n > len(buf) {
		got = make([]C.fl_frame, n)
		C.fl_frames(s.c, &got[0], C.size_t(n), &sent)
	}
	frames = make([]guest.Frame, len(got))
	for i, f := range got {
		frames[i] = guest.Frame{Func: guest.FuncIndex(f._func), Offset: guest.FileOffset(f.offset)}
	}
	if sent {
		stopPC = uintptr(s.c.stop_pc)
	}
	return frames, stopPC
}

// TrapCode is Wasmtime's number for the trap that ended the last run or call.
func (s *Slot) TrapCode() (code uint8, ok bool) {
	var c C.uint8_t
	ok = bool(C.fl_trap_code(s.c, &c))
	return uint8(c), ok
}

// Overflowed reports whether the last failed run or call left the guest's exported
// global __stack_pointer below zero.
func (s *Slot) Overflowed() bool { return bool(s.c.overflowed) }

// Message is the engine's text for how the last run or call failed.
func (s *Slot) Message() string {
	var v C.wasm_byte_vec_t
	C.fl_message(s.c, &v)
	return string(takeBytes(&v))
}

// Clear frees what Frames, TrapCode and Message read.
func (s *Slot) Clear() { C.fl_clear(s.c) }

// Memory is a fresh view of the guest's memory, in a host call.
func (s *Slot) Memory() []byte {
	var base *C.uint8_t
	n := C.fl_memory_size(s.c, &base)
	return view(base, C.size_t(n))
}

// Grow adds pages to the guest's memory, in a host call.
func (s *Slot) Grow(pages uint64) (before uint64, ok bool) {
	var b C.uint64_t
	ok = bool(C.fl_grow(s.c, C.uint64_t(pages), &b))
	return uint64(b), ok
}

// MapFile maps a piece of a file over the guest's memory, shared, until the run ends. All
// numbers are multiples of the host's page size. It is for host calls.
func (s *Slot) MapFile(addr uint32, fd int, offset int64, size uint32) error {
	if n := C.fl_map(s.c, C.uint64_t(addr), C.int(fd), C.int64_t(offset), C.size_t(size)); n != 0 {
		return syscall.Errno(n)
	}
	return nil
}

// ErrNoExport is a call of something that the guest does not export.
var ErrNoExport = errors.New("the guest does not export it")

// ErrStarting is a call of a guest whose start function has not ended.
var ErrStarting = errors.New("its start function has not ended")

// Call runs an exported function from within a host call. The caller has checked
// that args fit its type; At most MaxParams of either.
func (s *Slot) Call(export string, args []guest.Value, results int) ([]guest.Value, Status) {
	var raw [MaxParams]C.wasmtime_val_raw_t
	n := copy(unsafe.Slice((*guest.Value)(unsafe.Pointer(&raw)), len(raw)), args)
	name := C.CString(export)
	defer C.free(unsafe.Pointer(name))
	step := C.fl_step{name: name, len: C.size_t(len(export))}
	status := Status(C.fl_call(s.c, &step, &raw[0], C.size_t(max(n, results))))
	out := make([]guest.Value, results)
	copy(out, unsafe.Slice((*guest.Value)(unsafe.Pointer(&raw)), len(raw)))
	return out, status
}

func view(base *C.uint8_t, n C.size_t) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(base)), int(n))
}

// maxArgs bounds the arguments, or results, of an import: a module that has more is not
// valid for the engine.
const maxArgs = 1000

// hostCall answers a host call, on the thread and goroutine that run the guest. C enters
// it by crosscall2, which can call any Go function that takes a pointer and returns nothing.
func hostCall(call *C.fl_exit) {
	var memory []byte
	if m := call.memory; m != nil {
		memory = unsafe.Slice((*byte)(unsafe.Pointer(m.base)), int(m.size))
	}
	args := (*[maxArgs]guest.Value)(unsafe.Pointer(call.args))[:call.nargs]
	call.ended = C.bool(!registry.hosts[call.slot].HostCall(uint32(call.id), memory, args))
}
