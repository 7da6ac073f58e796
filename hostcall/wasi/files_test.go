package wasi

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestAFileIsReadWrittenAndPositioned(t *testing.T) {
	r, dir := dirRig(t)
	fd := r.mustOpen("f", oCreat, readWrite, 0)
	if n, e := r.write(fd, "0123456789"); n != 10 || e != SUCCESS {
		t.Fatalf("write: %d, %v", n, e)
	}
	seek := func(offset int, whence uint32, want uint64, errno Errno) {
		t.Helper()
		e := r.do("fd_seek", fd, offset, whence, out64(0))
		if e != errno || e == SUCCESS && r.u64(out64(0)) != want {
			t.Errorf("fd_seek(%d, %d) = %v at %d, want %v at %d", offset, whence, e, r.u64(out64(0)), errno, want)
		}
	}
	seek(0, whenceCur, 10, SUCCESS)
	seek(-4, whenceCur, 6, SUCCESS)
	seek(-11, whenceEnd, 0, EINVAL)
	seek(0, 3, 0, EINVAL)
	seek(1000, whenceEnd, 1010, SUCCESS)
	seek(2, whenceSet, 2, SUCCESS)
	if s, e := r.read(fd, 3); s != "234" || e != SUCCESS {
		t.Errorf("read %q, %v", s, e)
	}
	r.want(SUCCESS, "fd_tell", fd, out64(0))
	if got := r.u64(out64(0)); got != 5 {
		t.Errorf("fd_tell = %d, want 5", got)
	}
	if e := r.pio("fd_pread", fd, 4, 6); e != SUCCESS || string(r.mem[ioAt:ioAt+4]) != "6789" {
		t.Errorf("fd_pread = %v, %q", e, r.mem[ioAt:ioAt+4])
	}
	copy(r.mem[ioAt:], "AB")
	if e := r.pio("fd_pwrite", fd, 2, 8); e != SUCCESS {
		t.Errorf("fd_pwrite = %v", e)
	}
	if e := r.pio("fd_pread", fd, 1, -1); e != EINVAL {
		t.Errorf("fd_pread at -1 = %v, want EINVAL", e)
	}
	if e := r.pio("fd_pwrite", fd, 1, -1); e != EINVAL {
		t.Errorf("fd_pwrite at -1 = %v, want EINVAL", e)
	}
	r.want(SUCCESS, "fd_tell", fd, out64(0))
	if got := r.u64(out64(0)); got != 5 {
		t.Errorf("fd_pread and fd_pwrite moved the position to %d", got)
	}
	r.want(SUCCESS, "fd_sync", fd)
	r.want(SUCCESS, "fd_datasync", fd)
	r.want(SUCCESS, "fd_close", fd)
	r.want(EBADF, "fd_close", fd)
	if b, err := os.ReadFile(filepath.Join(dir, "f")); string(b) != "01234567AB" {
		t.Errorf("the file holds %q, %v", b, err)
	}
}

func TestAccessModesAreKept(t *testing.T) {
	r, _ := dirRig(t)
	w := r.mustOpen("f", oCreat, rightFDWrite, 0)
	if _, e := r.read(w, 1); e != EBADF {
		t.Errorf("read of a write-only file = %v, want EBADF", e)
	}
	rd := r.mustOpen("f", 0, rightFDRead, 0)
	if _, e := r.write(rd, "x"); e != EBADF {
		t.Errorf("write of a read-only file = %v, want EBADF", e)
	}
	r.want(EINVAL, "fd_filestat_set_size", rd, 0)
	for fd, want := range map[uint32]rights{w: rightFDWrite, rd: rightFDRead} {
		r.want(SUCCESS, "fd_fdstat_get", fd, out64(0))
		if got := rights(r.u64(out64(0)+8)) & (readWrite | rightFDReaddir); got != want {
			t.Errorf("descriptor %d has rights %#x of reading and writing, want %#x", fd, got, want)
		}
	}
}

