package wasi

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The expected errnos of these tests are those that the official test suite
// (WebAssembly/wasi-testsuite) and Wasmtime's preview 1 programs accept on Linux.

func TestPathsAreCheckedBeforeTheyAreUsed(t *testing.T) {
	r, dir := dirRig(t)
	mkdir(t, dir, "dir/nested")
	touch(t, dir, "dir/nested/file")
	for _, c := range []struct {
		path string
		want Errno
	}{
		{"dir/.//nested/../../dir/nested/../nested///./file", SUCCESS},
		{"dir/nested/", SUCCESS},
		{"dir/nested///", SUCCESS},
		{"dir/nested/..", SUCCESS},
		{"dir/nested/../", SUCCESS},
		{".", SUCCESS},
		{"./", SUCCESS},
		{"", ENOENT},
		{"/dir/nested/file", EPERM},
		{"/", EPERM},
		{"dir/nested/file\x00", EINVAL},
		{"dir/nested/file/", ENOTDIR},
		{"dir/nested/file///", ENOTDIR},
		{"dir/nested/file/.", ENOTDIR},
		{"dir/nested/file/..", ENOTDIR},
		{"dir/nested/../../../dir/nested/file", EPERM},
		{"..", EPERM},
		{"../", EPERM},
		{"dir/../..", EPERM},
		{"missing", ENOENT},
		{"missing/x", ENOENT},
		{"missing/", ENOENT},
		{"bad\xff", EILSEQ},
		{strings.Repeat("x", 256), ENAMETOOLONG},
		{strings.Repeat("x/", 2048), ENAMETOOLONG},
	} {
		r.at = argsAt
		fd, e := r.openAs(3, c.path, 0, rightFDRead, 0)
		if e != c.want {
			t.Errorf("open %.60q = %v, want %v", c.path, e, c.want)
		}
		if e == SUCCESS {
			r.want(SUCCESS, "fd_close", fd)
		}
		if _, e := r.stat(c.path, 0); e != c.want {
			t.Errorf("stat %.60q = %v, want %v", c.path, e, c.want)
		}
	}
}

func TestOpening(t *testing.T) {
	for _, c := range []struct {
		name    string
		path    string
		oflags  uint16
		base    rights
		fdflags uint16
		want    Errno
	}{
		{"a missing file", "missing", 0, rightFDRead, 0, ENOENT},
		{"a file as a directory", "f", oDirectory, rightFDRead, 0, ENOTDIR},
		{"a directory", "d", 0, rightFDRead, 0, SUCCESS},
		{"a directory as such", "d", oDirectory, 0, 0, SUCCESS},
		{"a directory for writing", "d", 0, readWrite, 0, EISDIR},
		{"a directory as such for writing", "d", oDirectory, readWrite, 0, EISDIR},
		{"the directory itself for writing", ".", oDirectory, readWrite, 0, EISDIR},
		{"a file to be created that exists", "f", oCreat | oExcl, rightFDRead, 0, EEXIST},
		{"a link to be created that exists", "dangling", oCreat | oExcl, rightFDRead, 0, EEXIST},
		{"a directory to be created that exists", "d", oCreat, rightFDRead, 0, EISDIR},
		{"a directory that cannot be created", "x", oCreat | oDirectory, 0, 0, EINVAL},
		{"a new file with a slash behind it", "x/", oCreat, rightFDRead, 0, EISDIR},
		{"a file with unknown oflags", "f", 16, 0, 0, EINVAL},
		{"a file with unknown fdflags", "f", 0, 0, 32, EINVAL},
		{"a file without blocking", "f", 0, rightFDRead, fdNonblock, SUCCESS},
		{"a file synchronously", "f", 0, readWrite, fdSync | fdDsync | fdRsync, SUCCESS},
		{"a name too long to create", strings.Repeat("n", 300), oCreat, 0, 0, ENAMETOOLONG},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, dir := dirRig(t)
			mkdir(t, dir, "d")
			touch(t, dir, "f")
			symlink(t, "missing", dir, "dangling")
			_, e := r.openAs(3, c.path, c.oflags, c.base, c.fdflags)
			if e != c.want {
				t.Errorf("path_open = %v, want %v", e, c.want)
			}
		})
	}
	t.Run("beneath a file", func(t *testing.T) {
		r, _ := dirRig(t)
		fd := r.mustOpen("f", oCreat, 0, 0)
		if _, e := r.openAs(fd, "x", oCreat, 0, 0); e != ENOTDIR {
			t.Errorf("path_open = %v, want ENOTDIR", e)
		}
		if _, e := r.openAs(99, "x", oCreat, 0, 0); e != EBADF {
			t.Errorf("path_open = %v, want EBADF", e)
		}
	})
	t.Run("beneath an opened directory, which is its own root", func(t *testing.T) {
		r, dir := dirRig(t)
		mkdir(t, dir, "d/e")
		touch(t, dir, "f")
		symlink(t, "../f", dir, "d/up")
		d := r.mustOpen("d", oDirectory, 0, 0)
		if _, e := r.openAs(d, "e/../e", 0, 0, 0); e != SUCCESS {
			t.Errorf("path_open = %v", e)
		}
		if _, e := r.openAs(d, "../f", 0, rightFDRead, 0); e != EPERM {
			t.Errorf("path_open of ../f = %v, want EPERM", e)
		}
		r.want(EPERM, "path_open", d, lookupFollow, "up", 0, rightFDRead, 0, 0, out64(0))
		r.want(SUCCESS, "path_open", 3, lookupFollow, "d/up", 0, rightFDRead, 0, 0, out64(0))
		r.want(SUCCESS, "path_link", 3, 0, "f", d, "e/hard")
		r.want(SUCCESS, "path_rename", d, "e/hard", 3, "moved")
		if _, err := os.Stat(filepath.Join(dir, "moved")); err != nil {
			t.Error(err)
		}
	})
}

