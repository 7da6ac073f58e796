package faasm

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"testing"
	"time"

	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/hostcall"
)

// fakeGuest is a memory that grows. Growing moves it and spoils the old place, so
// that a view kept across it is found out.
type fakeGuest struct {
	mem []byte
	max uint32 // pages
	ctx context.Context
}

func newGuest(pages, limit uint32) *fakeGuest {
	return &fakeGuest{mem: make([]byte, pages*pageSize), max: limit, ctx: context.Background()}
}

func (g *fakeGuest) Memory() hostcall.Memory { return g.mem }

func (g *fakeGuest) MapFile(uint32, int, int64, uint32) error {
	return errors.New("it maps no files")
}

func (g *fakeGuest) Grow(pages uint32) (uint32, bool) {
	before := uint32(len(g.mem) / pageSize)
	if pages > g.max-before {
		return 0, false
	}
	grown := make([]byte, (before+pages)*pageSize)
	copy(grown, g.mem)
	for i := range g.mem {
		g.mem[i] = 0xee
	}
	g.mem = grown
	return before, true
}

func (g *fakeGuest) CallExport(name string, _ ...guest.Value) (guest.Value, error) {
	return guest.Value{}, errors.New("the guest exports no " + name)
}

func (g *fakeGuest) Frames() []guest.Frame    { return nil }
func (g *fakeGuest) Context() context.Context { return g.ctx }

// put writes bytes and a NUL into memory.
func (g *fakeGuest) put(at int, s string) uint32 {
	copy(g.mem[at:], s+"\x00")
	return uint32(at)
}

func (g *fakeGuest) cString(t *testing.T, at uint32) string {
	t.Helper()
	b, ok := hostcall.Memory(g.mem).CString(at)
	if !ok {
		t.Fatalf("no string at 0x%x in %d bytes of memory", at, len(g.mem))
	}
	return string(b)
}

// fakeFiles is descriptors with content. Descriptor 4 fails to read.
type fakeFiles map[int32]string

func (f fakeFiles) ReadAt(fd int32, p []byte, off int64) (int, error) {
	s, ok := f[fd]
	if !ok {
		return 0, errors.New("bad descriptor")
	}
	if off >= int64(len(s)) {
		return 0, io.EOF
	}
	// A short read now and then, as files may have them.
	n := copy(p[:min(len(p), 1000)], s[off:])
	return n, nil
}

func (f fakeFiles) Open(context.Context, string) (*os.File, error) {
	return nil, errors.New("no such file")
}

func (f fakeFiles) Dup(fd int32) (int32, error) {
	s, ok := f[fd]
	if !ok {
		return 0, errors.New("bad descriptor")
	}
	next := int32(5)
	for ; f[next] != ""; next++ {
	}
	f[next] = s
	return next, nil
}

// rig is everything that one call needs.
type rig struct {
	t     *testing.T
	table *hostcall.Table
	guest *fakeGuest
	inv   *Invocation
	call  hostcall.Call
	trace bytes.Buffer
	// observer is nil for calls that nobody observes.
	observer hostcall.Observer
}

func newRig(t *testing.T, cfg Config) *rig {
	t.Helper()
	table, err := hostcall.NewTable(Calls())
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{t: t, table: table, guest: newGuest(1, 64), inv: &Invocation{}}
	r.inv.Reset(cfg)
	r.call.Guest = r.guest
	r.observer = hostcall.NewTracer(&r.trace, func() time.Time { return time.Time{} })
	return r
}

// invoke makes a call and returns its result.
func (r *rig) invoke(name string, args ...uint64) (uint32, error) {
	r.t.Helper()
	spec := r.table.Lookup(module, name)
	if spec == nil {
		r.t.Fatalf("%s is not provided", name)
	}
	values := make([]guest.Value, max(1, len(args)))
	for i, a := range args {
		values[i] = guest.Value{a}
	}
	states := []any{r.inv}
	var err error
	if r.observer != nil {
		err = spec.InvokeObserved(r.observer, &r.call, r.guest.Memory(), states, values)
	} else {
		err = spec.Invoke(&r.call, r.guest.Memory(), states, values)
	}
	return values[0].U32(), err
}

// must is invoke of a call that does not end the invocation.
func (r *rig) must(name string, args ...uint64) uint32 {
	r.t.Helper()
	v, err := r.invoke(name, args...)
	if err != nil {
		r.t.Fatalf("%s: %v", name, err)
	}
	return v
}
