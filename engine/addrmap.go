package engine

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"sort"

	"github.com/faaslens/faaslens/guest"
)

// offsetAt finds where in the module the instruction comes from whose compiled code
// is at the given offset of the image.
//
// The engine keeps that in the section .wasmtime.addrmap: a count n, n offsets of
// code in .text in ascending order, and n positions in the module's file, all
// 32-bit little-endian. A position holds up to the next offset; 0xffffffff is none.
func offsetAt(img []byte, at uintptr) (guest.FileOffset, bool) {
	f, err := elf.NewFile(bytes.NewReader(img))
	if err != nil {
		return 0, false
	}
	text, section := f.Section(".text"), f.Section(".wasmtime.addrmap")
	if text == nil || section == nil || uint64(at) < text.Offset {
		return 0, false
	}
	b, err := section.Data()
	if err != nil || len(b) < 4 {
		return 0, false
	}
	n := int(binary.LittleEndian.Uint32(b))
	if n > (len(b)-4)/8 {
		return 0, false
	}
	offsets, positions := b[4:4+4*n], b[4+4*n:]
	want := uint32(uint64(at) - text.Offset)
	i := sort.Search(n, func(i int) bool { return binary.LittleEndian.Uint32(offsets[4*i:]) > want }) - 1
	if i < 0 {
		return 0, false
	}
	p := binary.LittleEndian.Uint32(positions[4*i:])
	return guest.FileOffset(p), p != 0xffffffff
}
