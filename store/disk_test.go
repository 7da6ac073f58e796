package store

import (
	"math"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"syscall"
	"testing"

	"github.com/faaslens/faaslens/wasm/wasmtest"
	"github.com/google/go-cmp/cmp"
)

// megabyte is a module that no small disk holds.
func megabyte() []byte { return append(wasmtest.Sample(), wasmtest.Padding(1<<20)...) }

// mountSmallDisk mounts a disk of 256 KiB at dir, seen by this goroutine's thread
// alone, which ends with the goroutine. It returns the error if this process may
// not mount.
func mountSmallDisk(t *testing.T, dir string) error {
	t.Helper()
	runtime.LockOSThread() // and never unlock: nothing else may run in its name space
	if err := syscall.Unshare(syscall.CLONE_NEWNS); err != nil {
		return err
	}
	if err := syscall.Mount("none", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""); err != nil {
		return err
	}
	if err := syscall.Mount("small", dir, "tmpfs", 0, "size=256k"); err != nil {
		return err
	}
	t.Cleanup(func() { syscall.Unmount(dir, syscall.MNT_DETACH) })
	return nil
}

// limitFiles makes writes beyond 256 KiB of a file fail, which any process may.
func limitFiles(t *testing.T) {
	t.Helper()
	signal.Ignore(syscall.SIGXFSZ) // so that the write fails instead
	var was syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &was); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: 256 << 10, Max: was.Max}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &was); err != nil {
			t.Fatal(err)
		}
		signal.Reset(syscall.SIGXFSZ)
	})
}

func TestAFullDiskLeavesTheOldFunctionWhole(t *testing.T) {
	dir := t.TempDir()
	cause := syscall.ENOSPC
	if err := mountSmallDisk(t, dir); err != nil {
		t.Logf("no disk can be mounted here (%v): files are limited instead", err)
		limitFiles(t)
		cause = syscall.EFBIG
	}
	checkFailingWrite(t, dir, cause)
}

func TestAWriteThatFailsMidwayLeavesTheOldFunctionWhole(t *testing.T) {
	dir := t.TempDir()
	limitFiles(t)
	checkFailingWrite(t, dir, syscall.EFBIG)
}

func checkFailingWrite(t *testing.T, dir string, cause syscall.Errno) {
	t.Helper()
	s := open(t, dir)
	old := add(t, s, hello, debuggable(10), AddOptions{Strip: true, Origin: "old"})
	for _, options := range []AddOptions{{Strip: true}, {}} {
		_, err := s.Add(hello, megabyte(), options)
		wantError(t, err, cause, "add demo/hello: write ", filepath.Join(dir, "wasm/demo/hello/function.wasm"), cause.Error(), NextStep(cause))
	}
	got, err := s.Get(hello)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(old, got); diff != "" {
		t.Errorf("function (-old +now):\n%s", diff)
	}
	if _, err := s.FindDebug(hello, readModule(t, s, hello)); err != nil {
		t.Error(err)
	}
	if got := files(t, filepath.Dir(old.Path)); !slices.Equal(got, []string{"function.wasm", "function.wasm.debug", "meta.json"}) {
		t.Errorf("files %v", got)
	}
}

func TestAReadOnlyDiskIsExplainedAndStillRead(t *testing.T) {
	dir := t.TempDir()
	cause := syscall.EROFS
	mounted := mountSmallDisk(t, dir) == nil
	s := open(t, dir)
	add(t, s, hello, wasmtest.Sample(), AddOptions{})
	if mounted {
		if err := syscall.Mount("small", dir, "", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
			t.Fatal(err)
		}
	} else {
		cause = syscall.EACCES
		forbidWrites(t, dir)
	}
	checkReadOnly(t, dir, cause)
}

func TestADirectoryOfSomeoneElseIsExplainedAndStillRead(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	add(t, s, hello, wasmtest.Sample(), AddOptions{})
	forbidWrites(t, dir)
	checkReadOnly(t, dir, syscall.EACCES)
}

// forbidWrites takes away the permission to write below dir, from root too: this
// goroutine's thread goes on as a user who owns nothing.
func forbidWrites(t *testing.T, dir string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, _ os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Chmod(path, 0o555)
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		filepath.WalkDir(dir, func(path string, _ os.DirEntry, _ error) error { return os.Chmod(path, 0o755) })
	})
	if os.Geteuid() != 0 {
		return
	}
	for up := filepath.Dir(dir); up != os.TempDir() && up != "/"; up = filepath.Dir(up) {
		if err := os.Chmod(up, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	const nobody = 65534
	runtime.LockOSThread()
	if err := syscall.Setfsuid(nobody); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := syscall.Setfsuid(0); err != nil {
			t.Fatal(err)
		}
	})
}

func checkReadOnly(t *testing.T, dir string, cause syscall.Errno) {
	t.Helper()
	s := open(t, dir)
	if _, err := s.Get(hello); err != nil {
		t.Error(err)
	}
	checkList(t, s, "", "demo/hello")
	_, err := s.Add(hello, debuggable(2), AddOptions{})
	wantError(t, err, cause, "add demo/hello: ", dir, cause.Error(), NextStep(cause))
	wantError(t, s.Remove(hello), cause, "remove demo/hello: ", dir, cause.Error(), NextStep(cause))
	_, err = s.RuntimeRoot()
	wantError(t, err, cause, filepath.Join(dir, "runtime_root"), NextStep(cause))
	if _, err := s.Get(hello); err != nil {
		t.Error(err)
	}
}

func TestAFileTooLargeToReadIsRefusedUnread(t *testing.T) {
	s := open(t, t.TempDir())
	f := add(t, s, hello, wasmtest.Sample(), AddOptions{})
	if err := os.Truncate(f.Path, math.MaxInt32); err != nil { // sparse
		t.Fatal(err)
	}
	_, err := s.Get(hello)
	wantError(t, err, nil, f.Path, "2147483647 bytes")
}
