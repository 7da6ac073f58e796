package hostcall

import (
	"math"
	"strings"
	"testing"
)

func TestSlicesStayInsideMemory(t *testing.T) {
	m := Memory("0123456789")
	for _, c := range []struct {
		ptr, n uint32
		want   string
		ok     bool
	}{
		{0, 10, "0123456789", true}, {3, 2, "34", true}, {10, 0, "", true}, {11, 0, "", false}, {9, 2, "", false},
		{math.MaxUint32, 1, "", false}, {1, math.MaxUint32, "", false}, {math.MaxUint32, math.MaxUint32, "", false},
	} {
		b, ok := m.Slice(c.ptr, c.n)
		if ok != c.ok || string(b) != c.want || ok && cap(b) != int(c.n) {
			t.Errorf("Slice(%d, %d) = %q of capacity %d, %v", c.ptr, c.n, b, cap(b), ok)
		}
	}
}

func TestNumbersAreLittleEndianAndChecked(t *testing.T) {
	m := make(Memory, 6)
	if !m.PutUint32(2, 0x01020304) || string(m) != "\x00\x00\x04\x03\x02\x01" {
		t.Errorf("memory is %q", m)
	}
	if v, ok := m.Uint32(2); v != 0x01020304 || !ok {
		t.Errorf("Uint32 = %#x, %v", v, ok)
	}
	if _, ok := m.Uint32(3); ok || m.PutUint32(3, 1) || m.PutUint32(math.MaxUint32, 1) {
		t.Error("a number outside memory")
	}
}

func TestCStringsEndWithinMemoryAndAMebibyte(t *testing.T) {
	long := strings.Repeat("x", maxCString)
	for _, c := range []struct {
		name string
		mem  string
		ptr  uint32
		want string
		ok   bool
	}{
		{"a string", "ab\x00cd", 0, "ab", true},
		{"an empty string", "ab\x00cd", 2, "", true},
		{"none in memory", "ab\x00cd", 3, "", false},
		{"at the end", "ab", 2, "", false},
		{"far outside", "ab\x00", math.MaxUint32, "", false},
		{"a byte too long", long + "\x00", 0, "", false},
		{"as long as may be", long + "\x00", 1, long[1:], true},
	} {
		t.Run(c.name, func(t *testing.T) {
			if b, ok := Memory(c.mem).CString(c.ptr); string(b) != c.want || ok != c.ok {
				t.Errorf("got %.20q of %d bytes, %v", b, len(b), ok)
			}
		})
	}
}
