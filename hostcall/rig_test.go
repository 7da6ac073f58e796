package hostcall

import (
	"context"
	"encoding/binary"
	"errors"
	"testing"

	"github.com/faaslens/faaslens/guest"
)

// fakeGuest grows its memory by what it is asked for, up to max pages.
type fakeGuest struct {
	mem Memory
	max uint32
}

func (g *fakeGuest) Memory() Memory { return g.mem }

func (g *fakeGuest) MapFile(uint32, int, int64, uint32) error {
	return errors.New("it maps no files")
}

func (g *fakeGuest) Grow(pages uint32) (uint32, bool) {
	before := uint32(len(g.mem) >> 16)
	if before+pages > g.max {
		return before, false
	}
	g.mem = append(g.mem, make(Memory, pages<<16)...)
	return before, true
}

func (g *fakeGuest) CallExport(string, ...guest.Value) (guest.Value, error) {
	return guest.Value{}, errors.New("no exports")
}

func (g *fakeGuest) Frames() []guest.Frame    { return nil }
func (g *fakeGuest) Context() context.Context { return context.Background() }

// lookup prepares one call.
func lookup(t testing.TB, s Spec) *Spec {
	t.Helper()
	if s.Module == "" {
		s.Module, s.Name = "env", "call"
	}
	table, err := NewTable(Set{Specs: []Spec{s}})
	if err != nil {
		t.Fatal(err)
	}
	return table.Lookup(s.Module, s.Name)
}

func values(args ...uint64) []guest.Value {
	v := make([]guest.Value, max(len(args), 1))
	for i, a := range args {
		v[i] = guest.Value{a}
	}
	return v
}

// memory is 64 KiB with an iovec at 0x100 that lists "one" at 0x200 and "three" at
// 0x300, and a C string at 0x400.
func memory() Memory {
	m := make(Memory, 1<<16)
	le := binary.LittleEndian
	le.PutUint32(m[0x100:], 0x200)
	le.PutUint32(m[0x104:], 3)
	le.PutUint32(m[0x108:], 0x300)
	le.PutUint32(m[0x10c:], 5)
	copy(m[0x200:], "one")
	copy(m[0x300:], "three")
	copy(m[0x400:], "a string\x00")
	return m
}
