package cli

import (
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/faaslens/faaslens/engine"
	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/hostcall"
)

// enoughAddresses is the address space that a few instances reserve.
const enoughAddresses = 256 << 30

// engineParts looks at what the engine needs of the machine.
func engineParts() []diagnosed {
	part := func(name, verdict, found, next string) diagnosed {
		return diagnosed{Group: "engine", Name: name, Verdict: verdict, Found: found, Next: next}
	}
	all := []diagnosed{
		part("version", verdictOK, engine.Version, ""),
		part("processor", verdictNote, fmt.Sprintf("%d × %s%s", runtime.NumCPU(), runtime.GOARCH, processorFeatures("/proc/cpuinfo")), ""),
	}
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_AS, &limit); err == nil {
		p := part("address space", verdictOK, "unlimited", "")
		if limit.Cur != unix.RLIM_INFINITY {
			p.Found = "limited to " + guest.FormatBytes(limit.Cur)
			if limit.Cur < enoughAddresses {
				p.Verdict, p.Next = verdictNote, "instances reserve address space, not memory: lift the limit with 'ulimit -v unlimited'"
			}
		}
		all = append(all, p)
	}
	if err := unix.Getrlimit(unix.RLIMIT_STACK, &limit); err == nil {
		p := part("stack", verdictOK, "unlimited", "")
		if limit.Cur != unix.RLIM_INFINITY {
			p.Found = guest.FormatBytes(limit.Cur) + " for a thread"
		}
		p.Found += fmt.Sprintf("; functions get %s, at most %s", guest.FormatBytes(engine.DefaultStack), guest.FormatBytes(engine.MaxStack))
		all = append(all, p)
	}
	return append(all, startEngine())
}

// startEngine tries whether the pool that a server has can be reserved.
func startEngine() diagnosed {
	p := diagnosed{Group: "engine", Name: "pool", Verdict: verdictNote}
	table, err := hostcall.NewTable()
	if err != nil {
		p.Found = err.Error()
		return p
	}
	cfg := engine.Config{Calls: table}
	e, err := engine.New(cfg)
	if err != nil {
		p.Found = err.Error()
		return p
	}
	e.Close()
	p.Verdict = verdictOK
	p.Found = fmt.Sprintf("%d shard(s) of %d instances can be reserved", runtime.GOMAXPROCS(0), engine.DefaultSlots)
	return p
}

// processorFeatures names what compiled code makes use of, as the kernel has it.
func processorFeatures(cpuinfo string) string {
	b, err := os.ReadFile(cpuinfo)
	if err != nil {
		return ""
	}
	used := map[string]bool{
		"sse4_1": true, "sse4_2": true, "popcnt": true, "avx": true, "avx2": true, "fma": true, "bmi1": true, "bmi2": true,
		"abm": true, "avx512f": true, "avx512vl": true, "avx512dq": true, "avx512_bitalg": true, "avx512vbmi": true,
		"atomics": true, "paca": true, "asimdhp": true,
	}
	for line := range strings.Lines(string(b)) {
		name, value, _ := strings.Cut(line, ":")
		if name = strings.TrimSpace(name); name != "flags" && name != "Features" {
			continue
		}
		var found []string
		for _, f := range strings.Fields(value) {
			if used[f] {
				found = append(found, f)
			}
		}
		return ": " + strings.Join(found, " ")
	}
	return ""
}

// lowSpace is below what building and caching comfortably take.
const lowSpace = 1 << 30

func freeSpace(dir string) diagnosed {
	p := diagnosed{Group: "data", Name: "free space", Verdict: verdictOK}
	var st unix.Statfs_t
	if err := unix.Statfs(dir, &st); err != nil {
		p.Verdict, p.Found = verdictFailed, err.Error()
		return p
	}
	free := st.Bavail * uint64(st.Bsize)
	p.Found = guest.FormatBytes(free)
	if free < lowSpace {
		p.Verdict, p.Next = verdictNote, "compiled images take several times their modules: free some space, or set FAASLENS_DIR to another disk"
	}
	return p
}

// print writes the findings, one part a line, and the next step below it.
func (d *diagnosis) print(w io.Writer) {
	group := ""
	for _, p := range d.Parts {
		if p.Group != group {
			group = p.Group
			fmt.Fprintln(w, group)
		}
		fmt.Fprintf(w, "  %-7s  %-20s  %s\n", p.Verdict, p.Name, indent(p.Found))
		if p.Next != "" {
			fmt.Fprintf(w, "  %-7s  %-20s  → %s\n", "", "", indent(p.Next))
		}
	}
	if d.Works {
		fmt.Fprintln(w, "functions can be built and run")
	} else {
		fmt.Fprintln(w, "functions cannot be built, kept and run yet: see what failed above")
	}
}

func indent(s string) string { return strings.ReplaceAll(s, "\n", "\n"+strings.Repeat(" ", 33)) }
