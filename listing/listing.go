package listing

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/faaslens/faaslens/codemap"
	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/native"
	"github.com/faaslens/faaslens/symbol"
	"github.com/faaslens/faaslens/wasm"
	"github.com/faaslens/faaslens/wast"
)

// Module is what listings are made of.
type Module struct {
	Module  *wasm.Module
	Symbols *symbol.Table
	// Compiled is the code that the engine made of it; nil if it is not wanted.
	Compiled *Compiled
	// Samples are those of a profile; nil without one. They need Compiled.
	Samples *Samples

	printer *wast.Printer
	names   map[guest.FuncIndex]string
}

// Compiled is a compiled image. Its bytes must stay while it is used.
type Compiled struct {
	Arch  native.Arch
	Image []byte
	Map   *codemap.Map
	Stubs []codemap.Stub

	bodies map[guest.FuncIndex]codemap.Body
	traps  []codemap.Trap
}

// ReadCompiled reads a compiled image.
func ReadCompiled(arch native.Arch, image []byte) (*Compiled, error) {
	m, err := codemap.Read(image)
	if err != nil {
		return nil, err
	}
	c := &Compiled{Arch: arch, Image: image, Map: m, bodies: make(map[guest.FuncIndex]codemap.Body, len(m.Bodies))}
	for _, b := range m.Bodies {
		c.bodies[b.Func] = b
	}
	if c.Stubs, err = codemap.ReadStubs(image); err != nil {
		return nil, err
	}
	c.traps, err = codemap.ReadTraps(image)
	return c, err
}

// Function is the listing of one function of the module, or of one stub.
type Function struct {
	symbol.Function // only Name, for a stub
	Stub            bool
	// Type is the signature in the text format: "(param i32) (result i32)".
	Type string
	// Instructions are in the order of the module.
	Instructions []Instruction
	// Machine is in the order of the image; empty without Compiled.
	Machine []Machine
	// NativeStart and NativeEnd are where the machine code is in the image.
	NativeStart, NativeEnd uintptr
}

// Instruction is a WebAssembly instruction.
type Instruction struct {
	Offset guest.FileOffset
	Code   guest.CodeOffset
	Depth  int    // how many blocks it is in
	Text   string // in the text format
	Count  Count
	pieces []span
}

// Machine is an instruction of the processor, or data.
type Machine struct {
	native.Instruction
	// Place is the WebAssembly instruction that it comes from, or codemap.NoPlace. Near is
	// the one that code without a place belongs to: see codemap.Map.NearestFrame.
	Place, Near guest.FileOffset
	// Goes is the name of what is called or, if it is outside of this function, of what
	// Target is in.
	Goes string
	// Trap is why it may end the guest; "" if it may not.
	Trap  string
	Count Count
}

// Func lists a function.
func (m *Module) Func(i guest.FuncIndex) (Function, error) {
	info, ok := m.Symbols.Func(i)
	body, defined := m.Module.Body(i)
	if !ok || !defined {
		return Function{}, fmt.Errorf("list function %d: the module has no code of it", i)
	}
	f := Function{Function: info}
	if m.printer == nil {
		m.printer = wast.NewPrinter(m.Module, wast.Readable, m.name)
	}
	m.printer.Func(i)
	f.Type = wast.Signature(m.Module.Types[m.Module.Funcs[i]])
	calls, err := m.instructions(&f, body)
	if err != nil {
		return Function{}, fmt.Errorf("list %s: %w", info.Number, err)
	}
	if m.Compiled != nil {
		m.machine(&f, calls)
	}
	return f, nil
}

// name is what a function is called in calls; "" if its number says more.
func (m *Module) name(i guest.FuncIndex) string {
	if name, ok := m.names[i]; ok {
		return name
	}
	f, ok := m.Symbols.Func(i)
	name := f.Name
	if !ok || name == f.Number {
		name = ""
	}
	if m.names == nil {
		m.names = make(map[guest.FuncIndex]string)
	}
	m.names[i] = name
	return name
}

// instructions reads the body, and returns which imports are called where.
func (m *Module) instructions(f *Function, body wasm.Body) (map[guest.FileOffset]string, error) {
	calls := make(map[guest.FileOffset]string)
	code := m.Module.Code(body)
	var in wasm.Instruction
	var b []byte
	for code.Next(&in) {
		b = m.printer.Append(b[:0], &in)
		at, _ := m.Module.CodeOffset(in.Offset)
		f.Instructions = append(f.Instructions, Instruction{Offset: in.Offset, Code: at, Depth: int(in.Depth), Text: string(b)})
		if in.Op.Shape() == wasm.ShapeFunc && in.Op != wasm.OpRefFunc && int(in.Index) < m.Module.NumImportedFuncs() {
			calls[in.Offset] = m.called(guest.FuncIndex(in.Index))
		}
	}
	return calls, code.Err()
}

// called is a function's name, or else its number.
func (m *Module) called(i guest.FuncIndex) string {
	if name := m.name(i); name != "" {
		return name
	}
	f, _ := m.Symbols.Func(i)
	return f.Number
}

