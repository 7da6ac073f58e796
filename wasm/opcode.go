package wasm

import "fmt"

// Opcode is what an instruction does: its first byte or, for an instruction that
// starts with a prefix, the prefix in the high bits and the number behind it in the
// low twelve (section 5.4).
type Opcode uint16

// pages of opcodes: the high four bits.
const (
	pageGC     Opcode = 0x1000 // behind 0xfb
	pageMisc   Opcode = 0x2000 // behind 0xfc
	pageVector Opcode = 0x3000 // behind 0xfd
	pageAtomic Opcode = 0x4000 // behind 0xfe
)

const pageMask Opcode = 0xf000

// Prefixes of instructions.
const (
	prefixGC     = 0xfb
	prefixMisc   = 0xfc
	prefixVector = 0xfd
	prefixAtomic = 0xfe
)

// Opcodes that a reader of code has to know by itself, as they shape its control
// flow.
const (
	OpUnreachable  Opcode = 0x00
	OpNop          Opcode = 0x01
	OpBlock        Opcode = 0x02
	OpLoop         Opcode = 0x03
	OpIf           Opcode = 0x04
	OpElse         Opcode = 0x05
	OpTry          Opcode = 0x06 // the older proposal of exceptions, to OpRethrow
	OpCatch        Opcode = 0x07
	OpThrow        Opcode = 0x08
	OpRethrow      Opcode = 0x09
	OpThrowRef     Opcode = 0x0a
	OpEnd          Opcode = 0x0b
	OpBr           Opcode = 0x0c
	OpBrIf         Opcode = 0x0d
	OpBrTable      Opcode = 0x0e
	OpReturn       Opcode = 0x0f
	OpCall         Opcode = 0x10
	OpCallIndirect Opcode = 0x11
	OpReturnCall   Opcode = 0x12
	OpDelegate     Opcode = 0x18 // the older proposal too
	OpCatchAll     Opcode = 0x19 // the older proposal too
	OpTryTable     Opcode = 0x1f
	OpLocalGet     Opcode = 0x20
	OpLocalSet     Opcode = 0x21
	OpLocalTee     Opcode = 0x22
	OpGlobalGet    Opcode = 0x23
	OpGlobalSet    Opcode = 0x24
	OpRefFunc      Opcode = 0xd2
)

// Opcodes of what changes tables and segments.
const (
	OpTableSet  Opcode = 0x26
	OpDataDrop         = pageMisc | 9
	OpTableInit        = pageMisc | 12
	OpElemDrop         = pageMisc | 13
	OpTableCopy        = pageMisc | 14
	OpTableGrow        = pageMisc | 15
	OpTableFill        = pageMisc | 17
)

// Shape says which immediates follow an opcode, and so which fields of an
// Instruction count.
type Shape uint8

const (
	ShapeNone       Shape = iota + 1
	ShapeBlock            // Block
	ShapeTryTable         // Block, and Catches
	ShapeLabel            // Index: how many blocks out
	ShapeLabels           // Labels; the last is the default
	ShapeFunc             // Index
	ShapeType             // Index
	ShapeTag              // Index
	ShapeLocal            // Index
	ShapeGlobal           // Index
	ShapeTable            // Index
	ShapeData             // Index: a segment
	ShapeElem             // Index: a segment
	ShapeCallTable        // Index: a type; Index2: a table
	ShapeMemory           // Index
	ShapeMemories         // Index: to; Index2: from
	ShapeTables           // Index: to; Index2: from
	ShapeMemoryInit       // Index: a data segment; Index2: a memory
	ShapeTableInit        // Index: an element segment; Index2: a table
	ShapeSelect           // ResultTypes
	ShapeHeap             // Heap
	ShapeI32              // Value
	ShapeI64              // Value
	ShapeF32              // Value, the bits
	ShapeF64              // Value, the bits
	ShapeV128             // Bytes, 16 of them
	ShapeLanes            // Bytes, 16 of them: i8x16.shuffle
	ShapeLane             // Lane
	ShapeMemArg           // Align, Index: a memory; Value: the offset
	ShapeMemArgLane       // as ShapeMemArg, and Lane
	ShapeFence            // nothing that counts
	ShapeField            // Index: a type; Index2: a field of it
	ShapeArrayFixed       // Index: a type; Value: how many elements
	ShapeArrays           // Index: the type of the target; Index2: of the source
	ShapeArrayData        // Index: a type; Index2: a data segment
	ShapeArrayElem        // Index: a type; Index2: an element segment
	ShapeCast             // Heap, Null
	ShapeBrCast           // Index: how many blocks out; Heap, Null; Heap2, Null2
)

// operator is what the tables say of an opcode.
type operator struct {
	name  string
	shape Shape
	align uint8 // of an access to memory: the natural alignment as a power of two
}

func (op Opcode) table() []operator {
	switch op & pageMask {
	case 0:
		return plainOperators[:]
	case pageGC:
		return gcOperators[:]
	case pageMisc:
		return miscOperators[:]
	case pageVector:
		return vectorOperators[:]
	case pageAtomic:
		return atomicOperators[:]
	}
	return nil
}

func (op Opcode) operator() operator {
	if t, low := op.table(), int(op&^pageMask); low < len(t) {
		return t[low]
	}
	return operator{}
}

// String returns the name in the text format.
func (op Opcode) String() string {
	if o := op.operator(); o.shape != 0 {
		return o.name
	}
	return fmt.Sprintf("opcode 0x%04x", uint16(op))
}

// Shape says which immediates the instruction has; 0 if there is no such opcode.
func (op Opcode) Shape() Shape { return op.operator().shape }

// NaturalAlign returns the alignment, as a power of two, that an access to memory has
// in the text format if none is written; 0 for other instructions.
func (op Opcode) NaturalAlign() uint8 { return op.operator().align }

// Opens reports whether the instruction starts a block, which OpEnd ends, or, of
// OpTry, OpDelegate.
func (op Opcode) Opens() bool {
	return op >= OpBlock && op <= OpIf || op == OpTry || op == OpTryTable
}
