package wasi

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// fakeShared is a directory of shared files that notes what it is told.
type fakeShared struct {
	root *os.Root
	said []string
	err  error // of fetching and of telling

	files, dirs []string // that only others have
}

func (f *fakeShared) Root() (*os.Root, error) { return f.root, nil }
func (f *fakeShared) Hidden() string          { return ".own" }

func (f *fakeShared) Fetch(_ context.Context, path string) error {
	if strings.HasPrefix(path, "..") {
		return fmt.Errorf("%s: %w", path, fs.ErrInvalid)
	}
	f.said = append(f.said, "fetch "+path)
	return f.err
}

func (f *fakeShared) Elsewhere(_ context.Context, dir string) (files, dirs []string, err error) {
	f.said = append(f.said, "elsewhere "+dir)
	return f.files, f.dirs, f.err
}

func (f *fakeShared) Writing(path string) error {
	f.said = append(f.said, "writing "+path)
	return nil
}

func (f *fakeShared) Written(_ context.Context, path string, changed bool) error {
	f.said = append(f.said, fmt.Sprintf("written %s %v", path, changed))
	return f.err
}

func (f *fakeShared) Removed(_ context.Context, path string) error {
	f.said = append(f.said, "removed "+path)
	return f.err
}

// sharedRig preopens a directory, and has another of shared files.
func sharedRig(t *testing.T) (r *rig, shared *fakeShared, own, dir string) {
	t.Helper()
	own, dir = t.TempDir(), t.TempDir()
	shared = &fakeShared{root: openRoot(t, dir)}
	return newRig(t, Config{Preopens: []Preopen{{Guest: "/", Root: openRoot(t, own)}}, Shared: shared}), shared, own, dir
}

// says checks what the keeper of shared files was told since the last time.
func (f *fakeShared) says(t *testing.T, what string, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, f.said); diff != "" {
		t.Errorf("%s (- want, + got):\n%s", what, diff)
	}
	f.said = nil
}

func TestSharedFilesAreFetchedAndTold(t *testing.T) {
	r, shared, own, dir := sharedRig(t)
	touch(t, dir, "there")
	fd := r.mustOpen("faasm://there", 0, rightFDRead, 0)
	if got, e := r.read(fd, 20); got != "content" || e != SUCCESS {
		t.Errorf("read %q, %v", got, e)
	}
	r.want(SUCCESS, "fd_close", fd)
	shared.says(t, "reading", "fetch there")

	fd = r.mustOpen("faasm:/made", oCreat, readWrite, 0) // as languages that tidy paths have it
	r.write(fd, "text")
	r.want(SUCCESS, "fd_close", fd)
	shared.says(t, "making", "fetch made", "writing made", "written made true")

	fd = r.mustOpen("faasm://made", oCreat, readWrite, 0)
	r.want(SUCCESS, "fd_close", fd)
	shared.says(t, "opening for writing without writing", "fetch made", "writing made", "written made false")

	for name, change := range map[string]func(fd uint32){
		"writing":    func(fd uint32) { r.write(fd, "x") },
		"writing at": func(fd uint32) { r.pio("fd_pwrite", fd, 1, 0) },
		"cutting":    func(fd uint32) { r.want(SUCCESS, "fd_filestat_set_size", fd, 1) },
		"allocating": func(fd uint32) { r.want(SUCCESS, "fd_allocate", fd, 0, 100) },
	} {
		fd = r.mustOpen("faasm://made", 0, readWrite, 0)
		change(fd)
		r.want(SUCCESS, "fd_close", fd)
		shared.says(t, name, "fetch made", "writing made", "written made true")
	}
	fd = r.mustOpen("faasm://made", oTrunc, readWrite, 0)
	r.want(SUCCESS, "fd_close", fd)
	shared.says(t, "emptying", "fetch made", "writing made", "written made true")

	r.want(SUCCESS, "path_rename", 3, "faasm://made", 3, "faasm://moved")
	shared.says(t, "renaming", "fetch made", "fetch moved", "writing moved", "written moved true", "removed made")
	r.want(SUCCESS, "path_rename", 3, "faasm://moved", 3, "faasm://./moved")
	shared.says(t, "renaming to itself", "fetch moved", "fetch moved")
	r.want(SUCCESS, "path_unlink_file", 3, "faasm://moved")
	shared.says(t, "removing", "fetch moved", "removed moved")

	fd = r.mustOpen("faasm://new/dir/file", oCreat, readWrite, 0)
	r.want(SUCCESS, "fd_close", fd)
	shared.says(t, "making in a directory that there is not", "fetch new/dir/file", "writing new/dir/file", "written new/dir/file true")
	if _, e := r.openAs(3, "faasm://none/file", 0, readWrite, 0); e != ENOENT {
		t.Errorf("opening in a directory that there is not: %v", e)
	}
	shared.said = nil

	if left, err := os.ReadDir(own); err != nil || len(left) != 0 {
		t.Errorf("in the function's own directory there is %v, %v", left, err)
	}
}

