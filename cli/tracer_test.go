package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestDebuggersAreToldFromOtherTracers(t *testing.T) {
	for name, c := range map[string]struct{ status, comm, want string }{
		"nobody traces it":                    {"Name:\tx\nTracerPid:\t0\n", "", ""},
		"gdb does":                            {"Name:\tx\nTracerPid:\t7\n", "gdb\n", "gdb"},
		"lldb does":                           {"TracerPid:\t7\n", "lldb-server\n", "lldb-server"},
		"strace only watches":                 {"TracerPid:\t7\n", "strace\n", ""},
		"somebody does whose name is unknown": {"TracerPid:\t7\n", "", "a debugger"},
		"the kernel says nothing":             {"", "", ""},
		"the kernel says something else":      {"TracerPid:\tmany\n", "", ""},
	} {
		proc := t.TempDir()
		for path, content := range map[string]string{"self/status": c.status, "7/comm": c.comm} {
			path = filepath.Join(proc, path)
			if content == "" {
				continue
			}
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if got := tracedBy(proc); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestDoctorKnowsWhatPtraceScopeAllows(t *testing.T) {
	for scope, want := range map[string]string{
		"":    "not restricted",
		"0\n": "attach to your processes",
		"1\n": "attach as root only",
		"2\n": "work as root only",
		"3\n": "work for nobody",
	} {
		dir := t.TempDir()
		if scope != "" {
			if err := os.MkdirAll(filepath.Join(dir, "yama"), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, "yama", "ptrace_scope"), []byte(scope), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if p := ptraceScope(dir); !strings.Contains(p.Found, want) || (p.Verdict == verdictOK) != (p.Next == "") {
			t.Errorf("scope %q: %+v", scope, p)
		}
	}
}
