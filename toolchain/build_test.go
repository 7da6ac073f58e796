package toolchain_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/faaslens/faaslens/toolchain"
)

// host is the machine that the tests run on.
func host() toolchain.Host { return toolchain.Host{Env: os.Environ()} }

// tools finds what a test needs, or fails with the command that installs it.
func tools(t *testing.T, langs ...toolchain.Lang) toolchain.Toolset {
	t.Helper()
	set := toolchain.Find(t.Context(), host(), langs...)
	for _, l := range langs {
		if m := set.Missing(l); m != nil {
			t.Fatal(m)
		}
	}
	return set
}

// build builds testdata sources into a module in a fresh directory.
func build(t *testing.T, set toolchain.Toolset, r toolchain.Request) (module string, result toolchain.Result) {
	t.Helper()
	module, result, log, err := tryBuild(t, set, r)
	if err != nil {
		t.Fatalf("Build: %v\n%s", err, log)
	}
	if log != "" {
		t.Errorf("the compilers are not silent about a good source:\n%s", log)
	}
	return module, result
}

func tryBuild(t *testing.T, set toolchain.Toolset, r toolchain.Request) (module string, result toolchain.Result, log string, err error) {
	t.Helper()
	var out bytes.Buffer
	r.Output = filepath.Join(t.TempDir(), "function.wasm")
	r.Log = &out
	if r.CacheDir == "" {
		r.CacheDir = filepath.Join(t.TempDir(), "cache")
	}
	result, err = set.Build(t.Context(), r)
	return r.Output, result, out.String(), err
}

// nodeScript runs a module by node's own WASI. Its arguments are the module, then
// what to do: "start" alone, or exports to call before it.
const nodeScript = `
const fs = require('fs'), { WASI } = require('wasi');
const [, path, ...steps] = process.argv;
const wasi = new WASI({ version: 'preview1', args: ['guest'], env: {}, returnOnExit: true });
let memory;
const env = { __faasm_write_output(p, n) {
  process.stdout.write('output: ' + Buffer.from(memory.buffer, p, n).toString() + '\n') } };
(async () => {
  const module = await WebAssembly.compile(fs.readFileSync(path));
  const { exports } = await WebAssembly.instantiate(module, { ...wasi.getImportObject(), env });
  memory = exports.memory;
  let started = false;
  const start = () => wasi.start({ exports: { memory, _start: exports._start } });
  for (const s of steps) exports[s](8);
  process.exit(start());
})().catch(e => { console.error(e); process.exit(70) });
`

// node runs a module and returns its output and exit code.
func node(t *testing.T, module string, before ...string) (output string, code int) {
	t.Helper()
	path := need(t, "node", "nodejs")
	cmd := exec.Command(path, append([]string{"--no-warnings", "-e", nodeScript, module}, before...)...)
	out, err := cmd.CombinedOutput()
	if err != nil && cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return string(out), cmd.ProcessState.ExitCode()
}

// need finds an oracle or fails with the command that installs it.
func need(t *testing.T, tool, pkg string) string {
	t.Helper()
	path, err := exec.LookPath(tool)
	if err != nil {
		t.Fatalf("the test needs %s: apt-get install %s", tool, pkg)
	}
	return path
}

func run(t *testing.T, tool, pkg string, args ...string) string {
	t.Helper()
	out, err := exec.Command(need(t, tool, pkg), args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", tool, strings.Join(args, " "), err, out)
	}
	return string(out)
}

// dwarfFault is a kind of fault that llvm-dwarfdump --verify found.
var dwarfFault = regexp.MustCompile(`(?m)^error: (.*) occurred \d+ time`)

// verifyDWARF fails if llvm-dwarfdump finds fault with a module's DWARF, or if
// there is none. Overlapping ranges are clang 22's own: it lists an inline
// function of C++ in each unit that has it, where the linker keeps one of them.
func verifyDWARF(t *testing.T, module string) {
	t.Helper()
	out, _ := exec.Command(need(t, "llvm-dwarfdump-19", "llvm-19"), "--verify", module).CombinedOutput()
	faults := dwarfFault.FindAllStringSubmatch(string(out), -1)
	for _, f := range faults {
		if f[1] != "DIE has overlapping DW_AT_ranges" {
			t.Errorf("llvm-dwarfdump --verify: %s", f[1])
		}
	}
	if len(faults) == 0 && !strings.Contains(string(out), "No errors.") {
		t.Errorf("llvm-dwarfdump --verify: %.2000s", out)
	}
	if out := run(t, "llvm-dwarfdump-19", "llvm-19", "--debug-line", module); !strings.Contains(out, "file_names[") {
		t.Errorf("the module has no line table")
	}
}

