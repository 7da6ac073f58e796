package symbol

import (
	"sort"

	"github.com/faaslens/faaslens/wasm"
)

// codeLayout is where functions are, as offsets in the code section.
type codeLayout struct {
	size   uint64 // of the section
	start  uint64 // of the section in the module
	bodies []wasm.Body
}

func layoutOf(m *wasm.Module) codeLayout {
	s, _ := m.CodeSection()
	return codeLayout{size: s.Size, start: uint64(s.Content), bodies: m.Bodies}
}

// bodyEnd returns the end of the body that an address is in or before.
func (l codeLayout) bodyEnd(address uint32) (body int, end uint64) {
	at := l.start + uint64(address)
	i := sort.Search(len(l.bodies), func(i int) bool { return uint64(l.bodies[i].End()) > at })
	if i == len(l.bodies) {
		return i, l.size
	}
	return i, uint64(l.bodies[i].End()) - l.start
}

// fit cuts a span that goes beyond the function it starts in and ends inside
// another: it was made for another copy of the function, which the linker dropped.
// It is exact if the span is a whole function: all of its body, or its instructions
// without what is before them.
func (l codeLayout) fit(s span) (fitted span, exact bool) {
	i, end := l.bodyEnd(s.low)
	if i == len(l.bodies) {
		return s, false
	}
	if uint64(s.high) < end {
		return s, false
	}
	start := uint64(l.bodies[i].Offset) - l.start
	if uint64(s.high) == end {
		return s, uint64(s.low) <= start
	}
	if _, last := l.bodyEnd(s.high - 1); last == uint64(s.high) {
		return s, false // several functions
	}
	return span{s.low, uint32(end)}, false
}
