package wasi

import (
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

type dirent struct {
	Name string
	Type filetype
	ino  uint64
	next uint64
}

// readdir is one fd_readdir: the whole entries it gave, and whether it reached the
// end.
func (r *rig) readdir(fd, size uint32, cookie uint64) ([]dirent, bool) {
	r.t.Helper()
	r.want(SUCCESS, "fd_readdir", fd, 0x20000, size, cookie, out64(0))
	used := r.u32(out64(0))
	if used > size {
		r.t.Fatalf("fd_readdir used %d of %d bytes", used, size)
	}
	b := r.mem[0x20000 : 0x20000+used]
	var list []dirent
	le := binary.LittleEndian
	for len(b) >= sizeDirent {
		n := int(le.Uint32(b[16:]))
		if len(b) < sizeDirent+n {
			break
		}
		list = append(list, dirent{string(b[sizeDirent : sizeDirent+n]), filetype(b[20]), le.Uint64(b[8:]), le.Uint64(b)})
		b = b[sizeDirent+n:]
	}
	return list, used < size
}

func names(list []dirent) []string {
	var n []string
	for _, e := range list {
		n = append(n, e.Name)
	}
	slices.Sort(n)
	return n
}

func TestADirectoryIsListedWithItsTypes(t *testing.T) {
	r, dir := dirRig(t)
	mkdir(t, dir, "nested")
	touch(t, dir, "file")
	touch(t, dir, "Действие")
	touch(t, dir, "not-utf8-\xff")
	symlink(t, "x", dir, "link")
	list, end := r.readdir(3, 4096, 0)
	if !end {
		t.Error("the buffer should have taken them all")
	}
	slices.SortFunc(list, func(a, b dirent) int { return cmpString(a.Name, b.Name) })
	want := []dirent{
		{Name: ".", Type: typeDirectory}, {Name: "..", Type: typeDirectory}, {Name: "file", Type: typeRegularFile},
		{Name: "link", Type: typeSymbolicLink}, {Name: "nested", Type: typeDirectory}, {Name: "Действие", Type: typeRegularFile},
	}
	if diff := cmp.Diff(want, list, cmp.Comparer(func(a, b dirent) bool { return a.Name == b.Name && a.Type == b.Type })); diff != "" {
		t.Errorf("entries (-want +got):\n%s", diff)
	}
	r.want(SUCCESS, "fd_filestat_get", 3, out64(0))
	self := r.filestatAt(out64(0)).ino
	for _, e := range list {
		ino := self
		if e.Name != "." && e.Name != ".." {
			st, _ := r.stat(e.Name, 0)
			ino = st.ino
		}
		if e.ino != ino {
			t.Errorf("%s has number %d, want %d", e.Name, e.ino, ino)
		}
	}
}

func cmpString(a, b string) int {
	if a < b {
		return -1
	}
	return 1
}

func TestAListingGoesOnFromAnyCookieThroughAnyBuffer(t *testing.T) {
	r, dir := dirRig(t)
	want := []string{".", ".."}
	for i := range 1000 {
		name := fmt.Sprintf("file.%d", i)
		touch(t, dir, name)
		want = append(want, name)
	}
	slices.Sort(want)
	for _, size := range []uint32{40, 41, 256, 4096, 100_000} {
		var got []dirent
		cookie := uint64(0)
		for {
			list, end := r.readdir(3, size, cookie)
			got = append(got, list...)
			if end {
				break
			}
			if len(list) == 0 {
				t.Fatalf("a buffer of %d bytes gives nothing at cookie %d", size, cookie)
			}
			cookie = list[len(list)-1].next
		}
		if diff := cmp.Diff(want, names(got)); diff != "" {
			t.Errorf("with %d bytes (-want +got):\n%s", size, diff)
		}
		mid := got[len(got)/2]
		rest, _ := r.readdir(3, 100_000, mid.next)
		if diff := cmp.Diff(names(got[len(got)/2+1:]), names(rest)); diff != "" {
			t.Errorf("from the middle (-want +got):\n%s", diff)
		}
	}
}

func TestAnEntryIsCutOffWhereTheBufferEnds(t *testing.T) {
	r, _ := dirRig(t)
	r.want(SUCCESS, "fd_readdir", 3, 0x20000, 4096, 0, out64(0))
	all := slices.Clone(r.mem[0x20000 : 0x20000+r.u32(out64(0))])
	for size := range uint32(len(all) + 2) {
		clear(r.mem[0x20000:0x21000])
		r.want(SUCCESS, "fd_readdir", 3, 0x20000, size, 0, out64(0))
		used := min(size, uint32(len(all)))
		if got := r.u32(out64(0)); got != used || string(r.mem[0x20000:0x20000+used]) != string(all[:used]) || r.mem[0x20000+used] != 0 {
			t.Errorf("with %d bytes: %d used", size, got)
		}
	}
}

func TestEntriesRemovedWhileListingDoNotHideOthers(t *testing.T) {
	r, dir := dirRig(t)
	want := []string{".", ".."}
	for i := range 200 {
		touch(t, dir, fmt.Sprintf("f%03d", i))
		want = append(want, fmt.Sprintf("f%03d", i))
	}
	var got []dirent
	cookie := uint64(0)
	for end := false; !end; {
		var list []dirent
		list, end = r.readdir(3, 256, cookie)
		for _, e := range list {
			if e.Type == typeRegularFile {
				if err := os.Remove(filepath.Join(dir, e.Name)); err != nil {
					t.Fatal(err)
				}
			}
			cookie = e.next
		}
		got = append(got, list...)
	}
	slices.Sort(want)
	if diff := cmp.Diff(want, names(got)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestListingRefusesWhatIsNoDirectoryAndNoCookie(t *testing.T) {
	r, _ := dirRig(t)
	fd := r.mustOpen("f", oCreat, readWrite, 0)
	r.want(ENOTDIR, "fd_readdir", fd, 0x20000, 100, 0, out64(0))
	r.want(EBADF, "fd_readdir", 99, 0x20000, 100, 0, out64(0))
	r.want(EINVAL, "fd_readdir", 3, 0x20000, 100, -1, out64(0))
	r.want(SUCCESS, "fd_readdir", 3, 0x20000, 0, 0, out64(0))
	if got := r.u32(out64(0)); got != 0 {
		t.Errorf("an empty buffer took %d bytes", got)
	}
}
