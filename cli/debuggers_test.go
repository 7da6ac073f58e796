package cli

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/faaslens/faaslens/internal/guesttest"
)

// The tests of debuggers share what they are tried on.
func TestDebuggers(t *testing.T) {
	dir := buildDebuggees(t)
	for name, test := range map[string]func(t *testing.T, dir string){
		"gdb stops, steps and shows C":        testGDBStopsStepsAndShowsC,
		"gdb alone works as in Faasm's guide": testGDBAloneWorksAsInFaasm,
		"gdb stops where a function traps":    testGDBStopsWhereAFunctionTraps,
		"gdb debugs what was stripped":        testGDBDebugsWhatWasStripped,
		"gdb is right of optimised code":      testGDBIsRightOfOptimisedCode,
		"gdb shows C++":                       testGDBShowsCxx,
		"gdb shows Rust":                      testGDBShowsRust,
		"debuggers attach":                    testDebuggersAttach,
		"gdb shows global variables":          testGDBShowsGlobals,
		"gdb shows objects and their parts":   testGDBShowsObjects,
		"gdb has arguments from the start":    testGDBHasArgumentsFromTheStart,
		"gdb shows blocks of Rust":            testGDBShowsBlocksOfRust,
		"lldb invents no structures":          testLLDBInventsNoStructures,
		"lldb stops in guests only":           testLLDBStopsInGuestsOnly,
		"gdb alone shows global variables":    testGDBAloneShowsGlobals,
		"lldb shows global variables":         testLLDBShowsGlobals,
		"threads have their own variables":    testThreadsHaveTheirOwnGlobals,
		"lldb does what gdb does":             testLLDBStopsStepsAndShows,
		"the page on debugging is current":    testDebuggingPageIsCurrent,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, dir)
		})
	}
}

// buildDebuggees builds the program and its functions in a directory.
func buildDebuggees(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	// Programs of tests have no symbols, by which debuggers find the engine's.
	build := exec.Command("go", "build", "-o", filepath.Join(dir, "faaslens"), "../cmd/faaslens")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %v\n%s", build, err, out)
	}
	if err := os.Symlink("faaslens", filepath.Join(dir, "simple_runner")); err != nil {
		t.Fatal(err)
	}
	env := append(os.Environ(), "FAASLENS_DIR="+dir)
	for name, args := range map[string][]string{
		"list0": {"list.c", "-O0"}, "list2": {"list.c", "-O2"}, "bare": {"list.c", "-O0", "--strip"},
		"cpp0": {"shapes.cpp", "-O0"}, "cpp2": {"shapes.cpp", "-O2"},
		"rust0": {"shapes.rs", "-O0"}, "rust2": {"shapes.rs", "-O2"},
		"globals0": {"globals.c", "tables.c", "-O0"}, "globals2": {"globals.c", "tables.c", "-O2"},
		"globalscpp0": {"globals.cpp", "-O0"}, "globalscpp2": {"globals.cpp", "-O2"},
		"zoo0": {"zoo.cpp", "-O0"}, "zoo2": {"zoo.cpp", "-O2"}, "zoorust0": {"zoo.rs", "-O0"}, "zoorust2": {"zoo.rs", "-O2"},
		"globalsrust0": {"globals.rs", "-O0"}, "globalsrust2": {"globals.rs", "-O2"},
	} {
		var log bytes.Buffer
		for i, arg := range args {
			if !strings.HasPrefix(arg, "-") {
				args[i] = filepath.Join(guesttest.Dir(), "debug", arg)
			}
		}
		args = append([]string{"faaslens", "build", "t/" + name}, args...)
		if code := Main(args, nil, &log, &log, env); code != 0 {
			t.Fatalf("%s: exit code %d\n%s", strings.Join(args, " "), code, log.String())
		}
	}
	return dir
}

// debugger runs a debugger, or anything else that starts one, in batch, and returns all
// that it wrote.
func debugger(t *testing.T, dir string, args ...string) string {
	t.Helper()
	out, _ := debuggerExit(t, dir, args...)
	return out
}

// debuggerExit is debugger, and returns the exit code too.
func debuggerExit(t *testing.T, dir string, args ...string) (output string, code int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	if args[0] == "faaslens" {
		args[0] = filepath.Join(dir, args[0])
	}
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Env = append(os.Environ(), "FAASLENS_DIR="+dir, "HOME="+t.TempDir(), "DEBUGINFOD_URLS=")
	out, err := cmd.CombinedOutput()
	if ctx.Err() != nil {
		t.Fatalf("%v hangs:\n%s", args, out)
	}
	if err != nil && !strings.Contains(err.Error(), "exit status") {
		t.Fatalf("%v: %v; scripts/deps.sh test installs what is missing", args, err)
	}
	return string(out), cmd.ProcessState.ExitCode()
}

