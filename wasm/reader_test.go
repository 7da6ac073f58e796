package wasm

import (
	"math"
	"strings"
	"testing"

	"github.com/faaslens/faaslens/wasm/wasmtest"
)

func TestUnsignedNumbers(t *testing.T) {
	tests := []struct {
		name string
		b    []byte
		bits uint
		want uint64
		err  string // part of the reason; "" if the number is good
	}{
		{"zero is one byte", []byte{0}, 32, 0, ""},
		{"127 is one byte", []byte{0x7f}, 32, 127, ""},
		{"128 is two bytes", []byte{0x80, 1}, 32, 128, ""},
		{"padding up to five bytes is allowed for 32 bits", []byte{0x83, 0x80, 0x80, 0x80, 0}, 32, 3, ""},
		{"a sixth byte is refused for 32 bits", []byte{0x83, 0x80, 0x80, 0x80, 0x80, 0}, 32, 0, "longer than 5 bytes"},
		{"the largest 32-bit number fits", []byte{0xff, 0xff, 0xff, 0xff, 0x0f}, 32, math.MaxUint32, ""},
		{"the 33rd bit is refused", []byte{0xff, 0xff, 0xff, 0xff, 0x1f}, 32, 0, "does not fit in 32 bits"},
		{"the largest 64-bit number fits", []byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1}, 64, math.MaxUint64, ""},
		{"the 65th bit is refused", []byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2}, 64, 0, "does not fit in 64 bits"},
		{"an eleventh byte is refused for 64 bits", []byte{0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0}, 64, 0, "longer than 10 bytes"},
		{"a number cut off is refused", []byte{0x80, 0x80}, 32, 0, "ends in the middle"},
		{"nothing at all is refused", nil, 32, 0, "ends in the middle"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := &reader{b: tt.b, end: len(tt.b), where: "test"}
			got := r.uleb(tt.bits, "a number")
			checkNumber(t, r, got == tt.want, got, tt.err)
		})
	}
}

func TestSignedNumbers(t *testing.T) {
	tests := []struct {
		name string
		b    []byte
		bits uint
		want int64
		err  string
	}{
		{"minus one is one byte", []byte{0x7f}, 32, -1, ""},
		{"63 is one byte", []byte{0x3f}, 32, 63, ""},
		{"64 is two bytes", []byte{0xc0, 0}, 32, 64, ""},
		{"minus 64 is one byte", []byte{0x40}, 32, -64, ""},
		{"minus one padded to five bytes is allowed", []byte{0xff, 0xff, 0xff, 0xff, 0x7f}, 32, -1, ""},
		{"the least 32-bit number fits", []byte{0x80, 0x80, 0x80, 0x80, 0x78}, 32, math.MinInt32, ""},
		{"the largest 32-bit number fits", []byte{0xff, 0xff, 0xff, 0xff, 0x07}, 32, math.MaxInt32, ""},
		{"bits above the sign that differ from it are refused", []byte{0xff, 0xff, 0xff, 0xff, 0x4f}, 32, 0, "does not fit in 32 bits"},
		{"a sixth byte is refused", []byte{0xff, 0xff, 0xff, 0xff, 0xff, 0x7f}, 32, 0, "longer than 5 bytes"},
		{"the largest 33-bit number fits", []byte{0xff, 0xff, 0xff, 0xff, 0x0f}, 33, math.MaxUint32, ""},
		{"the least 64-bit number fits", []byte{0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x7f}, 64, math.MinInt64, ""},
		{"the largest 64-bit number fits", []byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0}, 64, math.MaxInt64, ""},
		{"the 65th bit is refused", []byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1}, 64, 0, "does not fit in 64 bits"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := &reader{b: tt.b, end: len(tt.b), where: "test"}
			got := r.sleb(tt.bits, "a number")
			checkNumber(t, r, got == tt.want, got, tt.err)
		})
	}
}

func checkNumber(t *testing.T, r *reader, equal bool, got any, wantErr string) {
	t.Helper()
	switch {
	case wantErr == "" && (r.err != nil || !equal):
		t.Errorf("got %d, error %v", got, r.err)
	case wantErr == "" && r.pos != len(r.b):
		t.Errorf("%d bytes of %d were read", r.pos, len(r.b))
	case wantErr != "" && (r.err == nil || !strings.Contains(r.err.Reason, wantErr)):
		t.Errorf("got %d, error %v; want an error with %q", got, r.err, wantErr)
	}
}

func FuzzNumbersReadBackAsTheEncoderWroteThem(f *testing.F) {
	for _, n := range []int64{0, 1, -1, 63, 64, -64, -65, 127, 128, math.MaxInt32, math.MinInt32, math.MaxInt64, math.MinInt64} {
		f.Add(n)
	}
	f.Fuzz(func(t *testing.T, n int64) {
		b := wasmtest.S(n)
		r := &reader{b: b, end: len(b)}
		if got := r.sleb(64, ""); got != n || r.err != nil {
			t.Errorf("signed % x is %d, error %v; want %d", b, got, r.err, n)
		}
		b = wasmtest.U(uint64(n))
		r = &reader{b: b, end: len(b)}
		if got := r.uleb(64, ""); got != uint64(n) || r.err != nil {
			t.Errorf("unsigned % x is %d, error %v; want %d", b, got, r.err, uint64(n))
		}
	})
}
