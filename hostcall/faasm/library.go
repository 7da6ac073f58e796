package faasm

import (
	"math"

	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/hostcall"
)

// libraryCalls are pieces of C and C++ libraries that Faasm's toolchain left to the
// host.
func libraryCalls() []hostcall.Spec {
	free := func(*hostcall.Call) error { return nil }
	return []hostcall.Spec{
		call("exp2", hostcall.Result{Type: guest.F64}, exp2, hostcall.Param{Name: "x", Kind: hostcall.Float64}),
		// The unwinder finds nobody who catches: the C++ library then ends the
		// function.
		call("_Unwind_RaiseException", i32(), returns(0), address("exception")),
		call("_Unwind_DeleteException", none(), free, address("exception")),
		// The C library's own locks: a function has one thread.
		call("__lock", none(), free, address("lock")),
		call("__lockfile", i32(), returns(0), address("file")),
		call("__unlockfile", none(), free, address("file")),
	}
}

func exp2(c *hostcall.Call) error {
	c.SetResult(math.Float64bits(math.Exp2(c.F64(0))))
	return nil
}
