package faasm

import "github.com/faaslens/faaslens/hostcall"

func debugCalls() []hostcall.Spec {
	return []hostcall.Spec{
		call("__faasm_backtrace", none(), backtrace, number("depth")),
		call("__faasm_host_interface_test", none(), hostInterfaceTest, number("test")),
		// Faasm's header declares this function so that a module that never
		// grows its memory still may; C code imports it, and calling it grows
		// the memory by nothing.
		call("__faasm_memory_layout_protection", none(), func(*hostcall.Call) error { return nil }),
	}
}

func backtrace(c *hostcall.Call) error {
	f := invocation(c).cfg.Backtrace
	if f == nil {
		return trap("%s.%s is not provided", c.Spec.Module, c.Spec.Name)
	}
	return f(c.I32(0), c)
}

// hostInterfaceTest ends the invocation with one of Faasm's exceptions; the texts
// are Faasm's.
func hostInterfaceTest(c *hostcall.Call) error {
	if c.I32(0) == 1 {
		return trap("Migrating MPI rank")
	}
	return trap("Unrecognised host interface test!")
}