// functionLine asks llvm-symbolizer where a function of the name section begins.
// DWARF counts from the start of the code section's content.
func functionLine(t *testing.T, module, function string) string {
	t.Helper()
	header := regexp.MustCompile(`(?m)^\s*Code start=0x([0-9a-f]+)`).FindStringSubmatch(run(t, "wasm-objdump", "wabt", "-h", module))
	body := regexp.MustCompile(`(?m)^([0-9a-f]+) func\[\d+\] <` + regexp.QuoteMeta(function) + `>:`).
		FindStringSubmatch(run(t, "wasm-objdump", "wabt", "-d", module))
	if header == nil || body == nil {
		t.Fatalf("no code section or, in the name section, no function %q", function)
	}
	code, _ := strconv.ParseInt(header[1], 16, 64)
	address, _ := strconv.ParseInt(body[1], 16, 64)
	out := run(t, "llvm-symbolizer-19", "llvm-19", "--obj="+module, "--functions=short", fmt.Sprintf("0x%x", address-code))
	return strings.TrimSpace(out)
}

func TestBuildC(t *testing.T) {
	set := tools(t, toolchain.C)
	for _, opt := range []toolchain.Opt{"", toolchain.O0, toolchain.O1, toolchain.O2, toolchain.O3, toolchain.Os, toolchain.Oz} {
		t.Run(fmt.Sprintf("a C program built with level %q runs, and every function has its line", opt), func(t *testing.T) {
			t.Parallel()
			module, result := build(t, set, toolchain.Request{Sources: []string{"testdata/c/sum.c"}, Opt: opt})
			if out, code := node(t, module); out != "sum 15\n" || code != 0 {
				t.Errorf("ran: %q, exit code %d", out, code)
			}
			run(t, "wasm-validate", "wabt", "--enable-all", module)
			verifyDWARF(t, module)
			if at := functionLine(t, module, "sum_of_squares"); !strings.Contains(at, "sum_of_squares\n") || !strings.Contains(at, "testdata/c/sum.c:10:") {
				t.Errorf("sum_of_squares is at %q", at)
			}
			if info, err := os.Stat(module); err != nil || info.Size() != result.Size {
				t.Errorf("the result says %d bytes; the file: %v, %v", result.Size, info, err)
			}
		})
	}
}

// addLoop is a loop that becomes vectors.
const addLoop = `
void add(float *restrict a, const float *restrict b, int n) {
  for (int i = 0; i < n; i++) a[i] += b[i];
}
int main(int argc, char **argv) {
  static float a[1000], b[1000];
  add(a, b, argc + 900);
  return (int)a[argc];
}
`

func TestVectorLoopsAreInterleavedUnlessTheUserSaysOtherwise(t *testing.T) {
	set := tools(t, toolchain.C)
	source := filepath.Join(t.TempDir(), "add.c")
	if err := os.WriteFile(source, []byte(addLoop), 0o600); err != nil {
		t.Fatal(err)
	}
	additions := func(opt toolchain.Opt, flags ...string) int {
		module, _ := build(t, set, toolchain.Request{Sources: []string{source}, Opt: opt, Flags: append([]string{"-fno-inline"}, flags...)})
		return strings.Count(run(t, "wasm-objdump", "wabt", "-d", module), "f32x4.add")
	}
	tuned := additions(toolchain.O2)
	once := additions(toolchain.O2, "-mllvm", "-force-target-max-vector-interleave=1", "-mllvm", "-unroll-max-count=1")
	if once == 0 || tuned < 2*once {
		t.Errorf("%d additions of vectors by default, %d with one iteration at a time", tuned, once)
	}
	if small := additions(toolchain.Os); small > once {
		t.Errorf("%d additions of vectors at -Os, %d with one iteration at a time", small, once)
	}
}

