package state

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

var key = Key{"demo", "value"}

func value(t *testing.T, l *Local, k Key, size int64) *Value {
	t.Helper()
	v, err := l.Value(t.Context(), k, size)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func read(t *testing.T, v *Value, offset, n int64) []byte {
	t.Helper()
	b := make([]byte, n)
	if err := v.Read(t.Context(), offset, b); err != nil {
		t.Fatal(err)
	}
	return b
}

func write(t *testing.T, v *Value, offset int64, data ...byte) {
	t.Helper()
	if err := v.Write(offset, data); err != nil {
		t.Fatal(err)
	}
}

func do(t *testing.T, f func(context.Context) error) {
	t.Helper()
	if err := f(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestWritesAreLocalUntilTheyArePushed(t *testing.T) {
	g := new(Memory)
	here, there := NewLocal(g, Limits{}), NewLocal(g, Limits{})
	v := value(t, here, key, 4)
	write(t, v, 0, 1, 2, 3, 4)
	if _, err := there.Value(t.Context(), key, 0); !errors.Is(err, ErrNoSize) {
		t.Errorf("another host sees it before it is pushed: %v", err)
	}
	do(t, v.Push)
	w := value(t, there, key, 0)
	if got := read(t, w, 0, 4); !bytes.Equal(got, []byte{1, 2, 3, 4}) {
		t.Errorf("another host reads %v", got)
	}
	write(t, v, 1, 9)
	do(t, v.Push)
	if got := read(t, w, 0, 4); got[1] != 2 {
		t.Errorf("another host sees the second push without pulling: %v", got)
	}
	do(t, w.Pull)
	if got := read(t, w, 0, 4); got[1] != 9 {
		t.Errorf("after a pull another host reads %v", got)
	}
}

func TestPartialPushesMergeWithOthers(t *testing.T) {
	g := new(Memory)
	here, there := NewLocal(g, Limits{}), NewLocal(g, Limits{})
	const size = 3 * ChunkSize
	a, b := value(t, here, key, size), value(t, there, key, size)
	write(t, a, 10, 1)
	write(t, b, 11, 2)
	write(t, a, ChunkSize-1, 3, 4) // across chunks
	do(t, a.PushPartial)
	do(t, b.PushPartial)
	do(t, a.Pull)
	if got := read(t, a, 10, 2); !bytes.Equal(got, []byte{1, 2}) {
		t.Errorf("both hosts' bytes: %v", got)
	}
	if got := read(t, b, ChunkSize-1, 2); !bytes.Equal(got, []byte{3, 4}) {
		t.Errorf("bytes across chunks: %v", got)
	}
}

func TestMasksSayWhatIsPushed(t *testing.T) {
	g := new(Memory)
	here := NewLocal(g, Limits{})
	v, mask := value(t, here, key, 8), value(t, here, Key{"demo", "mask"}, 8)
	write(t, v, 0, 1, 2, 3, 4, 5, 6, 7, 8)
	write(t, mask, 2, 0xff, 0xff)
	if err := v.PushPartialMask(t.Context(), mask); err != nil {
		t.Fatal(err)
	}
	got := make([]byte, 8)
	if err := g.Read(t.Context(), key, 0, got); err != nil || !bytes.Equal(got, []byte{0, 0, 3, 4, 0, 0, 0, 0}) {
		t.Errorf("the global tier has %v, %v", got, err)
	}
	if got := read(t, v, 0, 8); !bytes.Equal(got, []byte{0, 0, 3, 4, 0, 0, 0, 0}) {
		t.Errorf("what was not pushed is fetched again: %v", got)
	}
}

// counting is a global tier that counts the bytes that it gives.
type counting struct {
	Memory
	read int
}

func (c *counting) Read(ctx context.Context, k Key, offset int64, buf []byte) error {
	c.read += len(buf)
	return c.Memory.Read(ctx, k, offset, buf)
}

func TestAGiantValueTakesOnlyWhatIsUsed(t *testing.T) {
	g := new(counting)
	const size = 1 << 30
	if err := g.Write(t.Context(), key, size, []Range{{700 << 20, []byte("here")}}); err != nil {
		t.Fatal(err)
	}
	l := NewLocal(g, Limits{})
	v := value(t, l, key, 0)
	if got := string(read(t, v, 700<<20, 4)); got != "here" {
		t.Errorf("read %q", got)
	}
	if g.read != ChunkSize {
		t.Errorf("reading 4 bytes fetched %d, want one chunk", g.read)
	}
	write(t, v, 900<<20, 7)
	do(t, v.PushPartial)
	if g.read > 2*ChunkSize {
		t.Errorf("writing a byte fetched %d bytes", g.read)
	}
	if n := len(g.values[key].chunks); n != 2 {
		t.Errorf("the global tier has %d chunks, want 2", n)
	}
}

// TestAgainstAModel runs random operations of two hosts on a value and on plain bytes.
func TestAgainstAModel(t *testing.T) {
	const size = 2*ChunkSize + 1000
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 1))
		g := new(Memory)
		global := make([]byte, size)
		type host struct {
			v     *Value
			bytes []byte
			here  []bool // by byte, as if chunks were bytes where they are whole
			dirty []bool
		}
		hosts, pushed := [2]*host{}, false
		for i := range hosts {
			hosts[i] = &host{v: value(t, NewLocal(g, Limits{}), key, size), bytes: make([]byte, size), here: make([]bool, size), dirty: make([]bool, size)}
		}
		fetch := func(h *host, offset, n int64) {
			for at := offset / ChunkSize * ChunkSize; at < offset+n; at++ {
				if !h.here[at] && !h.dirty[at] {
					h.bytes[at] = global[at]
				}
			}
			for at := offset / ChunkSize * ChunkSize; at < min((offset+n+ChunkSize-1)/ChunkSize*ChunkSize, size); at++ {
				if !h.here[at] && !h.dirty[at] {
					h.bytes[at] = global[at]
				}
				h.here[at] = true
			}
		}
		for step := range 200 {
			h := hosts[r.IntN(2)]
			offset := r.Int64N(size)
			n := r.Int64N(min(size-offset, 3000)) + 1
			switch op := r.IntN(10); {
			case op < 4:
				data := make([]byte, n)
				for i := range data {
					data[i] = byte(r.Uint32())
				}
				write(t, h.v, offset, data...)
				copy(h.bytes[offset:], data)
				for i := offset; i < offset+n; i++ {
					h.dirty[i] = true
				}
				if last := int64(2 * ChunkSize); offset <= last && offset+n == size {
					for i := last; i < size; i++ {
						h.here[i] = true // a chunk that was written as a whole
					}
				}
			case op < 8:
				fetch(h, offset, n)
				if got := read(t, h.v, offset, n); !bytes.Equal(got, h.bytes[offset:offset+n]) {
					t.Fatalf("seed %d, step %d: read %d bytes at %d: not what the model has", seed, step, n, offset)
				}
			case op == 8:
				do(t, h.v.PushPartial)
				any := false // was dirty
				for i, d := range h.dirty {
					any = any || d
					if d {
						global[i] = h.bytes[i]
					}
				}
				all := true
				for i := range h.dirty {
					h.dirty[i] = false
					all = all && h.here[i]
				}
				pushed = pushed || any
				if any && all {
					copy(h.bytes, global)
				}
			default:
				do(t, h.v.Pull)
				for start := 0; start < size && pushed; start += ChunkSize {
					end := min(start+ChunkSize, size)
					used := false
					for i := start; i < end; i++ {
						used = used || h.here[i] || h.dirty[i]
					}
					for i := start; i < end && used; i++ {
						h.bytes[i], h.here[i], h.dirty[i] = global[i], true, false
					}
				}
			}
		}
	}
}

