package symfile

import (
	"encoding/binary"
	"math"
)

// locations rewrites .debug_loc (DWARF 4, section 7.7.3): each list gets entries for the
// traps that its entries lead to, and expressions that the engine spoiled are mended. It
// returns the new section and where each list is in it, by where it was; nil if the
// section is not as the engine writes it.
func locations(old []byte, jumps []trapJump) (section []byte, moved map[uint64]uint64) {
	moved = make(map[uint64]uint64)
	c := cursor{b: old}
	for c.at < len(old) {
		from, to := uint64(c.at), uint64(len(section))
		moved[from] = to
		var covered []span
		var more []byte
		for {
			start, end := c.number(8), c.number(8)
			if c.short {
				return nil, nil
			}
			if start == 0 && end == 0 {
				break
			}
			if start == math.MaxUint64 {
				return nil, nil // a new base: the engine writes none
			}
			expr := mend(c.take(c.number(2)))
			if c.short {
				return nil, nil
			}
			section = appendLocation(section, start, end, expr)
			covered = append(covered, span{start, end})
			for _, j := range within(jumps, start, end) {
				more = appendLocation(more, j.trap, j.trap+trapSize, expr)
			}
		}
		section = append(section, withoutCovered(more, covered)...)
		section = append(section, make([]byte, 16)...)
	}
	return section, moved
}

type span struct{ start, end uint64 }

func appendLocation(b []byte, start, end uint64, expr []byte) []byte {
	b = binary.LittleEndian.AppendUint64(b, start)
	b = binary.LittleEndian.AppendUint64(b, end)
	b = binary.LittleEndian.AppendUint16(b, uint16(len(expr)))
	return append(b, expr...)
}

// withoutCovered leaves out the entries for traps of which the list knows already.
func withoutCovered(entries []byte, covered []span) []byte {
	var kept []byte
	c := cursor{b: entries}
	for c.at < len(entries) {
		start, end := c.number(8), c.number(8)
		expr := c.take(c.number(2))
		known := false
		for _, s := range covered {
			known = known || start < s.end && s.start < end
		}
		if !known {
			kept = appendLocation(kept, start, end, expr)
		}
	}
	return kept
}

// DWARF 4's numbers of operations, section 7.7.1.
const (
	opDeref, opConst1u, opConst1s, opConst2u, opConst2s = 0x06, 0x08, 0x09, 0x0a, 0x0b
	opConst4u, opConst4s, opConst8u, opConst8s          = 0x0c, 0x0d, 0x0e, 0x0f
	opConstu, opConsts, opSwap, opAnd, opPlus           = 0x10, 0x11, 0x16, 0x1a, 0x22
	opPlusUconst, opLit0, opReg0, opBreg0               = 0x23, 0x30, 0x50, 0x70
	opRegx, opFbreg, opPiece, opStackValue, opAddr      = 0x90, 0x91, 0x93, 0x9f, 0x03
)

// mend takes off an expression what the engine appends to make an address in the guest's
// memory one of the host's, where it does so behind the last piece of a value that is in
// pieces: it belongs nowhere there.
func mend(expr []byte) []byte {
	c := cursor{b: expr}
	piece, last := -1, []byte(nil)
	for c.at < len(expr) && !c.short {
		op := c.number(1)
		if !c.skipOperands(op) {
			return expr
		}
		if op == opPiece {
			piece = c.at
		}
		last = append(last, byte(op))
	}
	if c.short || piece < 0 || piece == len(expr) || len(last) < 4 {
		return expr
	}
	if tail := last[len(last)-4:]; tail[0] != opSwap || tail[1] != opConst4u || tail[2] != opAnd || tail[3] != opPlus {
		return expr
	}
	return expr[:piece]
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
	case op == opConst8u || op == opConst8s || op == opAddr:
		c.take(8)
	case op == opConstu, op == opConsts, op == opPlusUconst, op == opRegx, op == opFbreg, op == opPiece,
		op >= opBreg0 && op < opBreg0+32:
		c.leb()
	case op == opDeref, op == opStackValue, op >= 0x12 && op <= 0x22, op >= 0x24 && op <= 0x27, op >= opLit0 && op < opReg0+32:
	default:
		return false
	}
	return true
}
