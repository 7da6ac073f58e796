package symbol_test

import (
	"errors"
	"os"
	"os/exec"
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
func splitModule(t testing.TB, flags ...string) (module, dwo []byte) {
	t.Helper()
	object := compile(t, splitSource, append(flags, "-gsplit-dwarf")...)
	module = wasmtest.Link(t, []string{object})
	found, err := filepath.Glob(filepath.Join(filepath.Dir(object), "*.dwo"))
	if err != nil || len(found) != 1 {
		t.Fatalf("split files beside %s: %v, %v", object, found, err)
	}
	return module, wasmtest.ReadFile(t, found[0])
}

// asLLVM runs a test on a module of each version of DWARF, with optimisation and without:
// the places in it must be those that llvm-symbolizer finds, and its split debug
// information must be read once. LLVM finds split files where they were written.
func asLLVM(t *testing.T, build func(t testing.TB, flags ...string) (module, split []byte), source func(split []byte, read *int) symbol.Source) {
	for _, version := range []string{"-gdwarf-4", "-gdwarf-5"} {
		for _, opt := range []string{"-O0", "-O2"} {
			t.Run(version+" "+opt, func(t *testing.T) {
				module, split := build(t, version, opt)
				bare := withoutNames(parse(t, module))
				read := 0
				from := source(split, &read)
				from.Module = parse(t, bare)
				table := symbol.Open(from)
				offsets := questions(t, from.Module, table)
				want, got := symbolizer(t, bare, offsets, "--no-demangle"), mangledAnswers(table, offsets)
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("-llvm +ours:\n%s", diff)
				}
				if read != 1 {
					t.Errorf("the split debug information was read %d times, want once", read)
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

func TestSplitFilesAreReadAsLLVMReadsThem(t *testing.T) {
	asLLVM(t, splitModule, func(_ []byte, read *int) symbol.Source {
		return symbol.Source{Split: func(dir, name string) ([]byte, error) {
			*read++
			if !filepath.IsAbs(name) {
				name = filepath.Join(dir, name)
			}
			return os.ReadFile(name)
		}}
	})
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

// packed compiles two sources with split DWARF and packs their split files by llvm-dwp.
func packed(t testing.TB, flags ...string) (module, dwp []byte) {
	t.Helper()
	const other = `
int sum(int);
static inline int twice(int x) { return x * x + 3; }
__attribute__((noinline)) int other(int n) { int s = sum(n); if (s > 5) s += twice(s); return s; }
int main(int argc, char **argv) { return other(argc); }
`
	first := strings.Replace(strings.Replace(splitSource, "static int sum", "int sum", 1), "int main", "int second", 1)
	var objects, dwos []string
	for _, source := range []string{first, other} {
		o := compile(t, source, append(flags, "-gsplit-dwarf")...)
		found, err := filepath.Glob(filepath.Join(filepath.Dir(o), "*.dwo"))
		if err != nil || len(found) != 1 {
			t.Fatalf("split files beside %s: %v, %v", o, found, err)
		}
		objects, dwos = append(objects, o), append(dwos, found[0])
	}
	return wasmtest.Link(t, objects), pack(t, dwos)
}

// pack makes a package of split files by llvm-dwp.
func pack(t testing.TB, dwos []string) []byte {
	t.Helper()
	out := filepath.Join(t.TempDir(), "all.dwp")
	said, err := exec.Command("llvm-dwp-19", append(dwos, "-o", out)...).CombinedOutput()
	if errors.Is(err, exec.ErrNotFound) {
		t.Fatal("llvm-dwp-19 is missing; install it with: apt-get install llvm-19")
	} else if err != nil {
		t.Fatalf("llvm-dwp-19: %v\n%s", err, said)
	}
	return wasmtest.ReadFile(t, out)
}

func TestPackagesAreReadAsTheirSplitFiles(t *testing.T) {
	asLLVM(t, packed, func(dwp []byte, read *int) symbol.Source {
		return symbol.Source{Package: func() ([]byte, error) {
			*read++
			return dwp, nil
		}}
	})
}

func TestPackageThatCannotBeUsedIsNoted(t *testing.T) {
	module, dwp := packed(t, "-gdwarf-5", "-O2")
	_, other := packed(t, "-gdwarf-5", "-O1")
	m := parse(t, module)
	for _, tt := range []struct {
		name string
		read func() ([]byte, error)
		want string
	}{
		{"it cannot be read", func() ([]byte, error) { return nil, errors.New("no right to") }, "package: no right to"},
		{"it is of another build", func() ([]byte, error) { return other, nil }, "it is not in the package"},
		{"it is cut off", func() ([]byte, error) { return dwp[:len(dwp)/2], nil }, "package: "},
		{"it has no index", func() ([]byte, error) { return []byte(wasmtest.Preamble), nil }, "it has no index of units"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l := at(t, symbol.Open(symbol.Source{Module: m, Package: tt.read}), "sum")
			if l.Function != "sum" || l.Line == 0 || !strings.HasPrefix(l.Note, "debug info unreadable: split debug file ") || !strings.Contains(l.Note, tt.want) {
				t.Errorf("got %+v", l)
			}
		})
	}
}