func TestLinksAreFollowedOnlyWhenAsked(t *testing.T) {
	r, dir := dirRig(t)
	mkdir(t, dir, "d")
	touch(t, dir, "f")
	touch(t, dir, "d/g")
	for link, target := range map[string]string{
		"tod": "d", "tof": "f", "loop": "loop", "dangling": "nothing", "abs": dir + "/f", "up": "../x", "chain": "tod/../tof",
		"slash": "d/", "fslash": "f/",
	} {
		symlink(t, target, dir, link)
	}
	for _, c := range []struct {
		path   string
		oflags uint16
		not    []Errno // without following: one of
		follow Errno
	}{
		{"tod", oDirectory, []Errno{ELOOP, ENOTDIR}, SUCCESS},
		{"tod", 0, []Errno{ELOOP}, SUCCESS},
		{"tod/", 0, []Errno{SUCCESS}, SUCCESS},
		{"slash", 0, []Errno{ELOOP}, SUCCESS},
		{"fslash", 0, []Errno{ELOOP}, ENOTDIR},
		{"tof", oDirectory, []Errno{ELOOP, ENOTDIR}, ENOTDIR},
		{"tof", 0, []Errno{ELOOP}, SUCCESS},
		{"tof/", 0, []Errno{ENOTDIR}, ENOTDIR},
		{"tod/g", 0, []Errno{SUCCESS}, SUCCESS},
		{"loop", 0, []Errno{ELOOP}, ELOOP},
		{"loop/x", 0, []Errno{ELOOP}, ELOOP},
		{"dangling", oDirectory, []Errno{ELOOP, ENOTDIR}, ENOENT},
		{"dangling", 0, []Errno{ELOOP}, ENOENT},
		{"abs", 0, []Errno{ELOOP}, EPERM},
		{"up", 0, []Errno{ELOOP}, EPERM},
		{"up/x", 0, []Errno{EPERM}, EPERM},
		{"chain", 0, []Errno{ELOOP}, SUCCESS},
	} {
		_, e := r.openAs(3, c.path, c.oflags, rightFDRead, 0)
		ok := false
		for _, n := range c.not {
			ok = ok || e == n
		}
		if !ok {
			t.Errorf("open %s without following = %v, want one of %v", c.path, e, c.not)
		}
		if e := r.do("path_open", 3, lookupFollow, c.path, c.oflags, rightFDRead, 0, 0, out64(0)); e != c.follow {
			t.Errorf("open %s following = %v, want %v", c.path, e, c.follow)
		}
	}
	r.want(SUCCESS, "path_open", 3, lookupFollow, "dangling", oCreat, readWrite, 0, 0, out64(0))
	if _, err := os.Lstat(filepath.Join(dir, "nothing")); err != nil {
		t.Errorf("creating through a dangling link: %v", err)
	}

	link, _ := r.stat("tof", 0)
	file, _ := r.stat("tof", lookupFollow)
	if link.filetype != typeSymbolicLink || link.size != 1 || file.filetype != typeRegularFile {
		t.Errorf("the link is %+v, what it leads to %+v", link, file)
	}
	r.want(SUCCESS, "path_filestat_set_times", 3, 0, "tof", 0, 11, fstMtim)
	r.want(SUCCESS, "path_filestat_set_times", 3, lookupFollow, "tof", 0, 22, fstMtim)
	link, _ = r.stat("tof", 0)
	file, _ = r.stat("f", 0)
	if link.mtim != 11 || file.mtim != 22 {
		t.Errorf("times are %d of the link and %d of the file, want 11 and 22", link.mtim, file.mtim)
	}
}

