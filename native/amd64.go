package native

import (
	"math"
	"strings"

	"golang.org/x/arch/x86/x86asm"
)

// maxAMD64 is the length of the longest instruction.
const maxAMD64 = 15

// decodeAMD64 decodes the instruction that code starts with.
func decodeAMD64(code []byte, offset uintptr) (Instruction, x86asm.Inst) {
	code = code[:min(len(code), maxAMD64)]
	in, err := x86asm.Decode(code, 64)
	if err != nil || in.Op == 0 || in.Len <= 0 || in.Len > len(code) {
		return bad(offset, code[:1]), x86asm.Inst{}
	}
	relativeVector(&in, code)
	signDisplacement(&in)
	i := Instruction{Offset: offset, Size: in.Len, Kind: kindAMD64(in.Op)}
	i.Target, i.reads, i.HasTarget = targetAMD64(&in, offset)
	i.Text = textAMD64(in, offset)
	return i, in
}

// relativeVector puts right an operand in memory that x86asm takes for one at an
// absolute address: with a VEX or EVEX prefix it does not know of addresses relative to
// the instruction (Intel 64 Architectures Software Developer's Manual, volume 2, section
// 2.2.1.6).
func relativeVector(in *x86asm.Inst, code []byte) {
	prefix := 0
	for prefix < len(code) && (code[prefix] == 0x66 || code[prefix] == 0x67 || code[prefix] == 0x64 || code[prefix] == 0x65) {
		prefix++
	}
	if prefix == len(code) {
		return
	}
	length := map[byte]int{0xc5: 2, 0xc4: 3, 0x62: 4}[code[prefix]]
	modrm := prefix + length + 1
	if length == 0 || modrm >= in.Len || code[modrm]&0xc7 != 0x05 {
		return
	}
	for i, a := range in.Args {
		if m, ok := a.(x86asm.Mem); ok && m.Base == 0 && m.Index == 0 {
			m.Base = x86asm.RIP
			in.Args[i] = m
		}
	}
}

// signDisplacement puts right what x86asm takes for positive: a displacement of 32 bits
// has a sign.
func signDisplacement(in *x86asm.Inst) {
	for i, a := range in.Args {
		if m, ok := a.(x86asm.Mem); ok && m.Disp > math.MaxInt32 && m.Disp <= math.MaxUint32 {
			m.Disp = int64(int32(m.Disp))
			in.Args[i] = m
		}
	}
}

func kindAMD64(op x86asm.Op) Kind {
	switch op {
	case x86asm.CALL, x86asm.LCALL, x86asm.SYSCALL:
		return Call
	case x86asm.JMP, x86asm.LJMP:
		return Jump
	case x86asm.RET, x86asm.LRET, x86asm.IRET, x86asm.IRETD, x86asm.IRETQ:
		return Return
	case x86asm.UD1, x86asm.UD2, x86asm.HLT:
		return Trap
	case x86asm.JA, x86asm.JAE, x86asm.JB, x86asm.JBE, x86asm.JCXZ, x86asm.JE, x86asm.JECXZ, x86asm.JG, x86asm.JGE,
		x86asm.JL, x86asm.JLE, x86asm.JNE, x86asm.JNO, x86asm.JNP, x86asm.JNS, x86asm.JO, x86asm.JP, x86asm.JRCXZ,
		x86asm.JS, x86asm.LOOP, x86asm.LOOPE, x86asm.LOOPNE:
		return Branch
	}
	return Plain
}

// targetAMD64 returns the address that an instruction gives relative to its end, and
// how many bytes it reads there.
func targetAMD64(in *x86asm.Inst, offset uintptr) (target uintptr, reads int, ok bool) {
	next := offset + uintptr(in.Len)
	for _, a := range in.Args {
		switch a := a.(type) {
		case x86asm.Rel:
			return next + uintptr(int64(a)), 0, true
		case x86asm.Mem:
			if a.Base == x86asm.RIP && a.Index == 0 {
				if in.Op == x86asm.LEA {
					return next + uintptr(a.Disp), 0, true
				}
				return next + uintptr(a.Disp), operandSize(in), true
			}
		}
	}
	return 0, 0, false
}

// operandSize returns how many bytes of memory an instruction works on.
func operandSize(in *x86asm.Inst) int {
	text := x86asm.IntelSyntax(*in, 0, nil)
	for _, s := range []struct {
		name string
		size int
	}{{"zmmword", 64}, {"ymmword", 32}, {"xmmword", 16}, {"qword", 8}, {"dword", 4}, {"word", 2}, {"byte", 1}} {
		if strings.Contains(text, s.name) {
			return s.size
		}
	}
	return in.MemBytes
}

// conditions are names of conditions that Intel's own tool has, by those that others use.
var conditions = map[string]string{
	"nbe": "a", "nb": "ae", "z": "e", "nle": "g", "nl": "ge", "nz": "ne",
}

// textAMD64 writes an instruction as x86asm does in Intel's syntax, with the conditions
// that disassemblers use.
func textAMD64(in x86asm.Inst, offset uintptr) string {
	text := strings.ToLower(x86asm.IntelSyntax(in, uint64(offset), nil))
	name, operands, _ := strings.Cut(text, " ")
	for _, stem := range []string{"cmov", "set", "j"} {
		if condition, ok := strings.CutPrefix(name, stem); ok {
			if usual, ok := conditions[condition]; ok {
				name = stem + usual
			}
			break
		}
	}
	switch {
	case name == "lea":
		operands = strings.Replace(operands, "ptr ", "", 1)
	case name == "fwait":
		name = "wait"
	case name == "mov" && wideConstant(&in):
		name = "movabs"
	}
	if operands == "" {
		return name
	}
	return name + " " + operands
}

// wideConstant reports whether an instruction carries a constant of 64 bits.
func wideConstant(in *x86asm.Inst) bool {
	_, constant := in.Args[1].(x86asm.Imm)
	return constant && in.Len >= 10 && in.Opcode>>24 >= 0xb8 && in.Opcode>>24 <= 0xbf
}
