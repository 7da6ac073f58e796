package symbol_test

import (
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/symbol"
	"github.com/faaslens/faaslens/wasm"
	"github.com/faaslens/faaslens/wasm/wasmtest"
)

const tinySource = `
static inline int square(int x) { return x * x; }
int sum(int n) {
  int s = 0;
  for (int i = 0; i < n; i++)
    s += square(i) + square(s);
  return s;
}
void _start(void) { sum(sum(3)); }
`

// tiny returns a module of two functions with debug info and without a library.
func tiny(t testing.TB, flags ...string) []byte {
	t.Helper()
	object := compile(t, tinySource, append(flags, "-g", "-O1", "-fdebug-prefix-map=/=", "-fno-ident")...)
	out := wasmtest.File(t, "tiny.wasm", nil)
	wasmtest.Run(t, "lld-19", "wasm-ld-19", object, "--export=sum", "-o", out)
	return wasmtest.ReadFile(t, out)
}

// exercise asks a table everything about a module, and checks what holds for any.
func exercise(t testing.TB, src symbol.Source) {
	t.Helper()
	table := symbol.Open(src)
	code, _ := src.Module.CodeSection()
	for o := guest.CodeOffset(0); uint64(o) < min(code.Size, 1<<10)+8; o++ {
		locations := table.At(o)
		if len(locations) == 0 {
			t.Fatalf("0x%x: no location", o)
		}
		_, inside := src.Module.BodyAt(o)
		last := locations[len(locations)-1]
		if inside && (last.Function == "" || last.Inlined) || !inside && last.Note == "" && last.Function == "" {
			t.Fatalf("0x%x: %+v", o, locations)
		}
		for _, l := range locations {
			if l.File == "" && l.Note == "" && l == locations[0] {
				t.Fatalf("0x%x: no file, and no note that says why: %+v", o, l)
			}
		}
	}
	for f := range table.Functions() {
		if f.Name == "" || f.End < f.Start {
			t.Fatalf("%+v", f)
		}
	}
	for row := range table.Rows() {
		if uint64(row.Offset) > code.Size {
			t.Fatalf("a row beyond the code: %+v", row)
		}
	}
	if err := table.Symbolize(io.Discard, 1, 2, 3); err != nil {
		t.Fatal(err)
	}
}

func TestDamageAnywhereIsSurvived(t *testing.T) {
	for _, flags := range [][]string{{"-gdwarf-4"}, {"-gdwarf-5"}} {
		t.Run(flags[0], func(t *testing.T) {
			t.Parallel()
			whole := tiny(t, flags...)
			damaged := slices.Clone(whole)
			m := parse(t, damaged)
			exercise(t, symbol.Source{Module: m})
			for _, c := range m.Customs {
				if !strings.HasPrefix(c.Name, ".debug_") && c.Name != "name" {
					continue
				}
				step := max(len(c.Payload)/200, 1)
				for i := 0; i < len(c.Payload); i += step {
					old := c.Payload[i]
					for _, b := range []byte{0, 0xff, 0x80, old + 1, old ^ 0x40} {
						c.Payload[i] = b
						exercise(t, symbol.Source{Module: m})
					}
					c.Payload[i] = old
				}
			}
		})
	}
}

func TestTruncatedSectionsAreSurvived(t *testing.T) {
	for _, flags := range [][]string{{"-gdwarf-4"}, {"-gdwarf-5"}} {
		t.Run(flags[0], func(t *testing.T) {
			t.Parallel()
			m := parse(t, tiny(t, flags...))
			for i := range m.Customs {
				c := &m.Customs[i]
				if !strings.HasPrefix(c.Name, ".debug_") {
					continue
				}
				whole := c.Payload
				for n := 0; n < len(whole); n += max(len(whole)/100, 1) {
					c.Payload = whole[:n:n]
					exercise(t, symbol.Source{Module: m})
				}
				c.Payload = whole
			}
		})
	}
}

func TestDamageIsNotedWhereItCounts(t *testing.T) {
	whole := tiny(t, "-gdwarf-4")
	tests := []struct {
		name, section string
		damage        func(b []byte)
		note          string
		function      string
	}{
		{"entries of an unknown version", ".debug_info", func(b []byte) { b[4] = 9 }, "debug info unreadable: .debug_info at 0x0: a unit of DWARF version 9", "functionDef0"},
		{"a unit that is longer than the section", ".debug_info", func(b []byte) { b[1] = 0xff }, "debug info unreadable: .debug_info at 0x0: a unit of", "functionDef0"},
		{"abbreviations that are none", ".debug_abbrev", func(b []byte) {
			for i := range b {
				b[i] = 0xff
			}
		}, "debug info unreadable: .debug_info at 0x0: .debug_abbrev", "functionDef0"},
		{"a line table of an unknown version", ".debug_line", func(b []byte) { b[4] = 9 }, "debug info unreadable: .debug_line at 0x0: a line table of version 9", "sum"},
		{"a line table that is cut off", ".debug_line", func(b []byte) { b[0]++ }, "debug info unreadable: .debug_line at 0x0: a line table of", "sum"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := parse(t, withoutNames(parse(t, whole)))
			section, ok := m.Custom(tt.section)
			if !ok {
				t.Fatalf("no %s", tt.section)
			}
			tt.damage(section.Payload)
			i := slices.IndexFunc(m.Bodies, func(b wasm.Body) bool { return b.Size > 20 })
			offset, _ := m.CodeOffset(m.Bodies[i].Offset + 8)
			got := symbol.Open(symbol.Source{Module: m}).At(offset)
			outermost := got[len(got)-1]
			if !strings.HasPrefix(got[0].Note, tt.note) || !strings.HasPrefix(outermost.Function, strings.TrimRight(tt.function, "0")) {
				t.Errorf("got %+v", got)
			}
		})
	}
}
