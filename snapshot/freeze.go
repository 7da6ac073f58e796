package snapshot

import (
	"encoding/binary"
	"fmt"

	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/wasm"
)

// MaxData bounds what a frozen module has in its data segments, in bytes.
const MaxData = 512 << 20

// Freeze returns a module whose instances start in the state that was read from an
// instance of m. The error is a *Refused, also where r and s are not of m.
func Freeze(m *wasm.Module, r *Reading, s *State) ([]byte, error) {
	changes, err := ChangesOf(m)
	if err != nil {
		return nil, fmt.Errorf("snapshot: %w", err)
	}
	if err := check(m, &changes); err != nil {
		return nil, err
	}
	if err := fits(m, r, s); err != nil {
		return nil, err
	}
	f := &freezer{m: m, reading: r, state: s, contents: map[wasm.SectionID][]byte{wasm.SectionStart: nil}}
	if err := f.memories(); err != nil {
		return nil, err
	}
	f.globals()
	if err := f.tables(); err != nil {
		return nil, err
	}
	f.elements()
	x := newExporter(m)
	x.globals()
	if len(x.added) > 0 {
		f.contents[wasm.SectionExport] = m.Extend(wasm.SectionExport, x.added...)
	}
	b := m.Replace(f.contents)
	if len(b) > wasm.MaxModuleSize {
		return nil, refuse("the module would have %s", guest.FormatBytes(uint64(len(b))))
	}
	return b, nil
}

type freezer struct {
	m        *wasm.Module
	reading  *Reading
	state    *State
	contents map[wasm.SectionID][]byte
	runs     [][]byte // of elements: segments to be added
}

// fits checks that a state was read from an instance of the module.
func fits(m *wasm.Module, r *Reading, s *State) error {
	switch {
	case len(s.Memories) != len(m.Memories) || len(s.Globals) != len(r.Globals),
		len(s.Tables) != len(r.Tables) || len(s.Tables) != 0 && len(s.Tables) != len(m.Tables),
		len(s.DroppedData) != len(r.Data) || len(s.DroppedElements) != len(r.Elements):
		return refuse("the state is of another module")
	}
	for i, g := range r.Globals {
		if int(g.Index) >= len(m.Globals) || int(g.Index) < m.NumImported(wasm.KindGlobal) || !m.Globals[g.Index].Mutable {
			return refuse("the state has global %d, which the module cannot change", g.Index)
		}
		if v := s.Globals[i].U32(); m.Globals[g.Index].Type.IsRef() && v != Null && int(v) >= len(m.Funcs) {
			return refuse("global %d refers to function %d, which there is not", g.Index, v)
		}
	}
	return nil
}

// memories makes each as large as it was, and data segments of what was in it.
func (f *freezer) memories() error {
	m := f.m
	if len(m.Memories) == 0 {
		return nil
	}
	types := binary.AppendUvarint(nil, uint64(len(m.Memories)))
	data := f.passiveData()
	for i, mem := range m.Memories {
		bytes := f.state.Memories[i]
		size := uint64(len(bytes))
		mem.Min = size >> mem.PageSizeLog2
		if mem.Min<<mem.PageSizeLog2 != size || mem.HasMax && mem.Min > mem.Max {
			return refuse("memory %d has %d bytes, which it cannot have", i, size)
		}
		types = mem.AppendTo(types)
		for _, r := range findRuns(bytes) {
			data = append(data, dataSegment(uint32(i), mem.Is64, r.start, bytes[r.start:r.end]))
		}
	}
	f.contents[wasm.SectionMemory] = types
	if len(data) > maxSegments {
		return refuse("it has %d data segments, and what is in memory makes %d: engines take at most %d", len(m.Data), len(data), maxSegments)
	}
	total := 0
	for _, d := range data {
		total += len(d)
	}
	if total > MaxData {
		return refuse("its memory has %s that are not zero; at most %s are kept", guest.FormatBytes(uint64(total)), guest.FormatBytes(MaxData))
	}
	content := binary.AppendUvarint(make([]byte, 0, total+8), uint64(len(data)))
	for _, d := range data {
		content = append(content, d...)
	}
	f.contents[wasm.SectionData] = content
	if f.has(wasm.SectionDataCount) {
		f.contents[wasm.SectionDataCount] = binary.AppendUvarint(nil, uint64(len(data)))
	}
	return nil
}

func (f *freezer) has(id wasm.SectionID) bool {
	for _, s := range f.m.Sections {
		if s.ID == id {
			return true
		}
	}
	return false
}

// passiveData are the module's own data segments, at their indices: as they were, or
// empty if they were used up. Without a data count no code refers to one.
func (f *freezer) passiveData() [][]byte {
	if !f.has(wasm.SectionDataCount) {
		return nil
	}
	dropped := droppedOf(f.reading.Data, f.state.DroppedData)
	all := make([][]byte, len(f.m.Data))
	for i, d := range f.m.Data {
		all[i] = []byte{dataPassive, 0}
		if d.Mode == wasm.SegmentPassive && !dropped[uint32(i)] {
			b := f.m.Bytes()[d.File : d.File+guest.FileOffset(d.Size)]
			all[i] = append(binary.AppendUvarint([]byte{dataPassive}, uint64(len(b))), b...)
		}
	}
	return all
}

func droppedOf(segments []Named, dropped []bool) map[uint32]bool {
	is := make(map[uint32]bool)
	for i, d := range segments {
		is[d.Index] = dropped[i]
	}
	return is
}

// Kinds of data segments (section 5.5.14).
const (
	dataActive   = 0
	dataPassive  = 1
	dataExplicit = 2
)

// dataSegment is one that is copied to a place in memory when an instance is made.
func dataSegment(memory uint32, wide bool, at int, content []byte) []byte {
	b := make([]byte, 0, len(content)+24)
	if memory == 0 {
		b = append(b, dataActive)
	} else {
		b = binary.AppendUvarint(append(b, dataExplicit), uint64(memory))
	}
	b = offset(b, wide, at)
	b = binary.AppendUvarint(b, uint64(len(content)))
	return append(b, content...)
}

// offset appends a constant expression for a place.
func offset(to []byte, wide bool, at int) []byte {
	if wide {
		to = wasm.AppendSigned(append(to, opI64Const), int64(at))
	} else {
		to = wasm.AppendSigned(append(to, opI32Const), int64(int32(uint32(at))))
	}
	return append(to, opEnd)
}

// globals gives those that can change the values that they had.
func (f *freezer) globals() {
	own := f.m.Globals[f.m.NumImported(wasm.KindGlobal):]
	if len(f.reading.Globals) == 0 {
		return
	}
	values := make(map[int]guest.Value)
	for i, g := range f.reading.Globals {
		values[int(g.Index)-f.m.NumImported(wasm.KindGlobal)] = f.state.Globals[i]
	}
	content := binary.AppendUvarint(nil, uint64(len(own)))
	for i, g := range own {
		content = g.Type.AppendTo(content)
		v, changes := values[i]
		if !changes {
			content = append(content, byte(0))
			if g.Mutable {
				content[len(content)-1] = 1
			}
			content = append(content, f.m.Bytes()[g.Init.At:g.Init.End]...)
			continue
		}
		content = constant(append(content, 1), g.Type, v)
	}
	f.contents[wasm.SectionGlobal] = content
}
