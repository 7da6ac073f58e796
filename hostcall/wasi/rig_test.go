package wasi

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/hostcall"
)

// rig stands in for an engine and a guest: a memory, one System and a way to make
// calls with Go values.
type rig struct {
	t     testing.TB
	table *hostcall.Table
	sys   System
	call  hostcall.Call
	mem   hostcall.Memory
	ctx   context.Context
	at    uint32 // where the next argument in memory goes
}

func (r *rig) Memory() hostcall.Memory { return r.mem }
func (r *rig) MapFile(uint32, int, int64, uint32) error {
	return errors.New("it maps no files")
}

func (r *rig) Grow(uint32) (uint32, bool) { return 0, false }
func (r *rig) Frames() []guest.Frame      { return nil }
func (r *rig) Context() context.Context   { return r.ctx }
func (r *rig) CallExport(name string, _ ...guest.Value) (guest.Value, error) {
	return guest.Value{}, fmt.Errorf("no export %s", name)
}

// outAt is where the results of a call are written, 64 bytes each; arguments in
// memory start at argsAt.
const (
	outAt   = 0x1000
	argsAt  = 0x2000
	memSize = 1 << 20
)

func out64(i uint32) uint32 { return outAt + 64*i }

func newRig(t testing.TB, cfg Config) *rig {
	t.Helper()
	table, err := hostcall.NewTable(Calls())
	if err != nil {
		t.Fatal(err)
	}
	if err := cfg.Validate(); err != nil {
		t.Fatal(err)
	}
	r := &rig{t: t, table: table, mem: make(hostcall.Memory, memSize), ctx: context.Background()}
	r.call.Guest = r
	r.sys.Reset(&cfg)
	t.Cleanup(r.sys.Close)
	return r
}

// dirRig preopens a fresh directory as descriptor 3 and returns its path.
func dirRig(t testing.TB) (*rig, string) {
	t.Helper()
	dir := t.TempDir()
	return newRig(t, Config{Preopens: []Preopen{{Guest: "/", Root: openRoot(t, dir)}}}), dir
}

func openRoot(t testing.TB, dir string) *os.Root {
	t.Helper()
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { root.Close() })
	return root
}

// put places bytes in memory and returns where.
func (r *rig) put(b []byte) uint32 {
	at := r.at
	copy(r.mem[at:], b)
	r.at += uint32(len(b)+15) &^ 15
	return at
}

// vec places one buffer and its iovec, and returns the iovec's address.
func (r *rig) vec(buf, n uint32) uint32 {
	var b [8]byte
	binary.LittleEndian.PutUint32(b[:], buf)
	binary.LittleEndian.PutUint32(b[4:], n)
	return r.put(b[:])
}

// try makes a call. A string argument becomes a pointer and a length.
func (r *rig) try(name string, args ...any) (Errno, error) {
	r.t.Helper()
	spec := r.table.Lookup(Module, name)
	if spec == nil {
		r.t.Fatalf("no call %s", name)
	}
	r.at = argsAt
	var vals []guest.Value
	for _, a := range args {
		switch a := a.(type) {
		case int:
			vals = append(vals, guest.ValueI64(int64(a)))
		case uint16:
			vals = append(vals, guest.ValueI32(int32(a)))
		case uint32:
			vals = append(vals, guest.ValueI32(int32(a)))
		case uint64:
			vals = append(vals, guest.ValueI64(int64(a)))
		case rights:
			vals = append(vals, guest.ValueI64(int64(a)))
		case string:
			vals = append(vals, guest.ValueI32(int32(r.put([]byte(a)))), guest.ValueI32(int32(len(a))))
		default:
			r.t.Fatalf("argument %v of type %T", a, a)
		}
	}
	if want := len(spec.Type().Params); len(vals) != want {
		r.t.Fatalf("%s: %d arguments, want %d", name, len(vals), want)
	}
	if len(vals) == 0 {
		vals = make([]guest.Value, 1)
	}
	err := spec.Invoke(&r.call, r.mem, []any{&r.sys}, vals)
	return Errno(vals[0].U32()), err
}

