package native

import (
	"encoding/binary"
	"fmt"
	"math"

	"golang.org/x/arch/x86/x86asm"
)

// A jump table stands behind the jump that goes through it. Each entry is the distance
// from the table to some code of the function, in 32 bits. On x86-64 the engine writes
//
//	mov    N, COUNT-1
//	cmp    INDEX, N
//	cmovb  N, INDEX
//	lea    T, [rip + TABLE]
//	movsxd D, dword ptr [T + 4*N]
//	add    T, D
//	jmp    T
//
// and on ARM64 the like, with adr for lea.

// scout notes, in the code before a jump, what tells of its table.
type scout struct {
	// table is the address that the code last made relative to itself.
	table uintptr
	// bounds are constants that registers were last set to, by the registers' numbers;
	// 0 if they are not known.
	bounds [16]int64
	// count is how many entries there are; 0 if that is not known.
	count int64
}

// amd64 looks at an instruction.
func (s *scout) amd64(in *x86asm.Inst, i Instruction) {
	to, isReg := in.Args[0].(x86asm.Reg)
	n, ok := number(to)
	if !isReg || !ok {
		return
	}
	switch in.Op {
	case x86asm.LEA:
		s.table = i.Target
	case x86asm.MOVSXD:
		if m, ok := in.Args[1].(x86asm.Mem); ok && m.Scale == 4 {
			if from, ok := number(m.Index); ok && s.bounds[from] > 0 {
				s.count = s.bounds[from] + 1
			}
		}
	case x86asm.MOV:
		if c, ok := in.Args[1].(x86asm.Imm); ok {
			s.bounds[n] = int64(c)
			return
		}
	case x86asm.CMP, x86asm.TEST, x86asm.CMOVB:
		return
	}
	s.bounds[n] = 0
}

// number is a general register's, whatever part of it is named.
func number(r x86asm.Reg) (int, bool) {
	switch {
	case r >= x86asm.RAX && r <= x86asm.R15:
		return int(r - x86asm.RAX), true
	case r >= x86asm.EAX && r <= x86asm.R15L:
		return int(r - x86asm.EAX), true
	}
	return 0, false
}

// arm64 looks at an instruction.
func (s *scout) arm64(i Instruction) {
	if i.Kind == Plain && i.HasTarget && i.reads == 0 {
		s.table = i.Target
	}
}

// tableBehind is the table of a jump, which is empty unless the code before it has
// made the address just behind it. end is the function's.
func (s *scout) tableBehind(i Instruction, end uintptr) jumpTable {
	if i.Kind != Jump || i.HasTarget || s.table != i.End() {
		return jumpTable{}
	}
	t := jumpTable{start: s.table, limit: end, left: math.MaxInt64}
	if s.count > 0 {
		t.left = s.count
	}
	return t
}

// jumpTable is what is left of a table.
type jumpTable struct {
	start uintptr
	limit uintptr // no entry is here or behind it: code that an earlier one leads to
	left  int64   // at most
}

// entry takes the entry that stands here; false if none does: there are no more, or
// what stands here cannot be one.
func (t *jumpTable) entry(w *walk) (Instruction, bool) {
	if t.left == 0 || len(w.code) < 4 || w.at+4 > t.limit {
		t.left = 0
		return Instruction{}, false
	}
	distance := int64(int32(binary.LittleEndian.Uint32(w.code)))
	to := int64(t.start) + distance
	end := int64(w.at) + int64(len(w.code))
	if to < int64(w.first) || to >= end || to >= int64(t.start) && to < int64(w.at)+4 {
		t.left = 0
		return Instruction{}, false
	}
	if distance > 0 {
		t.limit = min(t.limit, uintptr(to))
	}
	t.left--
	return Instruction{
		Offset: w.at, Size: 4, Kind: Data, Text: fmt.Sprintf(".long 0x%x - 0x%x", to, t.start), Target: uintptr(to), HasTarget: true,
	}, true
}
