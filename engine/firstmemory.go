package engine

import (
	"encoding/binary"
	"fmt"
	"os"

	"golang.org/x/sys/unix"

	"github.com/faaslens/faaslens/wasm"
)

// firstMemory is what a module's active data segments put into the memory of each of its
// instances. The engine is given the module without them: instances have it mapped as
// their own copy instead, and those of a module share what they do not write.
type firstMemory struct {
	file        *os.File // in memory; nil if it is all zeroes
	start, size uint64   // where the file's content is in the memory: whole pages
}

const memoryPage = 4096

// hasFirst reports whether all that a module's data segments do is to give its one memory a
// content that can be told beforehand. A module that is not valid has none: the engine is
// to say so.
func hasFirst(m *wasm.Module) bool {
	if len(m.Memories) != 1 || m.NumImported(wasm.KindMemory) > 0 || hasManagedObjects(m) || m.Memories[0].PageSizeLog2 != wasm.DefaultPageSizeLog2 {
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

// readFirst makes the file of a module that has one.
func readFirst(m *wasm.Module) (firstMemory, error) {
	var f firstMemory
	low, high := uint64(1)<<63, uint64(0)
	for _, d := range m.Data {
		if at, _ := segmentStart(m, d); d.Mode == wasm.SegmentActive && d.Size > 0 {
			low, high = min(low, at), max(high, at+uint64(d.Size))
		}
	}
	if high == 0 {
		return f, nil
	}
	f.start = low &^ (memoryPage - 1)
	f.size = (high - f.start + memoryPage - 1) &^ (memoryPage - 1)
	fd, err := unix.MemfdCreate("first memory", unix.MFD_CLOEXEC)
	if err != nil {
		return f, fmt.Errorf("make a file in memory for a module's data: %w", err)
	}
	file := os.NewFile(uintptr(fd), "")
	if err := fill(file, m, f); err != nil {
		file.Close()
		return f, fmt.Errorf("write a module's %d bytes of data to a file in memory: %w", m.DataSize(), err)
	}
	f.file = file
	return f, nil
}

func fill(file *os.File, m *wasm.Module, f firstMemory) error {
	if err := file.Truncate(int64(f.size)); err != nil {
		return err
	}
	b, err := unix.Mmap(int(file.Fd()), 0, int(f.size), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return err
	}
	for _, d := range m.Data {
		if d.Mode == wasm.SegmentActive {
			at, _ := segmentStart(m, d)
			copy(b[at-f.start:], m.Bytes()[d.File:][:d.Size])
		}
	}
	return unix.Munmap(b)
}

func (f firstMemory) close() {
	if f.file != nil {
		f.file.Close()
	}
}
