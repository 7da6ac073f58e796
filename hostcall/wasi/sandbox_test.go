package wasi

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/google/go-cmp/cmp"

	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/hostcall"
)

const secret = "the secret outside"

// walls makes a root for a guest and a directory beside it that it must not see.
func walls(t testing.TB) (root, outside string) {
	t.Helper()
	top := t.TempDir()
	root, outside = filepath.Join(top, "root"), filepath.Join(top, "outside")
	mkdir(t, root, "dir")
	mkdir(t, outside, "dir")
	touch(t, root, "file")
	if err := os.WriteFile(filepath.Join(outside, "secret"), []byte(secret), 0o644); err != nil {
		t.Fatal(err)
	}
	return root, outside
}

func TestRenamingUnderARunningGuestOpensNoWayOut(t *testing.T) {
	root, outside := walls(t)
	mkdir(t, root, "good")
	touch(t, root, "good/secret")
	mkdir(t, root, "good/dir")
	symlink(t, "../outside", root, "evil")
	before := snapshot(t, outside)
	shared := openRoot(t, root)

	// One thread swaps a directory and a link that leads out, as fast as it can.
	var stop atomic.Bool
	swapped := make(chan error, 1)
	go func() {
		for !stop.Load() {
			good, evil := filepath.Join(root, "good"), filepath.Join(root, "evil")
			if err := unix.Renameat2(unix.AT_FDCWD, good, unix.AT_FDCWD, evil, unix.RENAME_EXCHANGE); err != nil {
				swapped <- err
				return
			}
		}
		swapped <- nil
	}()
	// Two guests at a time, over the same root, try everything through that name.
	finished := make(chan bool, 2)
	for range 2 {
		r := newRig(t, Config{Preopens: []Preopen{{Guest: "/", Root: shared}}})
		go func() {
			defer func() { finished <- true }()
			for range 400 {
				for _, path := range []string{"good/secret", "good/../good/secret", "good/./secret"} {
					if fd, e := r.openAs(3, path, 0, rightFDRead, 0); e == SUCCESS {
						if s, _ := r.read(fd, 100); strings.Contains(s, secret) {
							t.Errorf("read the secret through %s", path)
						}
						r.do("fd_close", fd)
					}
				}
				if fd, e := r.openAs(3, "good", oDirectory, 0, 0); e == SUCCESS {
					if list, _ := r.readdir(fd, 4096, 0); len(list) > 0 {
						for _, entry := range list {
							if entry.Name == "placed" {
								t.Error("listed the outside")
							}
						}
					}
					if fd2, e := r.openAs(fd, "secret", 0, rightFDRead, 0); e == SUCCESS {
						if s, _ := r.read(fd2, 100); strings.Contains(s, secret) {
							t.Error("read the secret through an opened directory")
						}
						r.do("fd_close", fd2)
					}
					r.do("fd_close", fd)
				}
				if fd, e := r.openAs(3, "good/new", oCreat|oTrunc, readWrite, 0); e == SUCCESS {
					r.write(fd, "x")
					r.do("fd_close", fd)
				}
				r.do("path_create_directory", 3, "good/made")
				r.do("path_symlink", "x", 3, "good/link")
				r.do("path_rename", 3, "good/new", 3, "good/newer")
				r.do("path_rename", 3, "file", 3, "good/file")
				r.do("path_rename", 3, "good/file", 3, "file")
				r.do("path_link", 3, 0, "good/secret", 3, "stolen")
				r.do("path_unlink_file", 3, "stolen")
				r.do("path_unlink_file", 3, "good/link")
				r.do("path_remove_directory", 3, "good/made")
				r.do("path_remove_directory", 3, "good/dir/none")
				r.do("path_filestat_set_times", 3, lookupFollow, "good/secret", 1, 1, fstAtim|fstMtim)
				r.do("path_filestat_set_times", 3, 0, "good/dir", 1, 1, fstAtim|fstMtim)
				runtime.Gosched()
			}
		}()
	}
	<-finished
	<-finished
	stop.Store(true)
	if err := <-swapped; err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before, snapshot(t, outside)); diff != "" {
		t.Errorf("the outside changed (-before +after):\n%s", diff)
	}
}

// fuzzStrings are what random calls use as paths and texts.
var fuzzStrings = []string{
	"file", "dir", "dir/f", ".", "..", "../outside/secret", "dir/../../outside/secret", "/etc/passwd", "link", "link/secret",
	"../outside", "dir/up", "../../outside", "out", "out/secret", "dir/", "file/", "\x00", "\xff", "", "loop", "new", "fifo",
	"./././dir/./f", "dir//f", strings.Repeat("a/", 200), strings.Repeat("b", 255), "outside", "secret",
}

const (
	fuzzStringsAt = 0x10000
	fuzzOutAt     = 0x30000
	fuzzMemory    = 0x40000
)

// fuzzMem lays out a memory with the strings, iovecs and subscriptions at known
// places and returns where each string is.
func fuzzMem() (hostcall.Memory, []uint32) {
	mem := make(hostcall.Memory, fuzzMemory)
	var at []uint32
	next := uint32(fuzzStringsAt)
	for _, s := range fuzzStrings {
		at = append(at, next)
		next += uint32(copy(mem[next:], s)) + 1
	}
	for i := range uint32(64) {
		mem.PutUint32(fuzzOutAt+8*i, fuzzOutAt+0x1000+16*i)
		mem.PutUint32(fuzzOutAt+8*i+4, i)
	}
	copy(mem[fuzzOutAt+0x2000:], clockSub(1, clockMonotonic, 1<<62, 0))
	copy(mem[fuzzOutAt+0x2000+sizeSubscription:], fdSub(2, eventRead, 4))
	return mem, at
}

