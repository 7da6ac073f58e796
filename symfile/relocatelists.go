package symfile

import "encoding/binary"

// Numbers of DWARF 4, sections 7.5.3 and 7.5.4.
const (
	attrLocation, attrStringLength, attrReturn, attrFrameBase = 0x02, 0x19, 0x2a, 0x40
	attrMember, attrSegment, attrStaticLink, attrUse          = 0x38, 0x46, 0x48, 0x4a
	attrVtable                                                = 0x4d
	formOffset                                                = 0x17
)

// abbreviation is what an entry of .debug_info with its code consists of.
type abbreviation struct {
	names, forms []uint64
}

// readAbbreviations reads a unit's table.
func readAbbreviations(abbrevs []byte, at uint64) map[uint64]abbreviation {
	c := cursor{b: abbrevs, at: int(min(at, uint64(len(abbrevs))))}
	table := make(map[uint64]abbreviation)
	for !c.short {
		code := c.leb()
		if code == 0 {
			break
		}
		c.leb()   // tag
		c.take(1) // whether it has children
		var a abbreviation
		for !c.short {
			name, form := c.leb(), c.leb()
			if name == 0 && form == 0 {
				break
			}
			a.names, a.forms = append(a.names, name), append(a.forms, form)
		}
		table[code] = a
	}
	return table
}

// moveLists makes entries refer to location lists where they are now. It reports whether
// it understood all of the section; if not, it has changed nothing.
func moveLists(info, abbrevs []byte, moved map[uint64]uint64) bool {
	type change struct {
		at int
		to uint32
	}
	var changes []change
	for at := 0; at < len(info); {
		if len(info)-at < 11 {
			return false
		}
		size := int(binary.LittleEndian.Uint32(info[at:])) + 4
		if size < 11 || size > len(info)-at {
			return false
		}
		c := cursor{b: info[:at+size], at: at + 4}
		version, table := c.number(2), c.number(4)
		c.number(1)
		if version != 4 {
			return false
		}
		known := readAbbreviations(abbrevs, table)
		for c.at < len(c.b) {
			code := c.leb()
			if code == 0 {
				continue
			}
			a, ok := known[code]
			if !ok {
				return false
			}
			for i, form := range a.forms {
				from := c.at
				if !c.skip(form) || c.short {
					return false
				}
				if form == formOffset && isLocation(a.names[i]) {
					to, ok := moved[uint64(binary.LittleEndian.Uint32(info[from:]))]
					if !ok {
						return false
					}
					changes = append(changes, change{from, uint32(to)})
				}
			}
		}
		at += size
	}
	for _, ch := range changes {
		binary.LittleEndian.PutUint32(info[ch.at:], ch.to)
	}
	return true
}

func isLocation(attr uint64) bool {
	switch attr {
	case attrLocation, attrStringLength, attrReturn, attrFrameBase, attrMember, attrSegment, attrStaticLink, attrUse, attrVtable:
		return true
	}
	return false
}