// ask makes the arguments that have faaslens run a debugger's commands.
func ask(name, function string, breaks, commands []string, run ...string) []string {
	args := []string{"faaslens", name, function, "--batch"}
	for _, b := range breaks {
		args = append(args, "--break", b)
	}
	for _, c := range commands {
		args = append(args, "--ex", c)
	}
	if len(run) > 0 {
		args = append(append(args, "--"), run...)
	}
	return args
}

// use has faaslens lldb take that lldb.
func use(version string, args []string) []string {
	return append([]string{args[0], args[1], "--use", version}, args[2:]...)
}

// wants checks that the lines of an output come in this order; each is a regular
// expression that one of the lines must match from its start.
func wants(t *testing.T, output string, lines ...string) {
	t.Helper()
	rest := strings.Split(output, "\n")
	for _, want := range lines {
		re := regexp.MustCompile(`^\s*` + want)
		i := 0
		for i < len(rest) && !re.MatchString(rest[i]) {
			i++
		}
		if i == len(rest) {
			t.Fatalf("no line behind the last that was found is like\n  %s\nin\n%s", want, output)
		}
		rest = rest[i+1:]
	}
}

func testGDBStopsStepsAndShowsC(t *testing.T, dir string) {
	out := debugger(t, dir, ask("gdb", "t/list0", []string{"functionDef2", "list.c:17"}, []string{
		"info args", "p *list", "p list->next->name", "p *list->next", "p list[0].value", "p *(list + 1)", "p list->next == 0", "x/s $host(list->name)",
		"continue", "info locals", "wasm where", "wasm functions ^d", "wasm memory list 12", "wasm globals", "backtrace", "wasm backtrace --all",
		"delete", "watch all", "continue", "delete", "finish", "info locals", "next", "step",
	})...)
	wants(t, out,
		`Thread .* hit Breakpoint 1, sum \(list=\(node \*\) 0x[0-9a-f]+, scale=3\) at .*/list.c:15`,
		`15\s+int all = 0;`,
		`list = \(node \*\) 0x`, `scale = 3`,
		`\$1 = \{value = 10, name = 0x[0-9a-f]+ "first", next = \(node \*\) 0x[0-9a-f]+\}`,
		`\$2 = 0x[0-9a-f]+ "second"`,
		`\$3 = \{value = 20, name = 0x[0-9a-f]+ "second", next = \(node \*\) 0x`,
		`\$4 = 10`, `\$5 = \{value = 20,`, `\$6 = 0`, `0x[0-9a-f]+:\s+"first"`,
		`Thread .* hit Breakpoint 2, sum \(list=.* scale=3\) at .*/list.c:17`,
		`n = \(node \*\) 0x`, `all = 0`,
		`sum: functionDef2, function \d+ of the module`, `  wasm    0x[0-9a-f]+ in the module, 0x[0-9a-f]+ in its code section, \+0x`, `  source  .*/list.c:17`,
		`functionDef3 = descend at .*/list.c:22`, `functionDef4 = divide at .*/list.c:29`,
		`0x000[0-9a-f]+  0a 00 00 00`,
		`global 0 __stack_pointer \(mut i32\) = \d+ \(0x`,
		`#0  sum \(list=`, `#1  0x[0-9a-f]+ in descend \(depth=0, `, `#2 .* in descend \(depth=1, `, `#3 .* in descend \(depth=2, `, `#4 .* in main \(argc=1, `,
		`#\d+  <the host: \d+ frames; 'wasm backtrace --all' shows them>`,
		`#0  sum \(list=`, `#\d+ .* in fl_call\w* \(`,
		`Hardware watchpoint 3: all`, `Thread .* hit Hardware watchpoint 3: all`, `Old value = 0`, `New value = 30`,
		`0x[0-9a-f]+ in descend \(depth=0, list=`, `Value returned is \$\d+ = 180`,
		`twice = 0`,
		`27\s+\}`,
	)
	if !strings.Contains(out, "No source file") && strings.Count(out, "warning") > 0 {
		t.Errorf("gdb warns:\n%s", out)
	}
}

