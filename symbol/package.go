package symbol

import (
	"errors"
	"fmt"

	"github.com/faaslens/faaslens/wasm"
)

// dwarfPackage is a file that has the split units of many files (.dwp), with an index by
// their identifiers: DWARF 5, section 7.3.5; for DWARF 4, version 2 as GNU's and LLVM's
// tools write it.
type dwarfPackage struct {
	module *wasm.Module
	rows   map[uint64]int // of the table, by unit
	table  []byte         // from the sections' numbers on
	// columns is the number of sections, and units that of rows.
	columns, units int
	version        uint16
}

// Numbers of sections in the index that both versions share, and one of DWARF 5.
const (
	packageInfo       = 1
	packageAbbrev     = 3
	packageLine       = 4
	packageStrOffsets = 6
	packageRnglists   = 8
)

// readPackage reads a package's index.
func readPackage(b []byte) (*dwarfPackage, error) {
	m, err := wasm.Parse(b)
	if err != nil {
		return nil, err
	}
	section, ok := m.Custom(".debug_cu_index")
	if !ok {
		return nil, errors.New("it has no index of units")
	}
	c := at(section.Payload, 0)
	p := &dwarfPackage{module: m, version: c.u16()}
	c.skip(2)
	columns, units, slots := uint64(c.u32()), uint64(c.u32()), uint64(c.u32())
	size := uint64(len(section.Payload))
	if c.failed || p.version != 2 && p.version != 5 {
		return nil, fmt.Errorf("its index has version %d: only 2 and 5 are known", p.version)
	}
	// Each slot has an identifier and a row; the table has a line of sections and, for
	// each unit, one of offsets and one of sizes.
	if slots > size/12 || columns > size/4 || units > slots || 16+slots*12+4*columns*(1+2*units) > size {
		return nil, errors.New("its index is cut off or damaged")
	}
	p.columns, p.units = int(columns), int(units)
	p.rows = make(map[uint64]int, units)
	rows := at(section.Payload, 16+slots*8)
	for range slots {
		id, row := c.u64(), rows.u32()
		if row > 0 && uint64(row) <= units {
			p.rows[id] = int(row) - 1
		}
	}
	p.table = section.Payload[16+slots*12:]
	return p, nil
}

// image is the part of the package that one unit has: what its own file had.
func (p *dwarfPackage) image(skeleton *unit) (*image, error) {
	row, ok := p.rows[skeleton.dwoID]
	if !ok {
		return nil, errNotPacked
	}
	main := skeleton.img
	img := newImage(p.module, main.code, true, main.memory)
	sections := map[uint32]*[]byte{
		packageInfo: &img.info, packageAbbrev: &img.abbrev, packageLine: &img.line, packageStrOffsets: &img.strOffsets,
	}
	if p.version >= 5 {
		sections[packageRnglists] = &img.rnglists
	}
	for column := range p.columns {
		section := sections[p.number(0, column)]
		if section == nil {
			continue
		}
		offset, size := uint64(p.number(1+row, column)), uint64(p.number(1+p.units+row, column))
		if offset > uint64(len(*section)) || size > uint64(len(*section))-offset {
			return nil, errors.New("its index leads outside of its sections")
		}
		*section = (*section)[offset : offset+size]
	}
	return finishSplit(img, main)
}

// number reads the table.
func (p *dwarfPackage) number(line, column int) uint32 {
	c := at(p.table, uint64(4*(line*p.columns+column)))
	return c.u32()
}

var errNotPacked = errors.New("it is not in the package beside the module")
