package wasi

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// snapshot lists a tree with everything that a write would change.
func snapshot(t testing.TB, dir string) map[string]string {
	t.Helper()
	list := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		s := info.Mode().String() + " " + info.ModTime().String()
		if e.Type().IsRegular() {
			b, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			s += " " + string(b)
		}
		list[path] = s
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func TestNothingIsWrittenUnderAReadOnlyPreopen(t *testing.T) {
	dir, other := t.TempDir(), t.TempDir()
	mkdir(t, dir, "d")
	touch(t, dir, "f")
	touch(t, other, "g")
	symlink(t, "f", dir, "link")
	before := snapshot(t, dir)
	r := newRig(t, Config{Preopens: []Preopen{
		{Guest: "/", Root: openRoot(t, dir), ReadOnly: true},
		{Guest: "/rw", Root: openRoot(t, other)},
	}})
	sub := r.mustOpen("d", oDirectory, 0, 0)
	file := r.mustOpen("f", 0, rightFDRead, 0)
	for _, c := range []struct {
		name string
		args []any
		want Errno
	}{
		{"path_open", []any{3, 0, "f", 0, rightFDWrite, 0, 0, out64(0)}, EROFS},
		{"path_open", []any{3, lookupFollow, "link", 0, rightFDWrite, 0, 0, out64(0)}, EROFS},
		{"path_open", []any{3, 0, "link", 0, rightFDWrite, 0, 0, out64(0)}, ELOOP},
		{"path_open", []any{3, 0, "f", oTrunc, rightFDRead, 0, 0, out64(0)}, EROFS},
		{"path_open", []any{3, 0, "f", oCreat, rightFDRead, 0, 0, out64(0)}, SUCCESS},
		{"path_open", []any{3, 0, "f", oCreat | oExcl, rightFDWrite, 0, 0, out64(0)}, EEXIST},
		{"path_open", []any{3, 0, "new", oCreat, rightFDRead, 0, 0, out64(0)}, EROFS},
		{"path_open", []any{3, 0, "new", 0, rightFDWrite, 0, 0, out64(0)}, ENOENT},
		{"path_open", []any{3, 0, "d", 0, rightFDWrite, 0, 0, out64(0)}, EISDIR},
		{"path_open", []any{sub, 0, "new", oCreat, rightFDWrite, 0, 0, out64(0)}, EROFS},
		{"path_create_directory", []any{3, "new"}, EROFS},
		{"path_create_directory", []any{3, "d"}, EEXIST},
		{"path_create_directory", []any{sub, "new"}, EROFS},
		{"path_remove_directory", []any{3, "d"}, EROFS},
		{"path_unlink_file", []any{3, "f"}, EROFS},
		{"path_rename", []any{3, "f", 3, "g"}, EROFS},
		{"path_rename", []any{3, "f", 4, "g"}, EROFS},
		{"path_rename", []any{4, "g", 3, "g"}, EROFS},
		{"path_link", []any{3, 0, "f", 4, "writable"}, EROFS},
		{"path_link", []any{4, 0, "g", 3, "g"}, EROFS},
		{"path_symlink", []any{"f", 3, "new"}, EROFS},
		{"path_filestat_set_times", []any{3, 0, "f", 1, 1, fstAtim | fstMtim}, EROFS},
		{"fd_filestat_set_times", []any{file, 1, 1, fstAtim | fstMtim}, EROFS},
		{"fd_filestat_set_times", []any{3, 1, 1, fstAtim | fstMtim}, EROFS},
		{"fd_filestat_set_size", []any{file, 0}, EINVAL},
		{"fd_allocate", []any{file, 0, 100}, EINVAL},
	} {
		r.want(c.want, c.name, c.args...)
	}
	if _, e := r.write(file, "x"); e != EBADF {
		t.Errorf("fd_write = %v, want EBADF", e)
	}
	if s, e := r.read(file, 100); s != "content" || e != SUCCESS {
		t.Errorf("fd_read = %q, %v", s, e)
	}
	if diff := cmp.Diff(before, snapshot(t, dir)); diff != "" {
		t.Errorf("the directory changed (-before +after):\n%s", diff)
	}
}
