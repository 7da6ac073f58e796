package wast

import (
	"strconv"

	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/wasm"
)

// Printer writes the instructions of a module, one function after the other. It must
// not be used by several goroutines at once.
type Printer struct {
	m   *wasm.Module
	ids *identifiers

	locals map[uint32]string // of the function
	labels []int             // numbers of the open blocks
	blocks int               // how many blocks the function has had
}

// NewPrinter returns a printer of a module's instructions. name gives functions' names;
// nil leaves them to the name section.
func NewPrinter(m *wasm.Module, style Style, name func(guest.FuncIndex) string) *Printer {
	return &Printer{m: m, ids: newIdentifiers(m, style, name)}
}

// Func says of which function the next instructions are.
func (p *Printer) Func(i guest.FuncIndex) {
	p.locals = p.ids.all(p.ids.locals.Lookup(uint32(i)))
	p.labels, p.blocks = p.labels[:0], 0
}

// Append appends an instruction of the function to b, without an end of line. Blocks
// are numbered from 1 in the order of their starts; a comment behind a label says which
// it means, 0 being the function.
func (p *Printer) Append(b []byte, in *wasm.Instruction) []byte {
	b = append(b, in.Op.String()...)
	if !in.Op.Opens() {
		return p.immediates(b, in)
	}
	p.blocks++
	p.labels = append(p.labels[:min(int(in.Depth), len(p.labels))], p.blocks)
	b = p.blockType(b, in.Block)
	for c := range in.Catches() {
		b = p.catch(b, in, c)
	}
	b = append(b, "  ;; @"...)
	return strconv.AppendInt(b, int64(p.blocks), 10)
}

func (p *Printer) blockType(b []byte, t wasm.BlockType) []byte {
	switch {
	case t.Typed:
		b = append(b, " (type "...)
		return append(appendIndex(b, t.Index, p.ids.types), ')')
	case t.Result.Code != 0:
		b = append(b, " (result "...)
		return append(append(b, t.Result.String()...), ')')
	}
	return b
}

func (p *Printer) catch(b []byte, in *wasm.Instruction, c wasm.CatchClause) []byte {
	b = append(b, " ("...)
	b = append(b, [...]string{"catch", "catch_ref", "catch_all", "catch_all_ref"}[c.Kind]...)
	if c.Kind <= wasm.CatchRef {
		b = p.index(b, c.Tag, p.ids.tags)
	}
	return append(p.label(b, in, c.Label), ')')
}

// immediates writes what follows the name of an instruction that starts no block.
func (p *Printer) immediates(b []byte, in *wasm.Instruction) []byte {
	ids := p.ids
	switch in.Op.Shape() {
	case wasm.ShapeNone, wasm.ShapeFence:
		return b
	case wasm.ShapeLocal:
		return p.index(b, in.Index, p.locals)
	case wasm.ShapeI32, wasm.ShapeI64:
		return strconv.AppendInt(append(b, ' '), int64(in.Value), 10)
	case wasm.ShapeMemArg, wasm.ShapeMemArgLane:
		return p.memArg(b, in)
	case wasm.ShapeLabel:
		return p.label(b, in, in.Index)
	case wasm.ShapeLabels:
		for l := range in.Labels() {
			b = p.label(b, in, l)
		}
		return b
	case wasm.ShapeFunc:
		return appendFunc(append(b, ' '), guest.FuncIndex(in.Index), ids)
	case wasm.ShapeGlobal:
		return p.index(b, in.Index, ids.globals)
	case wasm.ShapeCallTable:
		if in.Index2 != 0 {
			b = p.index(b, in.Index2, ids.tables)
		}
		b = append(b, " (type "...)
		return append(appendIndex(b, in.Index, ids.types), ')')
	case wasm.ShapeF32:
		return appendF32(append(b, ' '), uint32(in.Value))
	case wasm.ShapeF64:
		return appendF64(append(b, ' '), in.Value)
	case wasm.ShapeV128:
		return appendV128(append(b, ' '), in.Bytes)
	case wasm.ShapeLanes:
		for _, l := range in.Bytes {
			b = strconv.AppendUint(append(b, ' '), uint64(l), 10)
		}
		return b
	case wasm.ShapeLane:
		return strconv.AppendUint(append(b, ' '), uint64(in.Lane), 10)
	}
	return p.rareImmediates(b, in)
}

