package cli

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func testGDBShowsGlobals(t *testing.T, dir string) {
	for _, opt := range []string{"0", "2"} {
		out := debugger(t, dir, ask("gdb", "t/globals"+opt, []string{"visit"}, []string{
			"p visits", "p total", "p calls", "p corner", "p at->second", "p primes", "p words[1]", "p &visits", "whatis visits",
			"watch visits", "continue", "continue", "watch primes[2]", "continue", "delete", "continue",
		})...)
		wants(t, out, `Thread .* hit Breakpoint 1(\.\d+)?, visit \(n=`,
			`\$1 = 3`, `\$2 = 0`, `\$3 = 40`, `\$4 = \{first = 1, second = 2\}`, `\$5 = 2`, `\$6 = \{2, 3, 5, 7\}`, `\$7 = 0x[0-9a-f]+ "one"`,
			`\$8 = \(int \*\) 0x`, `type = int`,
			`Hardware watchpoint 2: visits`, `Thread .* hit Hardware watchpoint 2: visits`, `Old value = 3`, `New value = 4`,
			`Thread .* hit Breakpoint 1`,
			`Hardware watchpoint 3: primes\[2\]`, `Thread .* hit Hardware watchpoint 2: visits`, `Old value = 4`, `New value = 6`,
			`9 15 43 one`)
		out = debugger(t, dir, ask("gdb", "t/globalscpp"+opt, []string{"sell"}, []string{
			"p shop::Counter::count", "p shop::ratio", "p shop::hidden", "watch shop::Counter::count", "continue",
		})...)
		wants(t, out, `\$1 = 7`, `\$2 = 1.5`, `\$3 = 11`, `Thread .* hit Hardware watchpoint 2: shop::Counter::count`, `Old value = 7`, `New value = 8`)
		out = debugger(t, dir, ask("gdb", "t/globalsrust"+opt, []string{"visit"}, []string{
			"p VISITS.v.value", "p globals::shop::RATIO", "p 'globals::visit::CALLS'", "watch globals::shop::RATIO", "continue",
		})...)
		wants(t, out, `\$1 = 3`, `\$2 = 1.5`, `\$3 = \{v = \{value = 40\}\}`, `Thread .* hit Hardware watchpoint 2: globals::shop::RATIO`, `Old value = 1.5`, `New value = 3`)
	}
}

// Without the extension, debug information alone leads to them.
func testGDBAloneShowsGlobals(t *testing.T, dir string) {
	out := debugger(t, dir, "gdb", "-nx", "-q", "-batch", "-iex", "set auto-load python-scripts off", "-ex", "set breakpoint pending on",
		"-ex", "break visit", "-ex", "run t globals0", "-ex", "p visits", "-ex", "p calls", "-ex", "p primes", "-ex", "watch visits", "-ex", "continue",
		"-ex", "delete", "-ex", "continue", filepath.Join(dir, "simple_runner"))
	wants(t, out, `\$1 = 3`, `\$2 = 40`, `\$3 = \{2, 3, 5, 7\}`, `Thread .* hit Hardware watchpoint 2: visits`, `Old value = 3`, `New value = 4`, `9 15 43 one`)
}

func testLLDBShowsGlobals(t *testing.T, dir string) {
	for _, version := range []string{"lldb-19", "lldb-22"} {
		for _, opt := range []string{"0", "2"} {
			out := debugger(t, dir, use(version, ask("lldb", "t/globals"+opt, []string{"visit"}, []string{
				"p visits", "target variable total corner primes", "p words[1]", "frame variable calls",
				"breakpoint delete -f", "watchpoint set variable visits", "continue", "continue",
			}))...)
			wants(t, out, `\(int\).* 3`, `\((int|long)\) total = 0`, `.* corner = \(first = 1, second = 2\)`, `.* primes = \(\[0\] = 2, \[1\] = 3, \[2\] = 5, \[3\] = 7\)`,
				`.*"one"`, `\(int\) calls = 40`, `Watchpoint 1 hit:`, `old value: 3`, `new value: 4`)
			out = debugger(t, dir, use(version, ask("lldb", "t/globalscpp"+opt, []string{"sell"}, []string{"target variable shop::Counter::count shop::ratio"}))...)
			wants(t, out, `\(int\) shop::Counter::count = 7`, `\(double\) shop::ratio = 1.5`)
		}
	}
}

// Of several instances of one module, the variables of the selected thread's are shown.
func testThreadsHaveTheirOwnGlobals(t *testing.T, dir string) {
	process := serveFour(t, dir)
	for _, by := range [][]string{{"gdb"}, {"lldb", "--use", "lldb-19"}, {"lldb", "--use", "lldb-22"}} {
		show := []string{"thread apply all -q -s print who", "watch -location turns", "continue"}
		if by[0] == "lldb" {
			show = []string{"p who"}
		}
		args := append(append([]string{"faaslens"}, by...), "--pid", fmt.Sprint(process), "--batch")
		for _, command := range show {
			args = append(args, "--ex", command)
		}
		out := debugger(t, dir, args...)
		if by[0] == "lldb" {
			wants(t, out, `Thread \d+ runs a function:`, `\(volatile \w+\).* [1-4]$`)
			continue
		}
		wants(t, out, `Thread \d+ runs a function:`, `Hardware watchpoint 1: -location turns`, `Thread .* hit Hardware watchpoint 1: -location turns`)
		for i := 1; i <= 4; i++ {
			if n := strings.Count(out, fmt.Sprintf(" = %d\n", i)); n != 1 {
				t.Errorf("%d instances have %d:\n%s", n, i, out)
			}
		}
	}
	// Without an extension, none of them is meant.
	out := debugger(t, dir, "gdb", "-nx", "-q", "-batch", "-iex", "set auto-load python-scripts off", "-p", fmt.Sprint(process), "-ex", "thread apply all print who")
	wants(t, out, `Cannot access memory at address 0x8000000000`)
}

// serveFour serves the function in a process whose code is compiled for debuggers, and has
// four invocations of it run without end: two in each of the engine's shards on two cores.
func serveFour(t *testing.T, dir string) (pid int) {
	t.Helper()
	cmd := exec.Command(filepath.Join(dir, "faaslens"), "serve", "--listen", "127.0.0.1:0", "--workers", "4")
	cmd.Env = append(os.Environ(), "FAASLENS_DIR="+dir, "FAASLENS_NATIVE_DEBUG=on")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // it was killed
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	url := strings.TrimSpace(strings.TrimPrefix(line, "ready: "))
	for i := 1; i <= 4; i++ {
		invoke := exec.Command(filepath.Join(dir, "faaslens"), "invoke", "--server", url, "--async", "--timeout", "1h", "t/globals0", "--", fmt.Sprint(i))
		if out, err := invoke.CombinedOutput(); err != nil {
			t.Fatalf("%v: %v\n%s", invoke, err, out)
		}
	}
	// They have begun when their stacks say so.
	for endless := 0; endless < 4; {
		out, err := exec.Command(filepath.Join(dir, "faaslens"), "stack", fmt.Sprint(cmd.Process.Pid)).CombinedOutput()
		if err != nil {
			t.Fatalf("stack: %v\n%s", err, out)
		}
		endless = strings.Count(string(out), "main at ")
	}
	return cmd.Process.Pid
}
