package symbol_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/faaslens/faaslens/symbol"
	"github.com/faaslens/faaslens/wasm"
	"github.com/faaslens/faaslens/wasm/wasmtest"
)

const smallSource = `
int table[64];
__attribute__((noinline)) int fill(int n) {
  for (int i = 0; i < 64; i++)
    table[i] = i * n + table[(i * n) & 63];
  return table[n & 63];
}
int main(int argc, char **argv) { return fill(argc) + fill(argc * 7); }
`

func TestMissingDebugInfoIsNoted(t *testing.T) {
	withDebug := wasmtest.Link(t, []string{compile(t, smallSource, "-g", "-O2")})
	plain := wasmtest.Link(t, []string{compile(t, smallSource, "-O2")}, "--strip-debug")
	stripped, debug, err := wasm.Strip(withDebug, wasm.StripOptions{DebugFile: "function.debug.wasm"})
	if err != nil {
		t.Fatal(err)
	}
	changed := bytes.Clone(debug)
	code, _ := parse(t, changed).CodeSection()
	changed[code.End()-2]++ // an instruction of the last function

	module := wasmtest.File(t, "in.wasm", withDebug)
	optimised := filepath.Join(t.TempDir(), "out.wasm")
	wasmtest.Run(t, "binaryen", "wasm-opt", "-O2", "--enable-bulk-memory", "--enable-simd", module, "-o", optimised)
	rewritten, err := os.ReadFile(optimised)
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name          string
		module, debug []byte
		want          symbol.Location
	}{
		{"a module with debug info needs no note", withDebug, nil, symbol.Location{Function: "fill", Line: 5, Declared: 3}},
		{"a debug file serves a stripped module", stripped, debug, symbol.Location{Function: "fill", Line: 5, Declared: 3}},
		{"without -g there are names only", plain, nil, symbol.Location{Function: "fill", Note: "no debug info: build with -g"}},
		{"a debug file that is not there is named", stripped, nil, symbol.Location{Note: `no debug info: it is in "function.debug.wasm", which was not found`}},
		{"a debug file of another build is not used", stripped, changed, symbol.Location{Note: "debug info unreadable: debug file: it is of another build: its code differs"}},
		{"a debug file that is no module is not used", stripped, []byte("\x00asm\x01"), symbol.Location{
			Note: "debug info unreadable: debug file: not a valid WebAssembly module: at offset 0x5: the file ends after 5 bytes, before the version: copy it again"}},
	}
	offset := symbol.Open(symbol.Source{Module: parse(t, withDebug)}).Resolve("fill")[0]
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			table := symbol.Open(symbol.Source{Module: parse(t, tt.module), Debug: tt.debug})
			place := offset
			if tt.name == "without -g there are names only" {
				place = table.Resolve("fill")[0]
			}
			got := table.At((place.Start + place.End) / 2)[0]
			if tt.want.Function == "" {
				tt.want.Function = place.Number
			}
			if (got.File == "") != (tt.want.Line == 0) {
				t.Errorf("file %q", got.File)
			}
			if diff := cmp.Diff(tt.want, got, cmpopts.IgnoreFields(symbol.Location{}, "File", "Column"), cmpopts.IgnoreUnexported(symbol.Location{})); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
	t.Run("what wasm-opt does to debug info is noted", func(t *testing.T) {
		m := parse(t, rewritten)
		body, _ := m.Body(3)
		offset, _ := m.CodeOffset(body.Offset)
		got := symbol.Open(symbol.Source{Module: m}).At(offset)[0]
		if !m.HasDWARF() || got.Note != "the debug info covers no code at all: it lost its addresses, as when wasm-opt runs after the linker" {
			t.Errorf("got %+v", got)
		}
	})
}

func TestOffsetsOutsideFunctionsAreNoted(t *testing.T) {
	m := parse(t, wasmtest.Sample())
	table := symbol.Open(symbol.Source{Module: m})
	code, _ := m.CodeSection()
	for _, offset := range []uint64{0, code.Size, 1 << 31, 1 << 40, 1<<64 - 1} {
		got := table.At(guestOffset(offset))
		if len(got) != 1 || got[0].Function != "" || got[0].Note == "" {
			t.Errorf("0x%x: got %+v", offset, got)
		}
	}
}
