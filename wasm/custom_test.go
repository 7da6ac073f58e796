package wasm_test

import (
	"errors"
	"regexp"
	"testing"

	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/wasm"
	. "github.com/faaslens/faaslens/wasm/wasmtest"
	"github.com/google/go-cmp/cmp"
)

func offsetOf(err error) int64 {
	var invalid *guest.InvalidModule
	if errors.As(err, &invalid) {
		return invalid.Offset
	}
	return -1
}

func TestCustomSectionsAliasTheModule(t *testing.T) {
	b := Module(Custom("note", B(1, 2, 3)), Custom("note", B(4)))
	m := parse(t, b)
	c, ok := m.Custom("note")
	if !ok || len(c.Payload) != 3 || &c.Payload[0] != &b[c.Offset] {
		t.Errorf("got %+v (%v)", c, ok)
	}
	if len(m.Customs) != 2 || cap(c.Payload) != 3 {
		t.Errorf("%d custom sections, payload's capacity %d", len(m.Customs), cap(c.Payload))
	}
}

func TestProducersOfARealModule(t *testing.T) {
	p, err := parse(t, program(t, []string{"-O1"})).Producers()
	if err != nil {
		t.Fatal(err)
	}
	found := false
	for _, tool := range p.ProcessedBy {
		found = found || tool.Name == "Debian clang" || tool.Name == "clang"
	}
	if !found {
		t.Errorf("no clang in %+v", p)
	}
}

func TestDamagedProducersGiveWhatCouldBeRead(t *testing.T) {
	p, err := parse(t, Module(Custom("producers", U(2),
		Name("sdk"), Vec(Cat(Name("kit"), Name("1"))),
		Name("language"), U(2), Name("C11"), Name(""), U(40)))).Producers()
	wantInvalid(t, err, offsetOf(err), "a producer's name takes 40 bytes")
	want := wasm.Producers{SDK: []wasm.Producer{{Name: "kit", Version: "1"}}, Language: []wasm.Producer{{Name: "C11"}}}
	if diff := cmp.Diff(want, p); diff != "" {
		t.Errorf("producers (-want +got):\n%s", diff)
	}
}

func TestTheLinkersBuildIDIsRead(t *testing.T) {
	if got := parse(t, program(t, nil, "--build-id=0x0123456789abcdef")).BuildID(); string(got) != "\x01\x23\x45\x67\x89\xab\xcd\xef" {
		t.Errorf("build id % x", got)
	}
	if got := parse(t, program(t, nil, "--build-id=sha1")).BuildID(); len(got) != 20 {
		t.Errorf("SHA-1 build id % x", got)
	}
	if got := parse(t, program(t, nil)).BuildID(); got != nil {
		t.Errorf("build id % x of a module without one", got)
	}
}

func TestDamagedIdentifyingSectionsCountAsAbsent(t *testing.T) {
	m := parse(t, Module(Custom("build_id", U(9), B(1)), Custom("external_debug_info", U(9), B('a'))))
	if m.BuildID() != nil || m.ExternalDebugInfo() != "" {
		t.Errorf("build id % x, debug file %q", m.BuildID(), m.ExternalDebugInfo())
	}
	if got := parse(t, Module(Custom("build_id", U(0)))).BuildID(); got != nil {
		t.Errorf("empty build id %v", got)
	}
}

func TestObjectFilesAreTold(t *testing.T) {
	object := ReadFile(t, Compile(t, "testdata/runs.c", "-g"))
	if !parse(t, object).IsObject() {
		t.Error("an object file is not told")
	}
	for _, flag := range []string{"--emit-relocs", "--strip-all"} {
		if parse(t, program(t, nil, flag)).IsObject() {
			t.Errorf("a module linked with %s is taken for an object file", flag)
		}
	}
}

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

func TestUncommonMemoriesAndTables(t *testing.T) {
	m := parse(t, Module(
		Section(4, Vec(Cat(B(0x40, 0, 0x70, 1, 1, 5), B(0xd0, 0x70, 0x0b)))),
		Section(5, Vec(B(0x0d, 1, 2, 0), Cat(B(4), U(1<<40)), B(3, 1, 4))),
	))
	var got []string
	for i := range m.Memories {
		got = append(got, m.TypeString(wasm.KindMemory, uint32(i)))
	}
	got = append(got, m.TypeString(wasm.KindTable, 0), m.TypeString(wasm.KindTable, 1))
	want := []string{"1 to 2 pages of 1 bytes, 64-bit", "1099511627776 or more pages, 64-bit", "1 to 4 pages, shared", "1 to 5 funcref", ""}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("types (-want +got):\n%s", diff)
	}
}

// subprogram matches what llvm-dwarfdump prints of a function with code.
var subprogram = regexp.MustCompile(`DW_TAG_subprogram\n\s+DW_AT_low_pc\s+\((0x\w+)\)\n\s+DW_AT_high_pc\s+\((0x\w+)\)\n(?:\s+DW_AT_\w+\s+\(.*\)\n)*?\s+DW_AT_name\s+\("(\w+)"\)`)
