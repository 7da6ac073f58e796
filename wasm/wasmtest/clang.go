package wasmtest

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const clangPackages = "clang-19 lld-19 wasi-libc libclang-rt-19-dev-wasm32"

// Compile compiles one C file for WASI and returns the object file's path.
func Compile(t testing.TB, source string, flags ...string) string {
	t.Helper()
	object := filepath.Join(t.TempDir(), strings.TrimSuffix(filepath.Base(source), ".c")+".o")
	args := append([]string{"--target=wasm32-wasi", "--sysroot=/usr", "-c", source, "-o", object}, flags...)
	Run(t, clangPackages, "clang-19", args...)
	return object
}

// Link links object files with the C library by wasm-ld itself, since clang would
// run a wasm-opt that it finds, which drops names and DWARF. It returns the
// module.
func Link(t testing.TB, objects []string, flags ...string) []byte {
	t.Helper()
	resources := strings.TrimSpace(string(Run(t, clangPackages, "clang-19", "-print-resource-dir")))
	out := filepath.Join(t.TempDir(), "out.wasm")
	args := append([]string{"-L/usr/lib/wasm32-wasi", "/usr/lib/wasm32-wasi/crt1-command.o"}, objects...)
	args = append(args, "-lc", resources+"/lib/wasi/libclang_rt.builtins-wasm32.a", "-o", out)
	Run(t, clangPackages, "wasm-ld-19", append(args, flags...)...)
	b, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// Run runs a tool and returns its standard output. A tool that is missing or
// fails ends the test; the message of a missing one names the Debian packages to
// install.
func Run(t testing.TB, packages, tool string, args ...string) []byte {
	t.Helper()
	path, err := exec.LookPath(tool)
	if err != nil {
		t.Fatalf("%s is missing: apt-get install %s", tool, packages)
	}
	cmd := exec.Command(path, args...)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s", cmd, err, stderr.String())
	}
	return out
}

// File writes b to a file of its own and returns the path.
func File(t testing.TB, name string, b []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, b, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// ReadFile returns a file's content.
func ReadFile(t testing.TB, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
