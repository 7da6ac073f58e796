package symbol_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/symbol"
	"github.com/faaslens/faaslens/wasm/wasmtest"
)

// TestFunctionThatTwoUnitsClaimBelongsToTheOneThatWasKept links a weak and then a
// strong definition of one function. The linker keeps the second, but makes the debug
// info of both point at it. llvm-symbolizer believes the first, and even takes what
// lies behind the function for its code; the size of the function, and
// llvm-dwarfdump, say who is right.
func TestFunctionThatTwoUnitsClaimBelongsToTheOneThatWasKept(t *testing.T) {
	weak := compile(t, `
volatile int sink;
__attribute__((weak, noinline)) int chosen(int n) {
  for (int i = 0; i < n; i++) {
    sink = i * n;
    sink = sink / (n + 1);
    sink = sink % (n + 2);
    sink = sink * 3 + i;
  }
  return sink;
}
int main(int argc, char **argv) { return chosen(argc); }
`, "-g", "-O1")
	strong := compile(t, `
volatile int other;
__attribute__((noinline)) int chosen(int n) {

  other = n;
  return n + 1;
}
__attribute__((noinline, export_name("next"))) int next(int n) {
  return n * 2 + other;
}
`, "-g", "-O1")
	module := wasmtest.Link(t, []string{weak, strong})
	m := parse(t, module)
	table := symbol.Open(symbol.Source{Module: m})
	chosen := table.Resolve("chosen")
	if len(chosen) != 1 {
		t.Fatalf("chosen means %d functions", len(chosen))
	}
	f := chosen[0]

	// The proof: the entry whose code is as long as the function stands in the
	// second file.
	file := wasmtest.File(t, "module.wasm", module)
	dump := llvm(t, "", "llvm-dwarfdump-19", "--debug-info", "--name=chosen", file)
	right, wrong := fmt.Sprintf("DW_AT_high_pc\t(0x%08x)", f.End), 0
	for _, entry := range strings.Split(dump, "\n\n") {
		if !strings.Contains(entry, fmt.Sprintf("DW_AT_low_pc\t(0x%08x)", f.Start)) {
			continue
		}
		kept := strings.Contains(entry, right)
		if !kept {
			wrong++
		}
		if kept != strings.Contains(entry, f.File) {
			t.Errorf("the entry that fits: %v\n%s", kept, entry)
		}
	}
	if wrong != 1 {
		t.Fatalf("%d entries claim the function without fitting, want one:\n%s", wrong, dump)
	}

	bare := withoutNames(m)
	var offsets []guest.CodeOffset
	for o := f.Start; o < f.End; o++ {
		offsets = append(offsets, o)
	}
	deviations := 0
	for i, answer := range symbolizer(t, bare, offsets) {
		l := table.At(offsets[i])[0]
		if l.Note == "the line table does not cover this code" && l.File == "" {
			continue // the locals' declarations
		}
		if l.File != f.File || l.Line < 3 || l.Line > 7 || l.Function != "chosen" {
			t.Errorf("0x%x: got %+v", offsets[i], l)
		}
		if !strings.HasPrefix(answer[1], f.File+":") {
			deviations++
		}
	}
	if deviations == 0 {
		t.Error("llvm-symbolizer is right by now: the comparison with it may include such functions")
	}
	next := table.Resolve("next")[0]
	for o := next.Start; o < next.End; o++ {
		l := table.At(o)[0]
		if l.File == "" && l.Note == "the line table does not cover this code" && l.Function == "next" {
			continue
		}
		if l.Function != "next" || l.File != f.File || l.Line < 8 {
			t.Errorf("0x%x: got %+v", o, l)
		}
	}
}
