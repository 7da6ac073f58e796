package wasmtime

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// carrier is the directory of the module whose library we link.
func carrier(t *testing.T) string {
	t.Helper()
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/bytecodealliance/wasmtime-go/v39").Output()
	if err != nil {
		t.Fatalf("find the module that carries the engine: %v", err)
	}
	return strings.TrimSpace(string(out))
}

// Our declarations and the real ones must agree: the compiler compares each prototype
// that is declared twice, and the assertions in capi.h hold the sizes.
func TestDeclarationsAreTheRealOnes(t *testing.T) {
	source := filepath.Join(t.TempDir(), "both.c")
	const text = "#include <wasm.h>\n#include <wasmtime.h>\n#define FAASLENS_REAL_HEADERS\n#include \"capi.h\"\n"
	if err := os.WriteFile(source, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	compile := func(declarations string) ([]byte, error) {
		return exec.Command("gcc", "-std=gnu11", "-fsyntax-only", "-Werror", "-I"+filepath.Join(carrier(t), "build", "include"), "-I"+declarations, source).CombinedOutput()
	}
	if out, err := compile("."); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}

	t.Run("a declaration that differs is noticed", func(t *testing.T) {
		b, err := os.ReadFile("capi.h")
		if err != nil {
			t.Fatal(err)
		}
		dir := t.TempDir()
		changed := strings.Replace(string(b), "void wasm_engine_delete(wasm_engine_t *);", "int wasm_engine_delete(wasm_engine_t *);", 1)
		if changed == string(b) {
			t.Fatal("nothing was changed")
		}
		if err := os.WriteFile(filepath.Join(dir, "capi.h"), []byte(changed), 0o644); err != nil {
			t.Fatal(err)
		}
		if out, err := compile(dir); err == nil || !strings.Contains(string(out), "wasm_engine_delete") {
			t.Errorf("%v\n%s", err, out)
		}
	})
}

// The flag that lets this package compile without the library would also let a
// program link without one of its functions.
func TestProgramHasAllOfTheEnginesFunctions(t *testing.T) {
	program := filepath.Join(t.TempDir(), "program.test")
	if out, err := exec.Command("go", "test", "-c", "-o", program, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	all, err := exec.Command("nm", program).Output()
	if err != nil {
		t.Fatalf("nm: %v (install it with: apt-get install binutils)", err)
	}
	if !strings.Contains(string(all), " T wasmtime_func_call_unchecked") {
		t.Error("the program does not define wasmtime_func_call_unchecked")
	}
	undefined, err := exec.Command("nm", "-u", program).Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range strings.Split(string(undefined), "\n") {
		name := strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(line), "U "))
		if strings.HasPrefix(name, "wasm") || strings.HasPrefix(name, "fl_") {
			t.Errorf("%s is not defined", name)
		}
	}
}

func TestVersionIsTheLinkedOne(t *testing.T) {
	b, err := os.ReadFile(filepath.Join(carrier(t), "build", "include", "wasmtime.h"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(b), `#define WASMTIME_VERSION "`+Version+`"`) {
		t.Errorf("Version is %s, which is not what the header says", Version)
	}
}

func TestGuestsCanBeStoppedInTheRuntime(t *testing.T) {
	e, err := NewEngine(Config{IdleMemories: 1, Stack: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	if !e.FindsExits() {
		t.Error("where a store keeps how the guest left its code was not found: has the engine's layout changed?")
	}
}