func TestAppendingWritesAtTheEndAndPwriteDoesNot(t *testing.T) {
	r, dir := dirRig(t)
	fd := r.mustOpen("f", oCreat, readWrite, fdAppend)
	r.write(fd, "abcd")
	r.want(SUCCESS, "fd_seek", fd, 0, whenceSet, out64(0))
	r.write(fd, "efgh")
	copy(r.mem[ioAt:], "XY")
	if e := r.pio("fd_pwrite", fd, 2, 1); e != SUCCESS {
		t.Fatalf("fd_pwrite = %v", e)
	}
	r.write(fd, "!")
	r.want(SUCCESS, "fd_fdstat_set_flags", fd, 0)
	r.want(SUCCESS, "fd_seek", fd, 0, whenceSet, out64(0))
	r.write(fd, "_")
	r.want(SUCCESS, "fd_fdstat_set_flags", fd, fdAppend|fdDsync|fdSync|fdRsync)
	r.write(fd, "?")
	r.want(SUCCESS, "fd_fdstat_get", fd, out64(0))
	if got := uint16(r.u32(out64(0)) >> 16); got != fdAppend|fdDsync|fdSync|fdRsync {
		t.Errorf("flags are %#x", got)
	}
	r.want(EINVAL, "fd_fdstat_set_flags", fd, 0x20)
	if b, _ := os.ReadFile(filepath.Join(dir, "f")); string(b) != "_XYdefgh!?" {
		t.Errorf("the file holds %q", b)
	}
}

func TestSizesAndTimesAreSet(t *testing.T) {
	r, _ := dirRig(t)
	fd := r.mustOpen("f", oCreat, readWrite, 0)
	size := func(want uint64) {
		t.Helper()
		r.want(SUCCESS, "fd_filestat_get", fd, out64(0))
		if got := r.filestatAt(out64(0)); got.size != want || got.filetype != typeRegularFile || got.nlink != 1 {
			t.Errorf("filestat is %+v, want a size of %d", got, want)
		}
	}
	r.want(SUCCESS, "fd_filestat_set_size", fd, 100)
	size(100)
	r.want(EFBIG, "fd_filestat_set_size", fd, uint64(1<<63))
	r.want(SUCCESS, "fd_allocate", fd, 10, 10)
	size(100)
	r.want(SUCCESS, "fd_allocate", fd, 90, 20)
	size(110)
	r.want(EINVAL, "fd_allocate", fd, 0, 0)
	r.want(EFBIG, "fd_allocate", fd, uint64(1<<63), 1)
	r.want(SUCCESS, "fd_advise", fd, 0, 50, 3)
	r.want(EINVAL, "fd_advise", fd, 0, 50, 6)

	const at, mt = 1_000_000_007, 2_000_000_000_000_000_011
	r.want(SUCCESS, "fd_filestat_set_times", fd, at, mt, fstAtim|fstMtim)
	got, _ := r.stat("f", 0)
	if got.atim != at || got.mtim != mt {
		t.Errorf("times are %d and %d", got.atim, got.mtim)
	}
	r.want(SUCCESS, "path_filestat_set_times", 3, 0, "f", 5, 6, fstMtim)
	if got, _ = r.stat("f", 0); got.atim != at || got.mtim != 6 {
		t.Errorf("times are %d and %d, want only the second changed", got.atim, got.mtim)
	}
	r.want(SUCCESS, "fd_filestat_set_times", fd, 0, 0, fstAtimNow)
	if got, _ = r.stat("f", 0); got.atim <= at || got.mtim != 6 {
		t.Errorf("times are %d and %d, want only the first to be now", got.atim, got.mtim)
	}
	for _, flags := range []uint16{fstAtim | fstAtimNow, fstMtim | fstMtimNow, 16} {
		r.want(EINVAL, "fd_filestat_set_times", fd, 1, 1, flags)
		r.want(EINVAL, "path_filestat_set_times", 3, 0, "f", 1, 1, flags)
	}
}

