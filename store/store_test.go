package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/wasm"
	"github.com/faaslens/faaslens/wasm/wasmtest"
	"github.com/google/go-cmp/cmp"
)

var hello = guest.Name{User: "demo", Function: "hello"}

func open(t testing.TB, dir string) *Store {
	t.Helper()
	s, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func add(t testing.TB, s *Store, name guest.Name, module []byte, options AddOptions) Function {
	t.Helper()
	f, err := s.Add(name, module, options)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// debuggable is a module with something for Strip to take, and of a size and
// content that n changes.
func debuggable(n int) []byte {
	return append(wasmtest.Sample(), wasmtest.Custom(".debug_info", []byte(strings.Repeat("d", n)))...)
}

func wantError(t *testing.T, err error, is error, parts ...string) {
	t.Helper()
	if err == nil {
		t.Fatal("no error")
	}
	if is != nil && !errors.Is(err, is) {
		t.Errorf("error %v, want one that is %v", err, is)
	}
	for _, p := range parts {
		if !strings.Contains(err.Error(), p) {
			t.Errorf("error %v, want %q in it", err, p)
		}
	}
}

func files(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	names := []string{}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func TestAFunctionIsKeptAsItIsAndDescribed(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "not", "yet", "there"))
	module := debuggable(3)
	added := add(t, s, hello, module, AddOptions{Origin: "hello.c"})
	got, err := s.Get(hello)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(added, got); diff != "" {
		t.Errorf("function (-added +got):\n%s", diff)
	}
	path := filepath.Join(s.Dir(), "wasm/demo/hello/function.wasm")
	want := Function{
		Name: hello, Path: path, Size: int64(len(module)), ModTime: got.ModTime, SHA256: checksum(module), BuildID: "01020304",
		Language: "C11 (clang 19.1.7)", HasDWARF: true, HasNames: true,
		Imports: []Item{
			{"env", "f", "function", "(i32, i64) -> i32"}, {"env", "table", "table", "2 to 9 funcref"},
			{"env", "memory", "memory", "1 to 16 pages"}, {"env", "g", "global", "i32"}, {"env", "tag", "tag", "(i32)"},
		},
		Exports: []Item{{"", "_start", "function", "()"}, {"", "memory", "memory", "1 to 16 pages"}, {"", "stack", "global", "mut i32"}},
		Meta:    Meta{SHA256: checksum(module), Origin: "hello.c"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("function (-want +got):\n%s", diff)
	}
	if b, err := s.Read(hello); err != nil || string(b) != string(module) || string(wasmtest.ReadFile(t, path)) != string(module) {
		t.Errorf("the module changed on its way, error %v", err)
	}
	if got := files(t, filepath.Dir(path)); !slices.Equal(got, []string{"function.wasm", "meta.json"}) {
		t.Errorf("files %v", got)
	}
}

func TestAStrippedFunctionFindsItsDebugFile(t *testing.T) {
	s := open(t, t.TempDir())
	source := wasmtest.File(t, "main.c", []byte("#include <stdio.h>\nint main(void) { puts(\"hello\"); }\n"))
	module := wasmtest.Link(t, []string{wasmtest.Compile(t, source, "-g", "-O2")})
	f := add(t, s, hello, module, AddOptions{Strip: true})
	if !f.Stripped || f.HasDWARF || f.HasNames || f.BuildID == "" || f.Size >= int64(len(module))/2 || f.Meta.SourceSHA256 != checksum(module) {
		t.Errorf("function %+v", f)
	}
	run := readModule(t, s, hello)
	d, err := s.FindDebug(hello, run)
	if err != nil {
		t.Fatal(err)
	}
	if d.Path != filepath.Join(s.Dir(), "wasm/demo/hello/function.wasm.debug") || !d.Module.HasDWARF() || !d.Module.HasNames() {
		t.Errorf("debug file %s", d.Path)
	}
	out := wasmtest.Run(t, "llvm-19", "llvm-dwarfdump-19", "--debug-info", d.Path)
	if !strings.Contains(string(out), `DW_AT_name	("main")`) {
		t.Error("llvm-dwarfdump finds no main")
	}
	if d, err := s.FindDebug(hello, d.Module); err != nil || !d.Module.HasDWARF() {
		t.Errorf("a module with DWARF does not find itself: %v", err)
	}
	f = add(t, s, hello, module, AddOptions{})
	if f.Stripped || !slices.Equal(files(t, filepath.Dir(f.Path)), []string{"function.wasm", "meta.json"}) {
		t.Errorf("the debug file outlives the stripped function: %v", files(t, filepath.Dir(f.Path)))
	}
}

// readModule parses the function that is in the store.
func readModule(t *testing.T, s *Store, name guest.Name) *wasm.Module {
	t.Helper()
	b, err := s.Read(name)
	if err != nil {
		t.Fatal(err)
	}
	m, err := wasm.Parse(b)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestWhatIsNoLinkedModuleIsRefused(t *testing.T) {
	s := open(t, t.TempDir())
	source := wasmtest.File(t, "part.c", []byte("int f(void) { return 1; }\n"))
	for what, b := range map[string][]byte{
		"ELF":         []byte("\x7fELF"),
		"empty":       nil,
		"cut off":     wasmtest.Sample()[:100],
		"object file": wasmtest.ReadFile(t, wasmtest.Compile(t, source)),
	} {
		_, err := s.Add(hello, b, AddOptions{})
		var invalid *guest.InvalidModule
		if !errors.As(err, &invalid) || !strings.Contains(err.Error(), what) || !strings.Contains(err.Error(), "demo/hello") {
			t.Errorf("error %v, want an InvalidModule with %q", err, what)
		}
	}
	if got := files(t, s.Dir()); len(got) != 0 {
		t.Errorf("files %v are left behind", got)
	}
}

func TestNamesThatLeaveTheirPlaceAreRefusedByEveryVerb(t *testing.T) {
	s := open(t, t.TempDir())
	for _, name := range []guest.Name{{User: "..", Function: "f"}, {User: "u", Function: "../../f"}, {User: "u", Function: ".."}, {User: "", Function: "f"},
		{User: "/etc", Function: "f"}, {User: "u", Function: "f/../g"}, {User: "u", Function: "f\x00"}, {User: "u", Function: ".tmp-x"}} {
		_, addErr := s.Add(name, wasmtest.Sample(), AddOptions{})
		_, getErr := s.Get(name)
		_, readErr := s.Read(name)
		_, objectErr := s.ObjectDir(name)
		_, debugErr := s.FindDebug(name, &wasm.Module{})
		for verb, err := range map[string]error{"add": addErr, "get": getErr, "read": readErr, "object": objectErr, "debug": debugErr, "remove": s.Remove(name)} {
			if err == nil || errors.Is(err, ErrNotFound) || !strings.Contains(err.Error(), "name") {
				t.Errorf("%s of %q: error %v, want one about the name", verb, name, err)
			}
		}
	}
	if _, err := s.List("../x"); err == nil {
		t.Error("list takes any user")
	}
	if got := files(t, filepath.Dir(s.Dir())); len(got) != 1 {
		t.Errorf("files %v beside the root", got)
	}
}

func TestFunctionsAreListedInOrderAndRemovedWithTheirImages(t *testing.T) {
	s := open(t, t.TempDir())
	if all, err := s.List(""); err != nil || len(all) != 0 {
		t.Errorf("an empty store lists %v, error %v", all, err)
	}
	for _, n := range []guest.Name{{User: "b", Function: "y"}, {User: "a", Function: "z"}, {User: "b", Function: "x"}} {
		add(t, s, n, wasmtest.Sample(), AddOptions{})
	}
	checkList(t, s, "", "a/z", "b/x", "b/y")
	checkList(t, s, "b", "b/x", "b/y")
	checkList(t, s, "nobody")

	images, err := s.ObjectDir(guest.Name{User: "b", Function: "y"})
	if err != nil {
		t.Fatal(err)
	}
	mustMkdir(t, images)
	mustWrite(t, filepath.Join(images, "function.aot"), "image")
	for _, n := range []guest.Name{{User: "b", Function: "y"}, {User: "a", Function: "z"}} {
		if err := s.Remove(n); err != nil {
			t.Error(err)
		}
	}
	checkList(t, s, "", "b/x")
	if _, err := os.Stat(filepath.Dir(images)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the images are still there: %v", err)
	}
	if got := files(t, filepath.Join(s.Dir(), "wasm")); !slices.Equal(got, []string{"b"}) {
		t.Errorf("users %v", got)
	}
	wantError(t, s.Remove(guest.Name{User: "b", Function: "y"}), ErrNotFound, "b/y", "faaslens list")
	_, err = s.Get(guest.Name{User: "b", Function: "y"})
	wantError(t, err, ErrNotFound, "b/y", s.Dir())
}

func checkList(t *testing.T, s *Store, user string, want ...string) {
	t.Helper()
	all, err := s.List(user)
	if err != nil {
		t.Fatal(err)
	}
	got := []string{}
	for _, f := range all {
		got = append(got, f.Name.String())
		if f.Err != nil {
			t.Errorf("%s: %v", f.Name, f.Err)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("list of %q is %q, want %q", user, got, want)
	}
}

func mustMkdir(t *testing.T, path string) {
	t.Helper()
	if err := os.MkdirAll(path, 0o755); err != nil {
		t.Fatal(err)
	}
}

func mustWrite(t *testing.T, path, content string) {
	t.Helper()
	mustMkdir(t, filepath.Dir(path))
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

func mustLink(t *testing.T, target, path string) {
	t.Helper()
	mustMkdir(t, filepath.Dir(path))
	if err := os.Symlink(target, path); err != nil {
		t.Fatal(err)
	}
}

func TestDamagedAndForeignFilesSpoilOnlyThemselves(t *testing.T) {
	s := open(t, t.TempDir())
	add(t, s, hello, wasmtest.Sample(), AddOptions{})
	in := func(path string) string { return filepath.Join(s.Dir(), "wasm", path) }
	outside := filepath.Join(t.TempDir(), "outside")
	mustWrite(t, filepath.Join(outside, "function.wasm"), string(wasmtest.Sample()))
	mustWrite(t, in("README"), "a file for a user")
	mustWrite(t, in("demo/notes.txt"), "a file for a function")
	mustWrite(t, in("demo/broken/function.wasm"), "\x00asm\x01\x00\x00\x00\x01\xff")
	mustWrite(t, in("demo/symbols/function.symbols"), "no module")
	mustWrite(t, in("demo/-odd/function.wasm"), string(wasmtest.Sample()))
	mustMkdir(t, in("demo/folder/function.wasm"))
	mustMkdir(t, in("demo/empty"))
	mustMkdir(t, in("demo/pipe"))
	if err := syscall.Mkfifo(in("demo/pipe/function.wasm"), 0o644); err != nil {
		t.Fatal(err)
	}
	mustLink(t, outside, in("demo/linkout"))
	mustLink(t, "hello", in("demo/linkin"))
	mustLink(t, "../hello/function.wasm", in("demo/linkfile/function.wasm"))

	all, err := s.List("")
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, f := range all {
		got[f.Name.String()] = fmt.Sprint(f.Err)
	}
	want := map[string]string{
		"README/": "it is a file", "demo/-odd": "starts with '-'", "demo/broken": "not a valid WebAssembly module", "demo/folder": "it is a directory",
		"demo/hello": "<nil>", "demo/linkfile": "symbolic link", "demo/linkin": "symbolic link", "demo/linkout": "symbolic link",
		"demo/notes.txt": "it is a file", "demo/pipe": "it is a pipe", "demo/symbols": "has no function.wasm",
	}
	for name, part := range want {
		if !strings.Contains(got[name], part) {
			t.Errorf("%s: %q, want %q in it", name, got[name], part)
		}
		delete(got, name)
	}
	if len(got) != 0 {
		t.Errorf("the list has %v too", got)
	}
	for _, odd := range []string{"linkout", "linkin", "notes.txt"} {
		_, err := s.Add(guest.Name{User: "demo", Function: odd}, wasmtest.Sample(), AddOptions{})
		wantError(t, err, nil, in("demo/"+odd), "want a directory", "move it away")
	}
	for _, odd := range []string{"linkout", "linkin", "pipe", "folder", "broken", "symbols", "notes.txt"} {
		if err := s.Remove(guest.Name{User: "demo", Function: odd}); err != nil {
			t.Error(err)
		}
	}
	if got := files(t, outside); len(got) != 1 {
		t.Errorf("what a link led to has %v left", got)
	}
	if _, err := s.Get(hello); err != nil {
		t.Error(err)
	}
}

func TestAddReplacesALinkedModuleAndNotWhatItLeadsTo(t *testing.T) {
	s := open(t, t.TempDir())
	target := filepath.Join(t.TempDir(), "precious")
	mustWrite(t, target, "precious")
	mustLink(t, target, filepath.Join(s.Dir(), "wasm/demo/hello/function.wasm"))
	add(t, s, hello, wasmtest.Sample(), AddOptions{})
	if got := string(wasmtest.ReadFile(t, target)); got != "precious" {
		t.Errorf("the link's target is %q", got)
	}
}

func TestAForeignUploadDropsTheMetadata(t *testing.T) {
	s := open(t, t.TempDir())
	f := add(t, s, hello, wasmtest.Sample(), AddOptions{Origin: "hello.c"})
	mustWrite(t, f.Path, string(debuggable(5)))
	got, err := s.Get(hello)
	if err != nil || got.Meta != (Meta{}) || !got.HasDWARF {
		t.Errorf("function %+v, error %v", got, err)
	}
	mustWrite(t, filepath.Join(filepath.Dir(f.Path), "meta.json"), "{broken")
	if _, err := s.Get(hello); err != nil {
		t.Error(err)
	}
}

func TestConcurrentAddsLeaveOneWholeFunction(t *testing.T) {
	dir := t.TempDir()
	stores := []*Store{open(t, dir), open(t, dir)} // as two processes
	var writers, readers sync.WaitGroup
	done := make(chan struct{})
	add(t, stores[0], hello, debuggable(1), AddOptions{Strip: true})
	for i := range 8 {
		writers.Go(func() {
			for k := range 5 {
				if _, err := stores[i%2].Add(hello, debuggable(100*i+k+1), AddOptions{Strip: true}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	readers.Go(func() {
		for {
			select {
			case <-done:
				return
			default:
			}
			if _, err := stores[0].Get(hello); err != nil {
				t.Errorf("while others write: %v", err)
				return
			}
		}
	})
	writers.Wait()
	close(done)
	readers.Wait()
	if _, err := stores[0].FindDebug(hello, readModule(t, stores[0], hello)); err != nil {
		t.Error(err)
	}
	f, err := stores[1].Get(hello)
	if err != nil || f.Meta.SHA256 != f.SHA256 {
		t.Errorf("function %+v, error %v", f, err)
	}
	if got := files(t, filepath.Dir(f.Path)); !slices.Equal(got, []string{"function.wasm", "function.wasm.debug", "meta.json"}) {
		t.Errorf("files %v", got)
	}
}

func TestConcurrentAddsAndRemovesDoNotFail(t *testing.T) {
	s := open(t, t.TempDir())
	var all sync.WaitGroup
	for i := range 4 {
		all.Go(func() {
			for range 10 {
				if _, err := s.Add(hello, debuggable(i+1), AddOptions{}); err != nil {
					t.Error(err)
				}
				if err := s.Remove(hello); err != nil && !errors.Is(err, ErrNotFound) {
					t.Error(err)
				}
				if _, err := s.List(""); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
}

func TestACrashBeforeTheRenameIsNeitherSeenNorKept(t *testing.T) {
	s := open(t, t.TempDir())
	dir, err := s.createFunction(hello)
	if err != nil {
		t.Fatal(err)
	}
	defer dir.root.Close()
	if _, err := dir.write(ModuleFile, wasmtest.Sample()); err != nil {
		t.Fatal(err)
	}
	if left := files(t, dir.path); len(left) != 1 || !strings.HasPrefix(left[0], tempPrefix) {
		t.Fatalf("files %v", left)
	}
	checkList(t, s, "")
	_, err = s.Get(hello)
	wantError(t, err, ErrNotFound)
	add(t, s, hello, wasmtest.Sample(), AddOptions{})
	if got := files(t, dir.path); !slices.Equal(got, []string{"function.wasm", "meta.json"}) {
		t.Errorf("files %v", got)
	}
}

func TestACrashBetweenRenamesLeavesTheOldFunctionWhole(t *testing.T) {
	s := open(t, t.TempDir())
	old := add(t, s, hello, wasmtest.Sample(), AddOptions{Strip: true, Origin: "old"})
	// A build whose linker gave another id.
	newer := wasmtest.Module(wasmtest.Custom(".debug_info"), wasmtest.Custom("build_id", wasmtest.Name("new")))
	next, err := prepare(newer, AddOptions{Strip: true, Origin: "new"})
	if err != nil {
		t.Fatal(err)
	}
	dir, err := s.openFunction(hello)
	if err != nil {
		t.Fatal(err)
	}
	defer dir.root.Close()
	for _, c := range next[:len(next)-1] { // all but the module
		p, err := dir.write(c.name, c.bytes)
		if err == nil {
			err = dir.commit([]pending{p})
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	got, err := s.Get(hello)
	if err != nil || got.SHA256 != old.SHA256 || got.Meta != (Meta{}) {
		t.Errorf("function %+v, error %v", got, err)
	}
	_, err = s.FindDebug(hello, readModule(t, s, hello))
	wantError(t, err, ErrNoDebug, "another build")
	add(t, s, hello, newer, AddOptions{Strip: true})
	if _, err := s.FindDebug(hello, readModule(t, s, hello)); err != nil {
		t.Error(err)
	}
}

func TestRootsThatCannotBeAreExplained(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	mustWrite(t, file, "")
	_, err := Open(filepath.Join(file, "store"))
	wantError(t, err, syscall.ENOTDIR, filepath.Join(file, "store"), "move it away")
	_, err = Open(file)
	wantError(t, err, syscall.ENOTDIR, file, "FAASLENS_DIR")
	_, err = Open("")
	wantError(t, err, nil, "FAASLENS_DIR")

	s := open(t, t.TempDir())
	mustWrite(t, filepath.Join(s.Dir(), "wasm"), "a file where a directory should be")
	_, err = s.Add(hello, wasmtest.Sample(), AddOptions{})
	wantError(t, err, nil, filepath.Join(s.Dir(), "wasm"), "want a directory, it is a file", "move it away")
	_, err = s.List("")
	wantError(t, err, nil, "want a directory, it is a file")
}

func TestEveryErrorOfTheRunningSystemHasANextStep(t *testing.T) {
	for _, errno := range []syscall.Errno{syscall.ENOSPC, syscall.EDQUOT, syscall.EFBIG, syscall.EROFS, syscall.EACCES, syscall.EPERM, syscall.ENOTDIR, syscall.ENAMETOOLONG} {
		err := explain("write", "/root/dir/file", &fs.PathError{Op: "openat", Path: "file", Err: errno})
		wantError(t, err, errno, "write /root/dir/file: "+errno.Error()+": ")
		if strings.Contains(err.Error(), "openat") {
			t.Errorf("error %v names the call", err)
		}
	}
}

func TestBuiltStoresAreReadByTheToolsOfTheField(t *testing.T) {
	s := open(t, t.TempDir())
	f := add(t, s, hello, debuggable(9), AddOptions{Strip: true})
	for _, name := range []string{"function.wasm", "function.wasm.debug"} {
		wasmtest.Run(t, "wabt", "wasm-validate", "--enable-all", filepath.Join(filepath.Dir(f.Path), name))
	}
	if out, err := exec.Command("sha256sum", f.Path).Output(); err != nil || !strings.HasPrefix(string(out), f.SHA256) {
		t.Errorf("sha256sum says %q, error %v; want %s", out, err, f.SHA256)
	}
}

func TestNamesAreThoseOfAllFunctions(t *testing.T) {
	s := open(t, t.TempDir())
	if names, err := s.Names(); len(names) != 0 || err != nil {
		t.Errorf("of an empty store they are %q, %v", names, err)
	}
	for _, name := range []guest.Name{{User: "one", Function: "b"}, {User: "one", Function: "a"}, {User: "two", Function: "a"}} {
		add(t, s, name, wasmtest.Sample(), AddOptions{})
	}
	if err := os.WriteFile(filepath.Join(s.Dir(), "wasm", "file"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(s.Dir(), "wasm", "one", "not a name"), 0o755); err != nil {
		t.Fatal(err)
	}
	names, err := s.Names()
	if diff := cmp.Diff([]string{"one/a", "one/b", "two/a"}, names); diff != "" || err != nil {
		t.Errorf("%v (- want, + got):\n%s", err, diff)
	}
}
