package engine

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
	"sort"

	"github.com/faaslens/faaslens/engine/internal/wasmtime"
	"github.com/faaslens/faaslens/guest"
)

// codeMap leads from compiled code back to the module.
type codeMap struct {
	bodies []wasmtime.CompiledBody // by offset in the image
	text   uintptr                 // where the code starts in the image
	// The engine's address map: offsets of code from text on, ascending, and for
	// each the position in the module's file of what starts there.
	offsets, positions []byte
}

// readCodeMap reads a compiled image, an ELF file. The map is in its section
// .wasmtime.addrmap: a count n, n offsets of code, and n positions in the module's file,
// all 32-bit little-endian; 0xffffffff is no position.
func readCodeMap(img []byte) (*codeMap, error) {
	bodies, err := wasmtime.FunctionBodies(img)
	if err != nil {
		return nil, err
	}
	f, err := elf.NewFile(bytes.NewReader(img))
	if err != nil {
		return nil, fmt.Errorf("read the compiled image: %w", err)
	}
	text, section := f.Section(".text"), f.Section(".wasmtime.addrmap")
	if text == nil || section == nil {
		return nil, errors.New("read the compiled image: it has no address map")
	}
	if section.Offset+section.Size > uint64(len(img)) || section.Size < 4 {
		return nil, fmt.Errorf("read the compiled image's address map: %d bytes at %d do not fit the image", section.Size, section.Offset)
	}
	b := img[section.Offset : section.Offset+section.Size]
	n := uint64(binary.LittleEndian.Uint32(b))
	if n > (section.Size-4)/8 {
		return nil, fmt.Errorf("read the compiled image's address map: %d entries do not fit its %d bytes", n, section.Size)
	}
	return &codeMap{
		bodies:    bodies,
		text:      uintptr(text.Offset),
		offsets:   b[4 : 4+4*n],
		positions: b[4+4*n : 4+8*n],
	}, nil
}

// frameAt says which guest frame the code at an offset of the image belongs to.
func (c *codeMap) frameAt(at uintptr) (guest.Frame, bool) {
	i := sort.Search(len(c.bodies), func(i int) bool { return c.bodies[i].Start > at }) - 1
	if i < 0 || at >= c.bodies[i].End {
		return guest.Frame{}, false
	}
	f := guest.Frame{Func: c.bodies[i].Func, Offset: noOffset}
	want := uint32(at - c.text)
	k := sort.Search(len(c.offsets)/4, func(i int) bool { return binary.LittleEndian.Uint32(c.offsets[4*i:]) > want }) - 1
	if k >= 0 {
		if p := binary.LittleEndian.Uint32(c.positions[4*k:]); p != 0xffffffff {
			f.Offset = guest.FileOffset(p)
		}
	}
	return f, true
}