func testGDBAloneWorksAsInFaasm(t *testing.T, dir string) {
	out := debugger(t, dir, "gdb", "-nx", "-q", "-batch", "-iex", "set auto-load python-scripts off", "-ex", "set breakpoint pending on",
		"-ex", "break functionDef2", "-ex", "break list.c:17", "-ex", "run t list0", "-ex", "bt 3", "-ex", "p list->next->value",
		"-ex", "continue", "-ex", "info locals", "-ex", "p *n", "-ex", "delete", "-ex", "continue", filepath.Join(dir, "simple_runner"))
	wants(t, out,
		`Function "functionDef2" not defined.`, `Breakpoint 1 \(functionDef2\) pending.`,
		`Thread .* hit Breakpoint 1, sum \(list=\.\.\., scale=3\) at .*/list.c:15`,
		`#0  sum \(list=`, `#1  0x[0-9a-f]+ in descend \(depth=0, `,
		`\$1 = 20`,
		`Thread .* hit Breakpoint 2, sum`, `all = 0`,
		`\$2 = .*\{value = 10, name = \{__ptr = \d+\}, next = \{__ptr = \d+\}\}`,
		`hello 186 1.5`, `\[Inferior 1 .* exited normally\]`,
	)
	if strings.Contains(out, "warning") || strings.Contains(out, "SIG39") {
		t.Errorf("gdb is not quiet:\n%s", out)
	}
	// Its breakpoints are not in the code that others run.
	if out := debugger(t, dir, "faaslens", "run", "--native-debug", "t/list0"); out != "hello 186 1.5\n" {
		t.Errorf("the artifact that gdb ran prints %q", out)
	}
}

func testGDBStopsWhereAFunctionTraps(t *testing.T, dir string) {
	out := debugger(t, dir, ask("gdb", "t/list0", nil, []string{"run", "info args", "backtrace 1", "continue"}, "--", "divide")...)
	wants(t, out, `hello 186 1.5`, `Thread .* received signal SIGILL`, `0x[0-9a-f]+ in divide \(dividend=186, divisor=0\) at .*/list.c:30`, `30\s+int quotient = dividend / divisor;`,
		`The function traps: integer divide by zero.`, `faaslens: t/list0: trap: integer divide by zero`)
	out = debugger(t, dir, ask("gdb", "t/list0", nil, []string{"run", "p result", "p text", "p b"}, "--", "write")...)
	wants(t, out, `Thread .* received signal SIGSEGV`, `.* at .*/list.c:46`, `The function traps: memory access out of bounds.`,
		`\$1 = 186`, `\$2 = "hello`, `\$3 = \{value = 20, name = 0x[0-9a-f]+ "second"`)
}

// The code for debuggers of a stripped function is made of what was stripped, and leaves
// the image that others run alone.
func testGDBDebugsWhatWasStripped(t *testing.T, dir string) {
	out := debugger(t, dir, ask("gdb", "t/bare", []string{"list.c:17"}, []string{"p *n", "info args"})...)
	wants(t, out, `Thread .* hit Breakpoint 1, sum \(list=\(node \*\) 0x[0-9a-f]+, scale=3\) at .*/list.c:17`, `\$1 = \{value = 10, name = .* "first"`, `list = \(node \*\)`)
	if out := debugger(t, dir, "faaslens", "run", "t/bare", "--json"); !strings.Contains(out, `"cached":true`) {
		t.Errorf("the image that others run has gone: %s", out)
	}
}

// What gdb shows of optimised code is right, or it says that it is not there.
func testGDBIsRightOfOptimisedCode(t *testing.T, dir string) {
	gone := `(<optimized out>|\.\.\.)`
	out := debugger(t, dir, ask("gdb", "t/list2", []string{"sum", "list.c:17"}, []string{
		"info args", "continue", "info locals", "continue", "p all", "continue", "p all", "backtrace", "finish",
	})...)
	wants(t, out,
		`Thread .* hit Breakpoint 1(\.\d+)?, .*sum \(list=.*, scale=(3|`+gone+`)\) at .*/list.c:\d+`,
		`list = `, `scale = (3|`+gone+`)`,
		`Thread .* hit Breakpoint 2`, `n = `, `all = (0|`+gone+`)`,
		`Thread .* hit Breakpoint 2`, `\$1 = (30|`+gone+`)`,
		`Thread .* hit Breakpoint 2`, `\$2 = (90|`+gone+`)`,
		`#0  .*sum \(`, `#1  .* in descend \(`, `#\d+  <the host`,
		`Value returned is \$3 = 180`,
	)
	// Nor is what a callee left in a register taken for a caller's variable.
	for _, m := range regexp.MustCompile(`descend \(depth=([^,]*), list=([^)]*\)?[^)]*)\)`).FindAllStringSubmatch(out, -1) {
		if m[1] != "<optimized out>" && m[1] != "..." && m[1] != "0" && m[1] != "1" && m[1] != "2" {
			t.Errorf("descend has depth=%s", m[1])
		}
	}
}

