package wasmtime

/*
#include <stdlib.h>
#include "invocation.h"
#include "jit.h"
*/
import "C"

import "unsafe"

// Announce tells the debugger that traces this process, or will, of the object file of a
// module's code, once. It is taken back when the module is closed.
func (m *Module) Announce(file []byte) {
	o := (*C.fl_object)(C.calloc(1, C.sizeof_fl_object))
	o.file = (*C.char)(C.CBytes(file))
	o.size = C.uint64_t(len(file))
	C.fl_announce(o)
	m.object = o
}

func (m *Module) withdraw() {
	if m.object == nil {
		return
	}
	C.fl_withdraw(m.object)
	C.free(unsafe.Pointer(m.object.file))
	C.free(unsafe.Pointer(m.object))
}
