package faasm

import "github.com/faaslens/faaslens/hostcall"

// messageCalls are what Faasm calls the message: the function's input and
// output, and what else the invocation says about itself.
func messageCalls() []hostcall.Spec {
	return []hostcall.Spec{
		call("__faasm_read_input", i32(), readInput, bytesOut("buf")),
		call("__faasm_write_output", none(), writeOutput, bytesIn("out")),
		call("__faasm_conf_flag", i32(), confFlag, text("key")),
		call("__faasm_get_py_user", none(), pythonUser, bytesOut("buf")),
		call("__faasm_get_py_func", none(), pythonFunction, bytesOut("buf")),
		call("__faasm_get_py_entry", none(), pythonEntry, bytesOut("buf")),
	}
}

// readInput copies as much of the input as fits and returns how much that is; with
// no room at all it returns the input's size.
func readInput(c *hostcall.Call) error {
	in, buf := invocation(c).cfg.Input, c.Bytes(0)
	if len(buf) == 0 {
		c.SetResult(uint64(uint32(len(in))))
		return nil
	}
	n := copy(buf, in)
	c.SetFilled(uint32(n))
	c.SetResult(uint64(n))
	return nil
}

// writeOutput replaces the function's output. Faasm's first engine reads a
// C string here; like its second, this takes the length at its word.
func writeOutput(c *hostcall.Call) error {
	return invocation(c).setOutput(c.Bytes(0))
}

func confFlag(c *hostcall.Call) error {
	v, on := invocation(c), false
	switch string(c.Bytes(0)) {
	case "PYTHON_PRELOAD":
		on = v.cfg.Python.Preload
	case "ALWAYS_ON":
		on = true
	case "ALWAYS_OFF":
	default:
		v.warnUnknownFlag(c.Bytes(0))
	}
	c.SetResult(0)
	if on {
		c.SetResult(1)
	}
	return nil
}

func pythonUser(c *hostcall.Call) error {
	user := invocation(c).cfg.Python.User
	if user == "" {
		return trap("Python user empty, cannot return")
	}
	return putPython(c, "user", user)
}

func pythonFunction(c *hostcall.Call) error {
	return putPython(c, "function", invocation(c).cfg.Python.Function)
}

func pythonEntry(c *hostcall.Call) error {
	return putPython(c, "entry", invocation(c).cfg.Python.Entry)
}

// putPython fills the buffer with the value and a NUL. Faasm writes behind the end
// of a buffer that is too small; this traps.
func putPython(c *hostcall.Call, what, value string) error {
	buf := c.Bytes(0)
	if len(value) >= len(buf) {
		return trap("Python %s %q and its NUL need %d bytes, the function's buffer has %d: use a shorter name",
			what, value, len(value)+1, len(buf))
	}
	n := copy(buf, value)
	buf[n] = 0
	c.SetFilled(uint32(n + 1))
	return nil
}