func TestLinkedModule(t *testing.T) {
	set := tools(t, toolchain.C)
	module, _ := build(t, set, toolchain.Request{Sources: []string{"testdata/c/sum.c"}})
	dump := run(t, "wasm-objdump", "wabt", "-x", module)
	for what, want := range map[string]string{
		"the stack pointer starts at the stack's size, so the stack is first": "<__stack_pointer> - init i32=98304",
		"the function table is exported":                                      `-> "__indirect_function_table"`,
		"malloc is exported as it is, not wrapped in constructors":            `<malloc> -> "malloc"`,
		"free is exported":        `<free> -> "free"`,
		"_start is exported":      `<_start> -> "_start"`,
		"there is a build id":     `"build_id"`,
		"there is a name section": `name: "name"`,
	} {
		if !strings.Contains(dump, want) {
			t.Errorf("%s: no %s in\n%.3000s", what, want, dump)
		}
	}
	if strings.Contains(dump, `-> "__wasm_call_ctors"`) {
		t.Error("__wasm_call_ctors is exported without a zygote function")
	}
}

func TestBuildMixedLanguages(t *testing.T) {
	set := tools(t, toolchain.CXX)

	t.Run("C++ with streams, templates and static objects runs, destructors too", func(t *testing.T) {
		t.Parallel()
		module, result := build(t, set, toolchain.Request{Sources: []string{"testdata/cxx/words.cc"}, Flags: []string{"-std=c++17"}})
		if out, code := node(t, module); out != "hello 2.5\nbye\n" || code != 0 {
			t.Errorf("ran: %q, exit code %d", out, code)
		}
		if result.Lang != toolchain.CXX {
			t.Errorf("language %s", result.Lang)
		}
		verifyDWARF(t, module)
	})
	t.Run("C and C++ sources go into one function, each compiled as what it is", func(t *testing.T) {
		t.Parallel()
		module, _ := build(t, set, toolchain.Request{
			Sources: []string{"testdata/mixed/main.cpp", "testdata/mixed/twice.c"},
			Flags:   []string{"-std=c++20", "-std=c99", "-Wall", "-Werror"},
		})
		if out, code := node(t, module); out != "42\n" || code != 0 {
			t.Errorf("ran: %q, exit code %d", out, code)
		}
		if at := functionLine(t, module, "twice"); !strings.Contains(at, "testdata/mixed/twice.c:") {
			t.Errorf("twice is at %q", at)
		}
	})
	t.Run("--lang c++ compiles a .c file as C++", func(t *testing.T) {
		t.Parallel()
		_, _, log, err := tryBuild(t, set, toolchain.Request{Lang: toolchain.CXX, Sources: []string{"testdata/mixed/twice.c"}})
		var failed *toolchain.CompileError
		if !errors.As(err, &failed) || !strings.Contains(log, "expected") {
			t.Errorf("error %v, log %q", err, log)
		}
	})
	t.Run("a throw ends a program built with -fexceptions with what was thrown", func(t *testing.T) {
		t.Parallel()
		source := write(t, "throws.cc", `#include <stdexcept>
#include <cstdio>
int main() { try { throw std::out_of_range("the end"); } catch (...) { std::puts("caught"); } }
`)
		module, _ := build(t, set, toolchain.Request{Sources: []string{source}, Flags: []string{"-fexceptions"}})
		out, code := node(t, module)
		if !strings.HasPrefix(out, "uncaught C++ exception: std::out_of_range: the end") || code != 70 {
			t.Errorf("ran: %q, exit code %d", out, code)
		}
	})
	t.Run("a throw without -fexceptions does not compile, and the error says what helps", func(t *testing.T) {
		t.Parallel()
		_, _, _, err := tryBuild(t, set, toolchain.Request{Sources: []string{write(t, "throws.cc", "int main() { throw 1; }\n")}})
		var failed *toolchain.CompileError
		if !errors.As(err, &failed) || !strings.Contains(failed.Hint, "-fexceptions") {
			t.Errorf("error %v", err)
		}
	})
}

