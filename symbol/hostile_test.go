package symbol_test

import (
	"bytes"
	"encoding/binary"
	"strings"
	"testing"

	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/symbol"
	"github.com/faaslens/faaslens/wasm"
	"github.com/faaslens/faaslens/wasm/wasmtest"
)

// The tests here write DWARF by hand that no compiler writes: it contradicts itself,
// refers to itself or claims to be huge. A reader that follows it blindly does not
// end, or takes all memory; then the test run's own limits end the test.

func le32(v uint32) []byte { return binary.LittleEndian.AppendUint32(nil, v) }
func le16(v uint16) []byte { return binary.LittleEndian.AppendUint16(nil, v) }

// abbrev returns an abbreviation with pairs of attributes and forms.
func abbrev(code, tag byte, children bool, pairs ...byte) []byte {
	has := byte(0)
	if children {
		has = 1
	}
	return wasmtest.Cat([]byte{code, tag, has}, pairs, []byte{0, 0})
}

// unit4 returns a unit of DWARF 4 with its header.
func unit4(abbrevOffset uint32, entries ...[]byte) []byte {
	content := wasmtest.Cat(append([][]byte{le16(4), le32(abbrevOffset), {4}}, entries...)...)
	return wasmtest.Cat(le32(uint32(len(content))), content)
}

// withSections returns a module with one function of 200 bytes at offset 3 and the
// sections, given by name and content.
func withSections(t testing.TB, pairs ...any) *wasm.Module {
	t.Helper()
	body := wasmtest.Body(bytes.Repeat([]byte{1}, 198)...) // nops
	parts := [][]byte{
		wasmtest.Cat([]byte{1}, wasmtest.Name("\x01\x60\x00\x00")),
		wasmtest.Cat([]byte{3}, wasmtest.Name("\x01\x00")),
		wasmtest.Cat([]byte{10}, wasmtest.Name("\x01"+string(wasmtest.Name(string(body))))),
	}
	for i := 0; i < len(pairs); i += 2 {
		parts = append(parts, wasmtest.Custom(pairs[i].(string), pairs[i+1].([]byte)))
	}
	return parse(t, wasmtest.Module(parts...))
}

const inFunction guest.CodeOffset = 50

// shapes are the abbreviations that the units below use.
var shapes = wasmtest.Cat(
	abbrev(1, 0x11, true, 0x11, 0x01, 0x12, 0x06),              // unit: low_pc, high_pc
	abbrev(2, 0x2e, true, 0x11, 0x01, 0x12, 0x06, 0x31, 0x13),  // function: low_pc, high_pc, abstract_origin
	abbrev(3, 0x1d, true, 0x11, 0x01, 0x12, 0x06, 0x31, 0x13),  // inlined function, the same
	abbrev(4, 0x2e, true, 0x03, 0x08, 0x31, 0x13),              // function: name, abstract_origin
	abbrev(5, 0x11, true, 0x55, 0x17),                          // unit: ranges
	abbrev(6, 0x2e, false, 0x55, 0x17),                         // function: ranges
	abbrev(7, 0x11, false, 0x11, 0x01, 0x12, 0x06, 0x10, 0x17), // unit: low_pc, high_pc, stmt_list
	abbrev(8, 0x0b, true),                                      // block
	[]byte{0},
)

func code(tag byte, low, size uint32, more ...[]byte) []byte {
	return wasmtest.Cat(append([][]byte{{tag}, le32(low), le32(size)}, more...)...)
}

func TestOriginsThatReferToEachOtherEnd(t *testing.T) {
	// The function's origin is the entry at 33, whose origin is that at 38, whose
	// origin is the former.
	const header = 11
	root := code(1, 1, 190)
	function := code(2, 3, 180, le32(uint32(header+len(root)+13)))
	first := header + len(root) + len(function)
	a := wasmtest.Cat([]byte{4, 0}, le32(uint32(first+6+1)), []byte{0})
	b := wasmtest.Cat([]byte{4, 0}, le32(uint32(first)), []byte{0})
	info := unit4(0, root, function, []byte{0}, a, b, []byte{0})
	got := symbol.Open(symbol.Source{Module: withSections(t, ".debug_info", info, ".debug_abbrev", shapes)}).At(inFunction)
	if len(got) != 1 || got[0].Function != "functionDef0" {
		t.Errorf("got %+v", got)
	}
	self := unit4(0, root, code(2, 3, 180, le32(uint32(header+len(root)))), []byte{0, 0})
	got = symbol.Open(symbol.Source{Module: withSections(t, ".debug_info", self, ".debug_abbrev", shapes)}).At(inFunction)
	if len(got) != 1 || got[0].Function != "functionDef0" {
		t.Errorf("got %+v", got)
	}
}

func TestInliningWithoutEndIsCutOff(t *testing.T) {
	entries := [][]byte{code(1, 1, 190), code(2, 3, 180, le32(0))}
	for range 200_000 {
		entries = append(entries, code(3, 3, 180, le32(0)))
	}
	m := withSections(t, ".debug_info", unit4(0, entries...), ".debug_abbrev", shapes)
	got := symbol.Open(symbol.Source{Module: m}).At(inFunction)
	if len(got) == 0 || len(got) > 5000 {
		t.Fatalf("%d locations", len(got))
	}
	if last := got[len(got)-1]; last.Inlined || last.Function != "functionDef0" || last.Note == "" {
		t.Errorf("the last is %+v", last)
	}
}

func TestDeepEntriesAreRead(t *testing.T) {
	entries := [][]byte{code(1, 1, 190), bytes.Repeat([]byte{8}, 1_000_000), code(2, 3, 180, le32(0)), bytes.Repeat([]byte{0}, 1_000_002)}
	m := withSections(t, ".debug_info", unit4(0, entries...), ".debug_abbrev", shapes)
	if got := symbol.Open(symbol.Source{Module: m}).At(inFunction); len(got) != 1 || got[0].Function != "functionDef0" {
		t.Errorf("got %+v", got)
	}
}

