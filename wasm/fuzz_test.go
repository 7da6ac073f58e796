package wasm_test

import (
	"bytes"
	"errors"
	"runtime"
	"testing"
	"unicode/utf8"

	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/wasm"
	. "github.com/faaslens/faaslens/wasm/wasmtest"
)

func addSeeds(f *testing.F) {
	f.Add(Sample())
	f.Add([]byte(Preamble))
	f.Add([]byte("\x7fELF"))
	f.Add([]byte("(module)"))
	f.Add(ReadFile(f, Compile(f, "testdata/runs.c", "-g", "-O1"))) // small, so that the fuzzer is fast
	f.Add(Module(oneType, oneFunc, oneBody, Custom(".debug_info"), Custom("external_debug_info", Name("x"))))
	f.Add(Module(Section(1, Vec(Cat(B(0x4e), Vec(Cat(B(0x50, 0, 0x5f), Vec(B(0x63, 0, 1))), B(0x5e, 0x78, 0)))))))
	f.Add(Module(Section(11, U(1<<31))))
}

// FuzzParse holds that reading never panics, that errors are structured, that
// memory is bounded and that everything found lies within the module.
func FuzzParse(f *testing.F) {
	addSeeds(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		m, err := readAll(b)
		runtime.ReadMemStats(&after)
		// Other goroutines of the fuzzer allocate too: the constant is theirs.
		if used := after.TotalAlloc - before.TotalAlloc; used > 16<<20+uint64(len(b))*200 {
			t.Errorf("%d bytes are allocated for a module of %d", used, len(b))
		}
		if err != nil {
			var invalid *guest.InvalidModule
			if !errors.As(err, &invalid) || invalid.Reason == "" || invalid.Offset > int64(len(b)) {
				t.Errorf("error %#v", err)
			}
			return
		}
		checkPlaces(t, m, len(b))
	})
}

func checkPlaces(t *testing.T, m *wasm.Module, size int) {
	t.Helper()
	end := guest.FileOffset(8)
	for _, s := range m.Sections {
		if s.Header != end || s.Content <= s.Header || s.End() > guest.FileOffset(size) {
			t.Errorf("section %+v behind 0x%x", s, end)
		}
		end = s.End()
	}
	if end != guest.FileOffset(size) {
		t.Errorf("sections end at 0x%x of 0x%x", end, size)
	}
	code, ok := m.CodeSection()
	for i, b := range m.Bodies {
		f := guest.FuncIndex(i + m.NumImportedFuncs())
		if got, found := m.BodyAt(guest.CodeOffset(b.Offset - code.Content)); !ok || !found || got != f || b.End() > code.End() {
			t.Errorf("body %+v of function %d is found as %d (%v)", b, f, got, found)
		}
		if _, ok := m.FuncType(f); !ok {
			t.Errorf("function %d has no type", f)
		}
	}
	for _, d := range m.Data {
		if uint64(d.File)+uint64(d.Size) > uint64(size) {
			t.Errorf("data segment %+v", d)
		}
	}
	for _, e := range m.Exports {
		if m.TypeString(e.Kind, e.Index) == "" {
			t.Errorf("export %+v is of nothing", e)
		}
	}
}

// FuzzStrip holds that both halves parse, share a build id, keep the code, and
// that the stripped half changes no more when it is stripped again.
func FuzzStrip(f *testing.F) {
	addSeeds(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		original, parseErr := wasm.Parse(b)
		stripped, debug, err := wasm.Strip(b, wasm.StripOptions{})
		if err != nil {
			if parseErr == nil && !errors.Is(err, wasm.ErrStripped) {
				t.Errorf("a valid module is not stripped: %v", err)
			}
			return
		}
		s, d := parse(t, stripped), parse(t, debug)
		if s.BuildID() == nil || !bytes.Equal(s.BuildID(), d.BuildID()) || s.HasDWARF() || s.HasNames() {
			t.Errorf("build ids % x and % x", s.BuildID(), d.BuildID())
		}
		code := codeBytes(t, original)
		if !bytes.Equal(codeBytes(t, s), code) || !bytes.Equal(codeBytes(t, d), code) {
			t.Error("the code changed")
		}
		again, same, err := wasm.Strip(stripped, wasm.StripOptions{})
		if err != nil || !bytes.Equal(again, stripped) || !bytes.Equal(same, stripped) {
			t.Errorf("stripping again changes the module, error %v", err)
		}
		if _, same, err = wasm.Strip(debug, wasm.StripOptions{}); err != nil || !bytes.Equal(same, debug) {
			t.Errorf("the debug module's debug module differs, error %v", err)
		}
	})
}

// FuzzNames holds that a name section of any bytes gives ordered, valid names.
func FuzzNames(f *testing.F) {
	f.Add(Cat(Section(0, Name("m")), Section(1, NameMap("f", "g")), Section(2, Vec(Cat(U(1), NameMap("a", "b"))))))
	f.Add(Cat(Section(1, U(2), U(1), Name("g"), U(0), Name("\xff"))))
	f.Add(Cat(Section(2, U(2), U(1), NameMap("a"), U(0), NameMap("b"))))
	f.Add(B(1, 200, 1, 5))
	f.Fuzz(func(t *testing.T, payload []byte) {
		m, err := wasm.Parse(Module(Custom("name", payload)))
		if err != nil {
			t.Fatal(err)
		}
		names, _ := m.Names()
		for _, s := range []wasm.NameMap{names.Funcs, names.Types, names.Tables, names.Memories, names.Globals, names.Elements, names.Data, names.Tags} {
			checkNames(t, s)
		}
		for i := range uint32(4) {
			for _, in := range []wasm.IndirectNameMap{names.Locals, names.Labels, names.Fields} {
				checkNames(t, in.Lookup(i))
			}
		}
	})
}

func checkNames(t *testing.T, s wasm.NameMap) {
	t.Helper()
	for i, n := range s {
		if got, ok := s.Lookup(n.Index); !ok || got != n.Name || !utf8.ValidString(got) {
			t.Errorf("index %d is %q, looked up as %q (%v)", n.Index, n.Name, got, ok)
		}
		if i > 0 && s[i-1].Index >= n.Index {
			t.Errorf("index %d stands behind %d", n.Index, s[i-1].Index)
		}
	}
}
