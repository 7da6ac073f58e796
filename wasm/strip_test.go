package wasm_test

import (
	"bytes"
	"errors"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/wasm"
	. "github.com/faaslens/faaslens/wasm/wasmtest"
)

func codeBytes(t *testing.T, m *wasm.Module) []byte {
	t.Helper()
	s, ok := m.CodeSection()
	if !ok {
		return nil
	}
	return m.Bytes()[s.Content:s.End()]
}

func TestStrippedModulesAreValidSmallAndTheSameCode(t *testing.T) {
	for name, b := range realModules(t) {
		t.Run(name, func(t *testing.T) {
			stripped, debug, err := wasm.Strip(b, wasm.StripOptions{DebugFile: "function.wasm.debug"})
			if err != nil {
				t.Fatal(err)
			}
			for _, half := range [][]byte{stripped, debug} {
				Run(t, "wabt", "wasm-validate", "--enable-all", File(t, "m.wasm", half))
			}
			original, s, d := parse(t, b), parse(t, stripped), parse(t, debug)
			for _, c := range s.Customs {
				if strings.HasPrefix(c.Name, ".debug_") || c.Name == "name" || c.Name == "linking" || strings.HasPrefix(c.Name, "reloc.") {
					t.Errorf("the stripped module still has %q", c.Name)
				}
			}
			if !bytes.Equal(codeBytes(t, s), codeBytes(t, original)) || !bytes.Equal(codeBytes(t, d), codeBytes(t, original)) {
				t.Error("the code section changed")
			}
			if id := s.BuildID(); id == nil || !bytes.Equal(id, d.BuildID()) {
				t.Errorf("build ids % x and % x", id, d.BuildID())
			}
			if id := original.BuildID(); id != nil && !bytes.Equal(id, s.BuildID()) {
				t.Errorf("build id % x became % x", id, s.BuildID())
			}
			if s.ExternalDebugInfo() != "function.wasm.debug" || d.ExternalDebugInfo() != "" {
				t.Errorf("debug files %q and %q", s.ExternalDebugInfo(), d.ExternalDebugInfo())
			}
			if len(d.Customs) < len(original.Customs) || d.HasDWARF() != original.HasDWARF() || d.HasNames() != original.HasNames() {
				t.Error("the debug module lacks a custom section")
			}
		})
	}
}

func TestTheDebugModulesDWARFIsThatOfTheInput(t *testing.T) {
	b := program(t, []string{"-g", "-O2"})
	_, debug, err := wasm.Strip(b, wasm.StripOptions{})
	if err != nil {
		t.Fatal(err)
	}
	want, got := dwarfdump(t, b), dwarfdump(t, debug)
	if want != got {
		t.Error("llvm-dwarfdump reads something else from the debug module")
	}
	if !strings.Contains(want, "count_words") {
		t.Errorf("llvm-dwarfdump reads too little:\n%s", want)
	}
}

func dwarfdump(t *testing.T, b []byte) string {
	t.Helper()
	path := File(t, "m.wasm", b)
	out := Run(t, "llvm-19", "llvm-dwarfdump-19", "--debug-info", "--debug-line", path)
	return strings.ReplaceAll(string(out), filepath.Dir(path), "")
}

// subprogram matches what llvm-dwarfdump prints of a function with code.
var subprogram = regexp.MustCompile(`DW_TAG_subprogram\n\s+DW_AT_low_pc\s+\((0x\w+)\)\n\s+DW_AT_high_pc\s+\((0x\w+)\)\n(?:\s+DW_AT_\w+\s+\(.*\)\n)*?\s+DW_AT_name\s+\("(\w+)"\)`)

func TestDWARFAddressesMeetTheStrippedModulesFunctions(t *testing.T) {
	b := program(t, []string{"-g", "-O2"})
	stripped, debug, err := wasm.Strip(b, wasm.StripOptions{})
	if err != nil {
		t.Fatal(err)
	}
	names, err := parse(t, debug).Names()
	if err != nil {
		t.Fatal(err)
	}
	m, met := parse(t, stripped), 0
	for _, f := range subprogram.FindAllStringSubmatch(dwarfdump(t, debug), -1) {
		low, err := strconv.ParseUint(f[1], 0, 64)
		if err != nil {
			t.Fatal(err)
		}
		if low == 0xffffffff { // a function that the linker dropped
			continue
		}
		i, ok := m.BodyAt(guest.CodeOffset(low))
		if !ok || names.Func(i) != f[3] {
			t.Errorf("0x%x is function %d %q, llvm-dwarfdump says %q", low, i, names.Func(i), f[3])
		}
		high, err := strconv.ParseUint(f[2], 0, 64)
		body, _ := m.Body(i)
		if end, ok := m.FileOffset(guest.CodeOffset(high - 1)); err != nil || !ok || end+1 != body.End() {
			t.Errorf("%s ends at 0x%x of the code by DWARF, at 0x%x of the file by its size", f[3], high, body.End())
		}
		met++
	}
	if met < 20 {
		t.Errorf("only %d functions were compared", met)
	}
}

func TestStrippingTwiceIsRefused(t *testing.T) {
	stripped, _, err := wasm.Strip(program(t, []string{"-g"}), wasm.StripOptions{DebugFile: "a.debug"})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err = wasm.Strip(stripped, wasm.StripOptions{}); !errors.Is(err, wasm.ErrStripped) || !strings.Contains(err.Error(), `"a.debug"`) {
		t.Errorf("error %v, want ErrStripped that names the debug file", err)
	}
}

func TestADamagedBuildIDIsReplaced(t *testing.T) {
	stripped, debug, err := wasm.Strip(Module(Custom("build_id", U(200), B(1))), wasm.StripOptions{})
	if err != nil {
		t.Fatal(err)
	}
	s, d := parse(t, stripped), parse(t, debug)
	if len(s.BuildID()) != 20 || !bytes.Equal(s.BuildID(), d.BuildID()) || len(d.Customs) != 1 {
		t.Errorf("build ids % x and % x", s.BuildID(), d.BuildID())
	}
}

func TestDifferentModulesGetDifferentBuildIDs(t *testing.T) {
	ids := map[string]bool{}
	for _, b := range [][]byte{program(t, []string{"-g", "-O1"}), program(t, []string{"-g", "-O2"})} {
		stripped, _, err := wasm.Strip(b, wasm.StripOptions{})
		if err != nil {
			t.Fatal(err)
		}
		ids[string(parse(t, stripped).BuildID())] = true
	}
	if len(ids) != 2 {
		t.Errorf("%d build ids, want 2", len(ids))
	}
}

func TestWhatIsNoModuleIsNotStripped(t *testing.T) {
	_, _, err := wasm.Strip([]byte("\x7fELF"), wasm.StripOptions{})
	wantInvalid(t, err, 0, "ELF")
}
