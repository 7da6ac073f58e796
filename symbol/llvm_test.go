package symbol_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/symbol"
)

// faults are what the demangler does differently from LLVM's, by what the mangled
// name has in it.
var faults = []struct {
	mangled *regexp.Regexp
	same    func(ours, llvm string) bool
}{
	// An unresolved name in an expression: see the variable of that name in
	// demangle.go.
	{regexp.MustCompile(`sr[0-9]+[A-Za-z_]`), shortens},
	// A generic lambda's parameter: it writes the type, and LLVM auto.
	{regexp.MustCompile(`Ul.*T_`), func(ours, llvm string) bool {
		return ours[:strings.LastIndex(ours, "(")] == llvm[:strings.LastIndex(llvm, "(")]
	}},
	// An empty pack of template arguments: it writes nothing between two commas,
	// and LLVM no comma, or three dots.
	{regexp.MustCompile(`JE|I_E|IE|T._T`), func(ours, llvm string) bool {
		clean := strings.NewReplacer(", , ", ", ", ", >", ">", "<...>", "<>", "(, ", "(", "<, ", "<")
		return clean.Replace(clean.Replace(ours)) == clean.Replace(llvm)
	}},
}

// demanglersFault reports whether our name differs from LLVM's only as the demangler
// is known to differ.
func demanglersFault(mangled, ours, llvm string) bool {
	for _, f := range faults {
		if f.mangled.MatchString(mangled) && f.same(ours, llvm) {
			return true
		}
	}
	return false
}

func TestSymbolizeWritesWhatLLVMWrites(t *testing.T) {
	for _, b := range []build{
		{"symbols/shapes.c", "1", nil},
		{"symbols/shapes.cpp", "0", nil},
		{"symbols/shapes.cpp", "2", nil},
		{"symbols/shapes.rs", "2", nil},
		{"symbols/shapes.rs", "1", []string{"-Csymbol-mangling-version=v0"}},
	} {
		t.Run(b.String(), func(t *testing.T) {
			t.Parallel()
			bare := withoutNames(b.module(t))
			m := parse(t, bare)
			table := symbol.Open(symbol.Source{Module: m})
			offsets := questions(t, m, table)
			var out strings.Builder
			if err := table.Symbolize(&out, offsets...); err != nil {
				t.Fatal(err)
			}
			got, want := answers(t, out.String(), len(offsets)), symbolizer(t, bare, offsets)
			mangled := mangledAnswers(table, offsets)
			faulty := make(map[string]bool)
			for i := range offsets {
				for k, line := range mangled[i] {
					if k < len(want[i]) && got[i][k] != want[i][k] && demanglersFault(line, got[i][k], want[i][k]) {
						want[i][k] = got[i][k]
						faulty[line] = true
					}
				}
				if diff := cmp.Diff(want[i], got[i]); diff != "" {
					t.Fatalf("0x%x (-llvm +ours):\n%s", offsets[i], diff)
				}
			}
			t.Logf("%d offsets, %d names that the demangler writes differently", len(offsets), len(faulty))
		})
	}
}

// shortens reports whether a name is the longer one without its template arguments
// and parameters.
func shortens(short, long string) bool {
	depth := 0
	var plain strings.Builder
	for _, r := range long {
		switch r {
		case '<':
			depth++
		case '>':
			depth--
		default:
			if depth == 0 {
				plain.WriteRune(r)
			}
		}
	}
	return strings.Contains(plain.String(), short)
}

// TestSymbolizerTakesNamesFromAnotherOffset proves the one fault of llvm-symbolizer
// 19 that the tests work around: it looks the outermost function up in DWARF by the
// offset in the code section, as DWARF means it, but in the name section by the same
// number as an offset in the file. So its name there is that of a function which
// starts before, by as much as precedes the code section.
func TestSymbolizerTakesNamesFromAnotherOffset(t *testing.T) {
	m := build{"symbols/shapes.c", "0", nil}.module(t)
	bare := parse(t, withoutNames(m))
	table := symbol.Open(symbol.Source{Module: bare})
	offsets := questions(t, bare, table)
	names, err := m.Names()
	if err != nil {
		t.Fatal(err)
	}
	withNames := symbolizer(t, m.Bytes(), offsets)
	without := symbolizer(t, withoutNames(m), offsets)
	wrong := 0
	for i, offset := range offsets {
		// Names count from the file's start: this is the function found there.
		other, ok := m.CodeOffset(guest.FileOffset(offset))
		f, inBody := m.BodyAt(other)
		outermost := len(withNames[i]) - 2
		want := without[i][outermost]
		if ok && inBody {
			want = names.Func(f)
		}
		got := withNames[i][outermost]
		if got != want {
			t.Fatalf("0x%x: %q, want %q", offset, got, want)
		}
		if got != without[i][outermost] {
			wrong++
		}
		if !slices.Equal(withNames[i][:outermost], without[i][:outermost]) {
			t.Fatalf("0x%x: more than the outermost name differs", offset)
		}
	}
	if wrong == 0 {
		t.Error("llvm-symbolizer has no such fault any more: let the tests leave names in")
	}
}
