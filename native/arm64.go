package native

import (
	"encoding/binary"
	"fmt"
	"strings"

	"golang.org/x/arch/arm64/arm64asm"
)

// sizeARM64 is the length of every instruction.
const sizeARM64 = 4

// decodeARM64 decodes the instruction that code starts with.
func decodeARM64(code []byte, offset uintptr) Instruction {
	if len(code) < sizeARM64 {
		return bad(offset, code)
	}
	in, err := arm64asm.Decode(code)
	word := binary.LittleEndian.Uint32(code)
	if err != nil || in.Op == 0 {
		i := bad(offset, code[:sizeARM64])
		i.Text = fmt.Sprintf(".inst 0x%08x", word)
		if word>>16 == 0 { // udf, a trap
			i.Kind, i.Text = Trap, fmt.Sprintf("udf #0x%x", word)
		}
		return i
	}
	i := Instruction{Offset: offset, Size: sizeARM64, Kind: kindARM64(in)}
	i.Text = strings.ToLower(arm64asm.GNUSyntax(in))
	if in.Op == arm64asm.B {
		i.Text = conditionsARM64(i.Text)
	}
	for _, a := range in.Args {
		rel, ok := a.(arm64asm.PCRel)
		if !ok {
			continue
		}
		i.Target, i.HasTarget = offset+uintptr(int64(rel)), true
		if in.Op == arm64asm.ADRP {
			i.Target = offset&^0xfff + uintptr(int64(rel))
		}
		if in.Op == arm64asm.LDR || in.Op == arm64asm.LDRSW {
			i.reads = literalSize(word)
		}
		i.Text = strings.Replace(i.Text, strings.ToLower(rel.String()), fmt.Sprintf("0x%x", i.Target), 1)
	}
	return i
}

// conditionsARM64 names the conditions of branches as other tools do.
func conditionsARM64(text string) string {
	text = strings.Replace(text, "b.cs ", "b.hs ", 1)
	return strings.Replace(text, "b.cc ", "b.lo ", 1)
}

// literalSize is how many bytes a load of a literal reads (Arm Architecture Reference
// Manual, "Load register (literal)").
func literalSize(word uint32) int {
	vector := word>>26&1 != 0
	size := 4 << (word >> 30 & 3)
	if !vector && word>>30 == 2 {
		return 4 // sign-extended
	}
	return size
}

func kindARM64(in arm64asm.Inst) Kind {
	switch in.Op {
	case arm64asm.BL, arm64asm.BLR:
		return Call
	case arm64asm.BR:
		return Jump
	case arm64asm.B:
		if _, conditional := in.Args[0].(arm64asm.Cond); conditional {
			return Branch
		}
		return Jump
	case arm64asm.CBZ, arm64asm.CBNZ, arm64asm.TBZ, arm64asm.TBNZ:
		return Branch
	case arm64asm.RET, arm64asm.ERET:
		return Return
	case arm64asm.BRK, arm64asm.HLT:
		return Trap
	}
	return Plain
}
