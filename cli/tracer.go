package cli

import (
	"errors"
	"os"
	"strconv"
	"strings"
	"time"
)

// nativeDebugVariable says in the environment whether functions are compiled for gdb and
// lldb: on or off. Without it they are where one of them started the program.
const nativeDebugVariable = "FAASLENS_NATIVE_DEBUG"

// nativeDebug reports whether functions are to be compiled for gdb and lldb.
func (s *session) nativeDebug() (bool, error) {
	switch v := s.env.get(nativeDebugVariable); v {
	case "on", "1":
		return true, nil
	case "off", "0":
		return false, nil
	case "":
		return tracedBy("/proc") != "", nil
	default:
		return false, &usageError{errors.New(nativeDebugVariable + "=" + v + ": want on or off")}
	}
}

// patience is the deadline of a function for which none was given: none where a
// debugger's user thinks for longer.
func patience() time.Duration {
	if tracedBy("/proc") != "" {
		return -1
	}
	return 0
}

// tracedBy is the name of the program that debugs this one, or empty. Programs that
// only watch system calls do not count.
func tracedBy(proc string) string {
	b, err := os.ReadFile(proc + "/self/status")
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(b)) {
		value, ok := strings.CutPrefix(line, "TracerPid:")
		if !ok {
			continue
		}
		pid, err := strconv.Atoi(strings.TrimSpace(value))
		if err != nil || pid == 0 {
			return ""
		}
		name := "a debugger" // of another namespace, or another user's
		if b, err := os.ReadFile(proc + "/" + strconv.Itoa(pid) + "/comm"); err == nil {
			name = strings.TrimSpace(string(b))
		}
		if name == "strace" || name == "ltrace" {
			return ""
		}
		return name
	}
	return ""
}
