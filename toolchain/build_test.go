package toolchain_test

import (
	"bytes"
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

// verifyDWARF fails if llvm-dwarfdump finds fault with a module's DWARF, or if
// there is none.
func verifyDWARF(t *testing.T, module string) {
	t.Helper()
	if out := run(t, "llvm-dwarfdump-19", "llvm-19", "--verify", module); !strings.Contains(out, "No errors.") {
		t.Errorf("llvm-dwarfdump --verify: %s", out)
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

func TestLinkedModule(t *testing.T) {
	set := tools(t, toolchain.C)
	module, _ := build(t, set, toolchain.Request{Sources: []string{"testdata/c/sum.c"}})
	dump := run(t, "wasm-objdump", "wabt", "-x", module)
	for what, want := range map[string]string{
		"the stack pointer starts at the stack's size, so the stack is first": "<__stack_pointer> - init i32=1048576",
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
