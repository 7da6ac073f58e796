package worker

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/internal/guesttest"
	"github.com/faaslens/faaslens/store"
	"github.com/faaslens/faaslens/wasm"
)

func TestSplitFilesAreOpenedWhereTheCompilerLeftThem(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	absolute := write("a.dwo", "split")
	write("secret", "not to be read")
	if err := os.Mkdir(filepath.Join(dir, "d.dwo"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(filepath.Join(dir, "p.dwo"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(write("large.dwo", ""), wasm.MaxModuleSize+1); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, dir, file, err string }{
		{name: "by its directory", dir: dir, file: "a.dwo"},
		{name: "by its whole path", dir: "/nowhere", file: absolute},
		{name: "which is none", dir: dir, file: "b.dwo", err: "no such file"},
		{name: "of another kind", dir: dir, file: "secret", err: "does not end in .dwo"},
		{name: "a directory", dir: dir, file: "d.dwo", err: "not a regular file"},
		{name: "a pipe that nobody writes to", dir: dir, file: "p.dwo", err: "not a regular file"},
		{name: "a device", dir: "/dev", file: "zero", err: "does not end in .dwo"},
		{name: "larger than any", dir: dir, file: "large.dwo", err: "too large"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b, err := openSplit(c.dir, c.file)
			if c.err == "" && (err != nil || string(b) != "split") || c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)) {
				t.Errorf("got %q, %v", b, err)
			}
		})
	}
}

// What -gsplit-dwarf leaves beside the objects is found after the build, though those
// are gone, and so is what a package beside the function has.
func TestSplitDebugInformationIsFound(t *testing.T) {
	w := testWorker(t, Config{})
	module := guesttest.BuildFlags(t, "2", []string{"-gsplit-dwarf"}, "symbols/shapes.c")
	whole, err := wasm.Parse(module)
	if err != nil {
		t.Fatal(err)
	}
	n := guest.Name{User: "test", Function: "split"}
	if _, err := w.cfg.Store.Add(n, module, store.AddOptions{Package: []byte("no package")}); err != nil {
		t.Fatal(err)
	}
	_, table, err := OpenSymbols(w.cfg.Store, n)
	if err != nil {
		t.Fatal(err)
	}
	found := table.Resolve("distance2") // inlined everywhere
	if len(found) != 0 {
		t.Fatalf("distance2 has code of its own: %+v", found)
	}
	compare := table.Resolve("compare")
	if len(compare) != 1 {
		t.Fatalf("compare means %+v", compare)
	}
	inlined := false
	for at := compare[0].Start; at < compare[0].End; at++ {
		for _, l := range table.At(at) {
			inlined = inlined || l.Function == "distance2" && l.Inlined
			if strings.Contains(l.Note, "unreadable") {
				t.Fatalf("at 0x%x: %s", uint64(at), l.Note)
			}
		}
	}
	if !inlined || !whole.HasDWARF() {
		t.Error("the split file's inlined calls are not found")
	}
	if b, err := w.cfg.Store.ReadPackage(n); err != nil || string(b) != "no package" {
		t.Errorf("the package is %q, %v", b, err)
	}
	if _, err := w.cfg.Store.Add(n, module, store.AddOptions{}); err != nil {
		t.Fatal(err)
	}
	if b, err := w.cfg.Store.ReadPackage(n); err != nil || b != nil {
		t.Errorf("an old package stayed: %q, %v", b, err)
	}
}
