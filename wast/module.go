package wast

import (
	"bufio"
	"io"
	"strconv"

	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/wasm"
)

// Options say how a module is written.
type Options struct {
	// FuncName gives functions' names; nil leaves them to the name section.
	FuncName func(guest.FuncIndex) string
	// Progress is told how many of the module's functions have been written. May be
	// nil.
	Progress func(done, all int)
}

// Write writes a module. Every identifier is one that all readers of the format take.
func Write(w io.Writer, m *wasm.Module, o Options) error {
	t := &module{m: m, w: bufio.NewWriterSize(w, 1<<16), p: NewPrinter(m, Portable, o.FuncName)}
	t.line(append([]byte("(module"), moduleName(m)...))
	t.types()
	t.imports()
	if err := t.functions(o.Progress); err != nil {
		return err
	}
	if err := t.definitions(); err != nil {
		return err
	}
	t.exports()
	if m.Start != nil {
		t.line(append(appendFunc([]byte("  (start "), *m.Start, t.p.ids), ')'))
	}
	if err := t.elements(); err != nil {
		return err
	}
	if err := t.data(); err != nil {
		return err
	}
	t.line([]byte(")"))
	return t.w.Flush()
}

func moduleName(m *wasm.Module) []byte {
	names, _ := m.Names() // it stays without a name
	if names.Module == "" {
		return nil
	}
	return append([]byte{' '}, portable(names.Module)...)
}

// module is a module being written. Errors of w are kept until it is flushed.
type module struct {
	m *wasm.Module
	w *bufio.Writer
	p *Printer
	b []byte // for one line
}

func (t *module) line(b []byte) {
	t.w.Write(b) // an error is kept by the writer, and seen at its end
	t.w.WriteByte('\n')
}

// start begins an entry of an index space: what it is, its identifier and its number.
func (t *module) start(indent, what string, i int, names map[uint32]string) []byte {
	b := append(append(t.b[:0], indent...), '(')
	b = append(b, what...)
	if id := names[uint32(i)]; id != "" {
		b = append(append(b, ' '), id...)
	}
	b = strconv.AppendInt(append(b, " (;"...), int64(i), 10)
	return append(b, ";)"...)
}

func (t *module) types() {
	group := 0 // how many types of the group are still to come
	for i, typ := range t.m.Types {
		indent := "  "
		if typ.Group > 0 {
			t.line([]byte("  (rec"))
			group = typ.Group
		}
		if group > 0 {
			indent = "    "
		}
		b := append(t.start(indent, "type", i, t.p.ids.types), ' ')
		sub := typ.HasSuper || typ.Open
		if sub {
			b = append(b, "(sub "...)
			if !typ.Open {
				b = append(b, "final "...)
			}
			if typ.HasSuper {
				b = append(appendIndex(b, typ.Super, t.p.ids.types), ' ')
			}
		}
		b = appendType(b, typ)
		if sub {
			b = append(b, ')')
		}
		t.line(append(b, ')'))
		if group--; group == 0 {
			t.line([]byte("  )"))
		}
	}
}

func appendType(b []byte, typ wasm.Type) []byte {
	switch typ.Form {
	case wasm.FormFunc:
		params, results := typ.Signature()
		b = append(b, "(func"...)
		b = appendValues(appendValues(b, "param", params), "result", results)
	case wasm.FormStruct:
		b = append(b, "(struct"...)
		for _, f := range typ.Fields() {
			b = append(appendField(append(b, " (field "...), f), ')')
		}
	case wasm.FormArray:
		b = append(b, "(array "...)
		for _, f := range typ.Fields() {
			b = appendField(b, f)
		}
	}
	return append(b, ')')
}

func appendField(b []byte, f wasm.Field) []byte {
	if f.Mutable {
		return append(append(append(b, "(mut "...), f.Type.String()...), ')')
	}
	return append(b, f.Type.String()...)
}

// appendValues writes types that have no identifiers: " (param i32 i64)".
func appendValues(b []byte, what string, types []wasm.ValueType) []byte {
	if len(types) == 0 {
		return b
	}
	b = append(append(b, " ("...), what...)
	for _, t := range types {
		b = append(append(b, ' '), t.String()...)
	}
	return append(b, ')')
}

func (t *module) imports() {
	for _, i := range t.m.Imports {
		b := append(t.b[:0], "  (import "...)
		b = appendString(b, []byte(i.Module))
		b = appendString(append(b, ' '), []byte(i.Name))
		t.w.Write(append(b, ' '))
		t.line(append(t.entry(i.Kind, int(i.Index), "", nil), "))"...))
	}
}

