package wast

import (
	"encoding/binary"
	"math"
	"strconv"
)

// appendF32 and appendF64 write a floating-point number by its bits, exactly: in
// hexadecimal, or inf, or nan with its payload if that is not the usual one (section
// 6.3.2).
func appendF32(b []byte, bits uint32) []byte {
	f := format{value: float64(math.Float32frombits(bits)), negative: bits>>31 != 0, payload: uint64(bits & (1<<23 - 1)), quiet: 1 << 22}
	return f.append(b)
}

func appendF64(b []byte, bits uint64) []byte {
	f := format{value: math.Float64frombits(bits), negative: bits>>63 != 0, payload: bits & (1<<52 - 1), quiet: 1 << 51}
	return f.append(b)
}

type format struct {
	value          float64
	negative       bool
	payload, quiet uint64
}

func (f format) append(b []byte) []byte {
	if f.negative {
		b = append(b, '-')
	}
	switch {
	case f.value != f.value && f.payload == f.quiet:
		return append(b, "nan"...)
	case f.value != f.value:
		b = append(b, "nan:0x"...)
		return strconv.AppendUint(b, f.payload, 16)
	case math.IsInf(f.value, 0):
		return append(b, "inf"...)
	}
	v := math.Abs(f.value)
	if v == math.Trunc(v) && v < 1<<20 { // the short form is exact
		return strconv.AppendFloat(b, v, 'f', -1, 64)
	}
	return strconv.AppendFloat(b, v, 'x', -1, 64)
}

// appendV128 writes a vector as four numbers.
func appendV128(b, v []byte) []byte {
	b = append(b, "i32x4"...)
	for ; len(v) >= 4; v = v[4:] {
		b = append(b, " 0x"...)
		word := strconv.AppendUint(nil, uint64(binary.LittleEndian.Uint32(v)), 16)
		b = append(b, "00000000"[len(word):]...)
		b = append(b, word...)
	}
	return b
}
