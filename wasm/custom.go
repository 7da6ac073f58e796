package wasm

import (
	"strings"

	"github.com/faaslens/faaslens/guest"
)

// Custom is a custom section (section 5.5.3), as far as it concerns every reader.
type Custom struct {
	Name    string
	Offset  guest.FileOffset // of Payload in the module
	Payload []byte           // aliases the module's bytes
}

func (p *parser) custom(r *reader, s Section) {
	if len(p.m.Customs) >= maxCustoms {
		r.failAt(int(s.Header), "there are more than %d custom sections; this reader takes no more", maxCustoms)
		return
	}
	c := Custom{Name: r.name("its name"), Offset: guest.FileOffset(r.pos)}
	c.Payload = r.take(uint64(r.left()), "its payload")
	p.m.Customs = append(p.m.Customs, c)
}

// Custom returns the first custom section of that name; false if there is none.
func (m *Module) Custom(name string) (Custom, bool) {
	for _, c := range m.Customs {
		if c.Name == name {
			return c, true
		}
	}
	return Custom{}, false
}

// HasDWARF reports whether the module carries DWARF that describes its code.
func (m *Module) HasDWARF() bool {
	_, ok := m.Custom(".debug_info")
	return ok
}

// HasNames reports whether the module has a name section; it may still be empty
// or damaged.
func (m *Module) HasNames() bool {
	_, ok := m.Custom("name")
	return ok
}

// IsObject reports whether the module is an object file that is still to be
// linked (tool-conventions, Linking.md): it has relocations and imports its
// memory from the linker.
func (m *Module) IsObject() bool {
	_, linking := m.Custom("linking")
	_, memory := m.Import("env", "__linear_memory")
	return linking && memory
}

func isDWARF(name string) bool { return strings.HasPrefix(name, ".debug_") }

// payloadReader reads a custom section; what names it in messages.
func payloadReader(c Custom, m *Module) *reader {
	start := int(c.Offset)
	return &reader{b: m.bytes, pos: start, end: start + len(c.Payload), where: c.Name + " section"}
}
