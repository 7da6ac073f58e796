package hostcall

import (
	"bytes"
	"encoding/binary"
	"math"
)

// Memory is a view of a guest's linear memory. It is valid during one host call,
// and until that call runs the guest or grows its memory.
type Memory []byte

// Slice returns the n bytes at ptr and whether they lie inside the memory. An
// empty slice may lie anywhere up to the memory's end.
func (m Memory) Slice(ptr, n uint32) ([]byte, bool) {
	end := uint64(ptr) + uint64(n)
	if end > uint64(len(m)) {
		return nil, false
	}
	return m[ptr:end:end], true
}

// records returns the count records of size bytes at ptr.
func (m Memory) records(ptr, count, size uint32) ([]byte, bool) {
	n := uint64(count) * uint64(size)
	if n > math.MaxUint32 {
		return nil, false
	}
	return m.Slice(ptr, uint32(n))
}

// Uint32 reads a little-endian number at ptr.
func (m Memory) Uint32(ptr uint32) (uint32, bool) {
	b, ok := m.Slice(ptr, 4)
	if !ok {
		return 0, false
	}
	return binary.LittleEndian.Uint32(b), true
}

// PutUint32 writes a little-endian number at ptr.
func (m Memory) PutUint32(ptr, v uint32) bool {
	b, ok := m.Slice(ptr, 4)
	if ok {
		binary.LittleEndian.PutUint32(b, v)
	}
	return ok
}

// maxCString bounds a NUL-terminated argument: longer ones are refused rather
// than searched for through all of memory.
const maxCString = 1 << 20

// CString returns the bytes from ptr up to the first NUL, without it. It is not
// ok if there is none within the memory or within 1 MiB.
func (m Memory) CString(ptr uint32) ([]byte, bool) {
	if uint64(ptr) >= uint64(len(m)) {
		return nil, false
	}
	b := m[ptr:min(uint64(len(m)), uint64(ptr)+maxCString)]
	n := bytes.IndexByte(b, 0)
	if n < 0 {
		return nil, false
	}
	return b[:n:n], true
}