func TestRangesThatAreSharedTooOftenAreNoted(t *testing.T) {
	var list []byte
	for i := range uint32(50_000) {
		list = append(list, wasmtest.Cat(le32(3+i%100), le32(4+i%100))...)
	}
	list = append(list, make([]byte, 8)...)
	entries := [][]byte{code(1, 1, 190)}
	for range 50_000 {
		entries = append(entries, []byte{6}, le32(0))
	}
	m := withSections(t, ".debug_info", unit4(0, append(entries, []byte{0})...), ".debug_abbrev", shapes, ".debug_ranges", list)
	got := symbol.Open(symbol.Source{Module: m}).At(150)
	if !strings.Contains(got[0].Note, "refers to the same bytes too often") {
		t.Errorf("got %+v", got)
	}
}

func TestAbbreviationsThatOverlapTooOftenAreNoted(t *testing.T) {
	table := append(bytes.Repeat([]byte{1, 0x0b, 0, 0, 0}, 40_000), 0)
	var info []byte
	for i := range uint32(20_000) {
		info = append(info, unit4(5*i, []byte{0})...)
	}
	m := withSections(t, ".debug_info", info, ".debug_abbrev", table)
	got := symbol.Open(symbol.Source{Module: m}).At(inFunction)
	if !strings.Contains(got[0].Note, "refers to the same bytes too often") {
		t.Errorf("got %+v", got)
	}
}

// lines returns a line table of version 4 with a program.
func lines(program ...byte) []byte {
	header := []byte{1, 1, 1, 0xfb, 14, 13, 0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 1, 0, 'f', 0, 0, 0, 0, 0}
	content := wasmtest.Cat(le16(4), le32(uint32(len(header))), header, program)
	return wasmtest.Cat(le32(uint32(len(content))), content)
}

func setAddress(a uint32) []byte { return wasmtest.Cat([]byte{0, 5, 2}, le32(a)) }

func TestWildLineTablesGiveNoWildLines(t *testing.T) {
	end := []byte{0, 1, 1}
	huge := []byte{2, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1} // advance_pc by 2^64-1
	tests := []struct {
		name    string
		program []byte
		line    int
		note    string
	}{
		{"a good one, for comparison", wasmtest.Cat(setAddress(3), []byte{3, 6, 1, 2, 100, 1}, setAddress(203), end), 7, ""},
		{"addresses beyond the code", wasmtest.Cat(setAddress(1<<30), []byte{1, 2, 100, 1}, end), 0, "no debug info covers this code"},
		{"code that the linker dropped", wasmtest.Cat(setAddress(0xffffffff), []byte{1, 2, 100, 1}, end), 0, "no debug info covers this code"},
		{"code that an old linker dropped", wasmtest.Cat(setAddress(0), []byte{1, 2, 100, 1, 2, 100, 1}, end), 0, "no debug info covers this code"},
		{"a huge advance", wasmtest.Cat(setAddress(3), []byte{1}, huge, []byte{1}, end), 0, "no debug info covers this code"},
		{"a sequence that goes back", wasmtest.Cat(setAddress(100), []byte{1}, setAddress(3), []byte{3, 8, 1}, setAddress(203), end), 9, ""},
		{"no end", wasmtest.Cat(setAddress(3), []byte{1, 2, 100, 1}), 0, "no debug info covers this code"},
		{"a file that does not exist", wasmtest.Cat(setAddress(3), []byte{4, 99, 1}, setAddress(203), end), 0, "debug info unreadable: the line table names a file that it does not have"},
		{"an instruction that is cut off", wasmtest.Cat(setAddress(3), []byte{1, 0, 200}), 0, "debug info unreadable: .debug_line: a line table's program is cut off"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := withSections(t, ".debug_info", unit4(0, code(7, 1, 204, le32(0))), ".debug_abbrev", shapes, ".debug_line", lines(tt.program...))
			table := symbol.Open(symbol.Source{Module: m})
			if got := table.At(inFunction)[0]; got.Line != tt.line || tt.line == 0 && got.Note != tt.note {
				t.Errorf("got %+v", got)
			}
			exercise(t, symbol.Source{Module: m})
		})
	}
}

func TestLineTableThatIsTooLargeIsNoted(t *testing.T) {
	// 2,000 units whose 2,000 tables overlap: each starts inside the one before.
	const tables = 2000
	program := bytes.Repeat([]byte{13 + 14 + 1, 13 + 14 + 2, 0, 5, 2, 3, 0, 0, 0}, 40_000)
	section := lines(wasmtest.Cat(setAddress(3), program)...)
	var info []byte
	for i := range uint32(tables) {
		root := wasmtest.Cat([]byte{9}, le32(3), le32(180), le32(0), wasmtest.S(int64(i))[:1], []byte{byte('a' + i%26), byte('a' + i/26%26), byte('a' + i/676), 0})
		info = append(info, unit4(0, root[:13], root[14:])...)
	}
	abbrevs := wasmtest.Cat(shapes[:len(shapes)-1], abbrev(9, 0x11, false, 0x11, 0x01, 0x12, 0x06, 0x10, 0x17, 0x1b, 0x08), []byte{0})
	m := withSections(t, ".debug_info", info, ".debug_abbrev", abbrevs, ".debug_line", section)
	table := symbol.Open(symbol.Source{Module: m})
	for range table.Functions() {
	}
	if got := table.At(inFunction)[0]; got.Function != "functionDef0" || got.Note == "" {
		t.Errorf("got %+v", got)
	}
}
