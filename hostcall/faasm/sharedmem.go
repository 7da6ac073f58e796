package faasm

import (
	"strconv"

	"github.com/faaslens/faaslens/hostcall"
)

// sharedMemoryCalls tell Faasm how to merge the memories of threads that ran on
// several hosts. An invocation here is alone on its host and in its memory: locks
// are free and there is nothing to merge.
func sharedMemoryCalls() []hostcall.Spec {
	free := func(*hostcall.Call) error { return nil }
	return []hostcall.Spec{
		call("__faasm_sm_critical_local", none(), free),
		call("__faasm_sm_critical_local_end", none(), free),
		call("__faasm_sm_reduce", none(), reduce,
			address("var"),
			hostcall.Param{Name: "type", Kind: hostcall.Int32, Show: showName(reduceTypes())},
			hostcall.Param{Name: "op", Kind: hostcall.Int32, Show: showName(reduceOps())},
			number("currentBatch")),
	}
}

func reduceTypes() []string {
	return []string{"raw", "bool", "int", "long", "float", "double"}
}

func reduceOps() []string {
	return []string{"overwrite", "sum", "product", "subtract", "max", "min"}
}

func showName(names []string) func(uint64) string {
	return func(v uint64) string {
		if v < uint64(len(names)) {
			return names[v]
		}
		return strconv.Itoa(int(int32(v)))
	}
}

// reduce checks what Faasm checks, with its texts, and registers nothing. Faasm
// logs an error for the type raw and goes on as if it were bool; this traps.
func reduce(c *hostcall.Call) error {
	if c.I32(3) == 1 {
		return nil // Faasm ignores the variables of a batch on a single host
	}
	switch t := c.U32(1); {
	case t == 0:
		return trap("Cannot declare untyped merge regions from code")
	case t >= uint32(len(reduceTypes())):
		return trap("Unrecognised shared memory data type")
	}
	if c.U32(2) >= uint32(len(reduceOps())) {
		return trap("Unrecognised merge operation")
	}
	return nil
}
