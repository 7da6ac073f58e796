package codemap

import (
	"encoding/binary"
	"testing"

	"github.com/faaslens/faaslens/guest"
)

func TestCodeWithoutAPlaceHasThatOfTheCodeBehindIt(t *testing.T) {
	const none = 0xffffffff
	m := &Map{text: 0, Bodies: []Body{{1, 0, 10}, {2, 10, 20}, {3, 20, 30}, {4, 40, 50}}}
	for _, p := range [][2]uint32{{0, none}, {4, 100}, {6, none}, {10, none}, {12, none}, {14, 200}, {16, none}, {20, none}, {30, 300}, {40, none}} {
		m.offsets = binary.LittleEndian.AppendUint32(m.offsets, p[0])
		m.positions = binary.LittleEndian.AppendUint32(m.positions, p[1])
	}
	for _, c := range []struct {
		name   string
		at     uintptr
		fn     guest.FuncIndex
		offset guest.FileOffset
	}{
		{"at a function's start", 0, 1, 100},
		{"at a place", 5, 1, 100},
		{"behind the last place of its function", 9, 1, 100},
		{"two pieces before a place", 10, 2, 200},
		{"in the middle of a piece", 15, 2, 200},
		{"at a function's last byte", 19, 2, 200},
		{"in a function without any place", 25, 3, NoPlace},
		{"in a function behind all pieces", 45, 4, NoPlace},
	} {
		f, ok := m.NearestFrame(c.at)
		if !ok || f.Func != c.fn || f.Offset != c.offset {
			t.Errorf("%s: %+v, %v; want function %d at %#x", c.name, f, ok, c.fn, uint64(c.offset))
		}
	}
	if f, ok := m.NearestFrame(35); ok {
		t.Errorf("between functions is %+v", f)
	}
}
