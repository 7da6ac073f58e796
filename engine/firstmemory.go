package engine

import (
	"encoding/binary"
	"fmt"
	"math"
	"os"

	"golang.org/x/sys/unix"

	"github.com/faaslens/faaslens/wasm"
)

// firstMemory is what a module's active data segments put into the memory of each of its
// instances. The engine is given the module without them: instances have it mapped as
// their own copy instead, and those of a module share what they do not write. It stands
// behind the compiled image, in the same file; where it is mostly gaps, it has a file in
// memory.
type firstMemory struct {
	start, size uint64   // where it is in the memory: whole pages; no size for all zeroes
	sparse      bool     // it has a file of its own
	file        *os.File // nil if it has none, or as long as that is not open
	offset      uint64   // in the file
}

// hasFirst reports whether all that a module's data segments do is to give its one memory a
// content that can be told beforehand. A module that is not valid has none: the engine is
// to say so.
func hasFirst(m *wasm.Module) bool {
	if len(m.Memories) != 1 || m.NumImported(wasm.KindMemory) > 0 || m.Memories[0].PageSizeLog2 != wasm.DefaultPageSizeLog2 {
		return false
	}
	const i32Const, i64Const = 0x41, 0x42
	constant := byte(i32Const)
	if m.Memories[0].Is64 {
		constant = i64Const
	}
	size := m.Memories[0].Min << wasm.DefaultPageSizeLog2
	for _, d := range m.Data {
		if d.Mode != wasm.SegmentActive {
			continue
		}
		at, ok := segmentStart(m, d)
		if !ok || m.Bytes()[d.Offset.At] != constant || at > size || uint64(d.Size) > size-at {
			return false
		}
	}
	return true
}

// segmentStart is where an active segment goes in memory.
func segmentStart(m *wasm.Module, d wasm.Data) (at uint64, ok bool) {
	at = d.Offset.Value.U64()
	if !m.Memories[0].Is64 {
		at = uint64(d.Offset.Value.U32())
	}
	return at, d.Offset.Known
}

// withoutData is the module as the engine is given it: its active segments are empty, and
// the instructions that name segments name the same.
func withoutData(m *wasm.Module) []byte {
	hasCount := false
	for _, s := range m.Sections {
		hasCount = hasCount || s.ID == wasm.SectionDataCount
	}
	if !hasCount { // then no instruction may name one
		return m.Replace(map[wasm.SectionID][]byte{wasm.SectionData: nil})
	}
	content := binary.AppendUvarint(nil, uint64(len(m.Data)))
	for _, d := range m.Data {
		const passive = 1
		content = append(content, passive)
		if d.Mode == wasm.SegmentActive {
			content = append(content, 0)
			continue
		}
		content = binary.AppendUvarint(content, uint64(d.Size))
		content = append(content, m.Bytes()[d.File:][:d.Size]...)
	}
	return m.Replace(map[wasm.SectionID][]byte{wasm.SectionData: content})
}

// layFirst says where the content is that hasFirst has found.
func layFirst(m *wasm.Module) firstMemory {
	var f firstMemory
	low, high := uint64(math.MaxUint64), uint64(0)
	for _, d := range m.Data {
		if at, _ := segmentStart(m, d); d.Mode == wasm.SegmentActive && d.Size > 0 {
			low, high = min(low, at), max(high, at+uint64(d.Size))
		}
	}
	if high == 0 {
		return f
	}
	f.start = low &^ uint64(os.Getpagesize()-1)
	f.size = toPage(high - f.start)
	// Its zeroes would be written to disk, and hashed at each start.
	const fewGaps = 4 << 20
	f.sparse = f.size > fewGaps+4*m.DataSize()
	return f
}

// toPage rounds up to the kernel's pages.
func toPage(n uint64) uint64 {
	page := uint64(os.Getpagesize())
	return (n + page - 1) &^ (page - 1)
}

// writeBehind writes the content behind a compiled image.
func (f firstMemory) writeBehind(image *os.File, m *wasm.Module) error {
	if f.size == 0 || f.sparse {
		return nil
	}
	info, err := image.Stat()
	if err != nil {
		return err
	}
	b := make([]byte, f.size)
	f.fill(b, m)
	_, err = image.WriteAt(b, int64(toPage(uint64(info.Size()))))
	return err
}

func (f firstMemory) fill(b []byte, m *wasm.Module) {
	for _, d := range m.Data {
		if d.Mode == wasm.SegmentActive && d.Size > 0 {
			at, _ := segmentStart(m, d)
			copy(b[at-f.start:], m.Bytes()[d.File:][:d.Size])
		}
	}
}

// open finds the content in the image's file, or makes a file for it.
func (f firstMemory) open(image *os.File, m *wasm.Module) (firstMemory, error) {
	if f.size == 0 {
		return f, nil
	}
	if !f.sparse {
		info, err := image.Stat()
		if err != nil {
			return f, err
		}
		if uint64(info.Size()) < f.size || toPage(uint64(info.Size())) != uint64(info.Size()) {
			return f, fmt.Errorf("the module's %d bytes of data are not behind its compiled image of %d bytes", f.size, info.Size())
		}
		f.file, f.offset = image, uint64(info.Size())-f.size
		return f, nil
	}
	fd, err := unix.MemfdCreate("first memory", unix.MFD_CLOEXEC)
	if err != nil {
		return f, fmt.Errorf("make a file in memory for a module's data: %w", err)
	}
	f.file = os.NewFile(uintptr(fd), "")
	if err := f.fillFile(m); err != nil {
		f.file.Close()
		return f, fmt.Errorf("write a module's %d bytes of data to a file in memory: %w", m.DataSize(), err)
	}
	return f, nil
}

func (f firstMemory) fillFile(m *wasm.Module) error {
	if err := f.file.Truncate(int64(f.size)); err != nil {
		return err
	}
	b, err := unix.Mmap(int(f.file.Fd()), 0, int(f.size), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return err
	}
	f.fill(b, m)
	return unix.Munmap(b)
}

func (f firstMemory) close() {
	if f.sparse && f.file != nil {
		f.file.Close()
	}
}
