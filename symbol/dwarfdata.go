package symbol

import (
	"cmp"
	"errors"
	"fmt"
	"sync"

	"github.com/faaslens/faaslens/wasm"
)

// dwarfData is a module's DWARF with an index of the units by their addresses.
// Making it reads the headers and first entries of all units; everything else is
// read when an address in its unit is asked for.
type dwarfData struct {
	img *image
	// whole and rest are owned by units. The linker keeps one copy of a function
	// that several units have, and makes the debug info of all of them point at
	// it. Only that of the copy that was kept surely has its size: spans that are
	// exactly a function's are in whole, and go before rest. Of several such
	// units the first counts, as the linker keeps the first copy.
	whole, rest []segment
	// loose are units that do not say what code they cover.
	loose []int32
	// searchLoose adds them to segments, once an address is in none.
	searchLoose func() []segment
	// err says what part of the DWARF could not be read: what follows it.
	err error

	lines lineCache
	split *splitFiles
}

// lineCache keeps line tables, which units may share.
type lineCache struct {
	sync.Mutex
	tables map[lineKey]*lineEntry
}

type lineKey struct {
	offset   uint64
	compDir  string
	addrSize uint8
}

type lineEntry struct {
	read func() (*lineTable, error)
}

// openDWARF indexes the module's DWARF.
func openDWARF(m *wasm.Module, code codeLayout, memory *budget, src *Source) *dwarfData {
	d := &dwarfData{img: newImage(m, code, false, memory)}
	d.lines.tables = make(map[lineKey]*lineEntry)
	d.split = &splitFiles{opener: src.Split, module: m, files: make(map[string]*splitFile)}
	d.split.packed = sync.OnceValues(func() (*dwarfPackage, error) {
		if src.Package == nil {
			return nil, nil
		}
		b, err := src.Package()
		if err != nil || b == nil {
			return nil, err
		}
		return readPackage(b)
	})
	d.err = d.img.readUnits()
	var whole, rest []owned
	var parts []span
	for i := range d.img.units {
		u := d.img.units[i]
		if !u.hasCode() {
			continue
		}
		var err error
		parts, err = u.spans(parts[:0], u.lowValue, u.highValue, u.rangeValue)
		d.err = cmp.Or(d.err, err)
		for _, p := range parts {
			fitted, exact := d.img.code.fit(p)
			if exact {
				whole = append(whole, owned{fitted, int32(i)})
			} else {
				rest = append(rest, owned{fitted, int32(i)})
			}
		}
		if len(parts) == 0 && (u.rangeValue.form == 0 || err != nil) {
			d.loose = append(d.loose, int32(i))
		}
	}
	d.whole, d.rest = flatten(whole, first), flatten(rest, first)
	d.searchLoose = sync.OnceValue(func() []segment {
		var spans []owned
		for _, i := range d.loose {
			for _, s := range d.img.units[i].load(d).spans() {
				spans = append(spans, owned{s, i})
			}
		}
		return flatten(spans, first)
	})
	return d
}

// spans returns the ranges that the unit's functions cover.
func (b *body) spans() []span {
	var spans []span
	for i, s := range b.segments {
		if s.owner != none && i+1 < len(b.segments) {
			spans = append(spans, span{s.start, b.segments[i+1].start})
		}
	}
	return spans
}

// unitAt returns the unit that covers an address; nil if none does.
func (d *dwarfData) unitAt(address uint32) *unit {
	i := ownerAt(d.whole, address)
	if i == none {
		i = ownerAt(d.rest, address)
	}
	if i == none && len(d.loose) > 0 {
		i = ownerAt(d.searchLoose(), address)
	}
	if i == none {
		return nil
	}
	return d.img.units[i]
}

// linesOf returns the line table that a unit names.
func (d *dwarfData) linesOf(u *unit) (*lineTable, error) {
	key := lineKey{u.lineOffset, u.compDir, u.addrSize}
	d.lines.Lock()
	e := d.lines.tables[key]
	if e == nil {
		e = &lineEntry{read: sync.OnceValues(func() (*lineTable, error) { return readLines(u) })}
		d.lines.tables[key] = e
	}
	d.lines.Unlock()
	return e.read()
}

