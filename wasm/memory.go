package wasm

import (
	"fmt"
	"slices"
)

// DefaultPageSizeLog2 is that of ordinary memories: pages of 64 KiB.
const DefaultPageSizeLog2 = 16

// Limits bounds a memory's pages or a table's elements (section 5.3.14).
type Limits struct {
	Min, Max uint64 // Max counts only with HasMax
	HasMax   bool
	Shared   bool // between threads
	Is64     bool // addressed by i64
}

// Memory is a memory's type.
type Memory struct {
	Limits
	PageSizeLog2 uint8 // 16 for pages of 64 KiB; 0 for pages of a byte
}

const (
	limitHasMax   = 1 << 0
	limitShared   = 1 << 1
	limitIs64     = 1 << 2
	limitPageSize = 1 << 3
)

// String returns the type for people: "2 to 16 pages, shared, 64-bit".
func (m Memory) String() string {
	s := m.Limits.format("pages")
	if m.PageSizeLog2 != DefaultPageSizeLog2 {
		s += fmt.Sprintf(" of %d bytes", uint64(1)<<m.PageSizeLog2)
	}
	return s + m.Limits.flags()
}

func (l Limits) format(unit string) string {
	if l.HasMax {
		return fmt.Sprintf("%d to %d %s", l.Min, l.Max, unit)
	}
	return fmt.Sprintf("%d or more %s", l.Min, unit)
}

func (l Limits) flags() string {
	s := ""
	if l.Shared {
		s += ", shared"
	}
	if l.Is64 {
		s += ", 64-bit"
	}
	return s
}

// memories reads the memory section.
func (p *parser) memories(r *reader) {
	n := r.count("memories", 2, maxMemories)
	p.m.Memories = slices.Grow(p.m.Memories, n)
	for i := 0; i < n && r.ok(); i++ {
		p.m.Memories = append(p.m.Memories, r.memoryType())
	}
}

func (r *reader) memoryType() Memory {
	l, flags := r.limits("memory", limitHasMax|limitShared|limitIs64|limitPageSize)
	m := Memory{Limits: l, PageSizeLog2: DefaultPageSizeLog2}
	if flags&limitPageSize != 0 {
		start := r.pos
		log2 := r.u32("a memory's page size")
		if log2 > 63 {
			r.failAt(start, "a memory's page size is 2^%d; it must fit in 64 bits", log2)
		}
		m.PageSizeLog2 = uint8(log2)
	}
	return m
}

func (r *reader) limits(what string, known byte) (Limits, byte) {
	start := r.pos
	flags := r.byte("a " + what + "'s limits")
	if flags&^known != 0 {
		r.failAt(start, "a %s's limits have the unknown flags 0x%02x", what, flags)
	}
	l := Limits{HasMax: flags&limitHasMax != 0, Shared: flags&limitShared != 0, Is64: flags&limitIs64 != 0}
	bits := uint(32)
	if l.Is64 {
		bits = 64
	}
	l.Min = r.uleb(bits, "a "+what+"'s minimum")
	if l.HasMax {
		start = r.pos
		l.Max = r.uleb(bits, "a "+what+"'s maximum")
		if l.Max < l.Min {
			r.failAt(start, "a %s's maximum %d is less than its minimum %d", what, l.Max, l.Min)
		}
	}
	return l, flags
}
