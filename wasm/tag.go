package wasm

import "slices"

// tags reads the tag section (section 5.5.9): exceptions by the type of what they carry.
func (p *parser) tags(r *reader) {
	n := r.count("tags", 2, maxTags)
	p.m.Tags = slices.Grow(p.m.Tags, n)
	for i := 0; i < n && r.ok(); i++ {
		p.m.Tags = append(p.m.Tags, p.tagType(r))
	}
}

func (p *parser) tagType(r *reader) uint32 {
	start := r.pos
	if c := r.byte("a tag's attribute"); c != 0 {
		r.failAt(start, "a tag's attribute is 0x%02x; only exceptions, 0, are known", c)
	}
	return p.funcTypeIndex(r, "a tag")
}
