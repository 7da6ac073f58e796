package symfile

import (
	"bytes"
	"debug/dwarf"
	"debug/elf"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/faaslens/faaslens/wasm"
)

// sampleModule has an imported function, a memory, two globals and a function of its
// own with a name.
var sampleModule = []byte("\x00asm\x01\x00\x00\x00" +
	"\x01\x04\x01\x60\x00\x00" +
	"\x02\x07\x01\x01m\x01f\x00\x00" +
	"\x03\x02\x01\x00" +
	"\x05\x03\x01\x00\x01" +
	"\x06\x0b\x02\x7f\x01\x41\x2a\x0b\x7f\x00\x41\x07\x0b" +
	"\x07\x09\x01\x05count\x03\x00" +
	"\x0a\x04\x01\x02\x00\x0b" +
	"\x00\x0e\x04name\x01\x07\x01\x01\x04work")

// sampleFrames is unwinding information in the engine's form: a CIE, and FDEs of two
// functions, of which the second saves r13.
const sampleFrames = "\x14\x00\x00\x00\x00\x00\x00\x00\x01zR\x00\x01\x78\x10\x01\x10\x0c\x07\x08\x90\x01\x00\x00" +
	"\x18\x00\x00\x00\x1c\x00\x00\x00" + "\x00\x10\x00\x00\x00\x00\x00\x00" + "\x04\x00\x00\x00\x00\x00\x00\x00" + "\x00\x41\x0e\x10" +
	"\x20\x00\x00\x00\x38\x00\x00\x00" + "\x00\x20\x00\x00\x00\x00\x00\x00" + "\x08\x00\x00\x00\x00\x00\x00\x00" + "\x00\x41\x0e\x10\x86\x02\x41\x8d\x04\x00\x00\x00"

// sampleImage is a compiled image of it as the engine writes them, with a unit of debug
// information in C and names that are changed.
func sampleImage() []byte {
	info := []byte("\x11\x00\x00\x00\x04\x00\x00\x00\x00\x00\x08" + // length, version 4, abbreviations, 8-byte addresses
		"\x01" + "\x1d" + "\x00\x00\x00\x00\x00\x00\x00\x00") // C11, low_pc
	out := &file{machine: elf.EM_X86_64}
	symbols := append(make([]byte, elf.Sym64Size), 1, 0, 0, 0, 2, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0)
	rela := make([]byte, 24)
	rela[0], rela[8], rela[12], rela[16] = 13, byte(elf.R_X86_64_64), 1, 2
	for _, s := range []outSection{
		{name: ".text", data: []byte("\x55\x48\x89\xe5"), kind: elf.SHT_PROGBITS, align: 16},
		{name: ".eh_frame", data: []byte(sampleFrames), kind: elf.SHT_PROGBITS, align: 8},
		{name: ".debug_info", data: info, kind: elf.SHT_PROGBITS, align: 1},
		{name: ".debug_abbrev", data: []byte("\x01\x11\x00\x13\x0b\x11\x01\x00\x00\x00"), kind: elf.SHT_PROGBITS, align: 1},
		{name: ".debug_str", data: []byte("\x00wasmtime_resolve_vmctx_memory_ptr_39_0_0\x00__main_argc_argv\x00_ZN1a1b17h0123456789abcdefE\x00"), kind: elf.SHT_PROGBITS, align: 1},
		{name: ".rela.debug_info", data: rela, kind: elf.SHT_RELA, link: ".symtab", info: 3, entry: 24, align: 8},
		{name: ".wasmtime.addrmap", data: make([]byte, 4), kind: elf.SHT_PROGBITS, align: 1},
		{name: ".wasmtime.traps", data: make([]byte, 4), kind: elf.SHT_PROGBITS, align: 1},
		{name: ".symtab", data: symbols, kind: elf.SHT_SYMTAB, link: ".strtab", info: 2, entry: elf.Sym64Size, align: 8},
		{name: ".strtab", data: []byte("\x00wasm[0]::function[1]::work\x00"), kind: elf.SHT_STRTAB, align: 1},
	} {
		out.add(s)
	}
	return out.bytes()
}