func TestSizesAreHeld(t *testing.T) {
	l := NewLocal(new(Memory), Limits{Values: 2, Bytes: 100})
	write(t, value(t, l, key, 10), 0, 1)
	for name, test := range map[string]struct {
		key  Key
		size int64
		says string
	}{
		"another size":      {key, 11, "it has 10 bytes, not 11"},
		"no size":           {Key{"demo", "new"}, 0, "it has no size yet"},
		"a negative size":   {key, -1, "cannot have -1 bytes"},
		"too much together": {Key{"demo", "large"}, 200, "no room for another value"},
	} {
		if _, err := l.Value(t.Context(), test.key, test.size); err == nil || !strings.Contains(err.Error(), test.says) {
			t.Errorf("%s: %v, want %q", name, err, test.says)
		}
	}
	v := value(t, l, key, 10)
	if err := v.Write(8, []byte{1, 2, 3}); err == nil {
		t.Error("a write beyond the end goes through")
	}
}

func TestIdleValuesMakeRoomAndDirtyOnesStay(t *testing.T) {
	l := NewLocal(new(Memory), Limits{Values: 2})
	write(t, value(t, l, Key{"demo", "dirty"}, 1), 0, 1)
	for _, name := range []string{"a", "b", "c"} {
		value(t, l, Key{"demo", name}, 1)
	}
	if l.values[Key{"demo", "dirty"}] == nil || len(l.values) != 2 {
		t.Errorf("%d values, the dirty one among them: %v", len(l.values), l.values[Key{"demo", "dirty"}] != nil)
	}
}

func TestLocksAreGivenBackWithTheInvocation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := NewLocal(new(Memory), Limits{})
		a, b := l.Open("demo"), l.Open("demo")
		if err := a.Lock(t.Context(), "k", true); err != nil {
			t.Fatal(err)
		}
		if err := a.Lock(t.Context(), "k", false); err == nil {
			t.Error("a session that holds a lock waits for itself")
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := b.Lock(ctx, "k", false); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a reader beside a writer: %v", err)
		}
		if err := b.Unlock("k", false); err == nil {
			t.Error("a lock that is not held can be given back")
		}
		got := make(chan error)
		go func() { got <- b.Lock(t.Context(), "k", true) }()
		synctest.Wait()
		a.Close()
		if err := <-got; err != nil {
			t.Errorf("the lock after its holder has ended: %v", err)
		}
		b.Close()
		if len(l.locks) != 0 {
			t.Errorf("%d locks are remembered", len(l.locks))
		}
	})
}

func TestListsAreApartFromValues(t *testing.T) {
	s := NewLocal(new(Memory), Limits{}).Open("demo")
	defer s.Close()
	for _, e := range []string{"one", "two", "three"} {
		if err := s.Append(t.Context(), "list", []byte(e)); err != nil {
			t.Fatal(err)
		}
	}
	got, err := s.Appended(t.Context(), "list", 2)
	if err != nil || len(got) != 2 || string(got[1]) != "two" {
		t.Errorf("the first two: %q, %v", got, err)
	}
	if n, err := s.Size(t.Context(), "list"); n != 0 || err != nil {
		t.Errorf("the value beside the list has %d bytes, %v", n, err)
	}
}

func TestUsersValuesAreApart(t *testing.T) {
	l := NewLocal(new(Memory), Limits{})
	one, two := l.Open("one"), l.Open("two")
	defer one.Close()
	defer two.Close()
	if _, err := one.Value(t.Context(), "k", 3); err != nil {
		t.Fatal(err)
	}
	if n, err := two.Size(t.Context(), "k"); n != 0 || err != nil {
		t.Errorf("another user sees a value of %d bytes, %v", n, err)
	}
}
