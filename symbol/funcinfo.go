package symbol

import (
	"strings"
	"sync"

	"github.com/faaslens/faaslens/guest"
)

// funcInfo is what a function is called.
type funcInfo struct {
	linkage string // "" where the language has no other name
	short   string // DW_AT_name
	// Where it is declared, if declUnit is not nil.
	declUnit           *unit
	declFile, declLine uint32

	// name is the name for people, made when it is asked for.
	name func() string
}

// maxOrigins bounds a chain of entries that refer to each other.
const maxOrigins = 16

// infoOf returns what the scope's function is called. The offset is one in it.
func (t *Table) infoOf(b *body, s int32, offset guest.CodeOffset) *funcInfo {
	if f := b.funcs[s].Load(); f != nil {
		return f
	}
	f := b.unit.funcInfoAt(uint64(b.scopes[s].entry))
	if !b.scopes[s].inlined && f.linkage == "" && f.short != "" {
		f = t.qualify(f, offset)
	}
	b.funcs[s].Store(f)
	return f
}

// qualify completes a function's name without its namespace and parameters, which is
// all that DWARF of line tables only (-gmlt) has, by that in the name section.
func (t *Table) qualify(f *funcInfo, offset guest.CodeOffset) *funcInfo {
	i, ok := t.src.Module.BodyAt(offset)
	if !ok {
		return f
	}
	name, linkage, _ := t.moduleName(i)
	before, behind, found := strings.Cut(name, f.short)
	if !found || !strings.HasSuffix(before, "::") && (before != "" || !strings.HasPrefix(behind, "(")) {
		return f
	}
	return &funcInfo{
		linkage: linkage, short: f.short, declUnit: f.declUnit, declFile: f.declFile, declLine: f.declLine,
		name: func() string { return name },
	}
}

// funcInfoAt reads the names of the function with that entry. An inlined copy
// shares them with every other copy of the same function.
func (u *unit) funcInfoAt(entry uint64) *funcInfo {
	e := u.readFunction(entry)
	if e.hasOrigin && e.linkage == "" && e.short == "" && e.line == 0 {
		entry = e.origin
	}
	if f, ok := u.img.funcs.Load(uint32(entry)); ok {
		return f.(*funcInfo)
	}
	f := u.resolve(entry)
	kept, _ := u.img.funcs.LoadOrStore(uint32(entry), f)
	return kept.(*funcInfo)
}

// resolve follows the references of an entry until it has its names.
func (u *unit) resolve(entry uint64) *funcInfo {
	f := &funcInfo{}
	for range maxOrigins {
		e := u.readFunction(entry)
		if f.linkage == "" {
			f.linkage = e.linkage
		}
		if f.short == "" {
			f.short = e.short
		}
		if f.declLine == 0 && e.line != 0 {
			f.declLine = e.line
		}
		if f.declUnit == nil && e.hasFile {
			f.declUnit, f.declFile = u, e.file
		}
		if !e.hasOrigin {
			break
		}
		entry = e.origin
		if entry < uint64(u.start) || entry >= uint64(u.end) {
			if u = u.img.unitOf(entry); u == nil {
				break
			}
		}
	}
	if f.linkage == f.short {
		f.linkage = ""
	}
	f.name = sync.OnceValue(func() string {
		if isMangled(f.linkage) || f.short == "" {
			return demangleName(f.linkage)
		}
		return demangleName(f.short) // clang links main as __main_argc_argv
	})
	return f
}

// functionEntry is one entry's share of what is known about a function.
type functionEntry struct {
	linkage, short string
	hasFile        bool
	file, line     uint32
	hasOrigin      bool
	origin         uint64 // the entry that says more
}

// readFunction reads the attributes that name a function. Damage reads as none.
func (u *unit) readFunction(entry uint64) functionEntry {
	var e functionEntry
	if entry < uint64(u.root) || entry >= uint64(u.end) {
		return e
	}
	c := cursor{b: u.img.info[:u.end], pos: int(entry)}
	s := u.abbrevs.find(c.uleb())
	if s == nil {
		return e
	}
	for _, spec := range u.abbrevs.of(s) {
		switch spec.name {
		case attrLinkageName, attrMIPSLinkageName:
			e.linkage = u.text(u.abbrevs.read(&c, u.encoding, spec))
		case attrName:
			e.short = u.text(u.abbrevs.read(&c, u.encoding, spec))
		case attrDeclFile:
			e.hasFile, e.file = true, clamp32(u.abbrevs.read(&c, u.encoding, spec).u)
		case attrDeclLine:
			e.line = clamp32(u.abbrevs.read(&c, u.encoding, spec).u)
		case attrAbstractOrigin:
			e.origin, e.hasOrigin = u.reference(u.abbrevs.read(&c, u.encoding, spec))
		case attrSpecification:
			v := u.abbrevs.read(&c, u.encoding, spec)
			if !e.hasOrigin {
				e.origin, e.hasOrigin = u.reference(v)
			}
		default:
			if spec.size >= 0 {
				c.skip(uint64(spec.size))
			} else {
				u.encoding.skip(&c, spec.form)
			}
		}
	}
	return e
}
