package wasm_test

import (
	"testing"

	"github.com/faaslens/faaslens/wasm"
	. "github.com/faaslens/faaslens/wasm/wasmtest"
	"github.com/google/go-cmp/cmp"
)

func TestDamagedNamesGiveWhatCouldBeRead(t *testing.T) {
	good := Section(1, NameMap("f", "g"))
	both := wasm.NameMap{{Index: 0, Name: "f"}, {Index: 1, Name: "g"}}
	tests := []struct {
		name    string
		payload []byte
		want    wasm.NameMap
		reason  string // "" if nothing is wrong
	}{
		{"nothing wrong", good, both, ""},
		{"an empty section", nil, nil, ""},
		{"a subsection of the future", Cat(Section(77, B(1, 2, 3)), good), both, ""},
		{"damage in a subsection before", Cat(Section(0, U(9), B('a')), good), both, "a name takes 9 bytes, 1 are left"},
		{"damage in a subsection behind", Cat(good, Section(2, U(1), U(0), U(1), U(0), U(30))), both, "takes 30 bytes"},
		{"a name that is cut off", Section(1, U(2), U(0), Name("f"), U(1), U(9), B('g')), both[:1], "takes 9 bytes, 1 are left"},
		{"more names claimed than there can be", Section(1, U(1<<20), U(0), Name("f"), U(1), Name("g")), both, "claims 1048576 names"},
		{"names out of order", Section(1, U(2), U(1), Name("g"), U(0), Name("f")), both, "index 0 stands behind index 1"},
		{"two names for one function", Section(1, U(3), U(0), Name("f"), U(1), Name("g"), U(0), Name("again")), both, "index 0 stands behind index 1"},
		{"a name that is not UTF-8", Section(1, U(2), U(0), Name("a\xffb"), U(1), Name("g")),
			wasm.NameMap{{Index: 0, Name: "a\uFFFDb"}, {Index: 1, Name: "g"}}, "not UTF-8"},
		{"a subsection longer than the section", Cat(B(1), U(90), NameMap("f", "g")), both, "subsection 1 takes 90 bytes, 7 are left"},
		{"a last subsection without its size", Cat(good, B(2)), both, "a subsection's size"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			names, err := parse(t, Module(Custom("name", tt.payload))).Names()
			if diff := cmp.Diff(tt.want, names.Funcs); diff != "" {
				t.Errorf("functions (-want +got):\n%s", diff)
			}
			if tt.reason == "" && err != nil {
				t.Errorf("error %v", err)
			}
			if tt.reason != "" {
				wantInvalid(t, err, offsetOf(err), tt.reason)
			}
		})
	}
}

func TestNamesOfEachKindAreFound(t *testing.T) {
	names, err := parse(t, Module(Custom("name",
		Section(0, Name("mod")),
		Section(2, Vec(Cat(U(3), NameMap("x", "y")), Cat(U(5), NameMap("z")))),
		Section(3, Vec(Cat(U(1), NameMap("loop")))),
		Section(4, NameMap("type")), Section(5, NameMap("table")), Section(6, NameMap("memory")),
		Section(7, NameMap("global")), Section(8, NameMap("elements")), Section(9, NameMap("data")),
		Section(10, Vec(Cat(U(2), NameMap("field")))), Section(11, NameMap("tag")),
	))).Names()
	if err != nil {
		t.Fatal(err)
	}
	got := []string{names.Module}
	for _, m := range []wasm.NameMap{names.Locals.Lookup(3), names.Locals.Lookup(5), names.Locals.Lookup(4), names.Labels.Lookup(1), names.Types,
		names.Tables, names.Memories, names.Globals, names.Elements, names.Data, names.Fields.Lookup(2), names.Tags} {
		for _, n := range m {
			got = append(got, n.Name)
		}
	}
	want := []string{"mod", "x", "y", "z", "loop", "type", "table", "memory", "global", "elements", "data", "field", "tag"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("names (-want +got):\n%s", diff)
	}
	if names.Func(0) != "" || names.Locals.Len() != 2 {
		t.Errorf("function 0 is %q, %d functions have locals", names.Func(0), names.Locals.Len())
	}
}
