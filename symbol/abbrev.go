package symbol

import "fmt"

// abbrevs is a table of abbreviations (DWARF 5, section 7.5.3): the shapes of a
// unit's entries. It takes about five times the bytes that it was read from.
type abbrevs struct {
	shapes   []shape
	attrs    []attrSpec // of all shapes, one behind the other
	implicit []int64    // constants that attrs name by index
	sparse   map[uint64]int32
}

// shape says what an entry consists of.
type shape struct {
	tag      uint16
	children bool
	count    uint16 // of attributes
	first    uint32 // in attrs
	size     int32  // of all attributes in bytes; sizeVaries if that depends
}

type attrSpec struct {
	name, form uint16
	size       int8
	implicit   uint32
}

// maxAttrs bounds the attributes of one shape.
const maxAttrs = 1 << 12

// find returns the shape with the code; nil if there is none.
func (a *abbrevs) find(code uint64) *shape {
	if i := code - 1; i < uint64(len(a.shapes)) && a.sparse == nil {
		return &a.shapes[i]
	}
	if i, ok := a.sparse[code]; ok {
		return &a.shapes[i]
	}
	return nil
}

func (a *abbrevs) of(s *shape) []attrSpec { return a.attrs[s.first : s.first+uint32(s.count)] }

// readAbbrevs reads the table at an offset. It returns how many bytes it has.
func readAbbrevs(section []byte, offset uint64, e encoding) (*abbrevs, int, error) {
	c := at(section, offset)
	a := &abbrevs{}
	for {
		code := c.uleb()
		if code == 0 {
			break // which is also what a failed read gives
		}
		if a.sparse == nil && code != uint64(len(a.shapes))+1 {
			a.sparse = make(map[uint64]int32)
			for i := range a.shapes {
				a.sparse[uint64(i)+1] = int32(i)
			}
		}
		if a.sparse != nil {
			if _, twice := a.sparse[code]; !twice {
				a.sparse[code] = int32(len(a.shapes))
			}
		}
		if err := a.readShape(&c, e); err != nil {
			return nil, 0, fmt.Errorf(".debug_abbrev at 0x%x: abbreviation %d: %w", offset, code, err)
		}
	}
	if c.failed {
		return nil, 0, fmt.Errorf(".debug_abbrev at 0x%x: the table is cut off", offset)
	}
	return a, c.pos - int(offset), nil
}

func (a *abbrevs) readShape(c *cursor, e encoding) error {
	s := shape{first: uint32(len(a.attrs))}
	tag := c.uleb()
	if tag <= 0xffff {
		s.tag = uint16(tag)
	}
	s.children = c.u8() != 0
	for {
		name, form := c.uleb(), c.uleb()
		if c.failed {
			return fmt.Errorf("it is cut off")
		}
		if name == 0 && form == 0 {
			break
		}
		if form > 0xffff || name > 0xffff {
			return fmt.Errorf("attribute 0x%x of form 0x%x is unknown", name, form)
		}
		if s.count == maxAttrs {
			return fmt.Errorf("it has more than %d attributes", maxAttrs)
		}
		size := e.formSize(uint16(form))
		if size == sizeUnknown {
			return fmt.Errorf("form 0x%x is unknown", form)
		}
		spec := attrSpec{name: uint16(name), form: uint16(form), size: int8(size)}
		if form == formImplicitConst {
			spec.implicit = uint32(len(a.implicit))
			a.implicit = append(a.implicit, c.sleb())
		}
		if size == sizeVaries {
			s.size = sizeVaries
		} else if s.size != sizeVaries {
			s.size += int32(size)
		}
		a.attrs = append(a.attrs, spec)
		s.count++
	}
	a.shapes = append(a.shapes, s)
	return nil
}

// skip moves behind an entry's attributes.
func (a *abbrevs) skip(c *cursor, e encoding, s *shape) {
	if s.size >= 0 {
		c.skip(uint64(s.size))
		return
	}
	for _, spec := range a.of(s) {
		if spec.size >= 0 {
			c.skip(uint64(spec.size))
		} else {
			e.skip(c, spec.form)
		}
	}
}

// read reads one attribute's value.
func (a *abbrevs) read(c *cursor, e encoding, spec attrSpec) value {
	var implicit int64
	if spec.form == formImplicitConst {
		implicit = a.implicit[spec.implicit]
	}
	return e.read(c, spec.form, implicit)
}
