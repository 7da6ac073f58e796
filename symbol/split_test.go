package symbol_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/symbol"
	"github.com/faaslens/faaslens/wasm/wasmtest"
)

const splitSource = `
#include <stdio.h>
static inline int square(int x) { return x * x + 1; }
__attribute__((noinline)) static int sum(int n) {
  int s = 0;
  for (int i = 0; i < n; i++) s += square(i);
  if (s > 10) {
    printf("%d", s);
    s += square(s);
  }
  return s;
}
int main(int argc, char **argv) { return sum(argc) + square(argc + sum(2)); }
`

// splitModule compiles with split DWARF and returns the module and its .dwo.
func splitModule(t *testing.T, flags ...string) (module, dwo []byte) {
	t.Helper()
	object := compile(t, splitSource, append(flags, "-gsplit-dwarf")...)
	module = wasmtest.Link(t, []string{object})
	found, err := filepath.Glob(filepath.Join(filepath.Dir(object), "*.dwo"))
	if err != nil || len(found) != 1 {
		t.Fatalf("split files beside %s: %v, %v", object, found, err)
	}
	return module, wasmtest.ReadFile(t, found[0])
}

func TestSplitFilesAreReadAsLLVMReadsThem(t *testing.T) {
	for _, version := range []string{"-gdwarf-4", "-gdwarf-5"} {
		for _, opt := range []string{"-O0", "-O2"} {
			t.Run(version+" "+opt, func(t *testing.T) {
				module, _ := splitModule(t, version, opt)
				bare := withoutNames(parse(t, module))
				m := parse(t, bare)
				opened := 0
				table := symbol.Open(symbol.Source{Module: m, Split: func(dir, name string) ([]byte, error) {
					opened++
					if !filepath.IsAbs(name) {
						name = filepath.Join(dir, name)
					}
					return os.ReadFile(name)
				}})
				offsets := questions(t, m, table)
				want, got := symbolizer(t, bare, offsets, "--no-demangle"), mangledAnswers(table, offsets)
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("-llvm +ours:\n%s", diff)
				}
				if opened != 1 {
					t.Errorf("the split file was opened %d times, want once", opened)
				}
				inlined := false
				for _, answer := range got {
					inlined = inlined || slices.Contains(answer, "square") && slices.Contains(answer, "sum")
				}
				if inlined != (opt == "-O2") {
					t.Errorf("square inlined into sum: %v", inlined)
				}
			})
		}
	}
}

func TestSplitFileThatCannotBeUsedIsNotedAndLinesStay(t *testing.T) {
	module, dwo := splitModule(t, "-gdwarf-5", "-O2")
	_, other := splitModule(t, "-gdwarf-5", "-O1")
	m := parse(t, module)
	tests := []struct {
		name string
		open symbol.SplitOpener
		want string
	}{
		{"nobody looks for it", nil, "it was not looked for"},
		{"it does not exist", func(string, string) ([]byte, error) { return nil, errors.New("no such file") }, "no such file"},
		{"it is of another build", func(string, string) ([]byte, error) { return other, nil }, "it is of another build"},
		{"it is cut off", func(string, string) ([]byte, error) { return dwo[:len(dwo)/2], nil }, "cut off or damaged"},
		{"it has no debug info", func(string, string) ([]byte, error) { return []byte(wasmtest.Preamble), nil }, "no .debug_info.dwo"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			table := symbol.Open(symbol.Source{Module: m, Split: tt.open})
			l := at(t, table, "sum")
			if l.Function != "sum" || !strings.HasSuffix(l.File, ".c") || l.Line == 0 ||
				!strings.HasPrefix(l.Note, "debug info unreadable: split debug file ") || !strings.Contains(l.Note, tt.want) {
				t.Errorf("got %+v", l)
			}
		})
	}
}

// at returns the innermost location in the middle of a function.
func at(t *testing.T, table *symbol.Table, function string) symbol.Location {
	t.Helper()
	found := table.Resolve(function)
	if len(found) != 1 {
		t.Fatalf("%s means %d functions", function, len(found))
	}
	return table.At((found[0].Start + found[0].End) / guest.CodeOffset(2))[0]
}
