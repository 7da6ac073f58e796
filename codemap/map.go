package codemap

import (
	"bytes"
	"cmp"
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"math"
	"slices"
	"sort"

	"github.com/faaslens/faaslens/guest"
)

// NoPlace stands for code that comes from no instruction, such as the check of the
// stack at a function's start.
const NoPlace = guest.FileOffset(math.MaxUint64)

// Body is a compiled function: its index in the module, and where its code is.
type Body struct {
	Func       guest.FuncIndex
	Start, End uintptr // offsets in the image
}

// Map is what an image says of its code.
type Map struct {
	Bodies []Body // by Start, ascending
	text   uintptr
	// Offsets of code from text on, ascending, and for each the position in the
	// module's file of what starts there; both 32-bit little-endian.
	offsets, positions []byte
}

// Loaded is an image in memory.
type Loaded struct {
	Base  uintptr // address of the image's first byte
	Image []byte  // must not be used once the code is unloaded
	Map   *Map    // stays valid
}

// Read reads an image. The map refers to the image's bytes: Clone it to outlive
// them.
//
// The address map is the section .wasmtime.addrmap: a count n, n offsets of code, and n
// positions in the module's file; 0xffffffff is no position.
func Read(image []byte) (*Map, error) {
	bodies, err := ReadBodies(image)
	if err != nil {
		return nil, err
	}
	f, err := elf.NewFile(bytes.NewReader(image))
	if err != nil {
		return nil, fmt.Errorf("read the compiled image: %w", err)
	}
	text, section := f.Section(".text"), f.Section(".wasmtime.addrmap")
	if text == nil || section == nil {
		return nil, errors.New("read the compiled image: it has no address map")
	}
	size := uint64(len(image))
	if section.Offset > size || section.Size > size-section.Offset || section.Size < 4 {
		return nil, fmt.Errorf("read the compiled image's address map: %d bytes at %d do not fit the image", section.Size, section.Offset)
	}
	b := image[section.Offset : section.Offset+section.Size]
	n := uint64(binary.LittleEndian.Uint32(b))
	if n > (section.Size-4)/8 {
		return nil, fmt.Errorf("read the compiled image's address map: %d entries do not fit its %d bytes", n, section.Size)
	}
	return &Map{
		Bodies:    bodies,
		text:      uintptr(text.Offset),
		offsets:   b[4 : 4+4*n],
		positions: b[4+4*n : 4+8*n],
	}, nil
}

// Clone returns a map that does not refer to the image's bytes.
func (m *Map) Clone() *Map {
	c := *m
	c.offsets, c.positions = bytes.Clone(m.offsets), bytes.Clone(m.positions)
	return &c
}

// Body finds the function whose code is at an offset of the image.
func (m *Map) Body(at uintptr) (Body, bool) {
	i := sort.Search(len(m.Bodies), func(i int) bool { return m.Bodies[i].Start > at }) - 1
	if i < 0 || at >= m.Bodies[i].End {
		return Body{}, false
	}
	return m.Bodies[i], true
}

// FrameAt says which guest frame the code at an offset of the image belongs to. The
// frame's Offset may be NoPlace; its PC is not set.
func (m *Map) FrameAt(at uintptr) (guest.Frame, bool) {
	b, ok := m.Body(at)
	if !ok {
		return guest.Frame{}, false
	}
	f := guest.Frame{Func: b.Func, Offset: NoPlace}
	if k := m.after(at+1) - 1; k >= 0 {
		f.Offset = m.position(k)
	}
	return f, true
}

// NearestFrame is FrameAt for who counts what code costs. The engine's optimiser keeps the
// places of instructions that have an effect, and puts the code that computes their
// operands right before them, without a place of its own. So code without one has the
// place of the code behind it in the same function, or where there is none of that before
// it. The frame's Offset is NoPlace only in a function without any place.
func (m *Map) NearestFrame(at uintptr) (guest.Frame, bool) {
	b, ok := m.Body(at)
	if !ok {
		return guest.Frame{}, false
	}
	f := guest.Frame{Func: b.Func, Offset: NoPlace}
	here := m.after(at+1) - 1
	for k := max(here, 0); k < m.len() && m.offset(k) < b.End && f.Offset == NoPlace; k++ {
		f.Offset = m.position(k)
	}
	for k := here - 1; k >= 0 && m.offset(k) >= b.Start && f.Offset == NoPlace; k-- {
		f.Offset = m.position(k)
	}
	return f, true
}

// Places returns the pieces of a function's code: where each starts, an offset of the
// image, and the instruction that it comes from, or NoPlace. They ascend; each piece
// ends where the next starts, the last with the body.
func (m *Map) Places(b Body) iter.Seq2[uintptr, guest.FileOffset] {
	return func(yield func(uintptr, guest.FileOffset) bool) {
		k := m.after(b.Start)
		if k > 0 && (k == m.len() || m.offset(k) > b.Start) {
			// The piece that the body starts in began before it.
			if !yield(b.Start, m.position(k-1)) {
				return
			}
		}
		for ; k < m.len() && m.offset(k) < b.End; k++ {
			if !yield(m.offset(k), m.position(k)) {
				return
			}
		}
	}
}

func (m *Map) len() int { return len(m.offsets) / 4 }

// after is the first entry of the address map at an offset of the image or behind it.
func (m *Map) after(at uintptr) int {
	return sort.Search(m.len(), func(i int) bool { return m.offset(i) >= at })
}

func (m *Map) offset(k int) uintptr {
	return m.text + uintptr(binary.LittleEndian.Uint32(m.offsets[4*k:]))
}

func (m *Map) position(k int) guest.FileOffset {
	if p := binary.LittleEndian.Uint32(m.positions[4*k:]); p != math.MaxUint32 {
		return guest.FileOffset(p)
	}
	return NoPlace
}

// ReadBodies reads where an image has the module's functions, by their offsets.
func ReadBodies(image []byte) ([]Body, error) {
	var bodies []Body
	err := eachSymbol(image, func(name []byte, start, end uintptr) {
		if n, ok := functionNumber(name); ok {
			bodies = append(bodies, Body{guest.FuncIndex(n), start, end})
		}
	})
	slices.SortFunc(bodies, func(a, b Body) int { return cmp.Compare(a.Start, b.Start) })
	return bodies, err
}
