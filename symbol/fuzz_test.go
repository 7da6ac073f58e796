package symbol_test

import (
	"os"
	"strings"
	"testing"

	"github.com/faaslens/faaslens/symbol"
	"github.com/faaslens/faaslens/wasm"
	"github.com/faaslens/faaslens/wasm/wasmtest"
)

// sections are what the fuzzers replace, in the order of their arguments.
var sections = []string{
	".debug_info", ".debug_abbrev", ".debug_str", ".debug_line", ".debug_line_str", ".debug_str_offsets",
	".debug_addr", ".debug_ranges", ".debug_rnglists", "name",
}

// replace returns the module with the payloads of some custom sections replaced.
func replace(t testing.TB, m *wasm.Module, payloads map[string][]byte) *wasm.Module {
	t.Helper()
	b := []byte(wasmtest.Preamble)
	for _, s := range m.Sections {
		if s.ID != wasm.SectionCustom {
			b = append(b, m.Bytes()[s.Header:s.End()]...)
		}
	}
	for _, name := range sections {
		payload, ok := payloads[name]
		if !ok {
			c, _ := m.Custom(name)
			payload = c.Payload
		}
		b = append(b, wasmtest.Custom(name, payload)...)
	}
	return parse(t, b)
}

func seeds(f *testing.F) []*wasm.Module {
	f.Helper()
	var all []*wasm.Module
	for _, version := range []string{"-gdwarf-2", "-gdwarf-3", "-gdwarf-4", "-gdwarf-5"} {
		all = append(all, parse(f, tiny(f, version)))
	}
	return all
}

// fuzzSections fuzzes some sections of real modules, one argument for each.
func fuzzSections(f *testing.F, a, b, c string) {
	bases := seeds(f)
	for i, m := range bases {
		payload := func(name string) []byte {
			s, _ := m.Custom(name)
			return s.Payload
		}
		f.Add(byte(i), payload(a), payload(b), payload(c))
	}
	f.Fuzz(func(t *testing.T, base byte, x, y, z []byte) {
		m := replace(t, bases[int(base)%len(bases)], map[string][]byte{a: x, b: y, c: z})
		exercise(t, symbol.Source{Module: m})
	})
}

func FuzzInfo(f *testing.F) { fuzzSections(f, ".debug_info", ".debug_abbrev", ".debug_str") }

func FuzzLine(f *testing.F) { fuzzSections(f, ".debug_line", ".debug_line_str", ".debug_str") }

func FuzzRanges(f *testing.F) { fuzzSections(f, ".debug_ranges", ".debug_rnglists", ".debug_info") }

func FuzzIndices(f *testing.F) {
	fuzzSections(f, ".debug_str_offsets", ".debug_addr", ".debug_info")
}

func FuzzNames(f *testing.F) {
	bases := seeds(f)
	names, _ := bases[0].Custom("name")
	f.Add(names.Payload)
	f.Add([]byte("\x01\x05\x01\x00\x02_Z"))
	f.Fuzz(func(t *testing.T, payload []byte) {
		m := replace(t, bases[0], map[string][]byte{"name": payload, ".debug_info": nil})
		exercise(t, symbol.Source{Module: m})
	})
}

func FuzzSplit(f *testing.F) {
	for _, version := range []string{"-gdwarf-4", "-gdwarf-5"} {
		object := compile(f, tinySource, version, "-g", "-O1", "-gsplit-dwarf")
		f.Add(wasmtest.ReadFile(f, strings.TrimSuffix(object, ".o")+".dwo"))
	}
	var bases []*wasm.Module
	for _, version := range []string{"-gdwarf-4", "-gdwarf-5"} {
		bases = append(bases, parse(f, tiny(f, version, "-gsplit-dwarf")))
	}
	f.Fuzz(func(t *testing.T, dwo []byte) {
		for _, m := range bases {
			exercise(t, symbol.Source{Module: m, Split: func(string, string) ([]byte, error) {
				if len(dwo) == 0 {
					return nil, os.ErrNotExist
				}
				return dwo, nil
			}})
		}
	})
}

func FuzzPackage(f *testing.F) {
	var bases []*wasm.Module
	for _, version := range []string{"-gdwarf-4", "-gdwarf-5"} {
		object := compile(f, tinySource, version, "-g", "-O1", "-gsplit-dwarf")
		dwp := pack(f, []string{strings.TrimSuffix(object, ".o") + ".dwo"})
		out := wasmtest.File(f, "tiny.wasm", nil)
		wasmtest.Run(f, "lld-19", "wasm-ld-19", object, "--export=sum", "-o", out)
		bases = append(bases, parse(f, wasmtest.ReadFile(f, out)))
		p := parse(f, dwp)
		index, _ := p.Custom(".debug_cu_index")
		f.Add(index.Payload, dwp)
	}
	f.Fuzz(func(t *testing.T, index, dwp []byte) {
		// The index alone, before the sections that are, and the whole.
		mixed := append([]byte(wasmtest.Preamble), wasmtest.Custom(".debug_cu_index", index)...)
		mixed = append(mixed, dwp[min(len(dwp), len(wasmtest.Preamble)):]...)
		for _, m := range bases {
			for _, b := range [][]byte{mixed, dwp} {
				exercise(t, symbol.Source{Module: m, Package: func() ([]byte, error) { return b, nil }})
			}
		}
	})
}

func FuzzDebugFile(f *testing.F) {
	whole := tiny(f, "-gdwarf-5")
	stripped, debug, err := wasm.Strip(whole, wasm.StripOptions{})
	if err != nil {
		f.Fatal(err)
	}
	m := parse(f, stripped)
	f.Add(debug)
	f.Fuzz(func(t *testing.T, debug []byte) { exercise(t, symbol.Source{Module: m, Debug: debug}) })
}

// FuzzDemangle fuzzes what names are demangled, by a module whose only function has
// the name.
func FuzzDemangle(f *testing.F) {
	for _, name := range []string{
		"_ZNSt3__24swapB8nn190107IiEENS_9enable_ifIXaasr21is_move_constructibleIT_EE5valuesr18is_move_assignableIS1_EE5valueEvE4typeERS1_S4_",
		"_ZNSt3__212basic_stringIcNS_11char_traitsIcEENS_9allocatorIcEEEC2B8nn190107ILi0EEEPKc",
		"_ZN3std4sync4once4Once15call_once_force28_$u7b$$u7b$closure$u7d$$u7d$17hb35c382d37720e43E.llvm.5586394452431131964",
		"_RNvCskwGfYPst2Cb_3foo16example_function", "_ZC1B1xD2B1y", "main",
	} {
		f.Add(name)
	}
	base := parse(f, tiny(f, "-gdwarf-4"))
	f.Fuzz(func(t *testing.T, name string) {
		payload := wasmtest.Cat([]byte{1}, wasmtest.Name(string(wasmtest.Cat([]byte{1, 0}, wasmtest.Name(name)))))
		m := replace(t, base, map[string][]byte{"name": payload, ".debug_info": nil})
		exercise(t, symbol.Source{Module: m})
	})
}