// entry writes an imported thing, or a defined one without what it is at first: its
// kind, identifier and type, without the closing parenthesis. extra stands behind a
// function's type.
func (t *module) entry(k wasm.Kind, i int, indent string, extra []byte) []byte {
	ids := t.p.ids
	switch k {
	case wasm.KindTable:
		table := t.m.Tables[i]
		b := appendLimits(t.start(indent, "table", i, ids.tables), table.Limits)
		return append(append(b, ' '), table.Elem.String()...)
	case wasm.KindMemory:
		memory := t.m.Memories[i]
		b := appendLimits(t.start(indent, "memory", i, ids.memories), memory.Limits)
		if memory.PageSizeLog2 != wasm.DefaultPageSizeLog2 {
			b = append(strconv.AppendUint(append(b, " (pagesize "...), 1<<memory.PageSizeLog2, 10), ')')
		}
		return b
	case wasm.KindGlobal:
		g := t.m.Globals[i]
		return appendField(append(t.start(indent, "global", i, ids.globals), ' '), wasm.Field{Type: g.Type, Mutable: g.Mutable})
	case wasm.KindTag:
		return t.typeUse(t.start(indent, "tag", i, ids.tags), t.m.Tags[i])
	}
	names := map[uint32]string{uint32(i): ids.funcs(guest.FuncIndex(i))}
	return append(t.typeUse(t.start(indent, "func", i, names), t.m.Funcs[i]), extra...)
}

func (t *module) typeUse(b []byte, typ uint32) []byte {
	b = append(b, " (type "...)
	return append(appendIndex(b, typ, t.p.ids.types), ')')
}

func appendLimits(b []byte, l wasm.Limits) []byte {
	if l.Is64 {
		b = append(b, " i64"...)
	}
	b = strconv.AppendUint(append(b, ' '), l.Min, 10)
	if l.HasMax {
		b = strconv.AppendUint(append(b, ' '), l.Max, 10)
	}
	if l.Shared {
		b = append(b, " shared"...)
	}
	return b
}

// definitions writes what the module itself defines beside functions.
func (t *module) definitions() error {
	m := t.m
	for i := m.NumImported(wasm.KindTable); i < len(m.Tables); i++ {
		b := t.entry(wasm.KindTable, i, "  ", nil)
		if m.Tables[i].HasInit {
			var err error
			if b, err = t.expression(append(b, ' '), m.Tables[i].Init.At); err != nil {
				return err
			}
		}
		t.line(append(b, ')'))
	}
	for i := m.NumImported(wasm.KindMemory); i < len(m.Memories); i++ {
		t.line(append(t.entry(wasm.KindMemory, i, "  ", nil), ')'))
	}
	for i := m.NumImported(wasm.KindTag); i < len(m.Tags); i++ {
		t.line(append(t.entry(wasm.KindTag, i, "  ", nil), ')'))
	}
	for i := m.NumImported(wasm.KindGlobal); i < len(m.Globals); i++ {
		b, err := t.expression(append(t.entry(wasm.KindGlobal, i, "  ", nil), ' '), m.Globals[i].Init.At)
		if err != nil {
			return err
		}
		t.line(append(b, ')'))
	}
	return nil
}

// expression writes a constant expression, each instruction in parentheses.
func (t *module) expression(b []byte, at guest.FileOffset) ([]byte, error) {
	b, _, err := t.expressionEnd(b, at)
	return b, err
}

// expressionEnd is expression, with the offset behind it.
func (t *module) expressionEnd(b []byte, at guest.FileOffset) ([]byte, guest.FileOffset, error) {
	code := t.m.Expression(at)
	var in wasm.Instruction
	for first := true; code.Next(&in); first = false {
		if in.Op == wasm.OpEnd {
			continue
		}
		if !first {
			b = append(b, ' ')
		}
		b = append(t.p.Append(append(b, '('), &in), ')')
	}
	return b, code.Offset(), code.Err()
}

func (t *module) exports() {
	for _, e := range t.m.Exports {
		b := appendString(append(t.b[:0], "  (export "...), []byte(e.Name))
		b = append(b, " ("...)
		switch ids := t.p.ids; e.Kind {
		case wasm.KindFunc:
			b = appendFunc(append(b, "func "...), guest.FuncIndex(e.Index), ids)
		case wasm.KindTable:
			b = appendIndex(append(b, "table "...), e.Index, ids.tables)
		case wasm.KindMemory:
			b = appendIndex(append(b, "memory "...), e.Index, ids.memories)
		case wasm.KindGlobal:
			b = appendIndex(append(b, "global "...), e.Index, ids.globals)
		case wasm.KindTag:
			b = appendIndex(append(b, "tag "...), e.Index, ids.tags)
		}
		t.line(append(b, "))"...))
	}
}
