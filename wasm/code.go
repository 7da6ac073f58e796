package wasm

import (
	"sort"

	"github.com/faaslens/faaslens/guest"
)

// Body is where a function's body lies: its local declarations and instructions,
// behind the number that gives its size.
type Body struct {
	Offset guest.FileOffset
	Size   uint32
}

// End returns the offset just behind the body.
func (b Body) End() guest.FileOffset { return b.Offset + guest.FileOffset(b.Size) }

// code reads the code section, without looking into bodies.
func (p *parser) code(r *reader) {
	n := r.count("function bodies", 2, maxFuncs)
	p.m.Bodies = make([]Body, 0, n)
	for i := 0; i < n && r.ok(); i++ {
		size := r.u32("a function body's size")
		b := Body{Offset: guest.FileOffset(r.pos), Size: size}
		if r.ok() && uint64(size) > uint64(r.left()) {
			r.failAt(r.pos, "the body of function %d takes %d bytes, %d are left", i+p.m.imported[KindFunc], size, r.left())
		}
		if r.ok() && size == 0 {
			r.failAt(r.pos, "the body of function %d is empty", i+p.m.imported[KindFunc])
		}
		if r.ok() {
			r.pos += int(size)
		}
		p.m.Bodies = append(p.m.Bodies, b)
	}
}

// CodeSection returns where the code section is; false if there is none. DWARF
// addresses count from its Content.
func (m *Module) CodeSection() (Section, bool) {
	return m.code, m.code.ID == SectionCode
}

// Body returns where a function's body is; false for an import or an index that
// does not exist.
func (m *Module) Body(i guest.FuncIndex) (Body, bool) {
	n := int64(i) - int64(m.imported[KindFunc])
	if n < 0 || n >= int64(len(m.Bodies)) {
		return Body{}, false
	}
	return m.Bodies[n], true
}

// BodyAt returns the function whose code holds the offset. The number before a
// body that gives its size counts as part of it, as it does in some producers'
// DWARF; what precedes the first body does not. It takes logarithmic time.
func (m *Module) BodyAt(at guest.CodeOffset) (guest.FuncIndex, bool) {
	file, ok := m.FileOffset(at)
	if !ok || len(m.Bodies) == 0 {
		return 0, false
	}
	i := sort.Search(len(m.Bodies), func(i int) bool { return m.Bodies[i].End() > file })
	if i == len(m.Bodies) {
		return 0, false
	}
	if i == 0 && file < m.Bodies[0].Offset-guest.FileOffset(sizeLength(m, 0)) {
		return 0, false
	}
	return guest.FuncIndex(i + m.imported[KindFunc]), true
}

// sizeLength returns how many bytes the size before body i takes, which may be
// padded.
func sizeLength(m *Module, i int) int {
	n := 1
	for off := int(m.Bodies[i].Offset) - 2; n < 5 && off > int(m.code.Content) && m.bytes[off]&0x80 != 0; off-- {
		n++
	}
	return n
}

// FileOffset turns an offset in the code section into one in the module; false
// if it is not inside the section.
func (m *Module) FileOffset(at guest.CodeOffset) (guest.FileOffset, bool) {
	if uint64(at) >= m.code.Size {
		return 0, false
	}
	return m.code.Content + guest.FileOffset(at), true
}

// CodeOffset turns an offset in the module into one in the code section; false
// if it is not inside the section.
func (m *Module) CodeOffset(at guest.FileOffset) (guest.CodeOffset, bool) {
	if at < m.code.Content || at >= m.code.End() {
		return 0, false
	}
	return guest.CodeOffset(at - m.code.Content), true
}
