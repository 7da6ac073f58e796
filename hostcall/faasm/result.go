package faasm

import (
	"errors"
	"fmt"

	"github.com/faaslens/faaslens/guest"
)

// Result is the output that Faasm reports for a function that returned: its own
// output, which a return value other than zero replaces.
func Result(output []byte, returnValue int32) []byte {
	if returnValue == 0 {
		return output
	}
	return fmt.Appendf(nil, "Call failed (return value=%d)", returnValue)
}

// Failure is the output and the return value that Faasm reports for a function that
// did not return, such as one that trapped. id is the message's.
func Failure(id uint32, err error) (output []byte, returnValue int32) {
	what := err.Error()
	var trap *guest.Trap
	if errors.As(err, &trap) && trap.Code == guest.TrapHost && trap.Message != "" {
		what = trap.Message // as the host call threw it
	}
	return fmt.Appendf(nil, "Task %d threw exception. What: %s", id, what), 1
}
