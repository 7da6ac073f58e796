package wasm

import (
	"fmt"

	"github.com/faaslens/faaslens/guest"
)

// SectionID numbers a section's kind (section 5.5.2).
type SectionID byte

const (
	SectionCustom SectionID = iota
	SectionType
	SectionImport
	SectionFunction
	SectionTable
	SectionMemory
	SectionGlobal
	SectionExport
	SectionStart
	SectionElement
	SectionCode
	SectionData
	SectionDataCount
	SectionTag
)

var sectionNames = [...]string{"custom", "type", "import", "function", "table", "memory", "global",
	"export", "start", "element", "code", "data", "data count", "tag"}

// sectionOrder gives each section its place in a module (section 5.5.16): the tag
// section stands after memories, the data count before code.
var sectionOrder = [...]int{
	SectionType: 1, SectionImport: 2, SectionFunction: 3, SectionTable: 4, SectionMemory: 5, SectionTag: 6,
	SectionGlobal: 7, SectionExport: 8, SectionStart: 9, SectionElement: 10, SectionDataCount: 11,
	SectionCode: 12, SectionData: 13, SectionCustom: 0,
}

// String returns the section's name in lower case, such as "data count".
func (id SectionID) String() string {
	if int(id) < len(sectionNames) {
		return sectionNames[id]
	}
	return fmt.Sprintf("section %d", byte(id))
}

// Section is where one section lies in the module.
type Section struct {
	ID SectionID
	// Header is the offset of the section's id byte, Content that of what
	// follows its size. A custom section's content starts with its name.
	Header, Content guest.FileOffset
	Size            uint64 // of the content, in bytes
}

// End returns the offset just behind the section.
func (s Section) End() guest.FileOffset { return s.Content + guest.FileOffset(s.Size) }

// readSection reads one section's header, checks that it fits in the file and
// moves r behind it.
func readSection(r *reader) Section {
	s := Section{Header: guest.FileOffset(r.pos)}
	r.where = "section header"
	s.ID = SectionID(r.byte("a section's id"))
	if int(s.ID) >= len(sectionNames) {
		r.where = "module"
		r.failAt(int(s.Header), "section id %d is unknown: the file is damaged, or newer than this reader", byte(s.ID))
		return s
	}
	r.where = s.ID.String() + " section"
	s.Size = uint64(r.u32("the section's size"))
	s.Content = guest.FileOffset(r.pos)
	if r.ok() && s.Size > uint64(r.left()) {
		r.err = &guest.InvalidModule{Offset: int64(s.Header), Reason: fmt.Sprintf("section %s ends %d bytes past the end of the file: the file is cut off or damaged",
			s.ID, s.Size-uint64(r.left()))}
		return s
	}
	if r.ok() {
		r.pos += int(s.Size)
	}
	return s
}