func testGDBShowsCxx(t *testing.T, dir string) {
	out := debugger(t, dir, ask("gdb", "t/cpp0", []string{"shapes.cpp:25", "measure", "larger"}, []string{
		"info args", "p origin->x", "p *origin", "continue", "info locals", "p __this->width", "p __this->corner", "backtrace 2",
		"delete 1", "continue", "info args", "p *a", "finish",
	})...)
	wants(t, out,
		`Thread .* hit Breakpoint 2(\.\d+)?, measure \(shapes=.*, origin=\(geometry::Point &\) @0x[0-9a-f]+: .*\) at .*/shapes.cpp:`,
		`shapes = \(.*vector.*&\) @0x`, `origin = \(geometry::Point &\) @0x[0-9a-f]+: \{x = 5, y = 6\}`,
		`\$1 = 5`, `\$2 = \{x = 5, y = 6\}`,
		`Thread .* hit Breakpoint 1(\.\d+)?, geometry::Box::area \(__this=\(const geometry::Box \*\) 0x`, `result = 12`, `\$3 = 3`, `\$4 = \{x = 1, y = 2\}`,
		`#0  geometry::Box::area`, `#1  0x[0-9a-f]+ in measure`,
		`Thread .* hit Breakpoint 3(\.\d+)?, geometry::larger<int> \(a=.*5, b=.*6\)`, `a = \(const int &\) @0x[0-9a-f]+: 5`, `b = .*: 6`, `\$5 = 5`,
		`Value returned is \$6 = 6`,
	)
	out = debugger(t, dir, ask("gdb", "t/cpp2", []string{"area", "measure"}, []string{"backtrace 1", "continue", "backtrace"})...)
	wants(t, out, `#0 .*measure`, `#0  geometry::Box::area`, `#1 .* in measure`, `#2 .* in main`)
}

func testGDBShowsRust(t *testing.T, dir string) {
	out := debugger(t, dir, ask("gdb", "t/rust0", []string{"area", "describe"}, []string{
		"p *shape", "next", "next", "info locals", "continue", "p *shape", "continue", "info args", "p origin->y", "p *origin", "p names.len",
	})...)
	wants(t, out,
		`Thread .* hit Breakpoint 1(\.\d+)?, shapes::area \(shape=\(shapes::Shape \*\) 0x`,
		`\$1 = .*Circle = \{__0 = 2\}`, `result = 12`,
		`\$2 = .*Square = \{side = 3\}`,
		`Thread .* hit Breakpoint 2(\.\d+)?, shapes::describe \(origin=`,
		`origin = \(shapes::Point \*\) 0x`, `numbers = len 3 = \{10, 20, 30\}`, `title = "shapes"`, `names = len 2 = \{"one", "two"\}`,
		`\$3 = 4`, `\$4 = \{x = 3, y = 4\}`, `\$5 = 2`,
	)
	out = debugger(t, dir, ask("gdb", "t/rust2", []string{"describe"}, []string{"info args", "p *$host(origin)", "backtrace 2"})...)
	wants(t, out, `Thread .* hit Breakpoint 1(\.\d+)?, .*shapes::describe`, `numbers = len 3 = \{10, 20, 30\}`, `title = "shapes"`, `names = len 2 = \{"one", "two"\}`, `\$1 = \{x = 3, y = 4\}`, `#0 .*shapes::describe`, `#1 .*shapes::main`)
}