func TestRenaming(t *testing.T) {
	for _, c := range []struct {
		name     string
		from, to string
		want     Errno
	}{
		{"a directory to a new name", "empty", "new", SUCCESS},
		{"a directory with slashes", "empty/", "new/", SUCCESS},
		{"a directory onto an empty one", "full", "empty", SUCCESS},
		{"a directory onto one that is not empty", "empty", "full", ENOTEMPTY},
		{"a directory onto a file", "empty", "f", ENOTDIR},
		{"a directory into itself", "full", "full/in", EINVAL},
		{"a file to a new name", "f", "new", SUCCESS},
		{"a file onto a file", "f", "g", SUCCESS},
		{"a file onto itself", "f", "f", SUCCESS},
		{"a file onto a directory", "f", "empty", EISDIR},
		{"a file with a slash", "f/", "new", ENOTDIR},
		{"a file to a name with a slash", "f", "new/", ENOTDIR},
		{"a file with slashes", "f/", "new/", ENOTDIR},
		{"a missing file", "missing", "new", ENOENT},
		{"into a missing directory", "f", "missing/new", ENOENT},
		{"a dangling link", "dangling", "new", SUCCESS},
		{"the directory itself", ".", "new", EBUSY},
		{"what is outside", "../x", "new", EPERM},
		{"to the outside", "f", "../x", EPERM},
		{"to an absolute path", "f", "/x", EPERM},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, dir := dirRig(t)
			mkdir(t, dir, "empty")
			mkdir(t, dir, "full")
			touch(t, dir, "full/x")
			touch(t, dir, "f")
			touch(t, dir, "g")
			symlink(t, "nothing", dir, "dangling")
			r.want(c.want, "path_rename", 3, c.from, 3, c.to)
			if c.want == SUCCESS && c.from != c.to {
				if _, err := os.Lstat(filepath.Join(dir, c.from)); err == nil {
					t.Error("the old name is still there")
				}
				if _, err := os.Lstat(filepath.Join(dir, c.to)); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

func TestMakingAndRemovingNames(t *testing.T) {
	for _, c := range []struct {
		name string
		call string
		args []any
		want Errno
	}{
		{"make a directory", "path_create_directory", []any{3, "new"}, SUCCESS},
		{"make a directory with a slash", "path_create_directory", []any{3, "new/"}, SUCCESS},
		{"make a directory that is there", "path_create_directory", []any{3, "d"}, EEXIST},
		{"make a directory where a file is", "path_create_directory", []any{3, "f"}, EEXIST},
		{"make a directory in a missing one", "path_create_directory", []any{3, "x/y"}, ENOENT},
		{"make the directory itself", "path_create_directory", []any{3, "."}, EEXIST},
		{"remove a directory", "path_remove_directory", []any{3, "d"}, SUCCESS},
		{"remove a directory with a slash", "path_remove_directory", []any{3, "d/"}, SUCCESS},
		{"remove a directory that is not empty", "path_remove_directory", []any{3, "full"}, ENOTEMPTY},
		{"remove a file as a directory", "path_remove_directory", []any{3, "f"}, ENOTDIR},
		{"remove a file with a slash as a directory", "path_remove_directory", []any{3, "f/"}, ENOTDIR},
		{"remove a link as a directory", "path_remove_directory", []any{3, "tod"}, ENOTDIR},
		{"remove the directory itself", "path_remove_directory", []any{3, "."}, EINVAL},
		{"unlink a file", "path_unlink_file", []any{3, "f"}, SUCCESS},
		{"unlink a link, not what it leads to", "path_unlink_file", []any{3, "tod"}, SUCCESS},
		{"unlink a file with a slash", "path_unlink_file", []any{3, "f/"}, ENOTDIR},
		{"unlink a directory", "path_unlink_file", []any{3, "d"}, EISDIR},
		{"unlink a directory with a slash", "path_unlink_file", []any{3, "d/"}, EISDIR},
		{"unlink what is missing", "path_unlink_file", []any{3, "x"}, ENOENT},
		{"unlink what is missing, with a slash", "path_unlink_file", []any{3, "x/"}, ENOENT},
		{"link a file", "path_link", []any{3, 0, "f", 3, "new"}, SUCCESS},
		{"link a file onto another", "path_link", []any{3, 0, "f", 3, "g"}, EEXIST},
		{"link a file onto itself", "path_link", []any{3, 0, "f", 3, "f"}, EEXIST},
		{"link a file onto a directory", "path_link", []any{3, 0, "f", 3, "d"}, EEXIST},
		{"link a file onto a dangling link", "path_link", []any{3, 0, "f", 3, "dangling"}, EEXIST},
		{"link a directory", "path_link", []any{3, 0, "d", 3, "new"}, EPERM},
		{"link a file to a name with a slash", "path_link", []any{3, 0, "f", 3, "new/"}, ENOENT},
		{"link a file with a slash", "path_link", []any{3, 0, "f/", 3, "new"}, ENOTDIR},
		{"link a dangling link", "path_link", []any{3, 0, "dangling", 3, "new"}, SUCCESS},
		{"link while following", "path_link", []any{3, lookupFollow, "tof", 3, "new"}, EINVAL},
		{"link what is missing", "path_link", []any{3, 0, "x", 3, "new"}, ENOENT},
		{"symlink", "path_symlink", []any{"anything", 3, "new"}, SUCCESS},
		{"symlink above the directory, which cannot be followed", "path_symlink", []any{"../../x", 3, "new"}, SUCCESS},
		{"symlink to an absolute path", "path_symlink", []any{"/etc", 3, "new"}, EPERM},
		{"symlink to nothing", "path_symlink", []any{"", 3, "new"}, ENOENT},
		{"symlink to what is no UTF-8", "path_symlink", []any{"\xff", 3, "new"}, EILSEQ},
		{"symlink to a NUL", "path_symlink", []any{"a\x00", 3, "new"}, EINVAL},
		{"symlink with a slash", "path_symlink", []any{"x", 3, "new/"}, ENOENT},
		{"symlink onto a directory with a slash", "path_symlink", []any{"x", 3, "d/"}, EEXIST},
		{"symlink onto a directory", "path_symlink", []any{"x", 3, "d"}, EEXIST},
		{"symlink onto a file with a slash", "path_symlink", []any{"x", 3, "f/"}, ENOTDIR},
		{"symlink onto a file", "path_symlink", []any{"x", 3, "f"}, EEXIST},
		{"read what is not a link", "path_readlink", []any{3, "f", 0x5000, 10, out64(0)}, EINVAL},
		{"read a link that is missing", "path_readlink", []any{3, "x", 0x5000, 10, out64(0)}, ENOENT},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, dir := dirRig(t)
			mkdir(t, dir, "d")
			mkdir(t, dir, "full/x")
			touch(t, dir, "f")
			touch(t, dir, "g")
			symlink(t, "nothing", dir, "dangling")
			symlink(t, "d", dir, "tod")
			symlink(t, "f", dir, "tof")
			r.want(c.want, c.call, c.args...)
			if _, err := os.Stat(filepath.Join(dir, "d")); err != nil && c.call != "path_remove_directory" {
				t.Error(err)
			}
		})
	}
}

func TestALinkIsReadAsFarAsTheBufferGoes(t *testing.T) {
	r, dir := dirRig(t)
	symlink(t, "Действие", dir, "link")
	for n := range uint32(20) {
		clear(r.mem[0x5000:0x5020])
		r.want(SUCCESS, "path_readlink", 3, "link", 0x5000, n, out64(0))
		used := r.u32(out64(0))
		if want := min(n, uint32(len("Действие"))); used != want || string(r.mem[0x5000:0x5000+used]) != "Действие"[:want] || r.mem[0x5000+used] != 0 {
			t.Errorf("with %d bytes: %d used, %q", n, used, r.mem[0x5000:0x5000+used])
		}
	}
}
