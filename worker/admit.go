package worker

import (
	"fmt"

	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/hostcall"
	"github.com/faaslens/faaslens/hostcall/wasi"
)

// What an initialisation may learn of its host, by the names of a Snapshot's Reads.
const (
	readsArguments   = "arguments"
	readsEnvironment = "environment"
	readsDirectories = "directories"
	readsFiles       = "files"
	readsClock       = "clock"
	readsRandom      = "random numbers"
	readsState       = "state"
)

// admitted are the host calls whose effects are in the guest's memory alone, or which only
// print, or which use state, as a zygote may once for a host, and what they tell the guest of its host, if anything that may be another thing
// in the next invocation.
var admitted = map[string]map[string]string{
	wasi.Module: {
		"args_get": readsArguments, "args_sizes_get": readsArguments,
		"environ_get": readsEnvironment, "environ_sizes_get": readsEnvironment,
		"clock_time_get": readsClock, "clock_res_get": "", "random_get": readsRandom,
		"fd_prestat_get": readsDirectories, "fd_prestat_dir_name": readsDirectories,
		"fd_fdstat_get": "", "fd_filestat_get": "", "fd_advise": "", "fd_close": "", "fd_seek": "", "fd_tell": "",
		"path_open": readsFiles, "path_filestat_get": readsFiles, "path_readlink": readsFiles, "fd_readdir": readsFiles,
		"fd_read": readsFiles, "fd_pread": readsFiles,
		"fd_write": "", "poll_oneoff": "", "sched_yield": "", "proc_exit": "",
	},
	"env": {
		"getuid": "", "geteuid": "", "getgid": "", "getegid": "", "getpid": "", "getppid": "", "getresuid": "", "getresgid": "",
		"uname": "", "gethostname": "", "getcwd": "", "sysconf": "", "confstr": "",
		"mmap": "", "munmap": "", "__sbrk": "", "bzero": "", "explicit_bzero": "",
		"puts": "", "__println": "", "exp2": "", "ioctl": "",
		"__lock": "", "__lockfile": "", "__unlockfile": "", "signal": "", "sigaction": "", "sigemptyset": "",
		"abort": "", "exit": "", "_Exit": "", "raise": "",
		"__faasm_read_state": readsState, "__faasm_read_state_offset": readsState,
		"__faasm_read_state_ptr": readsState, "__faasm_read_state_offset_ptr": readsState,
		"__faasm_write_state": readsState, "__faasm_write_state_offset": readsState, "__faasm_write_state_from_file": readsState,
		"__faasm_flag_state_dirty": readsState, "__faasm_flag_state_offset_dirty": readsState,
		"__faasm_push_state": readsState, "__faasm_push_state_partial": readsState, "__faasm_push_state_partial_mask": readsState,
		"__faasm_pull_state": readsState, "__faasm_append_state": readsState,
		"__faasm_read_appended_state": readsState, "__faasm_clear_appended_state": readsState,
		"__faasm_lock_state_read": readsState, "__faasm_lock_state_write": readsState,
		"__faasm_unlock_state_read": readsState, "__faasm_unlock_state_write": readsState,
		"__faasm_backtrace": "", "__faasm_memory_layout_protection": "",
	},
}

// admission is the hostcall.Guard of an initialisation: it lets it do what can be done once
// for all invocations.
type admission struct {
	reads   map[string]bool
	serves  bool   // the process serves functions that share state
	refused string // the first call that was not admitted, and why
}

// Enter implements hostcall.Observer.
func (*admission) Enter(*hostcall.Call, int) {}

// Leave implements hostcall.Observer.
func (*admission) Leave(*hostcall.Call, guest.Value, error) {}

// Admit implements hostcall.Guard.
func (a *admission) Admit(c *hostcall.Call) error {
	reads, ok := admitted[c.Spec.Module][c.Spec.Name]
	why := "which is not the same, or not done, for all invocations at once"
	if c.Spec.Module == wasi.Module {
		switch fd := c.Spec.Name; {
		case fd == "fd_write" && c.U32(0) != 1 && c.U32(0) != 2:
			ok, why = false, "to a file"
		case (fd == "fd_read" || fd == "fd_pread") && c.U32(0) == 0:
			ok, why = false, "from stdin, which is each invocation's own"
		case fd == "path_open" && wasi.OpensForChange(c):
			ok, why = false, "to change a file"
		}
	}
	switch {
	case !ok:
		a.refused = fmt.Sprintf("its initialisation calls %s, %s", c.Spec.Name, why)
	case reads == readsState && !a.serves:
		a.refused = refusedState
	}
	if a.refused != "" {
		return &guest.Trap{Code: guest.TrapHost, Message: a.refused}
	}
	if reads != "" {
		a.reads[reads] = true
	}
	return nil
}
