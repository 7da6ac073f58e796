package symbol_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/internal/guesttest"
	"github.com/faaslens/faaslens/symbol"
	"github.com/faaslens/faaslens/toolchain"
	"github.com/faaslens/faaslens/wasm"
	"github.com/faaslens/faaslens/wasm/wasmtest"
)

// build is one way to build one guest.
type build struct {
	source string
	opt    toolchain.Opt
	flags  []string
}

func (b build) String() string {
	return strings.Join(append([]string{filepath.Base(b.source), "-O" + string(b.opt)}, b.flags...), " ")
}

func (b build) module(t testing.TB) *wasm.Module {
	t.Helper()
	return parse(t, guesttest.BuildFlags(t, b.opt, b.flags, b.source))
}

func parse(t testing.TB, b []byte) *wasm.Module {
	t.Helper()
	m, err := wasm.Parse(b)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

type optLevel = toolchain.Opt

// compile compiles a C source by itself, for what a build does not offer.
func compile(t testing.TB, source string, flags ...string) string {
	t.Helper()
	return wasmtest.Compile(t, wasmtest.File(t, "source.c", []byte(source)), flags...)
}

var levels = []optLevel{"0", "1", "2", "s", "z"}

// builds are the guests that have DWARF, at every level.
func builds() []build {
	var all []build
	for _, opt := range levels {
		for _, source := range []string{"symbols/shapes.c", "symbols/shapes.cpp"} {
			all = append(all, build{source, opt, nil}, build{source, opt, []string{"-gdwarf-5"}})
		}
		all = append(all, build{"symbols/shapes.rs", opt, nil})
	}
	return append(all,
		build{"symbols/shapes.cpp", "2", []string{"-flto"}},
		build{"symbols/shapes.c", "2", []string{"-flto", "-gdwarf-5"}},
		build{"symbols/shapes.rs", "2", []string{"-Csymbol-mangling-version=v0"}},
		build{"symbols/shapes.cpp", "1", []string{"-gline-tables-only"}},
		build{"symbols/shapes.cpp", "2", []string{"-gdwarf-5", "-fdebug-types-section"}},
		build{"symbols/shapes.cpp", "2", []string{"-fdebug-types-section"}},
		build{"symbols/shapes.c", "1", []string{"-gdwarf-3"}},
		build{"symbols/shapes.c", "1", []string{"-gdwarf-2"}},
	)
}

// withoutNames returns the module without its name section and exports.
// llvm-symbolizer takes the outermost function's name from there by the wrong offset,
// which TestSymbolizerTakesNamesFromAnotherOffset proves.
func withoutNames(m *wasm.Module) []byte {
	b := slices.Clone(m.Bytes()[:8])
	custom := 0
	for _, s := range m.Sections {
		if s.ID == wasm.SectionExport {
			continue
		}
		if s.ID == wasm.SectionCustom {
			custom++
			if m.Customs[custom-1].Name == "name" {
				continue
			}
		}
		b = append(b, m.Bytes()[s.Header:s.End()]...)
	}
	return b
}

// llvm runs one of LLVM's tools.
func llvm(t testing.TB, stdin, tool string, args ...string) string {
	t.Helper()
	path, err := exec.LookPath(tool)
	if err != nil {
		t.Fatalf("%s is needed as an oracle: apt-get install llvm-19", tool)
	}
	cmd := exec.Command(path, args...)
	cmd.Stdin = strings.NewReader(stdin)
	var out, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s: %v\n%s", tool, err, &stderr)
	}
	return out.String()
}

// symbolizer asks llvm-symbolizer and returns what it says about each offset, line by
// line.
func symbolizer(t testing.TB, module []byte, offsets []guest.CodeOffset, flags ...string) [][]string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "module.wasm")
	if err := os.WriteFile(file, module, 0o644); err != nil {
		t.Fatal(err)
	}
	var in strings.Builder
	for _, o := range offsets {
		fmt.Fprintf(&in, "0x%x\n", o)
	}
	return answers(t, llvm(t, in.String(), "llvm-symbolizer-19", append(flags, "--obj="+file)...), len(offsets))
}

// answers splits a symbolizer's output.
func answers(t testing.TB, out string, want int) [][]string {
	t.Helper()
	blocks := strings.Split(strings.TrimSuffix(out, "\n\n"), "\n\n")
	if len(blocks) != want {
		t.Fatalf("%d answers to %d questions", len(blocks), want)
	}
	all := make([][]string, len(blocks))
	for i, b := range blocks {
		all[i] = strings.Split(b, "\n")
	}
	return all
}

// questions are the offsets of all rows of the line tables, and as many random ones.
func questions(t testing.TB, m *wasm.Module, table *symbol.Table) []guest.CodeOffset {
	t.Helper()
	var offsets []guest.CodeOffset
	for row, err := range table.Rows() {
		if err != nil {
			t.Fatal(err)
		}
		if !row.End {
			offsets = append(offsets, row.Offset)
		}
	}
	if len(offsets) < 1000 {
		t.Fatalf("only %d rows: the guest has no debug info", len(offsets))
	}
	code, _ := m.CodeSection()
	random := rand.New(rand.NewPCG(1, 2))
	for range len(offsets) {
		offsets = append(offsets, guest.CodeOffset(random.Uint64N(code.Size)))
	}
	return offsets
}

// mangledAnswers is what Symbolize would say without demangling.
func mangledAnswers(table *symbol.Table, offsets []guest.CodeOffset) [][]string {
	all := make([][]string, len(offsets))
	for i, o := range offsets {
		for _, l := range table.At(o) {
			name := l.Function
			if l.Linkage != "" {
				name = l.Linkage
			}
			if strings.HasPrefix(name, "functionDef") || name == "" {
				name = "??"
			}
			file := l.File
			if file == "" {
				file = "??"
			}
			all[i] = append(all[i], name, fmt.Sprintf("%s:%d:%d", file, l.Line, l.Column))
		}
	}
	return all
}

func TestEveryRowIsWhatLLVMSays(t *testing.T) {
	for _, b := range builds() {
		t.Run(b.String(), func(t *testing.T) {
			t.Parallel()
			bare := withoutNames(b.module(t))
			m := parse(t, bare)
			table := symbol.Open(symbol.Source{Module: m})
			offsets := questions(t, m, table)
			want := symbolizer(t, bare, offsets, "--no-demangle")
			got := mangledAnswers(table, offsets)
			deviations := 0
			for i := range offsets {
				if slices.Equal(got[i], want[i]) {
					continue
				}
				if deviations++; deviations < 4 {
					t.Errorf("0x%x (-llvm +ours):\n%s", offsets[i], cmp.Diff(want[i], got[i]))
				}
			}
			if deviations > 0 {
				t.Errorf("%d of %d offsets deviate", deviations, len(offsets))
			}
		})
	}
}
