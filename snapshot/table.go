package snapshot

import (
	"encoding/binary"

	"github.com/faaslens/faaslens/wasm"
)

// maxSegments is how many segments of a kind engines take.
const maxSegments = 100_000

// maxTable is how many elements of a table engines take.
const maxTable = 10_000_000

// tables makes each as large as it was, and segments of what was in it.
func (f *freezer) tables() error {
	if len(f.state.Tables) == 0 {
		return nil
	}
	types := binary.AppendUvarint(nil, uint64(len(f.m.Tables)))
	for i, t := range f.m.Tables {
		elements := f.state.Tables[i]
		t.Min = uint64(len(elements))
		if t.HasMax && t.Min > t.Max || t.Min > maxTable {
			return refuse("table %d has %d elements, which it cannot have", i, len(elements))
		}
		types = t.AppendTo(types)
		for at := 0; at < len(elements); {
			if elements[at] == Null {
				at++
				continue
			}
			end := at
			for ; end < len(elements) && elements[end] != Null; end++ {
				if int(elements[end]) >= len(f.m.Funcs) {
					return refuse("table %d refers to function %d, which there is not", i, elements[end])
				}
			}
			f.runs = append(f.runs, elementSegment(uint32(i), t.Is64, at, elements[at:end]))
			at = end
		}
	}
	if len(f.runs)+len(f.m.Elements) > maxSegments {
		return refuse("its tables have too many holes: %d segments, engines take at most %d", len(f.runs)+len(f.m.Elements), maxSegments)
	}
	f.contents[wasm.SectionTable] = types
	return nil
}

// Kinds of element segments (section 5.5.12).
const (
	elementsActive   = 0
	elementsPassive  = 1
	elementsExplicit = 2
	elementsDeclared = 3
	elementsExprs    = 4 // added to the others
)

// elementSegment is one that fills a table with functions when an instance is made.
func elementSegment(table uint32, wide bool, at int, functions []uint32) []byte {
	var b []byte
	if table == 0 {
		b = offset([]byte{elementsActive}, wide, at)
	} else {
		b = binary.AppendUvarint([]byte{elementsExplicit}, uint64(table))
		b = append(offset(b, wide, at), 0)
	}
	b = binary.AppendUvarint(b, uint64(len(functions)))
	for _, f := range functions {
		b = binary.AppendUvarint(b, uint64(f))
	}
	return b
}

// elements keeps the module's own segments at their indices. What was used up becomes a
// declaration, which has no elements to give and keeps its functions referable: those that
// were dropped and, where tables can change, those that fill tables.
func (f *freezer) elements() {
	m := f.m
	dropped := droppedOf(f.reading.Elements, f.state.DroppedElements)
	changed := len(f.runs) > 0
	content := binary.AppendUvarint(nil, uint64(len(m.Elements)+len(f.runs)))
	for i, e := range m.Elements {
		used := dropped[uint32(i)] || e.Mode == wasm.SegmentActive && len(f.state.Tables) > 0
		if !used {
			content = append(content, m.Bytes()[e.Start:e.End]...)
			continue
		}
		changed = true
		content = declaration(content, m, &e)
	}
	for _, run := range f.runs {
		content = append(content, run...)
	}
	if changed {
		f.contents[wasm.SectionElement] = content
	}
}

// declaration appends a segment that only makes the elements of e referable.
func declaration(to []byte, m *wasm.Module, e *wasm.Element) []byte {
	if e.Exprs {
		to = e.Type.AppendTo(append(to, elementsDeclared|elementsExprs))
	} else {
		to = append(to, elementsDeclared, 0) // of functions
	}
	to = binary.AppendUvarint(to, uint64(e.Count))
	return append(to, m.Bytes()[e.Items:e.End]...)
}
