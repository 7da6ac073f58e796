package wast

import (
	"strings"

	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/wasm"
)

// functions writes the functions that the module defines.
func (t *module) functions(progress func(done, all int)) error {
	first := t.m.NumImportedFuncs()
	for k, body := range t.m.Bodies {
		if err := t.function(guest.FuncIndex(first+k), body); err != nil {
			return err
		}
		if progress != nil {
			progress(k+1, len(t.m.Bodies))
		}
	}
	return nil
}

// deepest is how many levels of nesting are shown by indentation.
const deepest = 40

func (t *module) function(i guest.FuncIndex, body wasm.Body) error {
	t.p.Func(i)
	code := t.m.Code(body)
	params, results := t.m.Types[t.m.Funcs[i]].Signature()
	header := t.declarations(nil, "param", params, 0)
	header = appendValues(header, "result", results)
	t.line(t.entry(wasm.KindFunc, int(i), "  ", header))
	var locals []wasm.ValueType
	for n, typ := range code.Locals() {
		for range n {
			locals = append(locals, typ)
		}
	}
	if len(locals) > 0 {
		t.line(append([]byte("   "), t.declarations(nil, "local", locals, len(params))...))
	}
	indent := strings.Repeat("  ", deepest+2)
	var in wasm.Instruction
	for code.Next(&in) {
		if in.Op == wasm.OpEnd && in.End() == body.End() {
			break // the function's own
		}
		t.b = append(t.b[:0], indent[:2*min(in.Depth, deepest)+4]...)
		t.b = t.p.Append(t.b, &in)
		t.line(t.b)
	}
	t.line([]byte("  )"))
	return code.Err()
}

// declarations writes parameters or locals, the first of which has the index first:
// those with an identifier each by itself, the others together.
func (t *module) declarations(b []byte, what string, types []wasm.ValueType, first int) []byte {
	open := false
	for k, typ := range types {
		id := t.p.locals[uint32(first+k)]
		if id != "" || !open {
			if open {
				b = append(b, ')')
			}
			b = append(append(b, " ("...), what...)
			open = id == ""
			if id != "" {
				b = append(append(b, ' '), id...)
				b = append(append(append(b, ' '), typ.String()...), ')')
				continue
			}
		}
		b = append(append(b, ' '), typ.String()...)
	}
	if open {
		b = append(b, ')')
	}
	return b
}

// Signature writes a function type: "(param i32 i64) (result i32)"; "" if it takes and
// returns nothing.
func Signature(t wasm.Type) string {
	params, results := t.Signature()
	return strings.TrimPrefix(string(appendValues(appendValues(nil, "param", params), "result", results)), " ")
}
