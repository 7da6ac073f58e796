package include

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// sdk builds guests with the tools themselves: clang compiles and wasm-ld links,
// because clang as a linker driver would run wasm-opt if it found one.
type sdk struct {
	library *Library
	archive string
}

const (
	sysroot  = "/usr"
	libc     = "/usr/lib/wasm32-wasi"
	libcxx   = "/usr/lib/llvm-19/lib/wasm32-wasi"
	builtins = "/usr/lib/llvm-19/lib/clang/19/lib/wasi/libclang_rt.builtins-wasm32.a"
)

func newSDK(t *testing.T) *sdk {
	t.Helper()
	library, err := Install(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	s := &sdk{library: library, archive: filepath.Join(t.TempDir(), "libfaasm.a")}
	args := []string{"rcs", s.archive}
	for _, source := range library.Sources() {
		args = append(args, s.compile(t, source, "-O2", "-Wpedantic"))
	}
	runTool(t, "llvm-ar-19", args...)
	return s
}

// compile returns the object file's path. A warning is an error.
func (s *sdk) compile(t *testing.T, source string, flags ...string) string {
	t.Helper()
	object := filepath.Join(t.TempDir(), filepath.Base(source)+".o")
	args := []string{"--target=wasm32-wasi", "--sysroot=" + sysroot, "-Wall", "-Wextra", "-Werror", "-g", "-c", source, "-o", object}
	for _, dir := range s.library.IncludeDirs() {
		args = append(args, "-I"+dir) // not -isystem, which would hide the headers' warnings
	}
	runTool(t, compilerFor(source), append(args, flags...)...)
	return object
}

func (s *sdk) link(t *testing.T, object string) string {
	t.Helper()
	module := strings.TrimSuffix(object, ".o") + ".wasm"
	args := []string{filepath.Join(libc, "crt1-command.o"), object, "-L" + libcxx, "-lc++", "-lc++abi", s.archive, "-L" + libc, "-lc", builtins, "-o", module}
	runTool(t, "wasm-ld-19", append(args, linkFlags()...)...)
	runTool(t, "wasm-validate", module)
	return module
}

func compilerFor(source string) string {
	if filepath.Ext(source) == ".cpp" {
		return "clang++-19"
	}
	return "clang-19"
}

// packages tells what to install for a tool that is missing.
var packages = map[string]string{
	"clang-19":      "clang-19 wasi-libc libclang-rt-19-dev-wasm32",
	"clang++-19":    "clang-19 libc++-19-dev-wasm32 libc++abi-19-dev-wasm32",
	"wasm-ld-19":    "lld-19",
	"llvm-ar-19":    "llvm-19",
	"wasm-objdump":  "wabt",
	"wasm-validate": "wabt",
	"gcc":           "gcc",
	"g++":           "g++",
	"node":          "nodejs",
}

// runTool runs a tool and returns its standard output; a failure ends the test with
// its standard error.
func runTool(t *testing.T, tool string, args ...string) string {
	t.Helper()
	out, stderr, err := tryTool(t, tool, args...)
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", tool, strings.Join(args, " "), err, stderr)
	}
	return out
}

func tryTool(t *testing.T, tool string, args ...string) (stdout, stderr string, err error) {
	t.Helper()
	if _, err := exec.LookPath(tool); err != nil {
		t.Fatalf("%s is missing: install it with apt-get install %s", tool, packages[tool])
	}
	cmd := exec.CommandContext(t.Context(), tool, args...)
	var o, e bytes.Buffer
	cmd.Stdout, cmd.Stderr = &o, &e
	err = cmd.Run()
	return o.String(), e.String(), err
}

// guests returns the paths of the functions in Faasm's style.
func guests(t *testing.T) []string {
	t.Helper()
	all, err := filepath.Glob("../testdata/guests/faasm/*.c*")
	if err != nil || len(all) == 0 {
		t.Fatalf("no guests found: %v", err)
	}
	return all
}

// headerLine returns the words after "// KEY:" in a guest's source.
func headerLine(t *testing.T, source, key string) []string {
	t.Helper()
	content, err := os.ReadFile(source)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(content)) {
		if rest, ok := strings.CutPrefix(line, "// "+key+":"); ok {
			return strings.Fields(rest)
		}
	}
	t.Fatalf("%s has no line %q", source, "// "+key+":")
	return nil
}

// linkFlags are the flags with which wasm-ld exports what the runtime calls:
// the constructors, which it runs once before the zygote; the allocator, from which
// it takes memory for outputs; the function table, in which it finds functions that
// are chained by address. A zygote exports itself.
func linkFlags() []string {
	return []string{
		"--export=__wasm_call_ctors",
		"--export-if-defined=__wasm_call_dtors",
		"--export-if-defined=malloc",
		"--export-if-defined=free",
		"--export-table",
	}
}
