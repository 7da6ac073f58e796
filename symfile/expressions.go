package symfile

import (
	"encoding/binary"
	"slices"
)

// DWARF 4's numbers of operations, section 7.7.1, and WebAssembly's own ("DWARF for
// WebAssembly").
const (
	opAddr, opDeref                                               = 0x03, 0x06
	opConst1u, opConst1s, opConst2u, opConst2s                    = 0x08, 0x09, 0x0a, 0x0b
	opConst4u, opConst4s, opConst8u, opConst8s                    = 0x0c, 0x0d, 0x0e, 0x0f
	opConstu, opConsts, opSwap, opAnd, opPlus                     = 0x10, 0x11, 0x16, 0x1a, 0x22
	opPlusUconst, opBra, opSkip, opLit0, opReg0, opBreg0          = 0x23, 0x28, 0x2f, 0x30, 0x50, 0x70
	opRegx, opFbreg, opPiece, opNop, opStackValue, opWasmLocation = 0x90, 0x91, 0x93, 0x96, 0x9f, 0xed
)

// operation is where in an expression an operation is, with its operands.
type operation struct {
	op       byte
	from, to int
}

// operations are those of an expression; ok is false if there is one that is not known.
func operations(expr []byte, addressSize uint64) (all []operation, ok bool) {
	c := cursor{b: expr, addressSize: addressSize}
	for c.at < len(expr) {
		from := c.at
		op := c.number(1)
		if !c.skipOperands(op) || c.short {
			return nil, false
		}
		all = append(all, operation{byte(op), from, c.at})
	}
	return all, true
}

// skipOperands passes over an operation's operands and reports whether it knows it.
func (c *cursor) skipOperands(op uint64) bool {
	switch {
	case op == opConst1u || op == opConst1s:
		c.take(1)
	case op == opConst2u || op == opConst2s:
		c.take(2)
	case op == opConst4u || op == opConst4s:
		c.take(4)
	case op == opConst8u || op == opConst8s:
		c.take(8)
	case op == opAddr:
		c.take(c.addressSize)
	case op == opConstu, op == opConsts, op == opPlusUconst, op == opRegx, op == opFbreg, op == opPiece,
		op >= opBreg0 && op < opBreg0+32:
		c.leb()
	case op == opDeref, op == opStackValue, op == opNop, op >= 0x12 && op <= 0x22, op >= 0x24 && op <= 0x27, op >= opLit0 && op < opReg0+32:
	default:
		return false
	}
	return true
}

// translator makes of the engine's expressions such as debuggers read.
type translator struct {
	// memory is where the process has the address of the memory of the instance that the
	// user looks at.
	memory uint64
}

// translate takes off an expression what the engine put there wrongly, and makes of a place
// in the guest's memory that has a fixed address (see KeepAddresses) one of the host's.
func (t translator) translate(expr []byte) []byte {
	all, ok := operations(expr, 8)
	if !ok {
		return expr
	}
	expr, all = mend(expr, all)
	all = slices.DeleteFunc(all, func(o operation) bool { return o.op == opNop })
	if t.memory == 0 {
		return expr
	}
	var out []byte
	for i, o := range all {
		alone := (i == 0 || all[i-1].op == opPiece) && (i+1 == len(all) || all[i+1].op == opPiece)
		address, constant := constantOf(expr[o.from:o.to])
		if !alone || !constant {
			out = append(out, expr[o.from:o.to]...)
			continue
		}
		out = binary.LittleEndian.AppendUint64(append(out, opAddr), t.memory)
		out = binary.AppendUvarint(append(out, opDeref, opPlusUconst), address)
	}
	return out
}

// mend takes off an expression what the engine appends to make an address in the guest's
// memory one of the host's, where it does so behind the last piece of a value that is in
// pieces: it belongs nowhere there.
func mend(expr []byte, all []operation) ([]byte, []operation) {
	last := -1
	for i, o := range all {
		if o.op == opPiece {
			last = i
		}
	}
	if n := len(all); last < 0 || n-last-1 < 4 ||
		all[n-4].op != opSwap || all[n-3].op != opConst4u || all[n-2].op != opAnd || all[n-1].op != opPlus {
		return expr, all
	}
	return expr[:all[last].to], all[:last+1]
}
