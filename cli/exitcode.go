package cli

import (
	"errors"
	"fmt"

	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/store"
)

// Exit codes, beside the function's own. They are the shell's, timeout(1)'s and
// those of a process that a signal ended.
const (
	exitOK         = 0
	exitFailed     = 1
	exitMisuse     = 2
	exitDeadline   = 124 // as timeout(1)
	exitCannotRun  = 126 // found, but cannot be executed
	exitNotFound   = 127
	exitSignal     = 128 // and the signal's number
	exitTrap       = 134 // as a process that aborted
	exitOutOfLimit = 137 // as a process that the kernel killed for its memory
	exitCancelled  = 143 // as a process that was told to end by SIGTERM
	exitOutput     = 153 // as a process beyond its limit on file size
)

// exitStatus ends the program with a code when all has been said.
type exitStatus struct {
	code int
}

func (e *exitStatus) Error() string { return fmt.Sprintf("exit status %d", e.code) }

// usageError is a command line that cannot be what its author meant.
type usageError struct {
	err error
}

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

func misuse(format string, args ...any) error {
	return &usageError{fmt.Errorf(format, args...)}
}

// exitCode is what an error that ended a command means for the program's exit.
func exitCode(err error) int {
	var (
		usage   *usageError
		signal  *interrupted
		trap    *guest.Trap
		limit   *guest.Limit
		cannot  *cannotRun
		link    *guest.LinkError
		invalid *guest.InvalidModule
		value   *noValue
	)
	switch {
	case errors.As(err, &usage):
		return exitMisuse
	case errors.As(err, &signal):
		return exitSignal + int(signal.signal)
	case errors.Is(err, store.ErrNotFound), errors.As(err, &value):
		return exitNotFound
	case errors.As(err, &cannot), errors.As(err, &link), errors.As(err, &invalid):
		return exitCannotRun
	case errors.As(err, &trap):
		return exitTrap
	case errors.As(err, &limit):
		return limitCode(limit.Kind)
	}
	return exitFailed
}

func limitCode(k guest.LimitKind) int {
	switch k {
	case guest.LimitDeadline:
		return exitDeadline
	case guest.LimitOutput:
		return exitOutput
	case guest.LimitMemory, guest.LimitTable:
		return exitOutOfLimit
	case guest.LimitStack:
		return exitTrap
	case guest.LimitCancelled:
		return exitCancelled
	}
	return exitFailed
}

// functionCode is the exit code for what a function returned. A process can only
// tell eight bits; a failure must not become a success by that.
func functionCode(code int32) int {
	if code != 0 && code&0xff == 0 {
		return 0xff
	}
	return int(code & 0xff)
}
