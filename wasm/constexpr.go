package wasm

import (
	"encoding/binary"

	"github.com/faaslens/faaslens/guest"
)

// Const is what a constant expression comes to, if that can be told without an
// instance: a single i32.const, i64.const, f32.const or f64.const.
type Const struct {
	Known bool
	Value guest.Value
	// At is where the expression is in the module: see Module.Expression. End is just
	// behind it.
	At, End guest.FileOffset
}

// Opcodes of constant expressions (section 3.4.12 for which, 5.4 for codes).
const (
	opEnd       = 0x0b
	opGlobalGet = 0x23
	opI32Const  = 0x41
	opI64Const  = 0x42
	opF32Const  = 0x43
	opF64Const  = 0x44
	opI32Add    = 0x6a
	opI32Sub    = 0x6b
	opI32Mul    = 0x6c
	opI64Add    = 0x7c
	opI64Sub    = 0x7d
	opI64Mul    = 0x7e
	opRefNull   = 0xd0
	opRefFunc   = 0xd2
	opGC        = 0xfb
	opVector    = 0xfd
)

const (
	gcStructNew        = 0
	gcStructNewDefault = 1
	gcArrayNew         = 6
	gcArrayNewDefault  = 7
	gcArrayNewFixed    = 8
	gcAnyConvertExtern = 26
	gcExternConvertAny = 27
	gcRefI31           = 28
	vectorV128Const    = 12
)

// constExpr reads a constant expression up to and with its end. Types are left
// to the engine.
func (r *reader) constExpr(what string) Const {
	var c Const
	at := guest.FileOffset(r.pos)
	for n := 0; r.ok(); n++ {
		start := r.pos
		op := r.byte(what)
		if op == opEnd {
			if n == 0 {
				r.failAt(start, "%s is empty", what)
			}
			c.At, c.End = at, guest.FileOffset(r.pos)
			return c
		}
		c = r.constInstruction(op, start, what)
		c.Known = c.Known && n == 0
	}
	return Const{}
}

func (r *reader) constInstruction(op byte, start int, what string) Const {
	switch op {
	case opI32Const:
		return Const{Known: true, Value: guest.ValueI32(int32(r.sleb(32, what)))}
	case opI64Const:
		return Const{Known: true, Value: guest.ValueI64(r.sleb(64, what))}
	case opF32Const:
		if b := r.take(4, what); b != nil {
			return Const{Known: true, Value: guest.Value{uint64(binary.LittleEndian.Uint32(b))}}
		}
	case opF64Const:
		if b := r.take(8, what); b != nil {
			return Const{Known: true, Value: guest.Value{binary.LittleEndian.Uint64(b)}}
		}
	case opGlobalGet, opRefFunc:
		r.u32(what)
	case opRefNull:
		r.heapType(what)
	case opI32Add, opI32Sub, opI32Mul, opI64Add, opI64Sub, opI64Mul:
	case opVector:
		if sub := r.u32(what); sub != vectorV128Const {
			r.failAt(start, "%s has the vector instruction %d, which is not constant", what, sub)
		}
		r.take(16, what)
	case opGC:
		r.constGC(start, what)
	default:
		r.failAt(start, "%s has the instruction 0x%02x, which is not constant", what, op)
	}
	return Const{}
}

func (r *reader) constGC(start int, what string) {
	switch sub := r.u32(what); sub {
	case gcStructNew, gcStructNewDefault, gcArrayNew, gcArrayNewDefault:
		r.u32(what)
	case gcArrayNewFixed:
		r.u32(what)
		r.u32(what)
	case gcAnyConvertExtern, gcExternConvertAny, gcRefI31:
	default:
		r.failAt(start, "%s has the instruction 0xfb %d, which is not constant", what, sub)
	}
}