func TestDirectoriesOfSharedFilesLeadToSharedFiles(t *testing.T) {
	r, shared, _, dir := sharedRig(t)
	mkdir(t, dir, "a/b")
	touch(t, dir, "a/b/file")
	d := r.mustOpen("faasm://a", oDirectory, 0, 0)
	fd, e := r.openAs(d, "b/file", 0, readWrite, 0)
	if e != SUCCESS {
		t.Fatal(e)
	}
	r.write(fd, "x")
	if got := r.sys.OpenPaths(); got[4] != "faasm://a" || got[5] != "faasm://a/b/file" {
		t.Errorf("they are called %q", got)
	}
	r.want(SUCCESS, "fd_close", fd)
	shared.says(t, "below a directory", "fetch a", "fetch a/b/file", "writing a/b/file", "written a/b/file true")
	if _, e := r.openAs(d, "../x", 0, rightFDRead, 0); e != EPERM {
		t.Errorf("above the directory: %v", e)
	}
}

func TestASharedFileIsToldOfOnceItsLastDescriptorCloses(t *testing.T) {
	r, shared, _, _ := sharedRig(t)
	fd := r.mustOpen("faasm://file", oCreat, readWrite, 0)
	twin, err := r.sys.Dup(int32(fd))
	if err != nil {
		t.Fatal(err)
	}
	r.want(SUCCESS, "fd_close", fd)
	shared.says(t, "the first", "fetch file", "writing file")
	r.want(SUCCESS, "fd_close", uint32(twin))
	shared.says(t, "the last", "written file true")
	r.mustOpen("faasm://file", 0, readWrite, 0)
	r.write(fd, "x")
	r.sys.Close()
	shared.says(t, "what the guest left open", "fetch file", "writing file", "written file true")
}

func TestSharedPathsStayWithinTheirDirectory(t *testing.T) {
	r, _, own, dir := sharedRig(t)
	touch(t, own, "file")
	touch(t, dir, "file")
	symlink(t, own, dir, "out")
	symlink(t, "../"+filepath.Base(own), dir, "up")
	for path, want := range map[string]Errno{
		"faasm://../file": EPERM, "faasm://a/../../file": EPERM, "faasm://out/file": EPERM, "faasm://up/file": EPERM,
		"faasm:///file": SUCCESS, "faasm://": SUCCESS, "faasm://none": ENOENT, "faasm://file/": ENOTDIR, "faasm://bad\xff": EILSEQ,
	} {
		if _, e := r.openAs(3, path, 0, rightFDRead, 0); e != want {
			t.Errorf("%q: %v, want %v", path, e, want)
		}
	}
	r.want(EXDEV, "path_rename", 3, "file", 3, "faasm://new")
	r.want(EXDEV, "path_rename", 3, "faasm://file", 3, "new")
	r.want(ENOTSUP, "path_link", 3, 0, "faasm://file", 3, "linked")
	r.want(ENOTSUP, "path_link", 3, 0, "file", 3, "faasm://linked")
	r.want(ENOTSUP, "path_symlink", "file", 3, "faasm://linked")
	r.want(SUCCESS, "path_create_directory", 3, "faasm://made")
	r.want(ENOTSUP, "path_rename", 3, "faasm://made", 3, "faasm://moved")
	r.want(SUCCESS, "path_remove_directory", 3, "faasm://made")
}

