package wasm_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/faaslens/faaslens/wasm"
	"github.com/faaslens/faaslens/wasm/wasmtest"
	"github.com/google/go-cmp/cmp"
)

// program links testdata's word counter.
func program(t testing.TB, compile []string, link ...string) []byte {
	t.Helper()
	return wasmtest.Link(t, []string{
		wasmtest.Compile(t, "testdata/words.c", compile...),
		wasmtest.Compile(t, "testdata/runs.c", compile...),
	}, link...)
}

// realModules are what compilers and linkers make, in their different ways.
func realModules(t *testing.T) map[string][]byte {
	t.Helper()
	return map[string][]byte{
		"optimised with debug information": program(t, []string{"-g", "-O2"}, "--build-id"),
		"not optimised":                    program(t, []string{"-g", "-O0"}),
		"without debug information":        program(t, []string{"-O2"}, "--strip-all"),
		"with relocations":                 program(t, []string{"-g", "-O1"}, "--emit-relocs"),
		"with a shared imported memory": program(t, []string{"-O2", "-matomics", "-mbulk-memory"}, "--shared-memory", "--import-memory",
			"--max-memory=4194304", "--no-check-features"),
		"with an exported growing table": program(t, []string{"-O2"}, "--export-table", "--growable-table", "--export-all"),
		"written by the encoder":         wasmtest.Sample(),
	}
}

// sectionTitles are wabt's names of sections in 'wasm-objdump -h'.
var sectionTitles = map[wasm.SectionID]string{
	wasm.SectionCustom: "Custom", wasm.SectionType: "Type", wasm.SectionImport: "Import", wasm.SectionFunction: "Function",
	wasm.SectionTable: "Table", wasm.SectionMemory: "Memory", wasm.SectionGlobal: "Global", wasm.SectionExport: "Export",
	wasm.SectionStart: "Start", wasm.SectionElement: "Elem", wasm.SectionCode: "Code", wasm.SectionData: "Data",
	wasm.SectionDataCount: "DataCount", wasm.SectionTag: "Tag",
}

func TestSectionsLieWhereWasmObjdumpSees(t *testing.T) {
	line := regexp.MustCompile(`(?m)^ *(\w+) start=(0x\w+) end=(0x\w+)`)
	for name, b := range realModules(t) {
		t.Run(name, func(t *testing.T) {
			out := wasmtest.Run(t, "wabt", "wasm-objdump", "-h", wasmtest.File(t, "m.wasm", b))
			var want, got []string
			for _, f := range line.FindAllStringSubmatch(string(out), -1) {
				want = append(want, strings.Join(f[1:], " "))
			}
			for _, s := range parse(t, b).Sections {
				got = append(got, fmt.Sprintf("%s 0x%08x 0x%08x", sectionTitles[s.ID], s.Content, s.End()))
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("sections (-wasm-objdump +ours):\n%s", diff)
			}
		})
	}
}

func TestDeclarationsAreWhatWasmObjdumpSees(t *testing.T) {
	for name, b := range realModules(t) {
		t.Run(name, func(t *testing.T) {
			out := string(wasmtest.Run(t, "wabt", "wasm-objdump", "-x", wasmtest.File(t, "m.wasm", b)))
			want := objdumpDeclarations(out)
			if len(want) < 10 {
				t.Fatalf("wasm-objdump says only:\n%s", out)
			}
			if diff := cmp.Diff(want, declarations(parse(t, b))); diff != "" {
				t.Errorf("declarations (-wasm-objdump +ours):\n%s", diff)
			}
		})
	}
}

// objdumpDeclarations keeps of 'wasm-objdump -x' what concerns the engine's
// sections, without the contents of segments and the names that wabt adds from
// the name section.
func objdumpDeclarations(out string) []string {
	_, out, _ = strings.Cut(out, "Section Details:\n\n")
	out, _, _ = strings.Cut(out, "\nCustom:")
	names := regexp.MustCompile(` <[^>-][^>]*>`)
	var lines []string
	for _, l := range strings.Split(strings.TrimSpace(out), "\n") {
		if !strings.HasPrefix(l, "  ") {
			lines = append(lines, names.ReplaceAllString(l, ""))
		}
	}
	return lines
}

// declarations writes a module as objdumpDeclarations does.
func declarations(m *wasm.Module) []string {
	w := &lines{m: m}
	for _, s := range m.Sections {
		switch s.ID {
		case wasm.SectionType:
			w.title("Type", len(m.Types))
			for i, t := range m.Types {
				s := t.String()
				if len(t.Func.Results) == 0 {
					s += " -> nil"
				}
				w.add(" - type[%d] %s", i, s)
			}
		case wasm.SectionImport:
			w.title("Import", len(m.Imports))
			for _, i := range m.Imports {
				w.add("%s <- %s.%s", w.space(i.Kind, i.Index), i.Module, i.Name)
			}
		case wasm.SectionFunction:
			w.defined("Function", wasm.KindFunc, len(m.Funcs))
		case wasm.SectionTable:
			w.defined("Table", wasm.KindTable, len(m.Tables))
		case wasm.SectionMemory:
			w.defined("Memory", wasm.KindMemory, len(m.Memories))
		case wasm.SectionTag:
			w.defined("Tag", wasm.KindTag, len(m.Tags))
		case wasm.SectionGlobal:
			w.defined("Global", wasm.KindGlobal, len(m.Globals))
		case wasm.SectionExport:
			w.title("Export", len(m.Exports))
			for _, e := range m.Exports {
				w.add(" - %s[%d] -> %q", short(e.Kind), e.Index, e.Name)
			}
		case wasm.SectionStart:
			w.add("Start:")
			w.add(" - start function: %d", *m.Start)
		case wasm.SectionElement:
			w.elements()
		case wasm.SectionDataCount:
			w.add("DataCount:")
			w.add(" - data count: %d", len(m.Data))
		case wasm.SectionCode:
			w.title("Code", len(m.Bodies))
			for i, b := range m.Bodies {
				w.add(" - func[%d] size=%d", i+m.NumImportedFuncs(), b.Size)
			}
		case wasm.SectionData:
			w.data()
		}
	}
	return w.all
}

