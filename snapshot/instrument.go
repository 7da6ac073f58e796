package snapshot

import (
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/wasm"
)

// Instrument returns a module that does what m does and exports what its state is made
// of. It differs from m in what stands behind the entries of sections: exports and, where
// code drops segments, functions that tell. The error is a *Refused, or says which code
// cannot be read.
func Instrument(m *wasm.Module) ([]byte, *Reading, error) {
	changes, err := ChangesOf(m)
	if err != nil {
		return nil, nil, fmt.Errorf("snapshot: %w", err)
	}
	if err := check(m, &changes); err != nil {
		return nil, nil, err
	}
	x := newExporter(m)
	r := &Reading{Globals: x.globals()}
	for i := range m.Memories {
		r.Memories = append(r.Memories, x.name(wasm.KindMemory, uint32(i), "memory"))
	}
	refers := slices.ContainsFunc(m.Globals, func(g wasm.Global) bool { return g.Mutable && g.Type.IsRef() })
	if changes.Tables {
		for i := range m.Tables {
			r.Tables = append(r.Tables, x.name(wasm.KindTable, uint32(i), "table"))
		}
	}
	if changes.Tables && len(m.Tables) > 0 || refers {
		for _, f := range referable(m) {
			r.Funcs = append(r.Funcs, Named{Index: f, Name: x.name(wasm.KindFunc, f, "func")})
		}
	}
	probes, err := addProbes(m, &changes, x, r)
	if err != nil {
		return nil, nil, err
	}
	contents := map[wasm.SectionID][]byte{wasm.SectionExport: m.Extend(wasm.SectionExport, x.added...)}
	if len(probes) > 0 {
		contents[wasm.SectionType] = m.Extend(wasm.SectionType, []byte{0x60, 0, 0})
		contents[wasm.SectionFunction] = m.Extend(wasm.SectionFunction, slices.Repeat([][]byte{binary.AppendUvarint(nil, uint64(len(m.Types)))}, len(probes))...)
		contents[wasm.SectionCode] = m.Extend(wasm.SectionCode, probes...)
	}
	return m.Replace(contents), r, nil
}

// ExportGlobals returns m with all mutable globals exported, so that whoever runs an
// instance can put them back; nil if they are already, or if some cannot be put back.
func ExportGlobals(m *wasm.Module) []byte {
	for i, g := range m.Globals {
		if g.Mutable && (g.Type.IsRef() || i < m.NumImported(wasm.KindGlobal)) {
			return nil
		}
	}
	x := newExporter(m)
	x.globals()
	if len(x.added) == 0 {
		return nil
	}
	return m.Replace(map[wasm.SectionID][]byte{wasm.SectionExport: m.Extend(wasm.SectionExport, x.added...)})
}

// exporter finds names for what a module exports and is to export.
type exporter struct {
	m     *wasm.Module
	taken map[string]bool
	known map[wasm.Kind]map[uint32]string
	added [][]byte
}

func newExporter(m *wasm.Module) *exporter {
	x := &exporter{m: m, taken: make(map[string]bool), known: make(map[wasm.Kind]map[uint32]string)}
	for _, e := range m.Exports {
		x.taken[e.Name] = true
		x.know(e.Kind, e.Index, e.Name)
	}
	return x
}

func (x *exporter) know(k wasm.Kind, index uint32, name string) {
	if x.known[k] == nil {
		x.known[k] = make(map[uint32]string)
	}
	if _, known := x.known[k][index]; !known {
		x.known[k][index] = name
	}
}

// name is a name that something is exported by, and has it exported if need be.
func (x *exporter) name(k wasm.Kind, index uint32, what string) string {
	if n, ok := x.known[k][index]; ok {
		return n
	}
	n := fmt.Sprintf("%s%s:%d", Prefix, what, index)
	for x.taken[n] {
		n += "'"
	}
	x.taken[n] = true
	x.know(k, index, n)
	x.added = append(x.added, binary.AppendUvarint(append(appendName(nil, n), byte(k)), uint64(index)))
	return n
}