func parsed(t testing.TB) *wasm.Module {
	t.Helper()
	m, err := wasm.Parse(sampleModule)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestTheObjectFileIsWhatDebuggersRead(t *testing.T) {
	const base = 0x7f0000000000
	image := sampleImage()
	b, err := Build(Code{Image: image, Base: base, Module: parsed(t)})
	if err != nil {
		t.Fatal(err)
	}
	f, err := elf.NewFile(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	in, err := elf.NewFile(bytes.NewReader(image))
	if err != nil {
		t.Fatal(err)
	}
	text := base + in.Section(".text").Offset
	if at := f.Section(".text").Addr; at != text {
		t.Errorf("the code is at 0x%x, want 0x%x", at, text)
	}
	if at, want := f.Section(".eh_frame").Addr, base+in.Section(".eh_frame").Offset; at != want {
		t.Errorf("the unwinding information is at 0x%x, want 0x%x", at, want)
	}
	symbols, err := f.Symbols()
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, s := range symbols {
		if s.Value != text || s.Size != 4 {
			t.Errorf("%s has %d bytes at 0x%x", s.Name, s.Size, s.Value)
		}
		names = append(names, s.Name)
	}
	if got := strings.Join(names, " "); got != "functionDef0 work" {
		t.Errorf("symbols %q", got)
	}
	d, err := f.DWARF()
	if err != nil {
		t.Fatal(err)
	}
	unit, err := d.Reader().Next()
	if err != nil {
		t.Fatal(err)
	}
	if l, at := unit.Val(dwarf.AttrLanguage), unit.Val(dwarf.AttrLowpc); l != int64(langCxx) || at != text+2 {
		t.Errorf("the unit is in language %v, at %v", l, at)
	}
	strs, err := f.Section(".debug_str").Data()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"\x00faaslens_guest_pointer\x00", "\x00main\x00", "\x00_ZN1a1bE\x00"} {
		if !bytes.Contains(strs, []byte(want)) {
			t.Errorf("%q is not among the names %q", want, strs)
		}
	}
	var desc Description
	content, err := f.Section(".faaslens.module").Data()
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(content, &desc); err != nil {
		t.Fatal(err)
	}
	// Six words, a pointer to the memory, its address and size, the import's three
	// words: 96 bytes.
	if len(desc.Globals) != 2 || desc.Globals[0].Name != "count" || desc.Globals[0].Offset != 96 || desc.Globals[1].Offset != 112 || desc.Memory != 56 {
		t.Errorf("described as %s", content)
	}
}

func TestReadelfFindsNothingWrong(t *testing.T) {
	b, err := Build(Code{Image: sampleImage(), Base: 0x7f0000000000, Module: parsed(t), Memory: 0x7e0000000000})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "object")
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("readelf", "-W", "-h", "-l", "-S", "-s", "--debug-dump=info", path).CombinedOutput()
	if err != nil {
		t.Fatalf("readelf: %v (apt-get install binutils)\n%s", err, out)
	}
	if low := strings.ToLower(string(out)); strings.Contains(low, "warning") || strings.Contains(low, "error") {
		t.Errorf("readelf complains:\n%s", out)
	}
}

func TestFunctionsWithoutNamesHaveThoseOfTheirExports(t *testing.T) {
	unnamed, _, _ := bytes.Cut(sampleModule, []byte("\x00\x0e\x04name"))
	m, err := wasm.Parse(bytes.Replace(unnamed, []byte("count\x03\x00"), []byte("count\x00\x01"), 1))
	if err != nil {
		t.Fatal(err)
	}
	b, err := Build(Code{Image: sampleImage(), Base: 4096, Module: m})
	if err != nil {
		t.Fatal(err)
	}
	f, err := elf.NewFile(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	symbols, err := f.Symbols()
	if err != nil {
		t.Fatal(err)
	}
	if len(symbols) != 2 || symbols[1].Name != "count" {
		t.Errorf("got %v", symbols)
	}
}

func FuzzBuild(f *testing.F) {
	image := sampleImage()
	f.Add(image)
	f.Add(image[:200])
	f.Add([]byte("\x7fELF"))
	f.Fuzz(func(t *testing.T, image []byte) {
		_, _ = Build(Code{Image: image, Base: 4096, Module: parsed(t), Memory: 1 << 20}) // an error is as good
	})
}
