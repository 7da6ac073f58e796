package native

import "fmt"

// Arch is the processor that code is for.
type Arch uint8

const (
	AMD64 Arch = iota + 1
	ARM64
)

// ParseArch returns the processor by Go's name for it: "amd64" or "arm64".
func ParseArch(goarch string) (Arch, error) {
	switch goarch {
	case "amd64":
		return AMD64, nil
	case "arm64":
		return ARM64, nil
	}
	return 0, fmt.Errorf("disassemble machine code: the processor %q is not known, only amd64 and arm64 are", goarch)
}

// Kind says what an instruction does to the flow of control, or that it is none.
type Kind uint8

const (
	Plain  Kind = iota
	Call        // comes back
	Jump        // does not come back
	Branch      // goes there or on
	Return      //
	Trap        // ends the guest
	Data        // a constant, an entry of a jump table, or padding
	Bad         // bytes that cannot be decoded
)

// Instruction is one machine instruction, or one piece of data.
type Instruction struct {
	Offset uintptr // of its first byte, as the code's own offsets count
	Size   int     // bytes
	Kind   Kind
	// Text is the instruction in lower case, with the addresses of Target in
	// hexadecimal: "call 0x2c60".
	Text string
	// Target is where a call, jump or branch goes, what an instruction reads at an
	// address that it gives relative to itself, or where an entry of a jump table
	// leads; valid with HasTarget.
	Target    uintptr
	HasTarget bool
	// reads is how many bytes a constant has that is read at Target; 0 for others.
	reads int
}

// End returns the offset just behind the instruction.
func (i Instruction) End() uintptr { return i.Offset + uintptr(i.Size) }

// Falls reports whether the code goes on behind the instruction.
func (i Instruction) Falls() bool {
	return i.Kind != Jump && i.Kind != Return && i.Kind != Trap
}

// bytesText shows bytes as they are.
func bytesText(b []byte) string {
	s := ".byte "
	for i, c := range b {
		if i > 0 {
			s += ", "
		}
		s += fmt.Sprintf("0x%02x", c)
	}
	return s
}

func bad(offset uintptr, b []byte) Instruction {
	return Instruction{Offset: offset, Size: len(b), Kind: Bad, Text: bytesText(b)}
}
