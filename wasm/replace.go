package wasm

import (
	"encoding/binary"
	"slices"
)

// Replace returns a copy of the module in which sections have other contents. A section
// whose content is nil is left out; one that the module lacks stands at its place. All
// others are the same bytes in the same order. Of custom sections all stay, or, where they
// have nil for their content, none. Contents are not checked.
func (m *Module) Replace(contents map[SectionID][]byte) []byte {
	added := make([]SectionID, 0, len(contents))
	for id, content := range contents {
		if content != nil && id != SectionCustom && !m.hasSection(id) {
			added = append(added, id)
		}
	}
	slices.SortFunc(added, func(a, b SectionID) int { return sectionOrder[a] - sectionOrder[b] })
	to := slices.Clone(m.bytes[:preambleSize])
	add := func(before int) { // those that belong before a place in the order
		for len(added) > 0 && sectionOrder[added[0]] < before {
			to, added = appendSection(to, added[0], contents[added[0]]), added[1:]
		}
	}
	last := m.lastSection()
	for i, s := range m.Sections {
		if s.ID != SectionCustom {
			add(sectionOrder[s.ID])
		}
		content, other := contents[s.ID]
		switch {
		case !other:
			to = append(to, m.bytes[s.Header:s.End()]...)
		case content != nil && s.ID != SectionCustom:
			to = appendSection(to, s.ID, content)
		}
		if i == last {
			add(len(sectionOrder)) // names stand behind all of them
		}
	}
	add(len(sectionOrder))
	return to
}

// lastSection is the index of the last section that is not custom; -1 if there is none.
func (m *Module) lastSection() int {
	for i := len(m.Sections) - 1; i >= 0; i-- {
		if m.Sections[i].ID != SectionCustom {
			return i
		}
	}
	return -1
}

func (m *Module) hasSection(id SectionID) bool {
	return slices.ContainsFunc(m.Sections, func(s Section) bool { return s.ID == id })
}

func appendSection(to []byte, id SectionID, content []byte) []byte {
	return appendBytes(append(to, byte(id)), content)
}

// Extend returns the content of a section that is one vector, with entries behind its own.
// Of a section that the module lacks, those are all.
func (m *Module) Extend(id SectionID, entries ...[]byte) []byte {
	i := slices.IndexFunc(m.Sections, func(s Section) bool { return s.ID == id })
	r := &reader{b: m.bytes}
	if i >= 0 {
		r.pos, r.end = int(m.Sections[i].Content), int(m.Sections[i].End())
	}
	n := uint64(0)
	if r.more() {
		n = uint64(r.u32("the length of a section"))
	}
	content := binary.AppendUvarint(nil, n+uint64(len(entries)))
	content = append(content, m.bytes[r.pos:r.end]...)
	return append(content, slices.Concat(entries...)...)
}

// AppendTo appends the type's encoding.
func (t ValueType) AppendTo(to []byte) []byte {
	to = append(to, byte(t.Code))
	if t.Code == refNull || t.Code == ref {
		to = AppendSigned(to, int64(t.Heap))
	}
	return to
}

// AppendTo appends the encoding of a memory's limits.
func (l Limits) AppendTo(to []byte) []byte { return l.appendTo(to, 0, nil) }

func (l Limits) appendTo(to []byte, flags byte, behind []byte) []byte {
	for bit, on := range map[byte]bool{limitHasMax: l.HasMax, limitShared: l.Shared, limitIs64: l.Is64} {
		if on {
			flags |= bit
		}
	}
	to = binary.AppendUvarint(append(to, flags), l.Min)
	if l.HasMax {
		to = binary.AppendUvarint(to, l.Max)
	}
	return append(to, behind...)
}

// AppendTo appends the encoding of the memory's type.
func (m Memory) AppendTo(to []byte) []byte {
	if m.PageSizeLog2 == DefaultPageSizeLog2 {
		return m.Limits.AppendTo(to)
	}
	return m.Limits.appendTo(to, limitPageSize, []byte{m.PageSizeLog2})
}

// AppendTo appends the encoding of the table's type, without an initial value.
func (t Table) AppendTo(to []byte) []byte { return t.Limits.AppendTo(t.Elem.AppendTo(to)) }

// AppendSigned appends n as signed LEB128 (section 5.2.2).
func AppendSigned(to []byte, n int64) []byte {
	for {
		c := byte(n) & 0x7f
		n >>= 7
		if n == 0 && c&0x40 == 0 || n == -1 && c&0x40 != 0 {
			return append(to, c)
		}
		to = append(to, c|0x80)
	}
}

// ReplaceCustom returns a copy of the module in which the first custom section of each name
// has another payload. All else is the same bytes in the same order.
func (m *Module) ReplaceCustom(payloads map[string][]byte) []byte {
	to := slices.Clone(m.bytes[:preambleSize])
	custom := 0
	replaced := make(map[string]bool)
	for _, s := range m.Sections {
		if s.ID == SectionCustom {
			name := m.Customs[custom].Name
			custom++
			if payload, other := payloads[name]; other && !replaced[name] {
				replaced[name] = true
				to = appendSection(to, SectionCustom, append(appendBytes(nil, []byte(name)), payload...))
				continue
			}
		}
		to = append(to, m.bytes[s.Header:s.End()]...)
	}
	return to
}
