package wast

import (
	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/wasm"
)

// elements writes the element segments.
func (t *module) elements() error {
	for i, e := range t.m.Elements {
		b := t.start("  ", "elem", i, t.p.ids.elements)
		switch e.Mode {
		case wasm.SegmentDeclared:
			b = append(b, " declare"...)
		case wasm.SegmentActive:
			if e.Table != 0 {
				b = append(appendIndex(append(b, " (table "...), e.Table, t.p.ids.tables), ')')
			}
			var err error
			if b, err = t.offset(b, e.Offset); err != nil {
				return err
			}
		}
		b, err := t.items(b, e)
		if err != nil {
			return err
		}
		t.line(append(b, ')'))
	}
	return nil
}

// items writes the elements of a segment.
func (t *module) items(b []byte, e wasm.Element) ([]byte, error) {
	if !e.Exprs {
		b = append(b, " func"...)
		for f := range t.m.FuncIndices(e) {
			b = appendFunc(append(b, ' '), f, t.p.ids)
		}
		return b, nil
	}
	b = append(append(b, ' '), e.Type.String()...)
	at := e.Items
	for range e.Count {
		var err error
		b, at, err = t.expressionEnd(append(b, " (item "...), at)
		if err != nil {
			return nil, err
		}
		b = append(b, ')')
	}
	return b, nil
}

// offset writes where an active segment goes.
func (t *module) offset(b []byte, c wasm.Const) ([]byte, error) {
	b, err := t.expression(append(b, " (offset "...), c.At)
	return append(b, ')'), err
}

// bytesPerLine is how much of a data segment stands in a line.
const bytesPerLine = 64

// data writes the data segments.
func (t *module) data() error {
	for i, d := range t.m.Data {
		b := t.start("  ", "data", i, t.p.ids.data)
		if d.Mode == wasm.SegmentActive {
			if d.Memory != 0 {
				b = append(appendIndex(append(b, " (memory "...), d.Memory, t.p.ids.memories), ')')
			}
			var err error
			if b, err = t.offset(b, d.Offset); err != nil {
				return err
			}
		}
		bytes := t.m.Bytes()[d.File : d.File+guest.FileOffset(d.Size)]
		if len(bytes) <= bytesPerLine {
			t.line(append(appendString(append(b, ' '), bytes), ')'))
			continue
		}
		t.w.Write(b)
		for ; len(bytes) > 0; bytes = bytes[min(len(bytes), bytesPerLine):] {
			b = append(t.b[:0], "\n    "...)
			t.w.Write(appendString(b, bytes[:min(len(bytes), bytesPerLine)]))
		}
		t.line([]byte(")"))
	}
	return nil
}
