package symfile

import (
	"encoding/binary"
	"slices"
)

// kind is in what an entry differs from what the engine wrote.
type kind int

const (
	withLowPC      kind = iota + 1 // a unit's addresses count from zero
	withoutType                    // a function returns nothing
	withConvention                 // a function returns its value where no debugger looks
	// gdb is not told which class has the pointer to virtual functions: it takes it for one
	// of its own pointers and ends itself when it is a guest's.
	withoutTable
)

// noCall is the calling convention of functions that debuggers cannot call, and whose
// values they cannot find (DWARF 4, section 7.15).
const noCall = 0x03

// variants are the abbreviations that a unit needs beside its own, for entries that differ.
type variants struct {
	own   map[uint64]abbreviation
	codes map[variant]uint64
	next  uint64
	added []byte // as in .debug_abbrev
}

type variant struct {
	code uint64
	kind kind
}

func newVariants(own map[uint64]abbreviation) *variants {
	v := &variants{own: own, codes: make(map[variant]uint64)}
	for code := range own {
		v.next = max(v.next, code)
	}
	return v
}

// begin is what an entry with that code begins with if it is to differ: another code, and
// the value of an attribute that it gets. What it loses is left out elsewhere.
func (v *variants) begin(code uint64, k kind) []byte {
	use, ok := v.codes[variant{code, k}]
	if !ok {
		v.next++
		use = v.next
		v.codes[variant{code, k}] = use
		v.add(use, v.own[code], k)
	}
	b := binary.AppendUvarint(nil, use)
	switch k {
	case withLowPC:
		return append(b, make([]byte, 8)...)
	case withConvention:
		return append(b, noCall)
	}
	return b
}

func (v *variants) add(code uint64, like abbreviation, k kind) {
	b := binary.AppendUvarint(binary.AppendUvarint(v.added, code), like.tag)
	if like.children {
		b = append(b, 1)
	} else {
		b = append(b, 0)
	}
	switch k {
	case withLowPC:
		b = append(b, attrLowPC, formAddr)
	case withConvention:
		b = append(b, attrConvention, formData1)
	}
	for i, name := range like.names {
		if name == k.leavesOut() {
			continue
		}
		b = binary.AppendUvarint(binary.AppendUvarint(b, name), like.forms[i])
	}
	v.added = append(b, 0, 0)
}

// leavesOut is the attribute that an entry loses; 0 for none.
func (k kind) leavesOut() uint64 {
	switch k {
	case withoutType:
		return attrType
	case withoutTable:
		return attrContaining
	}
	return 0
}

// extend appends the unit's table with its variants, and returns where it starts.
func (v *variants) extend(section []byte, known *abbreviations, table uint64) (extended []byte, at uint32) {
	at = uint32(len(section))
	section = append(section, known.section[table:known.ends[table]]...)
	return append(append(section, v.added...), 0), at
}

// hasNoBase reports whether a unit with lists of ranges has no address from which theirs
// count. The engine leaves it out where it is zero, and gdb then drops the lists: with them
// go the blocks that have them, and their variables.
func hasNoBase(unit abbreviation) bool {
	return slices.Contains(unit.names, attrRanges) && !slices.Contains(unit.names, attrLowPC)
}
