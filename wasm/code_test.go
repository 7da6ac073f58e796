package wasm_test

import (
	"testing"

	"github.com/faaslens/faaslens/guest"
	. "github.com/faaslens/faaslens/wasm/wasmtest"
)

func TestABodyIsFoundByAnyOffsetInIt(t *testing.T) {
	m := parse(t, program(t, []string{"-g", "-O2"}))
	code, _ := m.CodeSection()
	for i := range m.Bodies {
		f := guest.FuncIndex(i + m.NumImportedFuncs())
		b, ok := m.Body(f)
		if !ok {
			t.Fatalf("function %d has no body", f)
		}
		for _, at := range []guest.FileOffset{b.Offset - 1, b.Offset, b.Offset + 1, b.End() - 1} {
			got, ok := m.BodyAt(guest.CodeOffset(at - code.Content))
			if !ok || got != f {
				t.Errorf("at 0x%x is function %d (%v), want %d", at, got, ok, f)
			}
		}
	}
	if f, ok := m.BodyAt(0); ok {
		t.Errorf("the section's count is taken for function %d", f)
	}
	if f, ok := m.BodyAt(guest.CodeOffset(code.Size)); ok {
		t.Errorf("the section's end is taken for function %d", f)
	}
	if _, ok := m.Body(0); ok {
		t.Error("an import has a body")
	}
}

func TestAPaddedSizeBelongsToItsBody(t *testing.T) {
	body := B(0, 0x0b)
	m := parse(t, Module(
		Section(1, Vec(FuncType(nil, nil))), Section(3, Vec(U(0), U(0))),
		Section(10, PaddedU(2, 3), PaddedU(2, 4), body, PaddedU(2, 2), body)))
	for at, want := range map[guest.CodeOffset]int{0: -1, 2: -1, 3: 0, 6: 0, 7: 0, 8: 0, 9: 1, 12: 1, 13: -1} {
		got := -1
		if i, ok := m.BodyAt(at); ok {
			got = int(i)
		}
		if got != want {
			t.Errorf("at %d is function %d, want %d", at, got, want)
		}
	}
	if at, ok := m.CodeOffset(m.Bodies[0].Offset); !ok || at != 7 {
		t.Errorf("the first body is at %d of the code", at)
	}
}