// globals exports those that can change.
func (x *exporter) globals() []Named {
	var all []Named
	for i, g := range x.m.Globals {
		if g.Mutable {
			all = append(all, Named{Index: uint32(i), Name: x.name(wasm.KindGlobal, uint32(i), "global")})
		}
	}
	return all
}

// addProbes adds to r a function for each segment that can be dropped, and returns their
// bodies.
func addProbes(m *wasm.Module, c *Changes, x *exporter, r *Reading) (bodies [][]byte, err error) {
	next := uint32(len(m.Funcs))
	probe := func(what string, segment, table uint32, wide bool, op wasm.Opcode, operands ...uint32) Named {
		name := x.name(wasm.KindFunc, next, what)
		next++
		bodies = append(bodies, probeBody(wide, op, operands))
		return Named{Index: segment, Name: name, Table: table}
	}
	if len(c.Data) > 0 && len(m.Memories) == 0 {
		return nil, refuse("its code drops data segments, and it has no memory: it cannot be told which")
	}
	for _, i := range c.Data {
		r.Data = append(r.Data, probe("data", i, 0, m.Memories[0].Is64, opMemoryInit, i, 0))
	}
	for _, i := range c.Elements {
		t := slices.IndexFunc(m.Tables, func(t wasm.Table) bool { return t.Elem == m.Elements[i].Type })
		if t < 0 {
			continue // nothing can be done with it, dropped or not
		}
		r.Elements = append(r.Elements, probe("elements", i, uint32(t), m.Tables[t].Is64, wasm.OpTableInit, i, uint32(t)))
	}
	return bodies, nil
}

// Opcodes that probes and initial values are written in.
const (
	opI32Const   = 0x41
	opI64Const   = 0x42
	opF32Const   = 0x43
	opF64Const   = 0x44
	opRefNull    = 0xd0
	opRefFunc    = 0xd2
	opEnd        = 0x0b
	prefixMisc   = 0xfc
	prefixVector = 0xfd
	v128Const    = 12
	opMemoryInit = wasm.OpDataDrop - 1
)

// probeBody copies the first entry of a segment to address 0.
func probeBody(wide bool, op wasm.Opcode, operands []uint32) []byte {
	to := byte(opI32Const)
	if wide {
		to = opI64Const
	}
	b := []byte{0, to, 0, opI32Const, 0, opI32Const, 1, prefixMisc, byte(op & 0xff)}
	for _, o := range operands {
		b = binary.AppendUvarint(b, uint64(o))
	}
	b = append(b, opEnd)
	return append(binary.AppendUvarint(nil, uint64(len(b))), b...)
}

// constant appends a constant expression for a global.
func constant(to []byte, t wasm.ValueType, v guest.Value) []byte {
	switch t.Code {
	case guest.I32:
		to = wasm.AppendSigned(append(to, opI32Const), int64(v.I32()))
	case guest.I64:
		to = wasm.AppendSigned(append(to, opI64Const), v.I64())
	case guest.F32:
		to = binary.LittleEndian.AppendUint32(append(to, opF32Const), v.U32())
	case guest.F64:
		to = binary.LittleEndian.AppendUint64(append(to, opF64Const), v.U64())
	case guest.V128:
		to = binary.LittleEndian.AppendUint64(append(to, prefixVector, v128Const), v[0])
		to = binary.LittleEndian.AppendUint64(to, v[1])
	default:
		to = reference(to, v.U32())
	}
	return append(to, opEnd)
}

// reference appends an instruction that refers to a function, or to none.
func reference(to []byte, f uint32) []byte {
	if f == Null {
		return append(to, opRefNull, byte(guest.FuncRef))
	}
	return binary.AppendUvarint(append(to, opRefFunc), uint64(f))
}