// SplitOpener returns the content of a split DWARF file (.dwo): name is what the
// unit says, dir the directory of its compilation that a relative name starts from.
// Both come from the module: look them up with care.
type SplitOpener func(dir, name string) ([]byte, error)

// splitFiles are the split DWARF files that units name, or the package of all of them.
type splitFiles struct {
	opener SplitOpener
	module *wasm.Module
	packed func() (*dwarfPackage, error) // nil if there is none

	sync.Mutex
	files map[string]*splitFile
}

type splitFile struct {
	read func() (*image, error)
}

// open returns the split unit of a skeleton.
func (s *splitFiles) open(skeleton *unit) (*unit, error) {
	img, err := s.image(skeleton)
	if err != nil {
		return nil, fmt.Errorf("split debug file %q: %w", skeleton.dwoName, err)
	}
	for i := range img.units {
		u := img.units[i]
		if u.kind != unitCompile && u.kind != unitSplitCompile || u.dwoID != skeleton.dwoID {
			continue
		}
		bound := &unit{encoding: u.encoding, img: img, start: u.start, end: u.end, root: u.root, kind: u.kind, abbrevs: u.abbrevs,
			compDir: u.compDir, low: skeleton.low, dwoID: u.dwoID, strOffsetsBase: u.strOffsetsBase, rnglistsBase: u.rnglistsBase,
			gnuRangesBase: skeleton.gnuRangesBase, addr: skeleton.addr, addrBase: skeleton.addrBase}
		return bound, nil
	}
	return nil, fmt.Errorf("split debug file %q: it is of another build", skeleton.dwoName)
}

// image reads what has the split unit of a skeleton: the package of all, if there is one,
// or else its file.
func (s *splitFiles) image(skeleton *unit) (*image, error) {
	packed, err := s.packed()
	if err == nil && packed != nil {
		var img *image
		if img, err = packed.image(skeleton); err == nil {
			return img, nil
		}
	}
	img, fileErr := s.file(skeleton)
	if fileErr != nil && err != nil {
		return nil, fmt.Errorf("%w; package: %w", fileErr, err)
	}
	return img, fileErr
}

// file reads the file that a skeleton names, or the module, if that has split
// sections of its own.
func (s *splitFiles) file(skeleton *unit) (*image, error) {
	s.Lock()
	_, within := s.module.Custom(".debug_info.dwo")
	key := skeleton.compDir + "\x00" + skeleton.dwoName
	if within {
		key = ""
	}
	f := s.files[key]
	if f == nil {
		f = &splitFile{read: sync.OnceValues(func() (*image, error) {
			if within {
				return splitImage(s.module, skeleton)
			}
			if s.opener == nil {
				return nil, errors.New("it was not looked for")
			}
			b, err := s.opener(skeleton.compDir, skeleton.dwoName)
			if err != nil {
				return nil, err
			}
			m, err := wasm.Parse(b)
			if err != nil {
				return nil, err
			}
			return splitImage(m, skeleton)
		})}
		s.files[key] = f
	}
	s.Unlock()
	return f.read()
}

func splitImage(m *wasm.Module, skeleton *unit) (*image, error) {
	return finishSplit(newImage(m, skeleton.img.code, true, skeleton.img.memory), skeleton.img)
}

// finishSplit reads the units of a split file, or of its part in a package.
func finishSplit(img, main *image) (*image, error) {
	img.ranges, img.reread = main.ranges, newBudget(int64(rereadFactor*(len(img.abbrev)+len(main.ranges)+len(img.rnglists))+rereadFloor))
	if len(img.info) == 0 {
		return nil, errors.New("it has no .debug_info.dwo")
	}
	if err := img.readUnits(); err != nil && len(img.units) == 0 {
		return nil, err
	}
	return img, nil
}

// whyNone says why no unit covers an address.
func (d *dwarfData) whyNone() string {
	switch {
	case d.err != nil:
		return unreadable(d.err)
	case len(d.whole) == 0 && len(d.rest) == 0 && len(d.searchLoose()) == 0:
		return "the debug info covers no code at all: it lost its addresses, as when wasm-opt runs after the linker"
	}
	return "no debug info covers this code"
}