func testDebuggersAttach(t *testing.T, dir string) {
	for _, c := range []struct {
		flags []string
		by    []string
		want  []string
	}{
		{[]string{"--native-debug"}, []string{"gdb"}, []string{`No thread is in a function now|Thread \d+ runs a function:`}},
		{nil, []string{"gdb"}, []string{`This process runs ordinary code, of which gdb sees no guest function.`, `with 'faaslens run --native-debug'`}},
		{nil, []string{"lldb", "--use", "lldb-19"}, []string{`This process runs ordinary code, of which lldb sees no guest function.`, `with 'faaslens run --native-debug'`}},
		{nil, []string{"lldb", "--use", "lldb-22"}, []string{`This process runs ordinary code, of which lldb sees no guest function.`, `with 'faaslens run --native-debug'`}},
	} {
		cmd := exec.Command(filepath.Join(dir, "faaslens"), append([]string{"run", "t/list0", "--runs", "1000000000", "--timeout", "0"}, c.flags...)...)
		cmd.Env = append(os.Environ(), "FAASLENS_DIR="+dir)
		line, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		if _, err := line.Read(make([]byte, 1)); err != nil {
			t.Fatal(err) // it has run once
		}
		drained := make(chan struct{})
		go func() {
			defer close(drained)
			buffer := make([]byte, 1<<16)
			for {
				if _, err := line.Read(buffer); err != nil {
					return
				}
			}
		}()
		args := append(append([]string{"faaslens"}, c.by...), "--pid", fmt.Sprint(cmd.Process.Pid), "--batch")
		if c.flags != nil {
			args = append(args, "--break", "list.c:17", "--ex", "p *n", "--ex", "backtrace 2")
			c.want = append(c.want, `.* hit Breakpoint 1(\.\d+)?, sum \(list=`, `\$1 = \{value = (10|20|30),`, `#1 .* in descend`)
		}
		out, code := debuggerExit(t, dir, args...)
		if failed := code != 0; failed != (c.flags == nil) {
			t.Errorf("%v: exit code %d", args, code)
		}
		_ = cmd.Process.Kill() // it may have gone
		_ = cmd.Wait()
		<-drained
		wants(t, out, c.want...)
	}
}

func testLLDBStopsStepsAndShows(t *testing.T, dir string) {
	for _, version := range []string{"lldb-19", "lldb-22"} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			args := ask("lldb", "t/list0", []string{"functionDef2"}, []string{
				"frame variable list scale", "frame variable *list", "p list->next->value", "next", "next", "frame variable all n",
				"wasm where", "wasm backtrace", "wasm globals", "wasm functions ^d", "wasm memory list 16",
				"watchpoint set variable all", "continue", "continue", "watchpoint delete -f", "finish", "frame variable depth twice",
			})
			out := debugger(t, dir, use(version, args)...)
			wants(t, out,
				`frame #0: .*sum\(list=\(node \*\) 0x[0-9a-f]+, scale=3\) at list.c:15`,
				`\(WebAssemblyPtrWrapper<node>\) list = \(node \*\) 0x`, `\(int\) scale = 3`,
				`\(node\) \*list = \{`, `value = 10`, `name = 0x[0-9a-f]+ "first"`,
				`\(int\).* 20`,
				`.* at list.c:16`, `.* at list.c:17`, `\(int\) all = 0`, `\(WebAssemblyPtrWrapper<node>\) n = \(node \*\) 0x`,
				`sum: functionDef2, function \d+ of the module`, `  source  .*/list.c:17`,
				`#0 +sum at .*/list.c:17`, `#1 +descend at .*/list.c:2\d`, `#\d+ +<the host: \d+ frames`,
				`global 0 __stack_pointer`, `functionDef3 = descend at .*/list.c:22`, `0x000[0-9a-f]+  0a 00 00 00`,
				`new value: 30`,
				`.*descend\(depth=0, list=.*\) at list.c:26`, `\(int\) depth = 0`, `\(int\) twice = 0`,
			)
			args = ask("lldb", "t/cpp0", []string{"measure"}, []string{"frame variable origin *origin", "p origin->y"})
			wants(t, debugger(t, dir, use(version, args)...), `frame #0: .*measure\(`, `.*origin = \(geometry::Point &\) 0x`, `.*\*origin = \(x = 5, y = 6\)`, `\(int\).* 6`)
			args = ask("lldb", "t/rust0", []string{"describe"}, []string{"frame variable *origin", "bt 2"})
			wants(t, debugger(t, dir, use(version, args)...), `frame #0: .*describe\(`, `.*\*origin = \(x = 3, y = 4\)`, `.*frame #1: .*main`)
			args = ask("lldb", "t/list2", []string{"sum"}, []string{"frame variable", "bt 2", "finish"})
			wants(t, debugger(t, dir, use(version, args)...), `frame #0: .*sum\(`, `frame #1: .*descend\(`, `Return value: \(int\) .* = 180`)
			args = ask("lldb", "t/list0", nil, []string{"run", "bt 1"}, "--", "divide")
			wants(t, debugger(t, dir, use(version, args)...), `.*stop reason = signal SIGILL`, `frame #0: .*divide\(dividend=186, divisor=0\) at list.c:30`)
		})
	}
}