// span is a piece of machine code, by its offsets in the image.
type span struct {
	start, end uintptr
}

// machine reads the machine code of a function.
func (m *Module) machine(f *Function, calls map[guest.FileOffset]string) {
	body, ok := m.Compiled.bodies[f.Index]
	if !ok {
		return
	}
	f.NativeStart, f.NativeEnd = body.Start, body.End
	var pieces []piece
	for at, place := range m.Compiled.Map.Places(body) {
		if n := len(pieces); n > 0 {
			pieces[n-1].end = at
		}
		pieces = append(pieces, piece{span{at, body.End}, place, place})
	}
	fillPlaces(pieces)
	f.Machine = m.code(body.Start, body.End)
	next := 0
	for i := range f.Machine {
		in := &f.Machine[i]
		for next < len(pieces) && pieces[next].end <= in.Offset {
			next++
		}
		in.Place, in.Near = codemap.NoPlace, codemap.NoPlace
		if next < len(pieces) && pieces[next].start <= in.Offset && in.Kind != native.Data {
			in.Place, in.Near = pieces[next].place, pieces[next].near
		}
		if in.Kind == native.Call && in.Goes == "" {
			in.Goes = calls[in.Place]
		}
	}
	m.count(f, pieces)
}

// piece is machine code that comes from one WebAssembly instruction.
type piece struct {
	span
	place, near guest.FileOffset
}

// fillPlaces gives pieces without a place that of the next, or else of the last, that has
// one.
func fillPlaces(pieces []piece) {
	near := codemap.NoPlace
	for i := range slices.Backward(pieces) {
		if pieces[i].place != codemap.NoPlace {
			near = pieces[i].place
		}
		pieces[i].near = near
	}
	for i, p := range pieces {
		if p.near == codemap.NoPlace && i > 0 {
			pieces[i].near = pieces[i-1].near
		}
	}
}

// count gives samples to instructions.
func (m *Module) count(f *Function, pieces []piece) {
	if m.Samples == nil {
		return
	}
	for i := range f.Machine {
		in := &f.Machine[i]
		in.Count = m.Samples.count([]span{{in.Offset, in.End()}})
	}
	of := make(map[guest.FileOffset][]span)
	for _, p := range pieces {
		of[p.near] = append(of[p.near], p.span)
	}
	for i := range f.Instructions {
		in := &f.Instructions[i]
		in.pieces = of[in.Offset]
		in.Count = m.Samples.count(in.pieces)
	}
}

// Sum counts the samples of some WebAssembly instructions of a function, each sample
// once.
func (m *Module) Sum(all []Instruction) Count {
	if m.Samples == nil {
		return Count{}
	}
	var spans []span
	for _, in := range all {
		spans = append(spans, in.pieces...)
	}
	return m.Samples.count(spans)
}

// SumMachine counts the samples of some machine code, each sample once.
func (m *Module) SumMachine(all []Machine) Count {
	if m.Samples == nil {
		return Count{}
	}
	var spans []span
	for _, in := range all {
		spans = append(spans, span{in.Offset, in.End()})
	}
	return m.Samples.count(spans)
}

// code reads a piece of machine code, and names where it leads and why it may trap.
func (m *Module) code(start, end uintptr) []Machine {
	c := m.Compiled
	trap, _ := slices.BinarySearchFunc(c.traps, start, func(t codemap.Trap, at uintptr) int { return cmp.Compare(t.At, at) })
	var all []Machine
	for in := range native.Body(c.Arch, c.Image[start:end], start) {
		line := Machine{Instruction: in, Place: codemap.NoPlace, Near: codemap.NoPlace}
		for trap < len(c.traps) && c.traps[trap].At < in.Offset {
			trap++
		}
		if trap < len(c.traps) && c.traps[trap].At == in.Offset {
			line.Trap = c.traps[trap].String()
		}
		if in.HasTarget && (in.Kind == native.Call || in.Target < start || in.Target >= end) {
			line.Goes = m.at(in.Target)
		}
		all = append(all, line)
	}
	return all
}

// at names what is at an offset of the image: a function or a stub; "" for neither.
func (m *Module) at(offset uintptr) string {
	c := m.Compiled
	if b, ok := c.Map.Body(offset); ok {
		return from(m.called(b.Func), offset-b.Start)
	}
	k, exact := slices.BinarySearchFunc(c.Stubs, offset, func(s codemap.Stub, at uintptr) int { return cmp.Compare(s.Start, at) })
	if !exact {
		k--
	}
	if k < 0 || offset >= c.Stubs[k].End {
		return ""
	}
	return from(c.Stubs[k].Name, offset-c.Stubs[k].Start)
}

func from(name string, distance uintptr) string {
	if distance == 0 {
		return name
	}
	return fmt.Sprintf("%s+0x%x", name, distance)
}

// StubCode lists a stub.
func (m *Module) StubCode(s codemap.Stub) Function {
	f := Function{Function: symbol.Function{Name: s.Name}, Stub: true, NativeStart: s.Start, NativeEnd: s.End, Machine: m.code(s.Start, s.End)}
	m.count(&f, nil)
	return f
}
