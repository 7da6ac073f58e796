package wasm

import (
	"fmt"

	"github.com/faaslens/faaslens/guest"
)

// Module is what a core module declares. Slices of functions, tables, memories,
// globals and tags are whole index spaces: what is imported comes first, in
// the order of the imports, as instructions and exports count.
type Module struct {
	Types    []Type
	Imports  []Import
	Funcs    []uint32 // the index in Types of each function's type
	Tables   []Table
	Memories []Memory
	Globals  []Global
	Tags     []uint32 // the index in Types of each tag's type
	Exports  []Export
	Start    *guest.FuncIndex // nil without a start function
	Elements []Element
	Data     []Data
	Bodies   []Body // of the functions that are not imported
	Customs  []Custom
	Sections []Section // all of them, in the order of the file

	imported [kinds]int // how many of each kind are imported
	code     Section    // zero without a code section
	bytes    []byte
}

// Parse reads the module in b, which must not change while the Module is used.
// An error is a *guest.InvalidModule with the offset in b of the first mistake.
func Parse(b []byte) (*Module, error) {
	if len(b) > maxModuleSize {
		return nil, &guest.InvalidModule{Offset: -1, Reason: fmt.Sprintf("the file has %s; engines take at most %s",
			guest.FormatBytes(uint64(len(b))), guest.FormatBytes(maxModuleSize))}
	}
	if err := checkPreamble(b); err != nil {
		return nil, err
	}
	m := &Module{bytes: b}
	p := &parser{m: m}
	r := &reader{b: b, pos: preambleSize, end: len(b)}
	last := SectionCustom
	for r.more() {
		s := readSection(r)
		if r.ok() && s.ID != SectionCustom {
			checkOrder(r, last, s)
			last = s.ID
		}
		if !r.ok() {
			break
		}
		m.Sections = append(m.Sections, s)
		content := &reader{b: b, pos: int(s.Content), end: int(s.End()), where: s.ID.String() + " section"}
		p.section(content, s)
		if content.more() && s.ID != SectionCustom {
			content.failAt(content.pos, "%d bytes follow the last entry", content.left())
		}
		r.err = content.err
	}
	if r.err == nil {
		r.where = "module"
		p.finish(r)
	}
	if r.err != nil {
		return nil, r.err
	}
	return m, nil
}

func checkOrder(r *reader, last SectionID, s Section) {
	switch {
	case s.ID == last:
		r.failAt(int(s.Header), "there are two of them; a module has at most one")
	case sectionOrder[s.ID] < sectionOrder[last]:
		r.failAt(int(s.Header), "stands after the %s section, but belongs before it", last)
	}
}

// parser holds what is needed only while parsing.
type parser struct {
	m         *Module
	hasCount  bool // there is a data count section
	dataCount int
}

func (p *parser) section(r *reader, s Section) {
	switch s.ID {
	case SectionCustom:
		p.custom(r, s)
	case SectionType:
		p.types(r)
	case SectionImport:
		p.imports(r)
	case SectionFunction:
		p.functions(r)
	case SectionTable:
		p.tables(r)
	case SectionMemory:
		p.memories(r)
	case SectionTag:
		p.tags(r)
	case SectionGlobal:
		p.globals(r)
	case SectionExport:
		p.exports(r)
	case SectionStart:
		p.start(r)
	case SectionElement:
		p.elements(r)
	case SectionDataCount:
		p.hasCount, p.dataCount = true, int(r.u32("the number of data segments"))
	case SectionCode:
		p.m.code = s
		p.code(r)
	case SectionData:
		p.data(r)
	}
}

// finish checks what sections say about each other, once all are read.
func (p *parser) finish(r *reader) {
	m := p.m
	if want := len(m.Funcs) - m.imported[KindFunc]; want != len(m.Bodies) {
		r.failAt(len(r.b), "the function section declares %d functions, the code section has %d", want, len(m.Bodies))
	}
	if p.hasCount && p.dataCount != len(m.Data) {
		r.failAt(len(r.b), "the data count section says %d segments, the data section has %d", p.dataCount, len(m.Data))
	}
}

// Size returns the module's length in bytes.
func (m *Module) Size() int { return len(m.bytes) }

// Bytes returns what the module was parsed from; it must not be changed.
func (m *Module) Bytes() []byte { return m.bytes }
