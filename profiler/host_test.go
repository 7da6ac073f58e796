package profiler

import (
	"debug/elf"
	"encoding/hex"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/google/pprof/profile"
)

func tool(t *testing.T, name string, args ...string) {
	t.Helper()
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v (install it with: apt-get install gcc binutils)\n%s", name, err, out)
	}
}

// What is local to a library is named by its debug file, once it is stripped.
func TestStrippedLibrariesAreNamedByTheirDebugFiles(t *testing.T) {
	dir := t.TempDir()
	source, library := filepath.Join(dir, "l.c"), filepath.Join(dir, "l.so")
	const text = "__attribute__((noinline)) static int hidden(int x) { return x * x + 1; }\nint shown(int x) { return hidden(x) + hidden(x + 1); }\n"
	if err := os.WriteFile(source, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	tool(t, "gcc", "-shared", "-fPIC", "-O1", "-Wl,--build-id", "-o", library, source)
	f, err := elf.Open(library)
	if err != nil {
		t.Fatal(err)
	}
	note, err := f.Section(".note.gnu.build-id").Data()
	if err != nil {
		t.Fatal(err)
	}
	symbols, err := f.Symbols()
	if err != nil {
		t.Fatal(err)
	}
	f.Close()
	var hidden uint64
	for _, s := range symbols {
		if s.Name == "hidden" {
			hidden = s.Value
		}
	}
	id := hex.EncodeToString(note[16:])
	debug := filepath.Join(dir, "debug")
	if err := os.MkdirAll(filepath.Join(debug, id[:2]), 0o755); err != nil {
		t.Fatal(err)
	}
	tool(t, "objcopy", "--only-keep-debug", library, filepath.Join(debug, id[:2], id[2:]+".debug"))
	tool(t, "strip", library)
	m := &profile.Mapping{Start: 0x10000, Limit: 0x20000, File: library}
	for root, want := range map[string]string{debug: "hidden", filepath.Join(dir, "none"): ""} {
		h := &hostSymbols{debug: root}
		if got := h.name(m, 0x10000+hidden+2); got != want {
			t.Errorf("with debug files in %s it is %q, want %q", root, got, want)
		}
	}
}