// write makes a source file in a fresh directory.
func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestMainForms(t *testing.T) {
	set := tools(t, toolchain.C)
	for form, text := range map[string]string{
		"main without parameters": "int main(void) { return 7; }",
		"main with arguments":     "int main(int argc, char **argv) { return argc + 6; }",
		"main that calls exit":    "#include <stdlib.h>\nint main() { exit(7); }",
	} {
		for _, opt := range []toolchain.Opt{toolchain.O0, toolchain.O2} {
			t.Run(form+" returns its exit code at -O"+string(opt), func(t *testing.T) {
				t.Parallel()
				module, _ := build(t, set, toolchain.Request{Opt: opt, Sources: []string{write(t, "main.c", text+"\n")}})
				if out, code := node(t, module); code != 7 {
					t.Errorf("ran: %q, exit code %d", out, code)
				}
			})
		}
	}
}

func TestStackOverflowTraps(t *testing.T) {
	set := tools(t, toolchain.C)
	source := write(t, "deep.c", `#include <stdio.h>
#include <string.h>
char canary[64] = "untouched";
__attribute__((noinline)) int deep(int n) {
	volatile char frame[4096];
	frame[n & 4095] = (char)n;
	return n == 0 ? 0 : deep(n - 1) + frame[n & 4095];
}
int main(int argc, char **argv) {
	int ok = deep(15);
	printf("%d %s\n", ok, canary);
	fflush(stdout);
	return deep(1 << 20);
}
`)
	module, _ := build(t, set, toolchain.Request{Sources: []string{source}})
	out, code := node(t, module)
	if !strings.HasPrefix(out, "120 untouched\n") || !strings.Contains(out, "memory access out of bounds") || code != 70 {
		t.Errorf("60 KiB of stack fit and 4 GiB trap; ran: %.500q, exit code %d", out, code)
	}

	t.Run("a flag makes the stack larger", func(t *testing.T) {
		larger, _ := build(t, set, toolchain.Request{Sources: []string{source}, Flags: []string{"-Wl,-z,stack-size=4194304"}})
		if dump := run(t, "wasm-objdump", "wabt", "-x", "-j", "Global", larger); !strings.Contains(dump, "init i32=4194304") {
			t.Error(dump)
		}
	})
}

func TestZygote(t *testing.T) {
	set := tools(t, toolchain.CXX)
	module, _ := build(t, set, toolchain.Request{Sources: []string{"testdata/zygote/zygote.cc"}})

	for name, c := range map[string]struct {
		before []string
		want   string
	}{
		"by Faasm's protocol, constructors run once, before the zygote": {
			[]string{"__wasm_call_ctors", "_faasm_zygote"}, "constructed 1 prepared 1 1\ndestroyed\n"},
		"by _start alone, constructors run once": {
			nil, "constructed 1 prepared 0 1\ndestroyed\n"},
		"a call of malloc from outside runs no constructors and no destructors": {
			[]string{"malloc", "malloc"}, "constructed 1 prepared 0 1\ndestroyed\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if out, code := node(t, module, c.before...); out != c.want || code != 0 {
				t.Errorf("ran: %q, exit code %d; want %q", out, code, c.want)
			}
		})
	}
}

func TestAnExportThatPreparesRunsBetweenConstructorsAndMain(t *testing.T) {
	set := tools(t, toolchain.C)
	module, _ := build(t, set, toolchain.Request{Sources: []string{"testdata/warm/warm.c"}, WarmExport: "prepare"})
	for want, before := range map[string][]string{
		"constructed 1 prepared 1\n": {"__wasm_call_ctors", "prepare"},
		"constructed 1 prepared 0\n": nil,
	} {
		if out, code := node(t, module, before...); out != want || code != 0 {
			t.Errorf("after %q: %q, exit code %d; want %q", before, out, code, want)
		}
	}
}

