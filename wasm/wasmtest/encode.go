package wasmtest

import (
	"bytes"
	"encoding/binary"
	"slices"

	"github.com/faaslens/faaslens/guest"
)

// Preamble is the magic and the version of a core module.
const Preamble = "\x00asm\x01\x00\x00\x00"

// Module returns the preamble followed by sections.
func Module(sections ...[]byte) []byte {
	return Cat(append([][]byte{[]byte(Preamble)}, sections...)...)
}

// Section returns a section whose content is the parts, one behind the other.
func Section(id byte, parts ...[]byte) []byte {
	content := Cat(parts...)
	return Cat([]byte{id}, U(uint64(len(content))), content)
}

// Custom returns a custom section.
func Custom(name string, payload ...[]byte) []byte {
	return Section(0, append([][]byte{Name(name)}, payload...)...)
}

// Vec returns a vector: how many items there are, and the items.
func Vec(items ...[]byte) []byte {
	return append(U(uint64(len(items))), Cat(items...)...)
}

// Cat joins parts.
func Cat(parts ...[]byte) []byte { return slices.Concat(parts...) }

// B returns bytes as they are.
func B(b ...byte) []byte { return b }

// U returns n as unsigned LEB128 in as few bytes as possible.
func U(n uint64) []byte { return binary.AppendUvarint(nil, n) }

// PaddedU returns n as unsigned LEB128 in exactly size bytes.
func PaddedU(n uint64, size int) []byte {
	b := make([]byte, size)
	for i := range b {
		b[i] = byte(n)&0x7f | 0x80
		n >>= 7
	}
	b[size-1] &= 0x7f
	return b
}

// S returns n as signed LEB128 in as few bytes as possible.
func S(n int64) []byte {
	var b []byte
	for {
		c := byte(n) & 0x7f
		n >>= 7
		if n == 0 && c&0x40 == 0 || n == -1 && c&0x40 != 0 {
			return append(b, c)
		}
		b = append(b, c|0x80)
	}
}

// Name returns a length-prefixed string.
func Name(s string) []byte { return append(U(uint64(len(s))), s...) }

// Types returns a vector of value types.
func Types(types ...guest.ValueType) []byte {
	b := U(uint64(len(types)))
	for _, t := range types {
		b = append(b, byte(t))
	}
	return b
}

// FuncType returns a function type.
func FuncType(params, results []guest.ValueType) []byte {
	return Cat(B(0x60), Types(params...), Types(results...))
}

// Import returns an import; desc starts with its kind.
func Import(module, name string, desc ...byte) []byte {
	return Cat(Name(module), Name(name), desc)
}

// Export returns an export.
func Export(name string, kind byte, index uint64) []byte {
	return Cat(Name(name), B(kind), U(index))
}

// I32Const returns a constant expression.
func I32Const(n int32) []byte { return Cat(B(0x41), S(int64(n)), B(0x0b)) }

// Body returns a function body without locals; the end is added.
func Body(instructions ...byte) []byte {
	b := Cat(B(0), instructions, B(0x0b))
	return Cat(U(uint64(len(b))), b)
}

// NameMap returns a name map with the names at 0, 1, 2 and so on.
func NameMap(names ...string) []byte {
	items := make([][]byte, len(names))
	for i, n := range names {
		items[i] = Cat(U(uint64(i)), Name(n))
	}
	return Vec(items...)
}

// Padding returns a custom section that takes exactly size bytes, at least 16.
func Padding(size int) []byte {
	return Cat(B(0), PaddedU(uint64(size-6), 5), Name("pad"), bytes.Repeat(B(0), size-10))
}