func TestWhatCannotBeToldIsAnErrorOfClosing(t *testing.T) {
	r, shared, _, dir := sharedRig(t)
	touch(t, dir, "file")
	fd := r.mustOpen("faasm://file", 0, readWrite, 0)
	shared.err = errors.New("the network is away")
	r.write(fd, "x")
	r.want(EIO, "fd_close", fd)
	r.want(EBADF, "fd_close", fd)
	if _, e := r.openAs(3, "faasm://file", 0, rightFDRead, 0); e != EIO {
		t.Errorf("opening what cannot be fetched: %v", e)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r.ctx = ctx
	if _, e := r.openAs(3, "faasm://file", 0, rightFDRead, 0); e != EINTR {
		t.Errorf("opening when the invocation has ended: %v", e)
	}
}

func TestReadOnlyDirectoriesLeadToSharedFilesThatAre(t *testing.T) {
	dir := t.TempDir()
	touch(t, dir, "file")
	shared := &fakeShared{root: openRoot(t, dir)}
	r := newRig(t, Config{Preopens: []Preopen{{Guest: "/", Root: openRoot(t, t.TempDir()), ReadOnly: true}}, Shared: shared})
	if _, e := r.openAs(3, "faasm://file", 0, readWrite, 0); e != EROFS {
		t.Errorf("opening for writing: %v", e)
	}
	r.want(EROFS, "path_unlink_file", 3, "faasm://file")
	shared.says(t, "nothing was written", "fetch file")
}

func TestHostCallsOpenSharedFiles(t *testing.T) {
	r, shared, _, dir := sharedRig(t)
	touch(t, dir, "file")
	f, err := r.sys.Open(t.Context(), "faasm://file")
	if err != nil {
		t.Fatal(err)
	}
	f.Close()
	shared.says(t, "opening", "fetch file")
	if _, err := r.sys.Open(t.Context(), "faasm://../file"); !errors.Is(err, fs.ErrInvalid) {
		t.Errorf("a path that leads out: %v", err)
	}
}

func TestASharedDirectoryIsListedWithWhatOthersHave(t *testing.T) {
	r, shared, _, dir := sharedRig(t)
	mkdir(t, dir, "d")
	touch(t, dir, "d/here")
	shared.files, shared.dirs = []string{"file", "other"}, []string{"dir"}
	fd := r.mustOpen("faasm://d", oDirectory, rightFDReaddir, 0)
	shared.said = nil
	want := []string{".", "..", "dir", "file", "here", "other"}
	list, end := r.readdir(fd, 4096, 0)
	if diff := cmp.Diff(want, names(list)); diff != "" || !end {
		t.Errorf("at once (- want, + got):\n%s", diff)
	}
	for _, e := range list {
		if directory := e.Name == "dir" || e.Name[0] == '.'; (e.Type == typeDirectory) != directory || e.ino == 0 {
			t.Errorf("%s: type %v, number %d", e.Name, e.Type, e.ino)
		}
	}
	var one []dirent
	for cookie, end := uint64(0), false; !end; {
		var some []dirent
		if some, end = r.readdir(fd, sizeDirent+6, cookie); len(some) > 0 {
			one, cookie = append(one, some[0]), some[0].next
			end = false
		}
	}
	if diff := cmp.Diff(want, names(one)); diff != "" {
		t.Errorf("one by one (- want, + got):\n%s", diff)
	}
	shared.says(t, "two listings", "elsewhere d", "elsewhere d")
	mkdir(t, dir, ".own")
	mkdir(t, dir, "d/.own")
	top := r.mustOpen("faasm://.", oDirectory, rightFDReaddir, 0)
	list, _ = r.readdir(top, 4096, 0)
	if diff := cmp.Diff([]string{".", "..", "d", "dir", "file", "other"}, names(list)); diff != "" {
		t.Errorf("of the top (- want, + got):\n%s", diff)
	}
	r.want(EINVAL, "fd_readdir", fd, 0x20000, 100, uint64(firstElsewhere+4), out64(0))
	r.want(ENOTEMPTY, "path_remove_directory", 3, "faasm://d")
	shared.err = errors.New("it is away")
	r.want(EIO, "fd_readdir", fd, 0x20000, 100, uint64(0), out64(0))
}