func TestHostLibrary(t *testing.T) {
	set := tools(t, toolchain.C)
	request := toolchain.Request{
		Sources:     []string{"testdata/faasm/hello.c"},
		IncludeDirs: []string{"testdata/faasm/include"},
		LibSources:  []string{"testdata/faasm/lib/output.c", "testdata/faasm/lib/unused.c", "testdata/faasm/lib/extra.cpp"},
		HostImports: []string{"__faasm_write_output"},
		CacheDir:    filepath.Join(t.TempDir(), "cache"),
	}
	module, first := build(t, set, request)
	if out, code := node(t, module); out != "output: hello\n" || code != 0 {
		t.Errorf("ran: %q, exit code %d", out, code)
	}
	if dump := run(t, "wasm-objdump", "wabt", "-x", "-j", "Import", module); !strings.Contains(dump, "<- env.__faasm_write_output") || strings.Count(dump, "<- env.") != 1 {
		t.Errorf("imports:\n%s", dump)
	}

	t.Run("the library is compiled once", func(t *testing.T) {
		_, second := build(t, set, request)
		// The start code, the two C files and the source; then the source alone.
		if len(first.Commands) != 5 || len(second.Commands) != 2 {
			t.Errorf("%d commands, then %d: %q", len(first.Commands), len(second.Commands), second.Commands)
		}
	})
	t.Run("another level, another instruction set and a changed header compile it again", func(t *testing.T) {
		for what, change := range map[string]func(*toolchain.Request){
			"level":           func(r *toolchain.Request) { r.Opt = toolchain.O1 },
			"instruction set": func(r *toolchain.Request) { r.Flags = []string{"-mno-simd128"} },
			"header": func(r *toolchain.Request) {
				header, err := os.ReadFile("testdata/faasm/include/faasm/faasm.h")
				if err != nil {
					t.Fatal(err)
				}
				dir := t.TempDir()
				os.Mkdir(filepath.Join(dir, "faasm"), 0o755)
				if err := os.WriteFile(filepath.Join(dir, "faasm/faasm.h"), append(header, '\n'), 0o644); err != nil {
					t.Fatal(err)
				}
				r.IncludeDirs = []string{dir}
			},
		} {
			r := request
			change(&r)
			if _, result := build(t, set, r); len(result.Commands) != 5 {
				t.Errorf("%s: %q", what, result.Commands)
			}
		}
	})
	t.Run("a function that nobody provides is an error of the linker", func(t *testing.T) {
		r := request
		r.HostImports = nil
		_, _, log, err := tryBuild(t, set, r)
		if err == nil || !strings.Contains(log, "undefined symbol: __faasm_write_output") {
			t.Errorf("error %v, log %q", err, log)
		}
	})
	t.Run("a source's own function replaces the library's", func(t *testing.T) {
		r := request
		r.Sources = append(r.Sources, write(t, "own.c", "void faasmSetOutput(const char *out, long len) {}\n"))
		module, _ := build(t, set, r)
		if out, code := node(t, module); out != "" || code != 0 {
			t.Errorf("ran: %q, exit code %d", out, code)
		}
	})
}

func TestHostHeadersStayOut(t *testing.T) {
	set := tools(t, toolchain.C)
	if _, err := os.Stat("/usr/include/pty.h"); err != nil {
		t.Fatalf("the test needs a header that only the machine has: apt-get install libc6-dev (%v)", err)
	}
	_, _, log, err := tryBuild(t, set, toolchain.Request{Sources: []string{write(t, "pty.c", "#include <pty.h>\nint main(void) { return 0; }\n")}})
	if err == nil || !strings.Contains(log, "'pty.h' file not found") {
		t.Errorf("error %v, log %q", err, log)
	}
}

func TestBuildGo(t *testing.T) {
	set := tools(t, toolchain.Go)
	for name, sources := range map[string][]string{
		"a directory": {"testdata/go"},
		"a file":      {"testdata/go/main.go"},
	} {
		t.Run(name+" builds", func(t *testing.T) {
			module, _ := build(t, set, toolchain.Request{Sources: sources})
			if out, code := node(t, module); out != "go 42\n" || code != 3 {
				t.Errorf("ran: %q, exit code %d", out, code)
			}
			dump := run(t, "wasm-objdump", "wabt", "-h", module)
			if !strings.Contains(dump, `"name"`) {
				t.Errorf("no name section:\n%s", dump)
			}
			if strings.Contains(dump, ".debug_line") {
				t.Error("this Go writes DWARF: the documentation and the doctor say that it does not")
			}
		})
	}
	t.Run("a compiler's error is shown", func(t *testing.T) {
		_, _, log, err := tryBuild(t, set, toolchain.Request{Sources: []string{write(t, "bad.go", "package main\nfunc main() { undefinedThing() }\n")}})
		var failed *toolchain.CompileError
		if !errors.As(err, &failed) || failed.ExitCode != 1 || !strings.Contains(log, "undefined: undefinedThing") {
			t.Errorf("error %v, log %q", err, log)
		}
	})
}

