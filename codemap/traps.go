package codemap

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
)

// Trap is a machine instruction that may end the guest.
type Trap struct {
	At   uintptr // offset of the instruction in the image
	Code uint8   // the engine's
}

// trapReasons are in the order of the engine's codes, wasmtime_trap_code_enum.
var trapReasons = [...]string{
	"call stack exhausted",
	"memory access out of bounds",
	"unaligned atomic",
	"table access out of bounds",
	"indirect call to null",
	"indirect call with the wrong signature",
	"integer overflow",
	"integer divide by zero",
	"invalid conversion to integer",
	"unreachable executed",
	"interrupted",
	"a component's adapter was called",
	"out of fuel",
	"atomic wait on memory that is not shared",
	"null reference",
	"array access out of bounds",
	"allocation too large",
	"cast failure",
	"a component may not be entered",
	"no result of an asynchronous call",
	"disabled opcode",
}

// String says why the guest is ended there.
func (t Trap) String() string {
	if int(t.Code) < len(trapReasons) {
		return trapReasons[t.Code]
	}
	return fmt.Sprintf("trap %d", t.Code)
}

// ReadTraps reads which instructions of an image may trap, by their offsets.
//
// They are the section .wasmtime.traps: a count n, n offsets of code, ascending, and n
// codes of one byte.
func ReadTraps(image []byte) ([]Trap, error) {
	f, err := elf.NewFile(bytes.NewReader(image))
	if err != nil {
		return nil, fmt.Errorf("read the compiled image: %w", err)
	}
	text, section := f.Section(".text"), f.Section(".wasmtime.traps")
	if text == nil || section == nil {
		return nil, errors.New("read the compiled image: it has no table of traps")
	}
	size := uint64(len(image))
	if section.Offset > size || section.Size > size-section.Offset || section.Size < 4 {
		return nil, fmt.Errorf("read the compiled image's table of traps: %d bytes at %d do not fit the image", section.Size, section.Offset)
	}
	b := image[section.Offset : section.Offset+section.Size]
	n := uint64(binary.LittleEndian.Uint32(b))
	if n > (section.Size-4)/5 {
		return nil, fmt.Errorf("read the compiled image's table of traps: %d entries do not fit its %d bytes", n, section.Size)
	}
	traps := make([]Trap, n)
	offsets, codes := b[4:4+4*n], b[4+4*n:]
	for i := range traps {
		traps[i] = Trap{At: uintptr(text.Offset) + uintptr(binary.LittleEndian.Uint32(offsets[4*i:])), Code: codes[i]}
	}
	return traps, nil
}
