package faasm

import (
	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/hostcall"
)

// Target says what a chained call runs: a function of the same user, one out of the
// table of this one's module, or an entry of the same Python function.
type Target struct {
	Function    string
	Pointer     uint32 // index in the table, if ByPointer
	ByPointer   bool
	PythonEntry string
}

// Chained is how a chained call ended.
type Chained struct {
	ReturnValue int32
	Output      []byte
}

// Chain starts invocations for a guest and waits for them.
type Chain interface {
	// Start starts an invocation and returns the number by which guests know it. An
	// error ends the guest. The input is only valid until it returns.
	Start(c *hostcall.Call, t Target, input []byte) (id uint32, err error)
	// Await waits for one to end. It is not ok if there is none of that number, or
	// if it takes too long. An error ends the guest.
	Await(c *hostcall.Call, id uint32) (_ Chained, ok bool, err error)
}

func chainCalls() []hostcall.Spec {
	id := hostcall.Result{Type: guest.I32, Show: showSize}
	number := hostcall.Param{Name: "id", Kind: hostcall.Int32, Show: showSize}
	return []hostcall.Spec{
		call("__faasm_chain_name", id, func(c *hostcall.Call) error {
			return chain(c, Target{Function: c.String(0)}, c.Bytes(1))
		}, text("name"), bytesIn("input")),
		call("__faasm_chain_ptr", id, func(c *hostcall.Call) error {
			return chain(c, Target{ByPointer: true, Pointer: c.U32(0)}, c.Bytes(1))
		}, hostcall.Param{Name: "function", Kind: hostcall.Int32, Show: showSize}, bytesIn("input")),
		call("__faasm_chain_py", id, func(c *hostcall.Call) error {
			return chain(c, Target{PythonEntry: c.String(0)}, c.Bytes(1))
		}, text("entry"), bytesIn("input")),
		call("__faasm_await_call", i32(), awaitCall, number),
		call("__faasm_await_call_output", i32(), awaitOutput, number,
			hostcall.Param{Name: "output", Kind: hostcall.Out, Size: 4}, hostcall.Param{Name: "length", Kind: hostcall.Out, Size: 4}),
	}
}

func chain(c *hostcall.Call, t Target, input []byte) error {
	chain := invocation(c).cfg.Chain
	if chain == nil {
		return trap("%s.%s is not provided: nothing runs here that could run other functions", c.Spec.Module, c.Spec.Name)
	}
	id, err := chain.Start(c, t, input)
	c.SetResult(uint64(id))
	return err
}

// await waits for the call that the guest names. What cannot be waited for has
// failed: Faasm returns 1 for a timeout and for any other error.
func await(c *hostcall.Call) (Chained, error) {
	chain := invocation(c).cfg.Chain
	if chain == nil {
		return Chained{ReturnValue: 1}, nil
	}
	r, ok, err := chain.Await(c, c.U32(0))
	if !ok && err == nil {
		r = Chained{ReturnValue: 1}
	}
	return r, err
}

func awaitCall(c *hostcall.Call) error {
	r, err := await(c)
	c.SetResult(uint64(uint32(r.ReturnValue)))
	return err
}

// awaitOutput puts the output into memory that the guest's malloc gives, for the guest
// to free.
func awaitOutput(c *hostcall.Call) error {
	r, err := await(c)
	if err != nil {
		return err
	}
	c.Refresh() // another guest ran meanwhile, but this one's memory may not be where it was
	size := uint32(len(r.Output))
	var at uint32
	if size > 0 {
		v, err := c.Guest.CallExport("malloc", guest.ValueI32(int32(size)))
		if err != nil {
			return trap("%s: the output of call %d needs the guest's malloc: %v: build it with -Wl,--export=malloc", c.Spec.Name, c.U32(0), err)
		}
		c.Refresh()
		at = v.U32()
		into, ok := c.Guest.Memory().Slice(at, size)
		if at == 0 || !ok {
			return trap("%s: the guest's malloc gave no room for the %d bytes of output of call %d", c.Spec.Name, size, c.U32(0))
		}
		copy(into, r.Output)
	}
	c.PutU32(1, at)
	c.PutU32(2, size)
	c.SetResult(uint64(uint32(r.ReturnValue)))
	return nil
}
