package symfile

import "encoding/binary"

// The unit of the anchors: a function, where one is, with an entry for each variable, that
// refers to it. To the engine this makes the variables part of code that is there.
// rewriteInfo takes it out again.

// anchorName is that of the unit, a string in its entry.
const anchorName = "faaslens anchors\x00"

const anchorAbbreviations = "" +
	"\x01\x11\x01" + "\x03\x08" + "\x10\x17" + "\x00\x00" + // a unit: name, lines
	"\x02\x2e\x01" + "\x11\x01" + "\x12\x06" + "\x00\x00" + // a function: from, how far
	"\x03\x34\x00" + "\x18\x10" + "\x00\x00" + // an entry: what it refers to
	"\x00"

// anchorLines is a line table without lines or files (DWARF 4, section 6.2.4).
const anchorLines = "\x1a\x00\x00\x00" + "\x04\x00" + "\x14\x00\x00\x00" +
	"\x01\x01\x01\xfb\x0e\x0d" + "\x00\x01\x01\x01\x01\x00\x00\x00\x01\x00\x00\x01" + "\x00\x00"

// anchors is the unit for the variables that are kept. Its abbreviations and lines are at
// those places.
func anchors(k keeper, abbrevs, lines int) []byte {
	le := binary.LittleEndian
	b := le.AppendUint16(make([]byte, 4), 4)
	b = le.AppendUint32(b, uint32(abbrevs))
	b = append(b, wasmAddress)
	b = append(append(b, 1), anchorName...)
	b = le.AppendUint32(b, uint32(lines))
	b = le.AppendUint32(append(b, 2), k.code)
	b = le.AppendUint32(b, 1)
	for _, v := range k.variables {
		b = le.AppendUint32(append(b, 3), v)
	}
	b = append(b, 0, 0)
	le.PutUint32(b, uint32(len(b)-4))
	return b
}
