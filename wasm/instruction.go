package wasm

import (
	"encoding/binary"
	"iter"

	"github.com/faaslens/faaslens/guest"
)

// Instruction is one instruction. Which of its immediates count, its opcode's Shape
// says; the others are zero.
type Instruction struct {
	Offset guest.FileOffset // of its first byte
	Size   uint32           // in bytes, with its immediates
	// Depth is how many blocks the instruction is in, the function's body not
	// counted. An instruction that starts, divides or ends a block is not in it.
	Depth uint32
	Op    Opcode
	Align uint8 // the exponent of a power of two
	Lane  uint8
	Null  bool // Heap's reference may be null
	Null2 bool // Heap2's

	Index, Index2 uint32
	// Heap is the index of a type, or an abstract heap type as the negative number
	// that encodes it.
	Heap, Heap2 int32
	// Value is a constant: a whole number sign-extended, a floating-point one's
	// bits; or the offset of an access to memory; or how many elements there are.
	Value uint64
	Block BlockType
	// Bytes are immediates as they are encoded: 16 of a vector, or what Labels,
	// ResultTypes and Catches read. They alias the module's.
	Bytes []byte
}

// BlockType is what a block takes and leaves: nothing, one result, or what a function
// type says (section 5.4.1).
type BlockType struct {
	Result ValueType // Code is 0 if there is none
	Index  uint32    // of a type, with Typed
	Typed  bool
}

// I32 and I64 return the constant of i32.const and i64.const.
func (in *Instruction) I32() int32 { return int32(in.Value) }
func (in *Instruction) I64() int64 { return int64(in.Value) }

// End returns the offset just behind the instruction.
func (in *Instruction) End() guest.FileOffset { return in.Offset + guest.FileOffset(in.Size) }

// Labels returns the targets of a br_table, the default last, each as how many blocks
// out it is.
func (in *Instruction) Labels() iter.Seq[uint32] {
	return func(yield func(uint32) bool) {
		r := &reader{b: in.Bytes, end: len(in.Bytes)}
		for r.more() {
			if !yield(r.u32("label")) {
				return
			}
		}
	}
}

// ResultTypes returns the types that a select is written with.
func (in *Instruction) ResultTypes() iter.Seq[ValueType] {
	return func(yield func(ValueType) bool) {
		r := &reader{b: in.Bytes, end: len(in.Bytes)}
		for r.more() {
			if !yield(r.valueType("type")) {
				return
			}
		}
	}
}

// CatchKind says what a catch clause catches and what it leaves (section 5.4.1).
type CatchKind uint8

const (
	Catch       CatchKind = iota // one tag; its values
	CatchRef                     // one tag; its values and the exception
	CatchAll                     // everything; nothing
	CatchAllRef                  // everything; the exception
)

// CatchClause is one clause of a try_table.
type CatchClause struct {
	Kind  CatchKind
	Tag   uint32 // of Catch and CatchRef
	Label uint32 // how many blocks out, counted from outside of the try_table
}

// Catches returns the clauses of a try_table.
func (in *Instruction) Catches() iter.Seq[CatchClause] {
	return func(yield func(CatchClause) bool) {
		r := &reader{b: in.Bytes, end: len(in.Bytes)}
		for r.more() {
			if !yield(r.catchClause()) {
				return
			}
		}
	}
}

func (r *reader) catchClause() CatchClause {
	start := r.pos
	c := CatchClause{Kind: CatchKind(r.byte("a catch clause"))}
	if c.Kind > CatchAllRef {
		r.failAt(start, "0x%02x is not a kind of catch clause", uint8(c.Kind))
	}
	if c.Kind <= CatchRef {
		c.Tag = r.u32("a tag")
	}
	c.Label = r.u32("a label")
	return c
}

