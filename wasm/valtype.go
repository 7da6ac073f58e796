package wasm

import (
	"fmt"

	"github.com/faaslens/faaslens/guest"
)

// ValueType is the type of a value, with what guest.ValueType cannot say: the
// heap type of a typed reference (section 5.3.6).
type ValueType struct {
	// Code is the encoding's first byte. 0x63 and 0x64 are typed references,
	// which take their target from Heap.
	Code guest.ValueType
	// Heap is the index of the type referred to, or an abstract heap type as
	// the negative number that encodes it; 0 unless Code is 0x63 or 0x64.
	Heap int32
}

const (
	refNull   guest.ValueType = 0x63
	ref       guest.ValueType = 0x64
	packedI8  guest.ValueType = 0x78
	packedI16 guest.ValueType = 0x77
	heapExn                   = 0x69
	heapNoExn                 = 0x74
)

// abstractHeapTypes names heap types that need no definition, by their one-byte
// encodings 0x69 to 0x74 (section 5.3.4).
var abstractHeapTypes = [...]string{"exn", "array", "struct", "i31", "eq", "any", "extern", "func",
	"none", "noextern", "nofunc", "noexn"}

func abstractHeapType(code byte) (string, bool) {
	if code < heapExn || code > heapNoExn {
		return "", false
	}
	return abstractHeapTypes[code-heapExn], true
}

// IsRef reports whether the type is a reference.
func (t ValueType) IsRef() bool {
	_, abstract := abstractHeapType(byte(t.Code))
	return abstract || t.Code == refNull || t.Code == ref
}

// String returns the type in the text format: "i32", "externref", "(ref null 3)".
func (t ValueType) String() string {
	switch t.Code {
	case refNull:
		return "(ref null " + HeapTypeString(t.Heap) + ")"
	case ref:
		return "(ref " + HeapTypeString(t.Heap) + ")"
	case packedI8:
		return "i8"
	case packedI16:
		return "i16"
	}
	switch name, ok := abstractHeapType(byte(t.Code)); {
	case !ok:
		return t.Code.String()
	case len(name) > 2 && name[:2] == "no":
		return "null" + name[2:] + "ref"
	default:
		return name + "ref"
	}
}

// HeapTypeString returns a heap type, as ValueType.Heap has it, in the text format.
func HeapTypeString(h int32) string {
	if h >= 0 {
		return fmt.Sprint(h)
	}
	name, ok := abstractHeapType(byte(h & 0x7f))
	if !ok {
		return fmt.Sprintf("heap type %d", h)
	}
	return name
}

// valueType reads a value type. A type it refers to by index may be defined
// later, within its recursion group: only the engine checks that.
func (r *reader) valueType(what string) ValueType {
	start := r.pos
	t := ValueType{Code: guest.ValueType(r.byte(what))}
	switch t.Code {
	case guest.I32, guest.I64, guest.F32, guest.F64, guest.V128:
		return t
	case refNull, ref:
		t.Heap = r.heapType(what)
		return t
	}
	if _, ok := abstractHeapType(byte(t.Code)); !ok {
		r.failAt(start, "%s: 0x%02x is not a type", what, byte(t.Code))
	}
	return t
}

// storageType reads a field's type, which may be packed.
func (r *reader) storageType(what string) ValueType {
	if c := guest.ValueType(r.peek()); c == packedI8 || c == packedI16 {
		return ValueType{Code: guest.ValueType(r.byte(what))}
	}
	return r.valueType(what)
}

// refType reads a value type that must be a reference.
func (r *reader) refType(what string) ValueType {
	start := r.pos
	t := r.valueType(what)
	if r.ok() && !t.IsRef() {
		r.failAt(start, "%s is %s; it must be a reference type", what, t)
	}
	return t
}

// heapType reads a heap type: an index, or an abstract type as a negative
// one-byte number.
func (r *reader) heapType(what string) int32 {
	start := r.pos
	h := r.sleb(33, what)
	if h >= maxTypes {
		r.failAt(start, "%s: type %d does not exist", what, h)
		return 0
	}
	if h < 0 {
		if _, ok := abstractHeapType(byte(h & 0x7f)); h < -64 || !ok {
			r.failAt(start, "%s: %d is not a heap type", what, h)
			return 0
		}
	}
	return int32(h)
}
