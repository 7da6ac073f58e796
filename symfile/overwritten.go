package symfile

import (
	"debug/elf"
	"strings"

	"golang.org/x/arch/x86/x86asm"
)

// until is how far a place is good that a list of locations knows from start to end. A
// variable's value does not change in a register, so that it is gone where the register is
// written, which the engine's lists overlook at times.
func (a *arguments) until(start, end uint64, expr []byte) uint64 {
	at, found := a.firstWrite(start, end, expr, func(inst x86asm.Inst) bool { return !isMove(inst) })
	if found {
		return min(at, end)
	}
	return end
}

// comesBack reports whether a place that was lost may be good again later: its register is
// written in between.
func (a *arguments) comesBack(lost, start uint64, expr []byte) bool {
	_, found := a.firstWrite(lost, start, expr, func(x86asm.Inst) bool { return true })
	return found || start < lost
}

// firstWrite finds the first instruction from start to end, of those that count, that
// writes one of an expression's registers, and returns where it ends.
func (a *arguments) firstWrite(start, end uint64, expr []byte, counts func(x86asm.Inst) bool) (behind uint64, found bool) {
	registers, ok := registersOf(expr)
	if !ok || a.machine != elf.EM_X86_64 || start < a.base || end < start || end-a.base > uint64(len(a.text)) {
		return 0, false
	}
	var holds registerSet
	for _, r := range registers {
		holds |= dwarfRegister(r)
	}
	for at := start; at < end; {
		inst, err := x86asm.Decode(a.text[at-a.base:], 64)
		if err != nil || inst.Len <= 0 || inst.Len > a.left || leadsByTable(inst) {
			return 0, false
		}
		at += uint64(inst.Len)
		a.left -= inst.Len
		if written(inst)&holds != 0 && counts(inst) {
			return at, true
		}
	}
	return 0, false
}

// leadsByTable reports whether an instruction jumps to where a register says: a table of
// places follows, which is no code.
func leadsByTable(inst x86asm.Inst) bool {
	return inst.Op == x86asm.JMP && setOf(inst.Args[0]) != 0
}

// registerSet has a bit for each general register, by the processor's numbers, and from
// the seventeenth bit on one for each vector register.
type registerSet uint32

const vectors = 16

const (
	rax, rcx, rdx, rsi, rdi registerSet = 1 << 0, 1 << 1, 1 << 2, 1 << 6, 1 << 7
	frame                               = 3 << 4 // rsp and rbp
	// changedByCalls is what a call may change.
	changedByCalls = rax | rcx | rdx | rsi | rdi | 0xf<<8 | 0xffff<<vectors
)

// dwarfRegister is the register with a number of DWARF's (System V ABI for AMD64, figure
// 3.36); the frame's own are in no set, as functions only change them around their code.
func dwarfRegister(number int) registerSet {
	general := [...]int{0, 2, 1, 3, 6, 7, -1, -1, 8, 9, 10, 11, 12, 13, 14, 15}
	switch {
	case number < len(general) && general[number] >= 0:
		return 1 << general[number]
	case number >= 17 && number < 17+16:
		return 1 << (vectors + number - 17)
	}
	return 0
}

// written are the registers that an instruction changes.
func written(inst x86asm.Inst) registerSet {
	first, second := setOf(inst.Args[0]), setOf(inst.Args[1])
	switch inst.Op {
	case x86asm.CALL:
		return changedByCalls
	case x86asm.CDQ, x86asm.CQO, x86asm.CWD:
		return rdx
	case x86asm.CBW, x86asm.CWDE, x86asm.CDQE:
		return rax
	case x86asm.DIV, x86asm.IDIV, x86asm.MUL:
		return rax | rdx
	case x86asm.IMUL:
		if inst.Args[1] == nil {
			return rax | rdx
		}
	case x86asm.XCHG, x86asm.XADD:
		return first | second
	case x86asm.CMPXCHG:
		return first | rax
	}
	switch strings.TrimPrefix(inst.Op.String(), "V") {
	case "CMP", "TEST", "PUSH", "JMP", "BT", "NOP", "UCOMISS", "UCOMISD", "COMISS", "COMISD", "PTEST":
		return 0
	}
	return first
}

// setOf is the register that an operand is, by the processor's number.
func setOf(a x86asm.Arg) registerSet {
	r, ok := a.(x86asm.Reg)
	if !ok {
		return 0
	}
	for _, names := range [...]struct {
		first, last x86asm.Reg
		bit         int
	}{
		{x86asm.AL, x86asm.BL, 0}, {x86asm.AH, x86asm.BH, 0}, {x86asm.SPB, x86asm.R15B, 4},
		{x86asm.AX, x86asm.R15W, 0}, {x86asm.EAX, x86asm.R15L, 0}, {x86asm.RAX, x86asm.R15, 0},
		{x86asm.X0, x86asm.X15, vectors}, {x86asm.Y0, x86asm.Y0 + 15, vectors},
	} {
		if r >= names.first && r <= names.last {
			return 1 << (names.bit + int(r-names.first))
		}
	}
	return 0
}

// isMove reports whether an instruction takes a value from another register, or from the
// frame. A list has one range for a variable that several branches bring to one register.
func isMove(inst x86asm.Inst) bool {
	switch inst.Op {
	case x86asm.MOV, x86asm.MOVSS, x86asm.MOVSD_XMM, x86asm.MOVAPS, x86asm.MOVAPD, x86asm.MOVUPS, x86asm.MOVDQA, x86asm.MOVDQU:
	default:
		if !strings.HasPrefix(inst.Op.String(), "VMOV") {
			return false
		}
	}
	from, inMemory := inst.Args[1].(x86asm.Mem)
	return setOf(inst.Args[1]) != 0 || inMemory && (from.Base == x86asm.RSP || from.Base == x86asm.RBP)
}
