package symbol_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/faaslens/faaslens/symbol"
	"github.com/faaslens/faaslens/wasm/wasmtest"
)

// TestRowsAreThoseThatDwarfdumpPrints compares every column but the file, which
// TestEveryRowIsWhatLLVMSays compares by its path.
func TestRowsAreThoseThatDwarfdumpPrints(t *testing.T) {
	for _, b := range []build{
		{"symbols/shapes.cpp", "1", nil}, {"symbols/shapes.cpp", "2", []string{"-gdwarf-5"}}, {"symbols/shapes.rs", "2", nil},
	} {
		t.Run(b.String(), func(t *testing.T) {
			m := b.module(t)
			code, _ := m.CodeSection()
			var want []string
			fresh, dead := true, false
			dump := llvm(t, "", "llvm-dwarfdump-19", "--debug-line", wasmtest.File(t, "module.wasm", m.Bytes()))
			for line := range strings.Lines(dump) {
				var address uint64
				var row, column, file, isa, discriminator int
				if n, _ := fmt.Sscanf(line, "0x%x %d %d %d %d %d", &address, &row, &column, &file, &isa, &discriminator); n != 6 {
					continue
				}
				fields := strings.Fields(line)
				flags := fields[6:]
				if len(fields) > 6 && fields[6] == "0" { // the operation's index, since LLVM 17
					flags = fields[7:]
				}
				if fresh {
					dead = address >= code.Size
				}
				ends := strings.Contains(line, "end_sequence")
				fresh = ends
				if !dead {
					want = append(want, fmt.Sprint(address, row, column, discriminator, flags))
				}
			}
			var got []string
			for r, err := range symbol.Open(symbol.Source{Module: m}).Rows() {
				if err != nil {
					t.Fatal(err)
				}
				flags := []string{}
				for _, f := range []struct {
					set  bool
					name string
				}{{r.Stmt, "is_stmt"}, {r.BasicBlock, "basic_block"}, {r.PrologueEnd, "prologue_end"}, {r.EpilogueBegin, "epilogue_begin"}, {r.End, "end_sequence"}} {
					if f.set {
						flags = append(flags, f.name)
					}
				}
				got = append(got, fmt.Sprint(uint64(r.Offset), r.Line, r.Column, r.Discriminator, flags))
			}
			if len(want) < 1000 {
				t.Fatalf("llvm-dwarfdump prints %d rows", len(want))
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("-dwarfdump +ours:\n%.2000s", diff)
			}
		})
	}
}
