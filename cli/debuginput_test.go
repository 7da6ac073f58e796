package cli

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// debuggersOf are the command lines of faaslens for each debugger.
func debuggersOf() map[string][]string {
	return map[string][]string{"gdb": {"gdb"}, "lldb-19": {"lldb", "--use", "lldb-19"}, "lldb-22": {"lldb", "--use", "lldb-22"}}
}

// A function that a debugger runs reads what its stdin was redirected to.
func testDebuggersPassInput(t *testing.T, dir string) {
	path := filepath.Join(t.TempDir(), "input")
	if err := os.WriteFile(path, []byte("first\nsecond\nthird\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for name, input := range map[string]struct {
		shell string
		want  []string
	}{
		"a file":               {`"$@" < 'INPUT'`, []string{"first", "second", "third", "19"}},
		"a file in its middle": {`{ read line; "$@"; } < 'INPUT'`, []string{"second", "third", "13"}},
		"a pipe":               {`cat 'INPUT' | "$@"`, []string{"first", "second", "third", "19"}},
		"nothing":              {`"$@" < /dev/null`, []string{"0"}},
	} {
		for version, by := range debuggersOf() {
			args := append(append([]string{filepath.Join(dir, "faaslens")}, by...), "t/echo0", "--batch", "--break", "echo_stdin.c:11", "--ex", "continue")
			t.Run(version+" "+name, func(t *testing.T) {
				out := debugger(t, dir, append([]string{"sh", "-c", strings.ReplaceAll(input.shell, "INPUT", path), "sh"}, args...)...)
				wants(t, out, `.*echo_stdin.c:1\d`)
				// lldb gives the function a terminal to write to.
				lines := strings.Split(strings.ReplaceAll(out, "\r", ""), "\n")
				have := slices.DeleteFunc(lines, func(line string) bool { return !slices.Contains(append(input.want, "first"), line) })
				if diff := cmp.Diff(input.want, have); diff != "" {
					t.Errorf("the function's output (-want +got):\n%s\nin\n%s", diff, out)
				}
			})
		}
	}
}

// The input can be another one, and the arguments remain.
func testDebuggersChangeInput(t *testing.T, dir string) {
	path := filepath.Join(t.TempDir(), "other input")
	if err := os.WriteFile(path, []byte("other\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, by := range debuggersOf() {
		args := append(append([]string{"faaslens"}, by...), "t/echo0", "--batch", "--ex", "wasm input '"+path+"'", "--ex", "run", "--", "--", "3")
		wants(t, debugger(t, dir, args...), `other`, `6`)
	}
}

// A place that the function does not have is an error in the end, and not before.
func testDebuggersMissPlaces(t *testing.T, dir string) {
	for version, by := range debuggersOf() {
		for name, c := range map[string]struct {
			breaks []string
			code   int
			want   string
		}{
			"places that are there":   {[]string{"--break", "sum", "--break", "list.c:17", "--break", "main"}, 0, ""},
			"places that are not":     {[]string{"--break", "wlak", "--break", "main"}, 1, `--break wlak: the function has no such place`},
			"places of the host only": {[]string{"--break", "fl_call"}, 1, `--break fl_call: the function has no such place`},
		} {
			t.Run(version+" "+name, func(t *testing.T) {
				args := append(append([]string{"faaslens"}, by...), "t/list0", "--batch")
				out, code := debuggerExit(t, dir, append(args, c.breaks...)...)
				if code != c.code {
					t.Errorf("exit code %d, want %d", code, c.code)
				}
				if n := strings.Count(out, "no such place"); n != c.code {
					t.Errorf("%d places are said to miss", n)
				}
				wants(t, out, c.want)
				if strings.Contains(out, "not defined") {
					t.Errorf("a place that is not there yet looks wrong:\n%s", out)
				}
			})
		}
	}
}
