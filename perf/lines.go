package perf

import (
	"bytes"
	"encoding/binary"
	"strings"

	"github.com/faaslens/faaslens/symbol"
)

// lineTable writes a line table (DWARF 4, section 6.2), a sequence for each function.
type lineTable struct {
	files   map[string]uint64 // by path; counted from 1
	paths   []string
	program bytes.Buffer
	now     lineRow
}

// lineRow is the state of the machine that a line table is a program for.
type lineRow struct {
	address            uint64
	file, line, column uint64
	begun              bool
}

// Opcodes of line programs.
const (
	opExtended   = 0
	opCopy       = 1
	opAdvancePC  = 2
	opAdvance    = 3
	opSetFile    = 4
	opSetColumn  = 5
	opEnd        = 1 // extended
	opSetAddress = 2 // extended
)

// file returns the number of a file, or 0 for none.
func (t *lineTable) file(path string) uint64 {
	if path == "" || strings.ContainsRune(path, 0) {
		return 0
	}
	n, ok := t.files[path]
	if !ok {
		t.paths = append(t.paths, path)
		n = uint64(len(t.paths))
		t.files[path] = n
	}
	return n
}

// begin starts a function at an address. It has no sequence until it has a row.
func (t *lineTable) begin(address uint64) {
	t.now = lineRow{address: address, file: 1, line: 1}
}

// row says that the code from an address on comes from a place in the source. Code
// without one goes on as before.
func (t *lineTable) row(address uint64, at symbol.Location) {
	file := t.file(at.File)
	line, column := uint64(max(at.Line, 0)), uint64(max(at.Column, 0))
	if file == 0 || line == 0 {
		return
	}
	if !t.now.begun {
		// What is before the first row belongs to it.
		address = t.now.address
		t.program.Write([]byte{opExtended, 9, opSetAddress})
		put(&t.program, address)
	} else if file == t.now.file && line == t.now.line && column == t.now.column {
		return
	}
	t.advance(address)
	if file != t.now.file {
		t.uint(opSetFile, file)
	}
	if column != t.now.column {
		t.uint(opSetColumn, column)
	}
	if line != t.now.line {
		t.program.WriteByte(opAdvance)
		t.program.Write(appendSigned(nil, int64(line)-int64(t.now.line)))
	}
	t.program.WriteByte(opCopy)
	t.now = lineRow{address: address, file: file, line: line, column: column, begun: true}
}

// end ends a function.
func (t *lineTable) end(address uint64) {
	if t.now.begun {
		t.advance(address)
		t.program.Write([]byte{opExtended, 1, opEnd})
	}
}

func (t *lineTable) advance(address uint64) {
	if address > t.now.address {
		t.uint(opAdvancePC, address-t.now.address)
	}
}

func (t *lineTable) uint(op byte, v uint64) {
	t.program.Write(binary.AppendUvarint([]byte{op}, v))
}

// appendSigned appends an SLEB128 (DWARF 4, section 7.6).
func appendSigned(b []byte, v int64) []byte {
	for {
		c := byte(v & 0x7f)
		v >>= 7
		if v == 0 && c&0x40 == 0 || v == -1 && c&0x40 != 0 {
			return append(b, c)
		}
		b = append(b, c|0x80)
	}
}

// encode returns the section.
func (t *lineTable) encode() []byte {
	var b bytes.Buffer
	put(&b, uint32(0), uint16(4), uint32(0))
	// Shortest instruction, operations in one, rows are statements; base and range of
	// the special opcodes, which are not used; the first of them.
	const base, lines, first = -5, 14, 13
	put(&b, uint8(1), uint8(1), uint8(1), int8(base), uint8(lines), uint8(first))
	b.Write([]byte{0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 1}) // how many operands the others have
	b.WriteByte(0)                                      // no directories
	for _, p := range t.paths {
		b.WriteString(p)
		b.Write([]byte{0, 0, 0, 0}) // its end; directory, time, size
	}
	b.WriteByte(0)
	headerEnd := b.Len()
	b.Write(t.program.Bytes())
	out := b.Bytes()
	binary.LittleEndian.PutUint32(out, uint32(len(out)-4))
	binary.LittleEndian.PutUint32(out[6:], uint32(headerEnd-10))
	return out
}
