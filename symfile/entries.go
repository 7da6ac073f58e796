package symfile

import "encoding/binary"

// Numbers of DWARF 4, sections 7.5.3 and 7.5.4.
const (
	attrLocation, attrStringLength, attrReturn, attrFrameBase = 0x02, 0x19, 0x2a, 0x40
	attrMember, attrSegment, attrStaticLink, attrUse          = 0x38, 0x46, 0x48, 0x4a
	attrVtable, attrLanguage, attrName, attrLowPC             = 0x4d, 0x13, 0x03, 0x11
	attrByteSize, attrType, attrSpecification, attrConvention = 0x0b, 0x49, 0x47, 0x36
	attrContaining, attrRanges                                = 0x1d, 0x55

	tagUnit, tagSubprogram, tagVariable        = 0x11, 0x2e, 0x34
	tagArray, tagClass, tagStructure, tagUnion = 0x01, 0x02, 0x13, 0x17
	tagTypedef, tagBase, tagConst, tagVolatile = 0x16, 0x24, 0x26, 0x35

	formRefAddr, formRef1, formRef2, formRef4, formRef8 = 0x10, 0x11, 0x12, 0x13, 0x14
	formRefUdata, formOffset, formExpr, formAddr        = 0x15, 0x17, 0x18, 0x01
	formData1, formString, formStrp                     = 0x0b, 0x08, 0x0e
)

// unit is where a unit of .debug_info is.
type unit struct{ start, end int }

// units are those of .debug_info in the 32-bit format; ok is false if there is more.
func units(info []byte) (all []unit, ok bool) {
	for at := 0; at < len(info); {
		const header = 11
		if len(info)-at < header {
			return all, false
		}
		size := uint64(binary.LittleEndian.Uint32(info[at:])) + 4
		if size < header || size > uint64(len(info)-at) {
			return all, false
		}
		all = append(all, unit{at, at + int(size)})
		at += int(size)
	}
	return all, true
}

// attribute is where in .debug_info the value of an attribute is.
type attribute struct {
	name, form uint64
	from, to   int
	entry      int    // where its entry starts
	first      bool   // of the entry's attributes: it stands right behind the entry's code
	code       uint64 // the entry's
	tag        uint64 // of the entry
	within     bool   // a function
}

// abbreviation is what an entry of .debug_info with its code consists of.
type abbreviation struct {
	tag          uint64
	children     bool
	names, forms []uint64
}

// abbreviations are the tables of .debug_abbrev by where they start, as far as read.
type abbreviations struct {
	section []byte
	tables  map[uint64]map[uint64]abbreviation
	ends    map[uint64]int // where the zero is that ends each
}

// table is the one that starts there.
func (a *abbreviations) table(at uint64) map[uint64]abbreviation {
	if t := a.tables[at]; t != nil {
		return t
	}
	c := cursor{b: a.section, at: int(min(at, uint64(len(a.section))))}
	table := make(map[uint64]abbreviation)
	end := c.at
	for !c.short {
		end = c.at
		code := c.leb()
		if code == 0 {
			break
		}
		entry := abbreviation{tag: c.leb(), children: c.number(1) != 0}
		for !c.short {
			name, form := c.leb(), c.leb()
			if name == 0 && form == 0 {
				break
			}
			entry.names, entry.forms = append(entry.names, name), append(entry.forms, form)
		}
		table[code] = entry
	}
	if a.tables == nil {
		a.tables, a.ends = make(map[uint64]map[uint64]abbreviation), make(map[uint64]int)
	}
	a.tables[at], a.ends[at] = table, end
	return table
}

// visit calls f with the attributes of all entries of a unit of DWARF 4, whose addresses
// have that many bytes. It reports whether it understood all of the unit; if not, it stops
// where it does not.
func (a *abbreviations) visit(info []byte, u unit, addressSize uint64, f func(attribute)) bool {
	c := cursor{b: info[:u.end], at: u.start + 4, addressSize: addressSize}
	if version := c.number(2); version != 4 {
		return false
	}
	known := a.table(c.number(4))
	if c.number(1) != addressSize {
		return false
	}
	depth, function := 0, 0 // how deep the entries of a function are, if they are one's
	for c.at < len(c.b) {
		start := c.at
		code := c.leb()
		if code == 0 {
			if depth--; depth < function {
				function = 0
			}
			continue
		}
		entry, ok := known[code]
		if !ok {
			return false
		}
		for i, form := range entry.forms {
			from := c.at
			if !c.skip(form) || c.short {
				return false
			}
			f(attribute{entry.names[i], form, from, c.at, start, i == 0, code, entry.tag, function > 0})
		}
		if entry.children {
			depth++
			if entry.tag == tagSubprogram && function == 0 {
				function = depth
			}
		}
	}
	return true
}

// isList reports whether an attribute's value is the place of a list of locations.
func (a attribute) isList() bool {
	if a.form != formOffset {
		return false
	}
	switch a.name {
	case attrLocation, attrStringLength, attrReturn, attrFrameBase, attrMember, attrSegment, attrStaticLink, attrUse, attrVtable:
		return true
	}
	return false
}