type lines struct {
	m   *wasm.Module
	all []string
}

func (w *lines) add(format string, args ...any) { w.all = append(w.all, fmt.Sprintf(format, args...)) }
func (w *lines) title(name string, n int)       { w.add("%s[%d]:", name, n) }

func (w *lines) defined(title string, k wasm.Kind, n int) {
	first := w.m.NumImported(k)
	w.title(title, n-first)
	for i := first; i < n; i++ {
		line := w.space(k, uint32(i))
		if k == wasm.KindGlobal {
			line += " - init " + constant(w.m.Globals[i].Init)
		}
		w.add("%s", line)
	}
}

func short(k wasm.Kind) string { return strings.Replace(k.String(), "function", "func", 1) }

// space writes one entry of an index space.
func (w *lines) space(k wasm.Kind, i uint32) string {
	entry := fmt.Sprintf(" - %s[%d]", short(k), i)
	switch k {
	case wasm.KindFunc:
		return fmt.Sprintf("%s sig=%d", entry, w.m.Funcs[i])
	case wasm.KindTag:
		return fmt.Sprintf("%s sig=%d", entry, w.m.Tags[i])
	case wasm.KindTable:
		return fmt.Sprintf("%s type=%s %s", entry, w.m.Tables[i].Elem, limits(w.m.Tables[i].Limits))
	case wasm.KindMemory:
		return fmt.Sprintf("%s pages: %s", entry, limits(w.m.Memories[i].Limits))
	}
	mutable := 0
	if w.m.Globals[i].Mutable {
		mutable = 1
	}
	return fmt.Sprintf("%s %s mutable=%d", entry, w.m.Globals[i].Type, mutable)
}

func limits(l wasm.Limits) string {
	s := fmt.Sprintf("initial=%d", l.Min)
	if l.HasMax {
		s += fmt.Sprintf(" max=%d", l.Max)
	}
	if l.Shared {
		s += " shared"
	}
	if l.Is64 {
		s += " i64"
	}
	return s
}

// constant writes a value as wabt does; the sample's one that is not known is
// global 0.
func constant(c wasm.Const) string {
	if !c.Known {
		return "global=0"
	}
	return fmt.Sprintf("i32=%d", c.Value.I32())
}

func (w *lines) elements() {
	w.title("Elem", len(w.m.Elements))
	for i, e := range w.m.Elements {
		flags := map[wasm.SegmentMode]int{wasm.SegmentActive: 0, wasm.SegmentPassive: 1, wasm.SegmentDeclared: 7}[e.Mode]
		line := fmt.Sprintf(" - segment[%d] flags=%d table=%d count=%d", i, flags, e.Table, e.Count)
		if e.Mode == wasm.SegmentActive {
			line += " - init " + constant(e.Offset)
		}
		w.add("%s", line)
	}
}

func (w *lines) data() {
	w.title("Data", len(w.m.Data))
	for i, d := range w.m.Data {
		if d.Mode == wasm.SegmentPassive {
			w.add(" - segment[%d] passive size=%d", i, d.Size)
			continue
		}
		w.add(" - segment[%d] memory=%d size=%d - init %s", i, d.Memory, d.Size, constant(d.Offset))
	}
}

func TestNamesAreWhatWasmObjdumpSees(t *testing.T) {
	line := regexp.MustCompile(`(?m)^ - (func|global|dataseg)\[(\d+)\](?: local\[(\d+)\])? <(.*)>$`)
	for name, b := range realModules(t) {
		t.Run(name, func(t *testing.T) {
			out := string(wasmtest.Run(t, "wabt", "wasm-objdump", "-x", wasmtest.File(t, "m.wasm", b)))
			var want []string
			if _, after, ok := strings.Cut(out, "\n - name: \"name\"\n"); ok {
				section, _, _ := strings.Cut(after, "\nCustom:")
				for _, f := range line.FindAllStringSubmatch(section, -1) {
					want = append(want, strings.Join(f[1:], " "))
				}
			}
			m := parse(t, b)
			if m.HasNames() != (len(want) > 0) {
				t.Fatalf("HasNames is %v, wasm-objdump sees %d names", m.HasNames(), len(want))
			}
			if diff := cmp.Diff(want, nameLines(t, m)); diff != "" {
				t.Errorf("names (-wasm-objdump +ours):\n%s", diff)
			}
		})
	}
}

func nameLines(t *testing.T, m *wasm.Module) []string {
	t.Helper()
	names, err := m.Names()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, n := range names.Funcs {
		got = append(got, fmt.Sprintf("func %d  %s", n.Index, n.Name))
	}
	for i := range m.Funcs {
		for _, n := range names.Locals.Lookup(uint32(i)) {
			got = append(got, fmt.Sprintf("func %d %d %s", i, n.Index, n.Name))
		}
	}
	for _, n := range names.Globals {
		got = append(got, fmt.Sprintf("global %d  %s", n.Index, n.Name))
	}
	for _, n := range names.Data {
		got = append(got, fmt.Sprintf("dataseg %d  %s", n.Index, n.Name))
	}
	return got
}