func TestTruncationNeedsTheRightOnTheDirectory(t *testing.T) {
	r, dir := dirRig(t)
	touch(t, dir, "f")
	r.want(SUCCESS, "fd_fdstat_get", 3, out64(0))
	base, inheriting := rights(r.u64(out64(0)+8)), rights(r.u64(out64(0)+16))
	if base&rightFDFilestatSetSize != 0 || base&rightPathFilestatSetSize == 0 {
		t.Errorf("directory has rights %#x", base)
	}
	r.mustOpen("f", oTrunc, 0, 0)
	if got, _ := r.stat("f", 0); got.size != 0 {
		t.Errorf("size after O_TRUNC is %d", got.size)
	}
	inheriting &^= rightFDFilestatSetSize
	r.want(SUCCESS, "fd_fdstat_set_rights", 3, base, inheriting)
	r.mustOpen("f", oTrunc, 0, 0)
	base &^= rightPathFilestatSetSize
	r.want(SUCCESS, "fd_fdstat_set_rights", 3, base, inheriting)
	if _, e := r.openAs(3, "f", oTrunc, 0, 0); e != ENOTCAPABLE {
		t.Errorf("truncating without the right = %v, want ENOTCAPABLE", e)
	}
	r.want(ENOTCAPABLE, "fd_fdstat_set_rights", 3, directoryRights, inheriting)
}

func TestRightsAreOnlyTakenAway(t *testing.T) {
	r, _ := dirRig(t)
	fd := r.mustOpen("f", oCreat, readWrite, 0)
	r.write(fd, "data")
	r.want(SUCCESS, "fd_fdstat_get", fd, out64(0))
	base := rights(r.u64(out64(0) + 8))
	r.want(SUCCESS, "fd_fdstat_set_rights", fd, base&^readWrite, 0)
	if _, e := r.read(fd, 1); e != EBADF {
		t.Errorf("read = %v", e)
	}
	if _, e := r.write(fd, "x"); e != EBADF {
		t.Errorf("write = %v", e)
	}
	r.want(ENOTCAPABLE, "fd_fdstat_set_rights", fd, base, 0)
	r.want(SUCCESS, "fd_fdstat_set_rights", fd, 0, 0)
	r.want(ENOTCAPABLE, "fd_filestat_get", fd, out64(0))
	r.want(ENOTCAPABLE, "fd_seek", fd, 1, whenceSet, out64(0))
	r.want(ENOTCAPABLE, "fd_tell", fd, out64(0))
	r.want(ENOTCAPABLE, "fd_sync", fd)

	r.want(SUCCESS, "fd_fdstat_set_rights", 3, directoryRights, inheritedRights&^rightFDWrite)
	if _, e := r.openAs(3, "f", 0, rightFDWrite, 0); e != ENOTCAPABLE {
		t.Errorf("open for writing through a directory that does not pass it on = %v", e)
	}
	r.want(SUCCESS, "fd_fdstat_set_rights", 3, 0, 0)
	for _, c := range []struct {
		name string
		args []any
	}{
		{"path_open", []any{3, 0, "f", 0, 0, 0, 0, out64(0)}},
		{"path_create_directory", []any{3, "d"}},
		{"path_filestat_get", []any{3, 0, "f", out64(0)}},
		{"path_filestat_set_times", []any{3, 0, "f", 0, 0, 0}},
		{"path_link", []any{3, 0, "f", 3, "g"}},
		{"path_readlink", []any{3, "f", 0x5000, 10, out64(0)}},
		{"path_remove_directory", []any{3, "d"}},
		{"path_rename", []any{3, "f", 3, "g"}},
		{"path_symlink", []any{"f", 3, "g"}},
		{"path_unlink_file", []any{3, "f"}},
		{"fd_readdir", []any{3, 0x5000, 10, 0, out64(0)}},
		{"fd_filestat_get", []any{3, out64(0)}},
	} {
		r.want(ENOTCAPABLE, c.name, c.args...)
	}
}

