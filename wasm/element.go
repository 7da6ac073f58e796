package wasm

import (
	"iter"

	"github.com/faaslens/faaslens/guest"
)

// SegmentMode says when a segment's content is used.
type SegmentMode byte

const (
	SegmentActive   SegmentMode = iota // copied at instantiation
	SegmentPassive                     // copied by instructions
	SegmentDeclared                    // elements only: makes functions referable
)

// Element is one element segment (section 5.5.12).
type Element struct {
	Mode   SegmentMode
	Type   ValueType
	Table  uint32 // of an active segment
	Offset Const  // in the table, of an active segment
	Count  int    // of elements
	// Items is where the elements are in the module: indices of functions or, with
	// Exprs, constant expressions.
	Items guest.FileOffset
	Exprs bool
	// Start is where the segment is in the module, and End just behind it.
	Start, End guest.FileOffset
}

// Bits of an element segment's first number.
const (
	elementPassive  = 1 << 0 // or declared, with elementExplicit
	elementExplicit = 1 << 1 // a table index, or declared
	elementExprs    = 1 << 2 // expressions rather than function indices
)

// elements reads the element section.
func (p *parser) elements(r *reader) {
	n := r.count("element segments", 3, maxSegments)
	for i := 0; i < n && r.ok(); i++ {
		p.m.Elements = append(p.m.Elements, p.element(r))
	}
}

func (p *parser) element(r *reader) Element {
	start := r.pos
	flags := r.u32("an element segment's kind")
	if flags > 7 {
		r.failAt(start, "an element segment is of the unknown kind %d", flags)
	}
	e := Element{Type: ValueType{Code: guest.FuncRef}, Start: guest.FileOffset(start)}
	switch {
	case flags&elementPassive == 0:
		if flags&elementExplicit != 0 {
			e.Table = r.index("table", len(p.m.Tables))
		} else if len(p.m.Tables) == 0 {
			r.failAt(start, "an element segment fills table 0, but there is no table")
		}
		e.Offset = r.constExpr("an element segment's offset")
	case flags&elementExplicit != 0:
		e.Mode = SegmentDeclared
	default:
		e.Mode = SegmentPassive
	}
	if flags&(elementPassive|elementExplicit) != 0 {
		p.elementType(r, &e, flags)
	}
	e.Count = r.count("elements", 1, maxElements)
	e.Items, e.Exprs = guest.FileOffset(r.pos), flags&elementExprs != 0
	for i := 0; i < e.Count && r.ok(); i++ {
		if flags&elementExprs != 0 {
			r.constExpr("an element")
		} else {
			r.index("function", len(p.m.Funcs))
		}
	}
	e.End = guest.FileOffset(r.pos)
	return e
}

func (p *parser) elementType(r *reader, e *Element, flags uint32) {
	if flags&elementExprs != 0 {
		e.Type = r.refType("an element segment's type")
		return
	}
	start := r.pos
	if c := r.byte("an element segment's kind of element"); c != 0 {
		r.failAt(start, "an element segment's kind of element is 0x%02x; only functions, 0, are known", c)
	}
}

// FuncIndices returns the functions of an element segment that lists them by index;
// none of one that has expressions.
func (m *Module) FuncIndices(e Element) iter.Seq[guest.FuncIndex] {
	return func(yield func(guest.FuncIndex) bool) {
		r := &reader{b: m.bytes, pos: int(e.Items), end: len(m.bytes)}
		for i := 0; i < e.Count && !e.Exprs && r.more(); i++ {
			if f := r.u32("function"); r.ok() && !yield(guest.FuncIndex(f)) {
				return
			}
		}
	}
}