// do makes a call that does not end the invocation.
func (r *rig) do(name string, args ...any) Errno {
	r.t.Helper()
	e, err := r.try(name, args...)
	if err != nil {
		r.t.Fatalf("%s%v ended the invocation: %v", name, args, err)
	}
	return e
}

// want makes a call and checks its errno.
func (r *rig) want(want Errno, name string, args ...any) {
	r.t.Helper()
	if got := r.do(name, args...); got != want {
		r.t.Errorf("%s%v = %v, want %v", name, args, got, want)
	}
}

func (r *rig) u32(at uint32) uint32 { v, _ := r.mem.Uint32(at); return v }
func (r *rig) u64(at uint32) uint64 { return binary.LittleEndian.Uint64(r.mem[at:]) }

const readWrite = rightFDRead | rightFDWrite

// openAs opens a path from a descriptor.
func (r *rig) openAs(fd uint32, path string, oflags uint16, base rights, fdflags uint16) (uint32, Errno) {
	r.t.Helper()
	e := r.do("path_open", fd, 0, path, oflags, base, inheritedRights, fdflags, out64(0))
	return r.u32(out64(0)), e
}

// mustOpen opens a path that must open.
func (r *rig) mustOpen(path string, oflags uint16, base rights, fdflags uint16) uint32 {
	r.t.Helper()
	fd, e := r.openAs(3, path, oflags, base, fdflags)
	if e != SUCCESS {
		r.t.Fatalf("open %s: %v", path, e)
	}
	return fd
}

const ioAt = 0x10000

// write writes to a descriptor and returns how much it took.
func (r *rig) write(fd uint32, s string) (int, Errno) {
	r.t.Helper()
	copy(r.mem[ioAt:], s)
	r.at = 0x3000
	vec := r.vec(ioAt, uint32(len(s)))
	e := r.do("fd_write", fd, vec, 1, out64(0))
	return int(r.u32(out64(0))), e
}

// read reads up to n bytes.
func (r *rig) read(fd uint32, n int) (string, Errno) {
	r.t.Helper()
	r.at = 0x3000
	vec := r.vec(ioAt, uint32(n))
	e := r.do("fd_read", fd, vec, 1, out64(0))
	if e != SUCCESS {
		return "", e
	}
	return string(r.mem[ioAt : ioAt+r.u32(out64(0))]), e
}

// pio is fd_pread or fd_pwrite of n bytes.
func (r *rig) pio(name string, fd uint32, n, at int) Errno {
	r.t.Helper()
	r.at = 0x3000
	vec := r.vec(ioAt, uint32(n))
	return r.do(name, fd, vec, 1, at, out64(0))
}

// stat is a path's status.
func (r *rig) stat(path string, lookup uint32) (filestat, Errno) {
	r.t.Helper()
	e := r.do("path_filestat_get", 3, lookup, path, out64(0))
	return r.filestatAt(out64(0)), e
}

func (r *rig) filestatAt(at uint32) filestat {
	return filestat{
		dev: r.u64(at), ino: r.u64(at + 8), filetype: filetype(r.mem[at+16]), nlink: r.u64(at + 24), size: r.u64(at + 32),
		atim: r.u64(at + 40), mtim: r.u64(at + 48), ctim: r.u64(at + 56),
	}
}

// touch makes a file of the host's.
func touch(t testing.TB, elem ...string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(elem...), []byte("content"), 0o644); err != nil {
		t.Fatal(err)
	}
}

func mkdir(t testing.TB, elem ...string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Join(elem...), 0o755); err != nil {
		t.Fatal(err)
	}
}

func symlink(t testing.TB, target string, elem ...string) {
	t.Helper()
	if err := os.Symlink(target, filepath.Join(elem...)); err != nil {
		t.Fatal(err)
	}
}

func isLimit(err error, kind guest.LimitKind) bool {
	var limit *guest.Limit
	return errors.As(err, &limit) && limit.Kind == kind
}
