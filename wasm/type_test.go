package wasm_test

import (
	"testing"

	"github.com/faaslens/faaslens/wasm"
	. "github.com/faaslens/faaslens/wasm/wasmtest"
	"github.com/google/go-cmp/cmp"
)

func TestTypesOfGarbageCollectedObjectsAreReadable(t *testing.T) {
	// By hand from the specification, sections 5.3.4 to 5.3.8: no tool in
	// Debian writes these types in their final encoding.
	node := B(0x50, 0, 0x5f, 2, 0x78, 1, 0x63, 0, 0)             // sub (struct (mut i8) (ref null 0))
	leaf := B(0x4f, 1, 0, 0x5f, 3, 0x78, 1, 0x63, 0, 0, 0x7e, 0) // sub final 0 (struct ... i64)
	f := B(0x60, 3, 0x64, 1, 0x6e, 0x7f, 2, 0x63, 2, 0x64, 0x6c) // func (ref 1) anyref i32 -> (ref null 2) (ref i31)
	m := parse(t, Module(
		Section(1, Vec(Cat(B(0x4e), Vec(node, leaf)), B(0x5e, 0x77, 1), f)),
		Section(2, Vec(Import("env", "f", 0, 3), Import("env", "any", 3, 0x63, 0x6e, 0))),
		Section(4, Vec(B(0x63, 0, 0, 3))),
		Section(6, Vec(B(0x63, 0, 1, 0xd0, 0x71, 0x0b), B(0x64, 2, 0, 0x41, 3, 0xfb, 7, 2, 0x0b))),
		Section(9, Vec(Cat(B(3, 0), Vec(U(0))))),
	))
	var got []string
	for _, typ := range m.Types {
		got = append(got, typ.String())
	}
	for i := range m.Globals {
		got = append(got, m.TypeString(wasm.KindGlobal, uint32(i)))
	}
	got = append(got, m.TypeString(wasm.KindTable, 0), m.TypeString(wasm.KindFunc, 0))
	want := []string{
		"struct {mut i8, (ref null 0)}",
		"struct {mut i8, (ref null 0), i64}",
		"array {mut i16}",
		"((ref 1), anyref, i32) -> ((ref null 2), (ref i31))",
		"(ref null any)", "mut (ref null 0)", "(ref 2)",
		"3 or more (ref null 0)",
		"((ref 1), anyref, i32) -> ((ref null 2), (ref i31))",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("types (-want +got):\n%s", diff)
	}
}

// TestSimpleTypesReadLikeGuestTypes holds our spelling of a type against that of
// the shared vocabulary.
func TestSimpleTypesReadLikeGuestTypes(t *testing.T) {
	m := parse(t, program(t, []string{"-O1"}))
	for i, typ := range m.Types {
		if typ.String() != typ.Func.String() {
			t.Errorf("type %d is %q, as a guest's %q", i, typ, typ.Func)
		}
	}
}
