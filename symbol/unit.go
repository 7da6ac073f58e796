package symbol

import (
	"fmt"
	"sync"
)

// unit is one unit of .debug_info: its header and what its root entry says about
// all others.
type unit struct {
	encoding
	img        *image
	start, end uint32 // in .debug_info
	root       uint32 // where the root entry is
	kind       uint8  // unitCompile and so on
	abbrevs    *abbrevs

	compDir    string
	hasLines   bool
	lineOffset uint64
	low        uint64 // what range lists start from
	lowValue   value
	highValue  value
	rangeValue value
	dwoName    string
	dwoID      uint64

	strOffsetsBase, rnglistsBase, gnuRangesBase uint64

	// The addresses that indices mean: a split unit's are its skeleton's.
	addr     []byte
	addrBase uint64

	once sync.Once
	body *body
}

// readUnits reads the headers and the root entries of all units. It returns what it
// could read; the error says what ended it.
func (img *image) readUnits() error {
	for offset := uint64(0); offset < uint64(len(img.info)); {
		u := &unit{img: img}
		next, err := u.readHeader(offset)
		if err != nil {
			return fmt.Errorf(".debug_info at 0x%x: %w", offset, err)
		}
		offset = next
		if err := img.memory.spend(256); err != nil { // about the size of a unit
			return fmt.Errorf(".debug_info: %w", err)
		}
		img.units = append(img.units, u)
	}
	return nil
}

// readHeader reads the unit at an offset and returns where the next one is.
func (u *unit) readHeader(offset uint64) (next uint64, err error) {
	c := at(u.img.info, offset)
	length, offsetSize := c.unitLength()
	if c.failed || length > uint64(len(u.img.info)-c.pos) {
		return 0, fmt.Errorf("a unit of %d bytes is cut off", length)
	}
	next = uint64(c.pos) + length
	c.b = c.b[:next]
	u.start, u.end = uint32(offset), uint32(next)
	u.offsetSize = uint8(offsetSize)
	u.version = c.u16()
	if u.version < 2 || u.version > 5 {
		return 0, fmt.Errorf("a unit of DWARF version %d: only 2 to 5 are known", u.version)
	}
	u.kind = unitCompile
	var abbrevOffset uint64
	if u.version >= 5 {
		u.kind = c.u8()
		u.addrSize = c.u8()
		abbrevOffset = c.uint(offsetSize)
	} else {
		abbrevOffset = c.uint(offsetSize)
		u.addrSize = c.u8()
	}
	switch u.kind {
	case unitSkeleton, unitSplitCompile:
		u.dwoID = c.u64()
	case unitType, unitSplitType:
		c.skip(8 + uint64(offsetSize))
	}
	if c.failed {
		return 0, fmt.Errorf("a unit's header is cut off")
	}
	if u.addrSize != 4 && u.addrSize != 8 {
		return 0, fmt.Errorf("a unit's addresses have %d bytes: WebAssembly's have 4 or 8", u.addrSize)
	}
	u.root = uint32(c.pos)
	u.addr = u.img.addr
	if u.abbrevs, err = u.img.abbrevsAt(abbrevOffset, u.encoding); err != nil {
		return 0, err
	}
	return next, u.readRoot(&c)
}

// readRoot reads the attributes of the root entry.
func (u *unit) readRoot(c *cursor) error {
	code := c.uleb()
	if code == 0 {
		return nil // an empty unit
	}
	s := u.abbrevs.find(code)
	if s == nil {
		return fmt.Errorf("abbreviation %d is unknown", code)
	}
	if u.img.split {
		// The header of the one contribution goes before what indices count from.
		u.strOffsetsBase, u.rnglistsBase = 0, 0
		if u.version >= 5 {
			u.strOffsetsBase, u.rnglistsBase = uint64(2*u.offsetSize), uint64(2*u.offsetSize)+4
		}
	}
	var compDir, dwoName value
	for _, spec := range u.abbrevs.of(s) {
		v := u.abbrevs.read(c, u.encoding, spec)
		switch spec.name {
		case attrStmtList:
			u.hasLines, u.lineOffset = true, v.u
		case attrCompDir:
			compDir = v
		case attrLowPC:
			u.lowValue = v
		case attrHighPC:
			u.highValue = v
		case attrRanges:
			u.rangeValue = v
		case attrStrOffsetsBase:
			u.strOffsetsBase = v.u
		case attrAddrBase, attrGNUAddrBase:
			u.addrBase = v.u
		case attrRnglistsBase:
			u.rnglistsBase = v.u
		case attrGNURangesBase:
			u.gnuRangesBase = v.u
		case attrDwoName, attrGNUDwoName:
			dwoName = v
		case attrGNUDwoID:
			u.dwoID = v.u
		}
	}
	if c.failed {
		return fmt.Errorf("a unit's first entry is cut off")
	}
	u.compDir, u.dwoName = u.text(compDir), u.text(dwoName)
	u.low, _ = u.address(u.lowValue)
	return nil
}

// text looks a string up; "" if the value is none or lies outside its section.
func (u *unit) text(v value) string {
	switch v.form {
	case formString:
		c := at(u.img.info[:u.end], v.u)
		return string(c.text())
	case formStrp:
		str, _ := u.img.strings()
		return textAt(str, v.u)
	case formLineStrp:
		_, lineStr := u.img.strings()
		return textAt(lineStr, v.u)
	case formStrx, formStrx1, formStrx2, formStrx3, formStrx4, formGNUStrIndex:
		offset, ok := indexed(u.img.strOffsets, u.strOffsetsBase, v.u, int(u.offsetSize))
		if !ok {
			return ""
		}
		str, _ := u.img.strings()
		return textAt(str, offset)
	}
	return ""
}

// address looks an address up; false if the value is none.
func (u *unit) address(v value) (uint64, bool) {
	if !v.isAddress() {
		return 0, false
	}
	if v.form == formAddr {
		return v.u, true
	}
	return u.addressAt(v.u)
}

func (u *unit) addressAt(index uint64) (uint64, bool) {
	return indexed(u.addr, u.addrBase, index, int(u.addrSize))
}

// indexed reads a number out of an array within a section.
func indexed(section []byte, base, index uint64, size int) (uint64, bool) {
	if base > uint64(len(section)) || index >= (uint64(len(section))-base)/uint64(size) {
		return 0, false
	}
	c := at(section, base+index*uint64(size))
	return c.uint(size), true
}

// reference returns the offset in .debug_info of the entry that a value refers to;
// false if it is none, or in another file.
func (u *unit) reference(v value) (uint64, bool) {
	switch v.form {
	case formRef1, formRef2, formRef4, formRef8, formRefUdata:
		if v.u >= uint64(u.end-u.start) {
			return 0, false
		}
		return uint64(u.start) + v.u, true
	case formRefAddr:
		return v.u, true
	}
	return 0, false
}

// hasCode reports whether the unit can describe code.
func (u *unit) hasCode() bool {
	return u.kind == unitCompile || u.kind == unitSkeleton || u.kind == unitSplitCompile || u.kind == unitPartial
}
