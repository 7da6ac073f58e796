package faasm

import (
	"fmt"
	"strconv"

	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/hostcall"
)

func processCalls() []hostcall.Spec {
	sig := hostcall.Param{Name: "signum", Kind: hostcall.Int32, Show: showSignal}
	return []hostcall.Spec{
		call("abort", none(), abort),
		call("exit", none(), exit, number("status")),
		call("_Exit", none(), exit, number("status")),
		// Nothing sends a signal, so that any handler is as good as set.
		call("signal", pointer(), returns(0), sig, address("handler")),
		call("sigaction", i32(), sigaction, sig, address("act"), address("oldact")),
		call("sigemptyset", i32(), returns(0), address("set")),
		call("raise", i32(), raise, sig),
		call("syscall", i32(), systemCall, number("number"), address("args")),
	}
}

// abort traps. In Faasm it ends the function with code 0, a success.
func abort(*hostcall.Call) error { return trap("abort called") }

func exit(c *hostcall.Call) error { return &guest.Exit{Code: c.I32(0)} }

// sigaction says that no handler was set. Faasm leaves the old action as it finds it.
func sigaction(c *hostcall.Call) error {
	c.SetResult(0)
	old := c.U32(2)
	if old == 0 {
		return nil
	}
	handler, ok := c.Slice(old, 4)
	if !ok {
		c.SetResult(failed)
	}
	clear(handler)
	return nil
}

// systemCall knows gettid only, as in Faasm.
func systemCall(c *hostcall.Call) error {
	if c.U32(0) != systemCallGettid {
		return trap("system call %d is not provided: only gettid (%d) is", c.U32(0), systemCallGettid)
	}
	c.SetResult(threadID)
	return nil
}

// Signals that do nothing unless they are handled (signal(7)).
const (
	sigChild    = 17
	sigContinue = 18
	sigUrgent   = 23
	sigWindow   = 28
	sigCount    = 64
)

// raise does what the signal does where no handler is: nothing, or it ends the
// function. In Faasm every signal does, without saying which.
func raise(c *hostcall.Call) error {
	switch n := c.U32(0); n {
	case 0, sigChild, sigContinue, sigUrgent, sigWindow:
		c.SetResult(0)
	default:
		if n > sigCount {
			c.SetResult(failed)
			return nil
		}
		return trap("function raised %s", showSignal(uint64(n)))
	}
	return nil
}

func showSignal(v uint64) string {
	names := [...]string{
		1: "SIGHUP", 2: "SIGINT", 3: "SIGQUIT", 4: "SIGILL", 5: "SIGTRAP", 6: "SIGABRT", 7: "SIGBUS",
		8: "SIGFPE", 9: "SIGKILL", 10: "SIGUSR1", 11: "SIGSEGV", 12: "SIGUSR2", 13: "SIGPIPE",
		14: "SIGALRM", 15: "SIGTERM", 16: "SIGSTKFLT", sigChild: "SIGCHLD", sigContinue: "SIGCONT",
		19: "SIGSTOP", 20: "SIGTSTP", 21: "SIGTTIN", 22: "SIGTTOU", sigUrgent: "SIGURG",
		24: "SIGXCPU", 25: "SIGXFSZ", 26: "SIGVTALRM", 27: "SIGPROF", sigWindow: "SIGWINCH",
		29: "SIGPOLL", 30: "SIGPWR", 31: "SIGSYS",
	}
	if v > 0 && v < uint64(len(names)) {
		return names[v]
	}
	if v <= sigCount && v > 31 {
		return fmt.Sprintf("signal %d", v)
	}
	return strconv.Itoa(int(int32(v)))
}
