package wasmtime

/*
#include <stdlib.h>
#include "invocation.h"
#include "jit.h"
*/
import "C"

import "unsafe"

// Announce tells the debugger that traces this process, or will, of the object file of a
// module's code, once. It is taken back when the module is closed. The file is built for
// the address of a word that has the address of the memory of the instance that the user
// looks at; of the only one that runs, where no debugger's extension says which.
func (m *Module) Announce(build func(memory uintptr) ([]byte, error)) error {
	o := C.fl_new_object()
	file, err := build(uintptr(unsafe.Pointer(&o.memory)))
	if err != nil {
		C.free(unsafe.Pointer(o))
		return err
	}
	o.file = (*C.char)(C.CBytes(file))
	o.size = C.uint64_t(len(file))
	C.fl_announce(o)
	m.object, m.c.object = o, o
	return nil
}

func (m *Module) withdraw() {
	if m.object == nil {
		return
	}
	C.fl_withdraw(m.object)
	C.free(unsafe.Pointer(m.object.file))
	C.free(unsafe.Pointer(m.object))
}
