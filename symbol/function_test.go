package symbol_test

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/internal/guesttest"
	"github.com/faaslens/faaslens/symbol"
	"github.com/faaslens/faaslens/wasm"
	"github.com/faaslens/faaslens/wasm/wasmtest"
)

func guestOffset(v uint64) guest.CodeOffset { return guest.CodeOffset(v) }

func open(t testing.TB, source string, opt string) (*symbol.Table, *wasm.Module) {
	t.Helper()
	m := build{source: source, opt: levels[slices.IndexFunc(levels, func(o optLevel) bool { return string(o) == opt })]}.module(t)
	return symbol.Open(symbol.Source{Module: m}), m
}

// TestFunctionsAreThoseOfTheNameSection compares names with what wasm-ld wrote, which
// demangles C++ as LLVM does.
func TestFunctionsAreThoseOfTheNameSection(t *testing.T) {
	for _, source := range []string{"symbols/shapes.c", "symbols/shapes.cpp"} {
		for _, opt := range []string{"0", "2"} {
			t.Run(source+" -O"+opt, func(t *testing.T) {
				table, m := open(t, source, opt)
				names, err := m.Names()
				if err != nil {
					t.Fatal(err)
				}
				count := 0
				for f := range table.Functions() {
					if int(f.Index) != count {
						t.Fatalf("function %d comes as number %d", f.Index, count)
					}
					count++
					want := names.Func(f.Index)
					if f.Name != want && want != aliases[f.Name] && !demanglersFault(f.Linkage, f.Name, want) {
						t.Errorf("%s: got %q, the name section has %q", f.Number, f.Name, want)
					}
				}
				if count != len(m.Funcs) {
					t.Errorf("%d functions of %d", count, len(m.Funcs))
				}
			})
		}
	}
}

// aliases are functions that C's library gives a second name: wasm-ld writes one,
// DWARF knows the one in the source.
var aliases = map[string]string{
	"dlmalloc": "malloc", "dlfree": "free", "dlcalloc": "calloc", "dlrealloc": "realloc",
}

func TestResolveGoesBothWays(t *testing.T) {
	table, _ := open(t, "symbols/shapes.cpp", "0")
	apply := table.Resolve("geometry::Circle::name() const")
	if len(apply) != 1 {
		t.Fatalf("geometry::Circle::name() const means %d functions", len(apply))
	}
	f := apply[0]
	if !strings.HasSuffix(f.File, "symbols/shapes.cpp") || f.Line != lineOf(t, "std::string name() const override") || f.Linkage != "_ZNK8geometry6Circle4nameEv" || f.Import {
		t.Errorf("got %+v", f)
	}
	for _, name := range []string{f.Number, f.Linkage, "geometry::Circle::name"} {
		if got := table.Resolve(name); len(got) != 1 || got[0] != f {
			t.Errorf("%s: got %+v, want %+v", name, got, f)
		}
	}
	if got := table.Resolve("functionImport0"); len(got) != 1 || !got[0].Import || got[0].Size() != 0 {
		t.Errorf("functionImport0: got %+v", got)
	}
	for _, name := range []string{"", "functionDef999999", "geometry::Circle::nam", "Circle"} {
		if got := table.Resolve(name); len(got) != 0 {
			t.Errorf("%q: got %+v, want nothing", name, got)
		}
	}
}

// lineOf returns the line of shapes.cpp that has the text.
func lineOf(t *testing.T, text string) int {
	t.Helper()
	before, _, ok := strings.Cut(string(wasmtest.ReadFile(t, filepath.Join(guesttest.Dir(), "symbols/shapes.cpp"))), text)
	if !ok {
		t.Fatalf("shapes.cpp has no %q", text)
	}
	return 1 + strings.Count(before, "\n")
}

func TestNamesComeFromTheBestSource(t *testing.T) {
	body := wasmtest.Body()
	section := func(id byte, entries ...[]byte) []byte {
		content := wasmtest.Cat(append([][]byte{{byte(len(entries))}}, entries...)...)
		return wasmtest.Cat([]byte{id}, wasmtest.Name(string(content)))
	}
	sized := wasmtest.Name(string(body))
	nameMap := wasmtest.Cat([]byte{1}, wasmtest.Name("\x02\x01\x05named\x02\x14_ZN2ns4funcILi1EEEvv"))
	b := wasmtest.Module(
		section(1, wasmtest.FuncType(nil, nil)),
		section(2, wasmtest.Import("env", "host", 0, 0)),
		section(3, []byte{0}, []byte{0}, []byte{0}, []byte{0}),
		section(7, wasmtest.Export("out", 0, 3), wasmtest.Export("also", 0, 3), wasmtest.Export("hidden", 0, 1)),
		section(10, sized, sized, sized, sized),
		wasmtest.Custom("name", nameMap),
	)
	var got []string
	for f := range symbol.Open(symbol.Source{Module: parse(t, b)}).Functions() {
		got = append(got, fmt.Sprintf("%s %s %s", f.Number, f.Name, f.Linkage))
	}
	want := []string{
		"functionImport0 env.host ",
		"functionDef0 named ",
		"functionDef1 void ns::func<1>() _ZN2ns4funcILi1EEEvv",
		"functionDef2 out ",
		"functionDef3 functionDef3 ",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestATableAnswersManyAtOnceAsItAnswersOne(t *testing.T) {
	table, m := open(t, "symbols/shapes.cpp", "2")
	fresh := symbol.Open(symbol.Source{Module: m})
	offsets := questions(t, m, table)
	want := make([][]symbol.Location, len(offsets))
	for i, o := range offsets {
		want[i] = table.At(o)
	}
	var all sync.WaitGroup
	for k := range 4 {
		all.Go(func() {
			for i := range offsets {
				j := (i + k*len(offsets)/4) % len(offsets)
				if !slices.Equal(fresh.At(offsets[j]), want[j]) {
					t.Errorf("0x%x: another answer", offsets[j])
					return
				}
			}
		})
	}
	all.Go(func() {
		for range fresh.Functions() {
		}
	})
	all.Wait()
}