func TestADirectoryIsNotAFile(t *testing.T) {
	r, _ := dirRig(t)
	if _, e := r.read(3, 1); e != EBADF {
		t.Errorf("fd_read = %v", e)
	}
	if _, e := r.write(3, "x"); e != EBADF {
		t.Errorf("fd_write = %v", e)
	}
	if e := r.pio("fd_pread", 3, 1, 0); e != EBADF {
		t.Errorf("fd_pread = %v", e)
	}
	if e := r.pio("fd_pwrite", 3, 1, 0); e != EBADF {
		t.Errorf("fd_pwrite = %v", e)
	}
	for whence := range 3 {
		r.want(EBADF, "fd_seek", 3, 0, whence, out64(0))
	}
	r.want(EBADF, "fd_tell", 3, out64(0))
	r.want(EBADF, "fd_advise", 3, 0, 0, 4)
	r.want(EBADF, "fd_allocate", 3, 0, 0)
	r.want(EBADF, "fd_fdstat_set_flags", 3, fdNonblock)
	r.want(EBADF, "fd_filestat_set_size", 3, 0)
	r.want(SUCCESS, "fd_sync", 3)
	r.want(SUCCESS, "fd_datasync", 3)
	r.want(SUCCESS, "fd_filestat_set_times", 3, 5, 7, fstAtim|fstMtim)
	r.want(SUCCESS, "fd_filestat_get", 3, out64(0))
	if got := r.filestatAt(out64(0)); got.filetype != typeDirectory || got.mtim != 7 {
		t.Errorf("filestat is %+v", got)
	}
}

func TestPreopensAreNamed(t *testing.T) {
	root := openRoot(t, t.TempDir())
	r := newRig(t, Config{Preopens: []Preopen{{Guest: "/data", Root: root}, {Guest: ".", Root: root}}})
	for fd, name := range map[uint32]string{3: "/data", 4: "."} {
		r.want(SUCCESS, "fd_prestat_get", fd, out64(0))
		if tag, n := r.mem[out64(0)], r.u32(out64(0)+4); tag != 0 || int(n) != len(name) {
			t.Errorf("descriptor %d: kind %d, %d bytes", fd, tag, n)
		}
		r.want(ENAMETOOLONG, "fd_prestat_dir_name", fd, 0x5000, len(name)-1)
		r.mem[0x5000+len(name)] = 'x'
		r.want(SUCCESS, "fd_prestat_dir_name", fd, 0x5000, len(name)+1)
		if got := string(r.mem[0x5000 : 0x5001+len(name)]); got != name+"x" {
			t.Errorf("descriptor %d is named %q", fd, got)
		}
	}
	r.want(EBADF, "fd_prestat_get", 5, out64(0))
	fd := r.mustOpen(".", oDirectory, 0, 0)
	r.want(EBADF, "fd_prestat_get", fd, out64(0))
	r.want(EBADF, "fd_prestat_dir_name", fd, 0x5000, 10)

	// Over a preopen, and closed: the root itself stays open.
	r.want(SUCCESS, "fd_renumber", fd, 3)
	r.want(EBADF, "fd_prestat_get", 3, out64(0))
	r.want(SUCCESS, "fd_filestat_get", 3, out64(0))
	r.want(SUCCESS, "fd_close", 3)
	r.want(SUCCESS, "fd_close", 4)
	r.sys.Close()
	if _, err := root.Stat("."); err != nil {
		t.Errorf("the preopened root has been closed: %v", err)
	}
}

