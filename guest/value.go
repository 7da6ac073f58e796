package guest

import (
	"fmt"
	"math"
	"strings"
)

// ValueType is the type of a WebAssembly value, in the binary format's encoding
// (WebAssembly Core Specification 3.0, section 5.3).
type ValueType byte

const (
	I32       ValueType = 0x7f
	I64       ValueType = 0x7e
	F32       ValueType = 0x7d
	F64       ValueType = 0x7c
	V128      ValueType = 0x7b
	FuncRef   ValueType = 0x70
	ExternRef ValueType = 0x6f
	ExnRef    ValueType = 0x69
)

// String returns the type's name in the text format.
func (t ValueType) String() string {
	switch t {
	case I32:
		return "i32"
	case I64:
		return "i64"
	case F32:
		return "f32"
	case F64:
		return "f64"
	case V128:
		return "v128"
	case FuncRef:
		return "funcref"
	case ExternRef:
		return "externref"
	case ExnRef:
		return "exnref"
	}
	return fmt.Sprintf("type(0x%02x)", byte(t))
}

// FuncType is a function's signature.
type FuncType struct {
	Params, Results []ValueType
}

// String returns the signature as "(i32, i64) -> i32".
func (t FuncType) String() string {
	var b strings.Builder
	b.WriteByte('(')
	for i, p := range t.Params {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(p.String())
	}
	b.WriteByte(')')
	switch len(t.Results) {
	case 0:
		return b.String()
	case 1:
		return b.String() + " -> " + t.Results[0].String()
	}
	b.WriteString(" -> (")
	for i, r := range t.Results {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(r.String())
	}
	b.WriteByte(')')
	return b.String()
}

// Equal reports whether both signatures are the same.
func (t FuncType) Equal(u FuncType) bool {
	return equalTypes(t.Params, u.Params) && equalTypes(t.Results, u.Results)
}

func equalTypes(a, b []ValueType) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

// Value is one WebAssembly value without its type: the low and the high 64 bits,
// little-endian. Only a v128 uses the high half; a 32-bit value uses the low half
// of the low half.
type Value [2]uint64

// ValueI32, ValueI64, ValueF32 and ValueF64 wrap a number.
func ValueI32(v int32) Value   { return Value{uint64(uint32(v))} }
func ValueI64(v int64) Value   { return Value{uint64(v)} }
func ValueF32(v float32) Value { return Value{uint64(math.Float32bits(v))} }
func ValueF64(v float64) Value { return Value{math.Float64bits(v)} }

// I32 and its siblings read a value as the type they name.
func (v Value) I32() int32   { return int32(v[0]) }
func (v Value) U32() uint32  { return uint32(v[0]) }
func (v Value) I64() int64   { return int64(v[0]) }
func (v Value) U64() uint64  { return v[0] }
func (v Value) F32() float32 { return math.Float32frombits(uint32(v[0])) }
func (v Value) F64() float64 { return math.Float64frombits(v[0]) }
