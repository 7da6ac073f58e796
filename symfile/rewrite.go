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

// sections are those of debug information that are rewritten together.
type sections struct{ info, abbrevs, strings []byte }

// rewriteInfo makes a .debug_info in which all units are in C++, expressions are as
// translate has them, and lists of locations where they are now; and the .debug_abbrev that
// goes with it. Units say from where their addresses count, and functions whose values
// debuggers would look for in the wrong place say that they return none. Both are nil
// where the sections are not as the engine writes them.
func rewriteInfo(debug sections, moved map[uint64]uint64, translate func([]byte) []byte) (info, abbrevs []byte) {
	r := rewriter{debug: debug, known: abbreviations{section: debug.abbrevs}, abbrevs: debug.abbrevs, moved: moved, translate: translate}
	all, ok := units(debug.info)
	for i, u := range all {
		before := len(r.changes)
		if ok = ok && r.unit(u); i == len(all)-1 && r.isAnchors {
			r.changes, r.debug.info = r.changes[:before], r.debug.info[:u.start]
		}
	}
	if !ok {
		return nil, nil
	}
	if info = apply(r.debug.info, r.changes); info == nil {
		return nil, nil
	}
	return info, r.abbrevs
}

type rewriter struct {
	debug     sections
	known     abbreviations
	abbrevs   []byte // the new section
	moved     map[uint64]uint64
	translate func([]byte) []byte
	changes   []change
	isAnchors bool // the unit that was read last is that of the anchors
}

const tableInUnit = 6 // where a unit's header has the place of its abbreviations

// unit notes the changes to a unit and reports whether it understood all of it.
func (r *rewriter) unit(u unit) bool {
	table := uint64(binary.LittleEndian.Uint32(r.debug.info[u.start+tableInUnit:]))
	values := inMemory(&r.known, r.debug.info, r.debug.strings, u)
	variants := newVariants(r.known.table(table))
	header := u.start + tableInUnit
	r.changes = append(r.changes,
		change{from: u.start, to: u.start + 4, unit: u, form: formUnitLength},
		change{from: header, to: header + 4, unit: u})
	place := len(r.changes) - 1
	r.isAnchors = false
	ok := true
	understood := r.known.visit(r.debug.info, u, 8, func(a attribute) {
		differs := values[a.entry]
		switch own := variants.own[a.code]; a.tag {
		case tagUnit:
			if hasNoBase(own) {
				differs = withLowPC
			}
		case tagStructure, tagClass:
			if slices.Contains(own.names, attrContaining) {
				differs = withoutTable
			}
		}
		if a.first && differs != 0 {
			r.changes = append(r.changes, change{from: a.entry, to: a.from, unit: u, with: variants.begin(a.code, differs)})
		}
		c, changes, known := r.attribute(a, u, differs)
		ok = ok && known
		if changes {
			r.changes = append(r.changes, c)
		}
	})
	start := uint32(table)
	if len(variants.added) > 0 && understood {
		r.abbrevs, start = variants.extend(r.abbrevs, &r.known, table)
	}
	r.changes[place].with = binary.LittleEndian.AppendUint32(nil, start)
	return ok && understood
}

// attribute is the change to an attribute, if there is to be one; known is false where it
// leads to a list that is not known.
func (r *rewriter) attribute(a attribute, u unit, differs kind) (c change, changes, known bool) {
	c = change{from: a.from, to: a.to, unit: u}
	value := r.debug.info[a.from:a.to]
	switch {
	case a.tag == tagUnit && a.name == attrName && string(value) == anchorName:
		r.isAnchors = true
		return c, false, true
	case a.name == differs.leavesOut():
		return c, true, true
	case a.form == formRefAddr || a.form >= formRef1 && a.form <= formRefUdata:
		c.form = a.form
	case a.isList():
		to, known := r.moved[uint64(binary.LittleEndian.Uint32(value))]
		c.with = binary.LittleEndian.AppendUint32(nil, uint32(to))
		return c, true, known
	case a.form == formExpr:
		expr := cursor{b: value}
		c.with = r.translate(expr.take(expr.leb()))
		c.with = append(binary.AppendUvarint(nil, uint64(len(c.with))), c.with...)
	case a.name == attrLanguage && len(value) > 0 && isOther(value[0]):
		c.with = append([]byte{langCxx}, value[1:]...)
	default:
		return c, false, true
	}
	return c, true, true
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