func TestRenumberingMovesADescriptor(t *testing.T) {
	r, dir := dirRig(t)
	a, b := r.mustOpen("a", oCreat, readWrite, 0), r.mustOpen("b", oCreat, rightFDRead, 0)
	r.want(SUCCESS, "fd_renumber", a, b)
	r.want(EBADF, "fd_close", a)
	r.want(EBADF, "fd_renumber", b, a)
	r.want(EBADF, "fd_renumber", a, b)
	r.want(SUCCESS, "fd_renumber", b, b)
	if _, e := r.write(b, "moved"); e != SUCCESS {
		t.Errorf("write = %v", e)
	}
	if got, _ := os.ReadFile(filepath.Join(dir, "a")); string(got) != "moved" {
		t.Errorf("a holds %q", got)
	}
	if fd := r.mustOpen("c", oCreat, rightFDRead, 0); fd != a {
		t.Errorf("the next descriptor is %d, want the lowest free, %d", fd, a)
	}
	r.want(SUCCESS, "fd_renumber", 1, b)
	if _, e := r.write(b, "x"); e != SUCCESS {
		t.Errorf("write to the moved stdout = %v", e)
	}
	if got, _ := os.ReadFile(filepath.Join(dir, "a")); string(got) != "moved" {
		t.Errorf("a holds %q after stdout took its place", got)
	}
}

func TestDescriptorsAreLimited(t *testing.T) {
	dir := t.TempDir()
	touch(t, dir, "f")
	r := newRig(t, Config{MaxDescriptors: 6, Preopens: []Preopen{{Guest: "/", Root: openRoot(t, dir)}}})
	a := r.mustOpen("f", 0, rightFDRead, 0)
	r.mustOpen(".", 0, 0, 0)
	if _, e := r.openAs(3, "new", oCreat, readWrite, 0); e != EMFILE {
		t.Errorf("one too many = %v, want EMFILE", e)
	}
	if _, err := os.Stat(filepath.Join(dir, "new")); err == nil {
		t.Error("the file was made all the same")
	}
	r.want(SUCCESS, "fd_close", a)
	if fd := r.mustOpen("f", 0, 0, 0); fd != a {
		t.Errorf("descriptor %d, want %d", fd, a)
	}
}

func TestWhatAGuestLeavesOpenIsClosed(t *testing.T) {
	open := func() int {
		list, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			t.Fatal(err)
		}
		return len(list)
	}
	dir := t.TempDir()
	mkdir(t, dir, "d")
	cfg := Config{Preopens: []Preopen{{Guest: "/", Root: openRoot(t, dir)}}}
	r := newRig(t, cfg)
	before := open()
	for range 3 {
		for range 20 {
			r.mustOpen("f", oCreat, readWrite, 0)
			d := r.mustOpen("d", oDirectory, 0, 0)
			if _, e := r.openAs(d, "g", oCreat, readWrite, 0); e != SUCCESS {
				t.Fatal(e)
			}
		}
		r.sys.Reset(&cfg)
	}
	r.sys.Close()
	r.sys.Close()
	if after := open(); after != before {
		t.Errorf("%d descriptors before, %d after", before, after)
	}
}

func TestConfigurationIsValidated(t *testing.T) {
	root := openRoot(t, t.TempDir())
	for _, c := range []struct {
		name string
		cfg  Config
		want string // in the error; empty for none
	}{
		{"nothing", Config{}, ""},
		{"everything right", Config{Args: []string{"a"}, Env: []string{"A=b=c"}, Preopens: []Preopen{{Guest: "/", Root: root}}, MaxDescriptors: 4}, ""},
		{"a NUL in an argument", Config{Args: []string{"a\x00b"}}, "NUL"},
		{"a NUL in the environment", Config{Env: []string{"A=\x00"}}, "NUL"},
		{"an entry without a name", Config{Env: []string{"=x"}}, "NAME=VALUE"},
		{"an entry without a value", Config{Env: []string{"x"}}, "NAME=VALUE"},
		{"a preopen without a root", Config{Preopens: []Preopen{{Guest: "/"}}}, "no root"},
		{"a preopen without a name", Config{Preopens: []Preopen{{Root: root}}}, "empty"},
		{"a preopen with a long name", Config{Preopens: []Preopen{{Root: root, Guest: strings.Repeat("x", maxPath)}}}, "shorter"},
		{"too few descriptors", Config{Preopens: []Preopen{{Guest: "/", Root: root}}, MaxDescriptors: 3}, "already need 4"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := c.cfg.Validate()
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("Validate: %v, want %q", err, c.want)
			}
		})
	}
}