// immediates reads what follows an opcode.
func (r *reader) immediates(in *Instruction, s Shape) {
	switch s {
	case ShapeNone:
	case ShapeLocal, ShapeLabel, ShapeFunc, ShapeGlobal, ShapeTable, ShapeType, ShapeTag, ShapeData, ShapeElem, ShapeMemory:
		in.Index = r.u32("an index")
	case ShapeMemArg:
		r.memArg(in)
	case ShapeMemArgLane:
		r.memArg(in)
		in.Lane = r.byte("a lane")
	case ShapeI32:
		in.Value = uint64(r.sleb(32, "a constant"))
	case ShapeI64:
		in.Value = uint64(r.sleb(64, "a constant"))
	case ShapeF32:
		if b := r.take(4, "a constant"); b != nil {
			in.Value = uint64(binary.LittleEndian.Uint32(b))
		}
	case ShapeF64:
		if b := r.take(8, "a constant"); b != nil {
			in.Value = binary.LittleEndian.Uint64(b)
		}
	case ShapeBlock:
		in.Block = r.blockType()
	case ShapeCallTable, ShapeMemories, ShapeTables, ShapeMemoryInit, ShapeTableInit, ShapeField, ShapeArrays, ShapeArrayData, ShapeArrayElem:
		in.Index, in.Index2 = r.u32("an index"), r.u32("an index")
	default:
		r.rareImmediates(in, s)
	}
}

func (r *reader) rareImmediates(in *Instruction, s Shape) {
	switch s {
	case ShapeV128, ShapeLanes:
		in.Bytes = r.take(16, "a vector")
	case ShapeLane:
		in.Lane = r.byte("a lane")
	case ShapeLabels:
		// One more than it says: the default.
		r.vector(in, "labels", 1, func() { r.u32("a label") })
	case ShapeSelect:
		r.vector(in, "types", 0, func() { r.valueType("a type") })
	case ShapeTryTable:
		in.Block = r.blockType()
		r.vector(in, "catch clauses", 0, func() { r.catchClause() })
	case ShapeHeap:
		in.Heap = r.heapType("a heap type")
	case ShapeFence:
		start := r.pos
		if c := r.byte("a fence's order"); c != 0 {
			r.failAt(start, "a fence has the order 0x%02x; only 0 is known", c)
		}
	case ShapeArrayFixed:
		in.Index, in.Value = r.u32("a type"), uint64(r.u32("a number of elements"))
	case ShapeCast:
		in.Null = in.Op&1 != 0
		in.Heap = r.heapType("a heap type")
	case ShapeBrCast:
		start := r.pos
		flags := r.byte("a cast's flags")
		if flags > 3 {
			r.failAt(start, "a cast has the flags 0x%02x; only the lowest two are known", flags)
		}
		in.Null, in.Null2 = flags&1 != 0, flags&2 != 0
		in.Index = r.u32("a label")
		in.Heap, in.Heap2 = r.heapType("a heap type"), r.heapType("a heap type")
	}
}

// vector reads how many items follow, extra not counted, and passes over them.
func (r *reader) vector(in *Instruction, what string, extra int, item func()) {
	n := r.count(what, 1, maxItems) + extra
	first := r.pos
	for ; n > 0 && r.err == nil; n-- {
		item()
	}
	in.Bytes = r.b[first:r.pos:r.pos]
}

// memoryIndex is the flag of an access to memory that names which.
const memoryIndex = 0x40

func (r *reader) memArg(in *Instruction) {
	start := r.pos
	flags := r.u32("an alignment")
	if flags > 0x7f {
		r.failAt(start, "an access to memory has the flags 0x%x; only the lowest seven are known", flags)
	}
	if flags&memoryIndex != 0 {
		in.Index = r.u32("a memory")
	}
	in.Align = uint8(flags &^ memoryIndex)
	in.Value = r.uleb(64, "an offset")
}

// emptyBlock stands for a block without parameters or results.
const emptyBlock = 0x40

// blockType reads a block's type: a negative number of one byte is nothing or a value
// type, another one the index of a type.
func (r *reader) blockType() BlockType {
	c := r.peek()
	switch {
	case c == emptyBlock:
		r.pos++
		return BlockType{}
	case c&0xc0 == 0x40:
		return BlockType{Result: r.valueType("a block's type")}
	}
	start := r.pos
	i := r.sleb(33, "a block's type")
	if i < 0 || i >= maxTypes {
		r.failAt(start, "a block has type %d, which does not exist", i)
		return BlockType{}
	}
	return BlockType{Index: uint32(i), Typed: true}
}
