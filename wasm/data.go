package wasm

import "github.com/faaslens/faaslens/guest"

// Data is one data segment (section 5.5.14).
type Data struct {
	Mode   SegmentMode
	Memory uint32           // of an active segment
	Offset Const            // in the memory, of an active segment
	File   guest.FileOffset // where its bytes are in the module
	Size   uint32
}

const (
	dataPassive  = 1
	dataExplicit = 2
)

// data reads the data section.
func (p *parser) data(r *reader) {
	n := r.count("data segments", 2, maxSegments)
	p.m.Data = make([]Data, 0, n)
	for i := 0; i < n && r.ok(); i++ {
		p.m.Data = append(p.m.Data, p.dataSegment(r))
	}
}

func (p *parser) dataSegment(r *reader) Data {
	var d Data
	start := r.pos
	switch kind := r.u32("a data segment's kind"); kind {
	case dataPassive:
		d.Mode = SegmentPassive
	case dataExplicit:
		d.Memory = r.index("memory", len(p.m.Memories))
		d.Offset = r.constExpr("a data segment's offset")
	case 0:
		if len(p.m.Memories) == 0 {
			r.failAt(start, "a data segment fills memory 0, but there is no memory")
		}
		d.Offset = r.constExpr("a data segment's offset")
	default:
		r.failAt(start, "a data segment is of the unknown kind %d", kind)
	}
	d.Size = r.u32("a data segment's size")
	d.File = guest.FileOffset(r.pos)
	r.take(uint64(d.Size), "a data segment")
	return d
}

// DataSize returns the length of all data segments together, in bytes.
func (m *Module) DataSize() uint64 {
	var n uint64
	for _, d := range m.Data {
		n += uint64(d.Size)
	}
	return n
}
