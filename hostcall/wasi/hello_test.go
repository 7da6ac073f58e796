package wasi

import (
	"encoding/binary"
	"io"
	"testing"

	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/hostcall"
)

// hello is what a C program does that prints a line: the calls of wasi-libc from
// _start to exit, as an engine makes them.
type hello struct {
	r      *rig
	cfg    Config
	states []any
	args   [4]guest.Value
	specs  map[string]*hostcall.Spec
}

func newHello(t testing.TB) *hello {
	h := &hello{
		r:     newRig(t, Config{}),
		specs: map[string]*hostcall.Spec{},
		cfg: Config{
			Args: []string{"hello", "world"}, Env: []string{"PATH=/bin"}, Stdout: io.Discard, Stderr: io.Discard,
			Preopens: []Preopen{{Guest: "/", Root: openRoot(t, t.TempDir())}},
		},
	}
	h.states = []any{&h.r.sys}
	for _, s := range Calls().Specs {
		h.specs[s.Name] = h.r.table.Lookup(Module, s.Name)
	}
	return h
}

func (h *hello) call(s *hostcall.Spec, args ...uint32) (Errno, error) {
	for i, a := range args {
		h.args[i] = guest.Value{uint64(a)}
	}
	n := max(len(args), 1)
	err := s.Invoke(&h.r.call, h.r.mem, h.states, h.args[:n])
	return Errno(h.args[0].U32()), err
}

// run is one invocation. It returns the last errno that was not expected.
func (h *hello) run() (bad Errno) {
	h.r.sys.Reset(&h.cfg)
	want := func(want, got Errno) {
		if got != want {
			bad = got
		}
	}
	do := func(s *hostcall.Spec, args ...uint32) Errno {
		e, err := h.call(s, args...)
		if err != nil {
			bad = EIO
		}
		return e
	}
	want(SUCCESS, do(h.specs["args_sizes_get"], 0x100, 0x104))
	want(SUCCESS, do(h.specs["args_get"], 0x200, 0x300))
	want(SUCCESS, do(h.specs["environ_sizes_get"], 0x100, 0x104))
	want(SUCCESS, do(h.specs["environ_get"], 0x200, 0x300))
	want(SUCCESS, do(h.specs["fd_prestat_get"], 3, 0x100))
	want(SUCCESS, do(h.specs["fd_prestat_dir_name"], 3, 0x100, 1))
	want(EBADF, do(h.specs["fd_prestat_get"], 4, 0x100))
	want(SUCCESS, do(h.specs["fd_fdstat_get"], 1, 0x100))
	binary.LittleEndian.PutUint32(h.r.mem[0x400:], 0x500)
	binary.LittleEndian.PutUint32(h.r.mem[0x404:], 12)
	binary.LittleEndian.PutUint32(h.r.mem[0x408:], 0x600)
	binary.LittleEndian.PutUint32(h.r.mem[0x40c:], 1)
	want(SUCCESS, do(h.specs["fd_write"], 1, 0x400, 2, 0x100))
	want(SUCCESS, do(h.specs["clock_time_get"], 0, 0, 0x100))
	want(ESPIPE, do(h.specs["fd_seek"], 1, 0, 1, 0x100))
	want(SUCCESS, do(h.specs["fd_close"], 0))
	want(SUCCESS, do(h.specs["fd_close"], 1))
	want(SUCCESS, do(h.specs["fd_close"], 2))
	return bad
}

func TestAProgramThatOnlyPrintsAllocatesNothing(t *testing.T) {
	h := newHello(t)
	if bad := h.run(); bad != SUCCESS {
		t.Fatalf("a call answered %v", bad)
	}
	if n := testing.AllocsPerRun(100, func() { h.run() }); n != 0 {
		t.Errorf("%v allocations in an invocation, want none", n)
	}
}

func BenchmarkHello(b *testing.B) {
	h := newHello(b)
	b.ReportAllocs()
	for b.Loop() {
		h.run()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/15, "ns/call")
}

func BenchmarkCalls(b *testing.B) {
	h := newHello(b)
	h.run()
	h.r.sys.Reset(&h.cfg)
	binary.LittleEndian.PutUint32(h.r.mem[0x400:], 0x500)
	binary.LittleEndian.PutUint32(h.r.mem[0x404:], 12)
	for _, c := range []struct {
		name string
		args []uint32
	}{
		{"args_sizes_get", []uint32{0x100, 0x104}},
		{"fd_fdstat_get", []uint32{1, 0x100}},
		{"fd_prestat_get", []uint32{4, 0x100}},
		{"fd_write", []uint32{1, 0x400, 1, 0x100}},
		{"clock_time_get", []uint32{0, 0, 0x100}},
		{"random_get", []uint32{0x100, 16}},
		{"sched_yield", nil},
	} {
		b.Run(c.name, func(b *testing.B) {
			spec := h.specs[c.name]
			b.ReportAllocs()
			for b.Loop() {
				if _, err := h.call(spec, c.args...); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkFiles(b *testing.B) {
	r, dir := dirRig(b)
	mkdir(b, dir, "a/b/c")
	touch(b, dir, "a/b/c/f")
	touch(b, dir, "f")
	for _, path := range []string{"f", "a/b/c/f"} {
		b.Run("stat "+path, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				r.stat(path, lookupFollow)
			}
		})
		b.Run("open and close "+path, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				fd, _ := r.openAs(3, path, 0, rightFDRead, 0)
				r.do("fd_close", fd)
			}
		})
	}
}
