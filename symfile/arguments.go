package symfile

import (
	"debug/elf"
	"slices"

	"golang.org/x/arch/x86/x86asm"

	"github.com/faaslens/faaslens/codemap"
)

// arguments finds out where functions have their arguments before the engine says so: its
// lists of locations begin behind what it puts before a function's own code, and gdb stops
// before that where the code that follows has no line of its own.
type arguments struct {
	machine elf.Machine
	text    []byte
	base    uint64   // the code's address
	starts  []uint64 // the functions', ascending, from the start of the code
	left    int      // bytes of code that may still be read to mend lists
}

func (f *file) argumentsOf(in *elf.File, image, text []byte) (*arguments, error) {
	const most = 64 // times that an instruction is read, on average
	a := &arguments{machine: in.Machine, text: text, base: f.text, left: most * len(text)}
	bodies, err := codemap.ReadBodies(image)
	if err != nil {
		return a, err
	}
	for _, b := range bodies {
		a.starts = append(a.starts, uint64(b.Start)-in.Section(".text").Offset)
	}
	slices.Sort(a.starts)
	return a, nil
}

// from is where a place that a list of locations knows at an address is as good already: at
// the function's start, if what stands between only makes the frame and leaves the place's
// registers alone; otherwise that address.
func (a *arguments) from(at uint64, expr []byte) uint64 {
	const longest = 160 // bytes of code that make a frame and save registers
	offset := at - a.base
	i, exact := slices.BinarySearch(a.starts, offset)
	if a.machine != elf.EM_X86_64 || at < a.base || offset > uint64(len(a.text)) || i == 0 || exact || offset-a.starts[i-1] > longest {
		return at
	}
	registers, ok := registersOf(expr)
	start := a.starts[i-1]
	if ok && onlyMakesFrame(a.text[start:offset], registers) {
		return a.base + start
	}
	return at
}

// registersOf are the registers, by DWARF's numbers, that an expression starts from; ok is
// false if it starts from anything else.
func registersOf(expr []byte) (registers []int, ok bool) {
	all, ok := operations(expr, 8)
	if !ok {
		return nil, false
	}
	for _, o := range all {
		switch {
		case o.op >= opReg0 && o.op < opReg0+32:
			registers = append(registers, int(o.op-opReg0))
		case o.op >= opBreg0 && o.op < opBreg0+32:
			registers = append(registers, int(o.op-opBreg0))
		case o.op == opRegx || o.op == opFbreg:
			return nil, false
		}
	}
	return registers, len(registers) > 0
}

// onlyMakesFrame reports whether code does no more than making a frame: it saves registers
// and looks at the stack's limit, and does not write the given ones.
func onlyMakesFrame(code []byte, registers []int) bool {
	const scratch = 3 << 10 // r10 and r11, which carry no arguments
	var carry registerSet
	for _, r := range registers {
		carry |= dwarfRegister(r)
	}
	for len(code) > 0 {
		inst, err := x86asm.Decode(code, 64)
		if err != nil || inst.Len <= 0 {
			return false
		}
		code = code[inst.Len:]
		changes := written(inst)
		switch inst.Op {
		case x86asm.PUSH, x86asm.CMP, x86asm.JA, x86asm.JB:
		case x86asm.MOV, x86asm.ADD, x86asm.SUB, x86asm.LEA:
			if changes&^(scratch|frame) != 0 || changes&carry != 0 {
				return false
			}
		default:
			return false
		}
	}
	return carry != 0
}
