package symbol_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/internal/guesttest"
	"github.com/faaslens/faaslens/symbol"
	"github.com/faaslens/faaslens/toolchain"
	"github.com/faaslens/faaslens/wasm"
	"github.com/faaslens/faaslens/wasm/wasmtest"
)

// declarations returns the lines in which a Go file declares functions and methods
// that have bodies, by their names without types, and those of function literals.
func declarations(t *testing.T, file string) (named map[string][]int, literals map[int]bool) {
	t.Helper()
	set := token.NewFileSet()
	parsed, err := parser.ParseFile(set, file, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	named, literals = make(map[string][]int), make(map[int]bool)
	ast.Inspect(parsed, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncDecl:
			named[n.Name.Name] = append(named[n.Name.Name], set.Position(n.Pos()).Line)
		case *ast.FuncLit:
			literals[set.Position(n.Pos()).Line] = true
		}
		return true
	})
	return named, literals
}

// TestGoFunctionsAreWhereTheirSourceDeclaresThem compares with Go's own parser.
func TestGoFunctionsAreWhereTheirSourceDeclaresThem(t *testing.T) {
	for _, opt := range []toolchain.Opt{"0", "2"} {
		t.Run("-O"+string(opt), func(t *testing.T) {
			m := build{"symbols/shapes.go", opt, nil}.module(t)
			table := symbol.Open(symbol.Source{Module: m})
			ours := filepath.Join(guesttest.Dir(), "symbols/shapes.go")
			named, literals := declarations(t, ours)
			found := make(map[string]bool)
			for f := range table.Functions() {
				if f.File != ours {
					continue
				}
				name := strings.TrimPrefix(f.Name, "main.")
				found[name] = true
				base, _, _ := strings.Cut(name, "[") // of type parameters
				base = base[strings.LastIndex(base, ".")+1:]
				isDeclared := false
				for _, line := range named[base] {
					isDeclared = isDeclared || line == f.Line
				}
				if !isDeclared && !literals[f.Line] {
					t.Errorf("%s is not declared in line %d", f.Name, f.Line)
				}
				at := table.At(f.Start + 5)[0]
				if at.Function != f.Name || at.File != ours || at.Line != 0 || !strings.HasPrefix(at.Note, "no line numbers: Go writes none") {
					t.Errorf("at the start of %s: %+v", f.Name, at)
				}
			}
			for _, want := range []string{"main", "(*square).area", "find"} {
				if !found[want] {
					t.Errorf("main.%s has no place; got %v", want, found)
				}
			}
		})
	}
}

// TestGoNamesAreThoseOfTheNameSection holds that the table is used for nearly all
// functions, and never for a wrong one.
func TestGoNamesAreThoseOfTheNameSection(t *testing.T) {
	m := build{"symbols/shapes.go", "2", nil}.module(t)
	names, err := m.Names()
	if err != nil {
		t.Fatal(err)
	}
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	placed, total := 0, 0
	for f := range symbol.Open(symbol.Source{Module: m}).Functions() {
		section := names.Func(f.Index)
		if f.Name != section && f.Linkage != section {
			t.Errorf("%s: got %q (%q), the name section has %q", f.Number, f.Name, f.Linkage, section)
		}
		total++
		if strings.HasPrefix(f.File, strings.TrimSpace(string(root))) || strings.HasPrefix(f.File, guesttest.Dir()) {
			placed++
		}
	}
	if placed < total*8/10 {
		t.Errorf("%d of %d functions have a place", placed, total)
	}
}

func FuzzGoTable(f *testing.F) {
	text := func(s string) []byte { return append([]byte(s), 0) }
	header := func(counts ...uint64) []byte {
		b := []byte{0xf1, 0xff, 0xff, 0xff, 0, 0, 1, 8}
		for _, c := range counts {
			b = append(b, le32(uint32(c))...)
			b = append(b, le32(uint32(c>>32))...)
		}
		return b
	}
	names, units, files, pcs := text("\x00main.main"), le32(0), text("/src/main.go"), []byte{0, 2, 1, 0}
	offset := uint64(72)
	next := func(b []byte) uint64 { o := offset; offset += uint64(len(b)); return o }
	h := header(1, 1, 0, next(names), next(units), next(files), next(pcs), next(nil))
	entry := wasmtest.Cat(le32(0), le32(1), make([]byte, 4*3), le32(1), make([]byte, 4*3), le32(7), make([]byte, 4))
	funcs := wasmtest.Cat(le32(0), le32(8), entry)
	f.Add(wasmtest.Cat(h, names, units, files, pcs, funcs))
	f.Fuzz(func(t *testing.T, table []byte) {
		body := wasmtest.Name(string(wasmtest.Body(1, 1, 1, 1)))
		section := func(id byte, content ...[]byte) []byte {
			return wasmtest.Cat([]byte{id}, wasmtest.Name(string(wasmtest.Cat(content...))))
		}
		b := wasmtest.Module(
			wasmtest.Custom("go:buildid", nil),
			section(1, []byte{1}, wasmtest.FuncType(nil, nil)),
			section(3, []byte{1, 0}),
			section(5, []byte{1, 0, 1}),
			section(10, []byte{1}, body),
			section(11, []byte{1, 0}, wasmtest.I32Const(16), wasmtest.Name(string(table))),
		)
		m, err := wasm.Parse(b)
		if err != nil {
			t.Fatal(err)
		}
		exercise(t, symbol.Source{Module: m})
		if got, ok := symbol.Open(symbol.Source{Module: m}).Func(guest.FuncIndex(0)); !ok || got.Name == "" {
			t.Fatalf("%+v", got)
		}
	})
}
