package symfile

import (
	"cmp"
	"encoding/binary"
	"slices"
)

const (
	langC89, langC, langC99, langC11, langC17 = 0x01, 0x02, 0x0c, 0x1d, 0x2c
	langCxx, langRust                         = 0x04, 0x1c
)

// isOther reports whether a language is C or Rust. Units in them are said to be in C++:
// the engine makes a structure with operators of each pointer, which debuggers apply in
// C++ only. (gdb 13 dies of a slice in Rust whose pointer is none.)
func isOther(language byte) bool {
	switch language {
	case langC89, langC, langC99, langC11, langC17, langRust:
		return true
	}
	return false
}

// change is what takes the place of bytes of .debug_info. Of a reference to an entry, it is
// only known when all else is.
type change struct {
	from, to int
	with     []byte
	unit     unit
	form     uint64 // of a reference; else 0
}

// rewriteInfo makes a .debug_info in which all units are in C++, expressions are as
// translate has them, and lists of locations where they are now. It is nil where the
// section is not as the engine writes it.
func rewriteInfo(info, abbrevs []byte, moved map[uint64]uint64, translate func([]byte) []byte) []byte {
	all, ok := units(info)
	known := abbreviations{section: abbrevs}
	var changes []change
	for i, u := range all {
		before, isAnchors := len(changes), false
		changes = append(changes, change{from: u.start, to: u.start + 4, unit: u, form: formUnitLength})
		ok = ok && known.visit(info, u, 8, func(a attribute) {
			c := change{from: a.from, to: a.to, unit: u}
			value := info[a.from:a.to]
			switch {
			case i == len(all)-1 && a.tag == tagUnit && a.name == attrName && string(value) == anchorName:
				isAnchors = true
				return
			case a.form == formRefAddr || a.form >= formRef1 && a.form <= formRefUdata:
				c.form = a.form
			case a.isList():
				to, known := moved[uint64(binary.LittleEndian.Uint32(value))]
				ok = ok && known
				c.with = binary.LittleEndian.AppendUint32(nil, uint32(to))
			case a.form == formExpr:
				expr := cursor{b: value}
				c.with = translate(expr.take(expr.leb()))
				c.with = append(binary.AppendUvarint(nil, uint64(len(c.with))), c.with...)
			case a.name == attrLanguage && len(value) > 0 && isOther(value[0]):
				c.with = append([]byte{langCxx}, value[1:]...)
			default:
				return
			}
			changes = append(changes, c)
		})
		if isAnchors {
			changes, info = changes[:before], info[:u.start]
		}
	}
	if !ok {
		return nil
	}
	return apply(info, changes)
}

// formUnitLength stands for the length in a unit's header.
const formUnitLength = ^uint64(0)

// apply makes the changes, which come by their places, and lets references and lengths
// follow; nil where one cannot.
func apply(info []byte, changes []change) []byte {
	var grown []growth
	total := 0
	for _, c := range changes {
		if d := len(c.with) - (c.to - c.from); c.form == 0 && d != 0 {
			total += d
			grown = append(grown, growth{c.to, total})
		}
	}
	moved := func(at int) int {
		i, _ := slices.BinarySearchFunc(grown, at+1, func(g growth, at int) int { return cmp.Compare(g.from, at) })
		if i == 0 {
			return at
		}
		return at + grown[i-1].by
	}
	out := make([]byte, 0, len(info)+total)
	at := 0
	for _, c := range changes {
		out = append(out, info[at:c.from]...)
		at = c.to
		field := cursor{b: info[c.from:c.to]}
		start := c.unit.start
		switch c.form {
		case 0:
			out = append(out, c.with...)
		case formUnitLength:
			out = binary.LittleEndian.AppendUint32(out, uint32(moved(c.unit.end)-moved(start)-4))
		case formRef4:
			target := int(field.number(4)) + start
			out = binary.LittleEndian.AppendUint32(out, uint32(moved(target)-moved(start)))
		case formRefAddr:
			out = binary.LittleEndian.AppendUint32(out, uint32(moved(int(field.number(4)))))
		default:
			return nil // a form of references that the engine does not write
		}
	}
	return append(out, info[at:]...)
}

// growth is by how much what stands from a place on has moved.
type growth struct{ from, by int }