func TestBuildRust(t *testing.T) {
	set := tools(t, toolchain.Rust)
	t.Run("a single file builds, with lines", func(t *testing.T) {
		module, _ := build(t, set, toolchain.Request{Sources: []string{"testdata/rust/count.rs"}})
		if out, code := node(t, module); out != "{'a': 2, 'b': 1, 'c': 1}\n" || code != 4 {
			t.Errorf("ran: %q, exit code %d", out, code)
		}
		lines := run(t, "llvm-dwarfdump-19", "llvm-19", "--name=count", module)
		if !strings.Contains(lines, "testdata/rust/count.rs") {
			t.Errorf("count's entry in the DWARF: %s", lines)
		}
		if dump := run(t, "wasm-objdump", "wabt", "-h", module); !strings.Contains(dump, `"name"`) {
			t.Errorf("no name section:\n%s", dump)
		}
	})
	t.Run("a crate builds with cargo", func(t *testing.T) {
		crate := filepath.Join(t.TempDir(), "crate")
		if err := os.CopyFS(crate, os.DirFS("testdata/crate")); err != nil {
			t.Fatal(err)
		}
		module, _, log, err := tryBuild(t, set, toolchain.Request{Sources: []string{crate}, Opt: toolchain.Os})
		if err != nil {
			t.Fatalf("%v\n%s", err, log)
		}
		if out, code := node(t, module); out != "odd\n" || code != 0 {
			t.Errorf("ran: %q, exit code %d", out, code)
		}
		if dump := run(t, "wasm-objdump", "wabt", "-h", module); !strings.Contains(dump, ".debug_line") {
			t.Errorf("no debug information:\n%s", dump)
		}
	})
	t.Run("a compiler's error is shown", func(t *testing.T) {
		_, _, log, err := tryBuild(t, set, toolchain.Request{Sources: []string{write(t, "bad.rs", "fn main() { missing() }\n")}})
		var failed *toolchain.CompileError
		if !errors.As(err, &failed) || failed.ExitCode != 1 || !strings.Contains(log, "cannot find function `missing`") {
			t.Errorf("error %v, log %q", err, log)
		}
	})
}

// TestBuildWithSDKLayout builds with a system root in a WASI SDK's layout, made of
// the machine's own.
func TestBuildWithSDKLayout(t *testing.T) {
	set := tools(t, toolchain.CXX)
	sdk := t.TempDir()
	root := filepath.Join(sdk, "share/wasi-sysroot")
	var clang toolchain.Clang
	for _, c := range set.Clangs {
		if len(c.Missing)+len(c.MissingCXX) == 0 {
			clang = c
			break
		}
	}
	for link, target := range map[string]string{
		"bin/clang":   clang.Path,
		"bin/wasm-ld": clang.Linker,
		"share/wasi-sysroot/include/" + clang.Sysroot.Target: clang.Sysroot.Include,
		"share/wasi-sysroot/lib/" + clang.Sysroot.Target:     clang.Sysroot.Lib,
	} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(sdk, link)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(target, filepath.Join(sdk, link)); err != nil {
			t.Fatal(err)
		}
	}
	set = toolchain.Find(t.Context(), toolchain.Host{Env: []string{"WASI_SDK_PATH=" + sdk}}, toolchain.CXX)
	module, result := build(t, set, toolchain.Request{Sources: []string{"testdata/cxx/words.cc"}})
	if out, code := node(t, module); out != "hello 2.5\nbye\n" || code != 0 {
		t.Errorf("ran: %q, exit code %d", out, code)
	}
	if command := strings.Join(result.Commands[0], " "); !strings.HasPrefix(command, sdk+"/bin/clang ") || !strings.Contains(command, "--sysroot="+root) {
		t.Errorf("built by %s", command)
	}
}

func TestBuildIsReproducible(t *testing.T) {
	set := tools(t, toolchain.CXX)
	request := toolchain.Request{
		Sources:  []string{"testdata/mixed/main.cpp", "testdata/mixed/twice.c"},
		CacheDir: filepath.Join(t.TempDir(), "cache"),
	}
	var modules [2][]byte
	for i := range modules {
		path, _ := build(t, set, request)
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		modules[i] = data
	}
	if !bytes.Equal(modules[0], modules[1]) {
		t.Error("two builds of the same sources differ: compiled code would not be found in a cache")
	}
}