// rareImmediates writes those of memories, tables, segments, types and references.
func (p *Printer) rareImmediates(b []byte, in *wasm.Instruction) []byte {
	ids := p.ids
	switch in.Op.Shape() {
	case wasm.ShapeMemory:
		return p.unlessFirst(b, in.Index, ids.memories)
	case wasm.ShapeMemories, wasm.ShapeTables:
		names := ids.memories
		if in.Op.Shape() == wasm.ShapeTables {
			names = ids.tables
		}
		if in.Index == 0 && in.Index2 == 0 {
			return b
		}
		return p.index(p.index(b, in.Index, names), in.Index2, names)
	case wasm.ShapeMemoryInit:
		return p.index(p.unlessFirst(b, in.Index2, ids.memories), in.Index, ids.data)
	case wasm.ShapeTableInit:
		return p.index(p.unlessFirst(b, in.Index2, ids.tables), in.Index, ids.elements)
	case wasm.ShapeTable:
		return p.index(b, in.Index, ids.tables)
	case wasm.ShapeData:
		return p.index(b, in.Index, ids.data)
	case wasm.ShapeElem:
		return p.index(b, in.Index, ids.elements)
	case wasm.ShapeTag:
		return p.index(b, in.Index, ids.tags)
	case wasm.ShapeType:
		return p.index(b, in.Index, ids.types)
	case wasm.ShapeField: // fields' names are not known: their types would be needed
		return p.index(p.index(b, in.Index, ids.types), in.Index2, nil)
	case wasm.ShapeArrays:
		return p.index(p.index(b, in.Index, ids.types), in.Index2, ids.types)
	case wasm.ShapeArrayData:
		return p.index(p.index(b, in.Index, ids.types), in.Index2, ids.data)
	case wasm.ShapeArrayElem:
		return p.index(p.index(b, in.Index, ids.types), in.Index2, ids.elements)
	case wasm.ShapeArrayFixed:
		return strconv.AppendUint(append(p.index(b, in.Index, ids.types), ' '), in.Value, 10)
	case wasm.ShapeSelect:
		for t := range in.ResultTypes() {
			b = append(append(append(b, " (result "...), t.String()...), ')')
		}
		return b
	case wasm.ShapeHeap:
		return append(append(b, ' '), wasm.HeapTypeString(in.Heap)...)
	case wasm.ShapeCast:
		return appendRef(b, in.Heap, in.Null)
	case wasm.ShapeBrCast:
		return appendRef(appendRef(p.label(b, in, in.Index), in.Heap, in.Null), in.Heap2, in.Null2)
	}
	return b
}

func appendRef(b []byte, heap int32, null bool) []byte {
	b = append(b, " (ref "...)
	if null {
		b = append(b, "null "...)
	}
	return append(append(b, wasm.HeapTypeString(heap)...), ')')
}

// memArg writes which memory, at what offset and alignment, where these are not what
// they are if nothing is written.
func (p *Printer) memArg(b []byte, in *wasm.Instruction) []byte {
	b = p.unlessFirst(b, in.Index, p.ids.memories)
	if in.Value != 0 {
		b = strconv.AppendUint(append(b, " offset="...), in.Value, 10)
	}
	if in.Align != in.Op.NaturalAlign() {
		b = strconv.AppendUint(append(b, " align="...), 1<<in.Align, 10)
	}
	if in.Op.Shape() == wasm.ShapeMemArgLane {
		b = strconv.AppendUint(append(b, ' '), uint64(in.Lane), 10)
	}
	return b
}

// label writes how many blocks out a label is, and which block that is.
func (p *Printer) label(b []byte, in *wasm.Instruction, out uint32) []byte {
	b = strconv.AppendUint(append(b, ' '), uint64(out), 10)
	target := 0
	if at := int64(in.Depth) - 1 - int64(out); at >= 0 && at < int64(len(p.labels)) {
		target = p.labels[at]
	}
	b = strconv.AppendInt(append(b, " (;@"...), int64(target), 10)
	return append(b, ";)"...)
}

func (p *Printer) index(b []byte, i uint32, names map[uint32]string) []byte {
	return appendIndex(append(b, ' '), i, names)
}

// unlessFirst writes an index that stands for 0 if it is not written.
func (p *Printer) unlessFirst(b []byte, i uint32, names map[uint32]string) []byte {
	if i == 0 {
		return b
	}
	return p.index(b, i, names)
}

func appendIndex(b []byte, i uint32, names map[uint32]string) []byte {
	if id := names[i]; id != "" {
		return append(b, id...)
	}
	return strconv.AppendUint(b, uint64(i), 10)
}

func appendFunc(b []byte, i guest.FuncIndex, ids *identifiers) []byte {
	if id := ids.funcs(i); id != "" {
		return append(b, id...)
	}
	return strconv.AppendUint(b, uint64(i), 10)
}
