package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// perfParts looks at what perf and callgrind need.
func perfParts(ctx context.Context) []diagnosed {
	privileged := mayProfile("/proc/self/status")
	paranoid := readSetting("/proc/sys/kernel/perf_event_paranoid")
	return []diagnosed{
		perfProgram(ctx),
		explainParanoid(paranoid, privileged),
		explainPointers(readSetting("/proc/sys/kernel/kptr_restrict"), privileged),
		explainCounters(countCycles()),
		valgrindProgram(),
	}
}

func profilingPart(name, verdict, found, next string) diagnosed {
	return diagnosed{Group: "profiling", Name: name, Verdict: verdict, Found: found, Next: next}
}

// perfProgram looks for perf itself.
func perfProgram(ctx context.Context) diagnosed {
	path, err := exec.LookPath("perf")
	if err != nil {
		return profilingPart("perf", verdictMissing, "not found", "for 'faaslens perf': apt-get install linux-perf (Ubuntu: linux-tools-generic)")
	}
	out, err := exec.CommandContext(ctx, path, "--version").Output()
	if err != nil {
		return profilingPart("perf", verdictMissing, path+" does not run: "+err.Error(), "install the one for this kernel: apt-get install linux-perf (Ubuntu: linux-tools-"+kernelRelease()+")")
	}
	return explainVersion(strings.TrimSpace(string(out)))
}

// kernelRelease is what uname -r prints.
func kernelRelease() string {
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		return "$(uname -r)"
	}
	return unix.ByteSliceToString(u.Release[:])
}

// explainVersion says what a version of perf, "perf version 6.1.0", can do.
func explainVersion(version string) diagnosed {
	number, _, _ := strings.Cut(strings.TrimPrefix(version, "perf version "), ".")
	if major, err := strconv.Atoi(number); err == nil && major < 6 {
		return profilingPart("perf", verdictNote, version, "it is older than 6.0, and names guests' functions only with --perf=map: install a newer one")
	}
	return profilingPart("perf", verdictOK, version, "")
}

func valgrindProgram() diagnosed {
	if _, err := exec.LookPath("valgrind"); err != nil {
		return profilingPart("valgrind", verdictMissing, "not found", "for 'faaslens callgrind': apt-get install valgrind")
	}
	return profilingPart("valgrind", verdictOK, "found", "")
}

func readSetting(path string) string {
	b, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(b))
}

// mayProfile reads from a process's status whether it has CAP_PERFMON or CAP_SYS_ADMIN,
// which perf_event_paranoid does not hold for (capabilities(7)).
func mayProfile(status string) bool {
	b, err := os.ReadFile(status)
	if err != nil {
		return false
	}
	const sysAdmin, perfmon = 21, 38
	for line := range strings.Lines(string(b)) {
		if value, ok := strings.CutPrefix(line, "CapEff:"); ok {
			set, err := strconv.ParseUint(strings.TrimSpace(value), 16, 64)
			return err == nil && set&(1<<sysAdmin|1<<perfmon) != 0
		}
	}
	return false
}

// setHostUp is how to change a setting for good.
const setHostUp = "; for good: ansible-playbook -i localhost, -c local deploy/ansible/perf.yml"

// explainParanoid says what kernel.perf_event_paranoid allows (Linux,
// Documentation/admin-guide/perf-security.rst; Debian and Ubuntu add 3 and 4).
func explainParanoid(value string, privileged bool) diagnosed {
	const name = "perf_event_paranoid"
	level, err := strconv.Atoi(value)
	switch {
	case value == "":
		return profilingPart(name, verdictMissing, "not there: this kernel has no perf events", "use a kernel with CONFIG_PERF_EVENTS, or 'faaslens callgrind'")
	case err != nil:
		return profilingPart(name, verdictNote, value, "")
	case privileged:
		return profilingPart(name, verdictOK, fmt.Sprintf("%d, which does not hold for you: you may use perf", level), "")
	case level >= 3:
		return profilingPart(name, verdictMissing, fmt.Sprintf("%d: perf may not be used", level), "sudo sysctl kernel.perf_event_paranoid=2, or run perf with CAP_PERFMON"+setHostUp)
	case level == 2:
		return profilingPart(name, verdictOK, "2: perf sees your own programs, without what the kernel does for them", "for that too: sudo sysctl kernel.perf_event_paranoid=1"+setHostUp)
	case level == 1:
		return profilingPart(name, verdictOK, "1: perf sees your own programs, and the kernel's part in them", "")
	}
	return profilingPart(name, verdictOK, fmt.Sprintf("%d: perf sees everything", level), "")
}

// explainPointers says what kernel.kptr_restrict hides (Linux,
// Documentation/admin-guide/sysctl/kernel.rst).
func explainPointers(value string, privileged bool) diagnosed {
	const name = "kptr_restrict"
	switch {
	case value == "2", value == "1" && !privileged:
		return profilingPart(name, verdictNote, value+": addresses of the kernel's functions are hidden, so perf cannot name them", "guests are named all the same; for the kernel: sudo sysctl kernel.kptr_restrict=0"+setHostUp)
	case value == "":
		return profilingPart(name, verdictNote, "not there", "")
	}
	return profilingPart(name, verdictOK, value, "")
}

// explainCounters says what it means that the processor's counters cannot be used.
func explainCounters(err error) diagnosed {
	const name = "hardware counters"
	switch {
	case err == nil:
		return profilingPart(name, verdictOK, "perf can count cycles", "")
	case errors.Is(err, unix.EACCES), errors.Is(err, unix.EPERM):
		return profilingPart(name, verdictNote, "perf events may not be used: "+err.Error(), "see perf_event_paranoid above; in a container, allow the system call perf_event_open (Docker: --cap-add PERFMON)")
	}
	return profilingPart(name, verdictNote, "none that can be used: "+err.Error(), "profiles use a clock in their place (-e cpu-clock), which is as good for finding where time goes; in a virtual machine, give it a PMU (QEMU: -cpu host,pmu=on)")
}
