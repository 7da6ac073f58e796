package native

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"iter"

	"golang.org/x/arch/x86/x86asm"
)

// Body returns the instructions of one compiled function, or of one stub, and the data
// between them, in the order of their offsets and without a gap. code is all of it;
// start is the offset of its first byte.
func Body(arch Arch, code []byte, start uintptr) iter.Seq[Instruction] {
	return func(yield func(Instruction) bool) {
		w := &walk{arch: arch, code: code, first: start, at: start, constants: make(map[uintptr]int), goals: make(map[uintptr]bool)}
		for len(w.code) > 0 {
			i := w.next()
			w.code = w.code[i.Size:]
			w.at += uintptr(i.Size)
			if !yield(i) {
				return
			}
		}
	}
}

// walk goes through a function.
type walk struct {
	arch  Arch
	first uintptr // where the function starts
	at    uintptr
	code  []byte // from at on
	// constants are the sizes of those that the code so far reads, by their offsets; 0 is
	// not known.
	constants   map[uintptr]int
	constantEnd uintptr          // of the one that stands here
	goals       map[uintptr]bool // where the code so far goes
	// stopped means that the code does not go on here by itself.
	stopped bool
	table   jumpTable // whose entries stand here, if any are left
	scout   scout
}

// next returns the instruction, or the data, that stands here.
func (w *walk) next() Instruction {
	if i, ok := w.table.entry(w); ok {
		w.goals[i.Target] = true
		return i
	}
	if size, ok := w.constants[w.at]; ok && size <= len(w.code) && (size > 0 || w.stopped) {
		w.constantEnd, w.stopped = w.endOfConstant(size), true
	}
	if w.at < w.constantEnd {
		return w.data(min(int(w.constantEnd-w.at), wholeConstant))
	}
	if n := w.padding(); n > 0 {
		return w.data(n)
	}
	var i Instruction
	if w.arch == AMD64 {
		var in x86asm.Inst
		i, in = decodeAMD64(w.code, w.at)
		w.scout.amd64(&in, i)
	} else {
		i = decodeARM64(w.code, w.at)
		w.scout.arm64(i)
	}
	end := w.at + uintptr(len(w.code))
	if i.HasTarget && i.Target > w.at && i.Target < end {
		w.note(i)
	}
	w.stopped = !i.Falls()
	if w.stopped {
		w.table = w.scout.tableBehind(i, end)
		w.scout = scout{}
	}
	return i
}

// note keeps what an instruction says about what is further on.
func (w *walk) note(i Instruction) {
	if i.Kind == Plain {
		w.constants[i.Target] = max(w.constants[i.Target], i.reads)
	} else {
		w.goals[i.Target] = true
	}
}

// wholeConstant is how much of a constant is shown at once.
const wholeConstant = 16

// endOfConstant is where the constant that stands here ends. If its size is not known,
// because the code only takes its address, or if another one starts within it, that is
// where something else is known to be.
func (w *walk) endOfConstant(size int) uintptr {
	if size == 0 {
		size = len(w.code)
	}
	for n := 1; n < size; n++ {
		at := w.at + uintptr(n)
		if _, ok := w.constants[at]; ok || w.goals[at] {
			return at
		}
	}
	return w.at + uintptr(size)
}

func (w *walk) data(n int) Instruction {
	return Instruction{Offset: w.at, Size: n, Kind: Data, Text: dataText(w.code[:n])}
}

// maxPadding is more than the alignment of any constant asks for.
const maxPadding = 64

// padding is how many zeros stand here before a constant, behind code that does not go
// on; 0 if there are none.
func (w *walk) padding() int {
	if !w.stopped {
		return 0
	}
	n := 0
	for n < len(w.code) && n < maxPadding && w.code[n] == 0 {
		n++
		if _, ok := w.constants[w.at+uintptr(n)]; ok {
			return n
		}
	}
	if n == len(w.code) {
		return n // to the end
	}
	return 0
}

// dataText writes data as an assembler would take it.
func dataText(b []byte) string {
	le := binary.LittleEndian
	switch {
	case len(bytes.Trim(b, "\x00")) == 0 && len(b) > 8:
		return fmt.Sprintf(".zero %d", len(b))
	case len(b) == 4:
		return fmt.Sprintf(".long 0x%08x", le.Uint32(b))
	case len(b) == 8:
		return fmt.Sprintf(".quad 0x%016x", le.Uint64(b))
	case len(b) == 16:
		return fmt.Sprintf(".octa 0x%016x%016x", le.Uint64(b[8:]), le.Uint64(b))
	}
	return bytesText(b)
}
