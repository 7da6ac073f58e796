package wasm

import (
	"iter"

	"github.com/faaslens/faaslens/guest"
)

// Code walks the instructions of a function's body or of a constant expression, one
// after the other, without making garbage:
//
//	code := m.Code(body)
//	var in wasm.Instruction
//	for code.Next(&in) {
//		...
//	}
//	if err := code.Err(); err != nil {
//
// It checks that every instruction is one, with all of its immediates, and that blocks
// end where the body does; whether the code makes sense is left to the engine.
type Code struct {
	r      reader
	locals int    // where the first declaration of locals is
	groups int    // how many declarations there are
	blocks uint32 // open ones, the body included
	open   bool   // bytes may follow the end: another reader knows what they are
}

// Code returns the instructions of a body of the module.
func (m *Module) Code(b Body) Code {
	c := Code{r: reader{b: m.bytes, pos: int(b.Offset), end: int(b.End()), where: "function body"}, blocks: 1}
	c.groups = c.r.count("declarations of locals", 2, maxLocals)
	c.locals = c.r.pos
	total := uint64(0)
	for range c.groups {
		n := c.r.u32("a number of locals")
		c.r.valueType("a local's type")
		if total += uint64(n); total > maxLocals {
			c.r.failAt(c.locals, "there are more than %d locals; engines take no more", maxLocals)
		}
		if !c.r.ok() {
			break
		}
	}
	return c
}

// Expression returns the instructions of a constant expression of the module that
// starts at an offset; the last is its end.
func (m *Module) Expression(at guest.FileOffset) Code {
	pos := int(min(at, guest.FileOffset(len(m.bytes))))
	return Code{r: reader{b: m.bytes, pos: pos, end: len(m.bytes), where: "constant expression"}, blocks: 1, open: true}
}

// Locals returns the declarations of locals: how many of which type. They count on
// from the function's parameters.
func (c *Code) Locals() iter.Seq2[uint32, ValueType] {
	return func(yield func(uint32, ValueType) bool) {
		r := &reader{b: c.r.b, pos: c.locals, end: c.r.end}
		for range c.groups {
			n, t := r.u32("a number of locals"), r.valueType("a local's type")
			if !r.ok() || !yield(n, t) {
				return
			}
		}
	}
}

// Offset returns where the next instruction is.
func (c *Code) Offset() guest.FileOffset { return guest.FileOffset(c.r.pos) }

// Err returns what kept Next from going on to the end of the body, a
// *guest.InvalidModule with the offset in the module; nil if nothing did.
func (c *Code) Err() error {
	if c.r.err == nil {
		return nil
	}
	return c.r.err
}

// Next reads the next instruction; false if there is none, or an error.
func (c *Code) Next(in *Instruction) bool {
	r := &c.r
	if r.err != nil || c.blocks == 0 {
		return false
	}
	start := r.pos
	if start >= r.end {
		r.failAt(start, "it ends within %d open blocks", c.blocks)
		return false
	}
	op := Opcode(r.b[start])
	r.pos = start + 1
	if op >= prefixGC && op <= prefixAtomic {
		op = r.prefixed(op)
	}
	shape := op.operator().shape
	if shape == 0 {
		r.failAt(start, "0x%02x is not an instruction that this reader knows", r.b[start:r.pos])
		return false
	}
	*in = Instruction{Offset: guest.FileOffset(start), Op: op, Depth: c.blocks - 1}
	r.immediates(in, shape)
	if op <= OpTryTable {
		c.nest(in)
	}
	if r.err != nil {
		return false
	}
	in.Size = uint32(r.pos - start)
	return true
}

// nest keeps count of the open blocks.
func (c *Code) nest(in *Instruction) {
	switch in.Op {
	case OpBlock, OpLoop, OpIf, OpTry, OpTryTable:
		c.blocks++
	case OpElse, OpCatch, OpCatchAll, OpDelegate:
		if c.blocks < 2 {
			c.r.failAt(int(in.Offset), "%s stands outside of any block", in.Op)
			return
		}
		in.Depth = c.blocks - 2
		if in.Op == OpDelegate {
			c.blocks--
		}
	case OpEnd:
		c.blocks--
		in.Depth = max(c.blocks, 1) - 1
		if n := c.r.left(); c.blocks == 0 && n > 0 && !c.open {
			c.r.failAt(c.r.pos, "%d bytes follow its end", n)
		}
	}
}

// prefixed reads the number behind a prefix.
func (r *reader) prefixed(prefix Opcode) Opcode {
	low := r.u32("an instruction")
	if low >= uint32(pageGC) {
		return pageMask // of no instruction
	}
	return (prefix-prefixGC+1)<<12 | Opcode(low)
}