// fuzzArgs takes the arguments of one call from the input. Every kind of argument
// has a form that works, so that a random sequence gets somewhere.
func fuzzArgs(spec *hostcall.Spec, at []uint32, in []byte) ([]guest.Value, []byte) {
	take := func() byte {
		if len(in) == 0 {
			return 0
		}
		b := in[0]
		in = in[1:]
		return b
	}
	var args []guest.Value
	for _, p := range spec.Params {
		b := take()
		var v, n uint32
		switch p.Kind {
		case hostcall.Int32:
			v = uint32(b)
			if b >= 0xf0 {
				v = uint32(b) << 24
			}
		case hostcall.Int64:
			x := uint64(b)
			if spec.Name == "path_open" {
				x = uint64(inheritedRights) &^ (uint64(b&3) << 1) // without READ or what is next to it
			} else if b >= 0xf0 && spec.Name != "fd_allocate" {
				x = uint64(b) << 56
			}
			args = append(args, guest.Value{x})
			continue
		case hostcall.InBytes:
			i := int(b) % len(at)
			v, n = at[i], uint32(len(fuzzStrings[i]))
			if b >= 0xf0 {
				v, n = uint32(take())<<10, uint32(take())<<4
			}
		case hostcall.InVec, hostcall.OutVec:
			v, n = fuzzOutAt+8*uint32(b%64), uint32(take()%8)
		case hostcall.InRecords:
			v = fuzzOutAt + 0x2000 + uint32(b&1)*sizeSubscription
		default:
			v, n = fuzzOutAt+0x3000+16*uint32(b), uint32(take())<<2
			if b >= 0xf8 {
				v = fuzzMemory - 4
			}
		}
		args = append(args, guest.Value{uint64(v)})
		switch p.Kind {
		case hostcall.InBytes, hostcall.OutBytes, hostcall.InVec, hostcall.OutVec, hostcall.InArray:
			args = append(args, guest.Value{uint64(n)})
		}
	}
	if len(args) == 0 {
		args = make([]guest.Value, 1)
	}
	return args, in
}

// FuzzCalls makes random sequences of calls over a directory with a secret next to
// it: nothing panics or hangs, and the secret is neither read nor changed.
func FuzzCalls(f *testing.F) {
	specs := Calls().Specs
	index := map[string]byte{}
	for i, s := range specs {
		index[s.Name] = byte(i)
	}
	var all []byte
	for i := range specs {
		all = append(all, byte(i), 3, 0, 0, 0, 0, 0, 0)
	}
	f.Add(all)
	// Open what leads out, in every way, and read it.
	for s := range fuzzStrings {
		b := byte(s)
		f.Add([]byte{
			index["path_symlink"], b, 3, 13, index["path_open"], 3, 1, 14, 0, 1, 0, 0, 0, index["fd_read"], 4, 0, 4, 0,
			index["path_open"], 3, 0, b, 1, 0, 0, 0, 0, index["fd_write"], 4, 1, 4, 0, index["path_rename"], 3, b, 3, 21,
			index["path_link"], 3, 0, b, 3, 21, index["path_unlink_file"], 3, b, index["fd_readdir"], 3, 0, 200, 0, 0,
			index["path_readlink"], 3, b, 0, 200, 0, index["poll_oneoff"], 0, 0, 2, 0, index["fd_renumber"], 4, 3,
		})
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		root, outside := walls(t)
		symlink(t, "../outside", root, "out")
		symlink(t, "loop", root, "loop")
		symlink(t, "../../outside/secret", root, "dir/up")
		symlink(t, outside, root, "link")
		if err := unix.Mkfifo(filepath.Join(root, "fifo"), 0o600); err != nil {
			t.Fatal(err)
		}
		before := snapshot(t, outside)
		var stdout bytes.Buffer
		r := newRig(t, Config{
			Args: []string{"a"}, Env: []string{"B=c"}, Stdin: strings.NewReader("input"), Stdout: &stdout, MaxDescriptors: 16,
			Preopens: []Preopen{{Guest: "/", Root: openRoot(t, root)}},
		})
		mem, at := fuzzMem()
		ctx, cancel := context.WithCancel(context.Background())
		cancel() // whatever waits must not
		r.ctx, r.mem = ctx, mem
		states := []any{&r.sys}
		for len(in) > 0 {
			spec := r.table.Lookup(Module, specs[int(in[0])%len(specs)].Name)
			var args []guest.Value
			args, in = fuzzArgs(spec, at, in[1:])
			_ = spec.Invoke(&r.call, mem, states, args)
		}
		if bytes.Contains(mem, []byte(secret)) || strings.Contains(stdout.String(), secret) {
			t.Error("the secret was read")
		}
		r.sys.Close()
		if diff := cmp.Diff(before, snapshot(t, outside)); diff != "" {
			t.Errorf("the outside changed (-before +after):\n%s", diff)
		}
	})
}
