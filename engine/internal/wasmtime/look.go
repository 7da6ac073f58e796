package wasmtime

/*
#cgo nocallback fl_host_stack
#cgo nocallback fl_want_look
#cgo nocallback fl_look_taken
#cgo nocallback fl_looks_missed
#cgo nocallback fl_end_look
#include <stdlib.h>
#include "invocation.h"
*/
import "C"

import (
	"runtime"
	"sync"
	"unsafe"
)

// Place is where a guest was when its stack was taken.
type Place int

const (
	InGuest   Place = C.FL_IN_GUEST   // in its own code
	InRuntime Place = C.FL_IN_RUNTIME // in a call into the engine's runtime
	InHost    Place = C.FL_IN_HOST    // in a host call
)

// Stack is a guest's stack: addresses in compiled code, innermost first; those of
// callers lie inside the call.
type Stack struct {
	PCs []uintptr
	// Depth is how deep the stack was; more than there are PCs if it was deeper
	// than there was room.
	Depth int
	Place Place
	Call  uint32 // the ID of the import that is called, InHost
}

// HostStack takes the stack of the guest whose host call is running, up to max
// frames.
func (s *Slot) HostStack(max int) Stack {
	buf := (*C.uintptr_t)(C.calloc(C.size_t(max), C.sizeof_uintptr_t))
	defer C.free(unsafe.Pointer(buf))
	c := C.fl_stack{pcs: buf, max: C.size_t(max)}
	C.fl_host_stack(s.c, &c)
	return goStack(&c, InHost)
}

func goStack(c *C.fl_stack, place Place) Stack {
	pcs := make([]uintptr, c.n)
	copy(pcs, unsafe.Slice((*uintptr)(unsafe.Pointer(c.pcs)), c.n))
	return Stack{PCs: pcs, Depth: int(c.depth), Place: place, Call: uint32(c.call)}
}

// Looker takes the stacks of running guests, one at a time.
type Looker struct {
	c *C.fl_look
}

// NewLooker makes room for stacks of that many frames.
func NewLooker(max int) *Looker {
	l := &Looker{c: (*C.fl_look)(C.calloc(1, C.sizeof_fl_look))}
	l.c.stack.pcs = (*C.uintptr_t)(C.calloc(C.size_t(max), C.sizeof_uintptr_t))
	l.c.stack.max = C.size_t(max)
	return l
}

// Free gives the room back. The slots that were looked at must be gone.
func (l *Looker) Free() {
	C.free(unsafe.Pointer(l.c.stack.pcs))
	C.free(unsafe.Pointer(l.c))
}

// Look takes the stack of the run of that generation. The guest goes on at once.
// wait is called between attempts, with their number from 0 on, and says whether to
// make another: a signal takes a moment to arrive, and may find the guest between two
// frames. It is not ok if the run ended meanwhile.
func (s *Slot) Look(l *Looker, generation uint64, wait func(attempt int) bool) (_ Stack, ok bool) {
	C.fl_want_look(s.c, l.c, C.uint64_t(generation))
	// Every signal costs the guest microseconds: another is sent when one has found
	// no stack, or perhaps nobody.
	const patience, often = 120, 8
	missed := uint32(0)
	for attempt := 0; ; attempt++ {
		now := uint32(C.fl_looks_missed(l.c))
		again := now != missed || attempt >= patience && attempt%often == 0
		if (attempt == 0 || again) && s.Kick() != nil {
			break // the thread is gone, and so is the run
		}
		missed = now
		if !wait(attempt) || bool(C.fl_look_taken(l.c)) {
			break
		}
	}
	if !C.fl_end_look(s.c, l.c) {
		return Stack{}, false
	}
	return goStack(&l.c.stack, Place(l.c.stack.place)), true
}

// MixStacks makes the guests' frames part of Go's own stacks, in profiles and in
// runtime.Callers, for the rest of the process's life. Host calls then take a few
// nanoseconds longer.
func MixStacks() { mixStacks() }

var mixStacks = sync.OnceFunc(func() {
	runtime.SetCgoTraceback(0, unsafe.Pointer(C.fl_cgo_traceback), nil, nil)
	C.fl_mix_stacks(true)
})
