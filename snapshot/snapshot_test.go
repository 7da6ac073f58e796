package snapshot

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/wasm"
	"github.com/faaslens/faaslens/wasm/wasmtest"
)

// module assembles a module in the text format.
func module(t testing.TB, text string) *wasm.Module {
	t.Helper()
	in := wasmtest.File(t, "m.wat", []byte(text))
	out := filepath.Join(t.TempDir(), "m.wasm")
	wasmtest.Run(t, "wabt", "wat2wasm", "--enable-multi-memory", "--enable-memory64", "--debug-names", "-o", out, in)
	b, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	return parse(t, b)
}

func parse(t testing.TB, b []byte) *wasm.Module {
	t.Helper()
	m, err := wasm.Parse(b)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func validate(t testing.TB, b []byte) {
	t.Helper()
	wasmtest.Run(t, "wabt", "wasm-validate", "--enable-multi-memory", "--enable-memory64", wasmtest.File(t, "m.wasm", b))
}

// freeze freezes a module in a state that its reading is not needed for.
func freeze(t testing.TB, m *wasm.Module, s *State) *wasm.Module {
	t.Helper()
	_, reading, err := Instrument(m)
	if err != nil {
		t.Fatal(err)
	}
	b, err := Freeze(m, reading, s)
	if err != nil {
		t.Fatal(err)
	}
	validate(t, b)
	return parse(t, b)
}

func TestRunsAreWhatIsNotZero(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		memory := make([]byte, r.IntN(100_000))
		for range r.IntN(200) {
			if len(memory) > 0 {
				memory[r.IntN(len(memory))] = byte(r.IntN(256))
			}
		}
		again := make([]byte, len(memory))
		end := 0
		for _, run := range findRuns(memory) {
			if run.start < end || run.end <= run.start || run.end > len(memory) {
				t.Fatalf("a run from %d to %d, behind %d", run.start, run.end, end)
			}
			end = run.end
			copy(again[run.start:run.end], memory[run.start:run.end])
		}
		if !bytes.Equal(memory, again) {
			t.Fatal("the runs leave out what is not zero")
		}
	}
}

func TestRunsAreDenseEnoughForAnImage(t *testing.T) {
	for _, c := range []struct {
		name         string
		size, every  int
		most, padded int // runs; bytes in all
	}{
		{"a small memory is left as it is", 8 << 20, 1 << 16, 128, 1024},
		{"a large one is padded to half", 24 << 20, 1 << 16, 1, 24<<20 - 1<<16 + 8},
		{"one that has little far apart is not", 512 << 20, 100 << 20, 6, 48},
		{"pieces without number are joined", 8 << 20, 1 << 10, maxRuns, 8 << 20},
	} {
		memory := make([]byte, c.size)
		for at := 0; at < c.size; at += c.every {
			memory[at] = 1
		}
		runs := findRuns(memory)
		if n := sizeOf(runs); len(runs) > c.most || n > c.padded {
			t.Errorf("%s: %d runs with %d bytes, want at most %d and %d", c.name, len(runs), n, c.most, c.padded)
		}
	}
}

func TestAMemoryIsFrozenAtItsSize(t *testing.T) {
	m := module(t, `(module (memory 1 4) (memory i64 1) (data (memory 0) (i32.const 8) "old") (data (memory 1) (i64.const 0) "older"))`)
	one, two := make([]byte, 3<<16), make([]byte, 2<<16)
	copy(one[1000:], "new")
	copy(two[70000:], "newer")
	f := freeze(t, m, &State{Memories: [][]byte{one, two}})
	if f.Memories[0].Min != 3 || f.Memories[0].Max != 4 || f.Memories[1].Min != 2 || !f.Memories[1].Is64 {
		t.Errorf("the memories are %v", f.Memories)
	}
	got := make(map[uint32]string)
	for _, d := range f.Data {
		got[d.Memory] += string(bytes.TrimRight(f.Bytes()[d.File:d.File+guest.FileOffset(d.Size)], "\x00"))
	}
	if d := cmp.Diff(map[uint32]string{0: "new", 1: "newer"}, got); d != "" {
		t.Errorf("the data (-want +got):\n%s", d)
	}
}

func TestFunctionsStayReferableWhenTheirSegmentIsUsedUp(t *testing.T) {
	m := module(t, `(module
		(table $t 2 funcref) (global $g (mut funcref) (ref.null func))
		(elem (table $t) (i32.const 0) func $a)
		(elem (table $t) (i32.const 1) funcref (item (ref.func $b)))
		(func $a) (func $b)
		(func (export "init") (table.set $t (i32.const 0) (ref.func $b)) (global.set $g (ref.func $a))))`)
	f := freeze(t, m, &State{Globals: []guest.Value{{0}}, Tables: [][]uint32{{1, Null}}})
	var modes []wasm.SegmentMode
	for _, e := range f.Elements {
		modes = append(modes, e.Mode)
	}
	if d := cmp.Diff([]wasm.SegmentMode{wasm.SegmentDeclared, wasm.SegmentDeclared, wasm.SegmentActive}, modes); d != "" {
		t.Errorf("the segments (-want +got):\n%s", d)
	}
}

func TestStatesOfOtherModulesAreRefused(t *testing.T) {
	m := module(t, `(module (memory 1 2) (table 1 2 funcref) (global (mut funcref) (ref.null func)) (func (export "f") (table.set 0 (i32.const 0) (ref.null func))))`)
	_, r, err := Instrument(m)
	if err != nil {
		t.Fatal(err)
	}
	page := make([]byte, 1<<16)
	null := []guest.Value{{uint64(Null)}}
	for name, s := range map[string]*State{
		"no memory":                    {Globals: null, Tables: [][]uint32{{Null}}},
		"half a page":                  {Memories: [][]byte{page[:1000]}, Globals: null, Tables: [][]uint32{{Null}}},
		"more than there can be":       {Memories: [][]byte{make([]byte, 3<<16)}, Globals: null, Tables: [][]uint32{{Null}}},
		"no global":                    {Memories: [][]byte{page}, Tables: [][]uint32{{Null}}},
		"a global without function":    {Memories: [][]byte{page}, Globals: []guest.Value{{7}}, Tables: [][]uint32{{Null}}},
		"no table":                     {Memories: [][]byte{page}, Globals: null},
		"an element without function":  {Memories: [][]byte{page}, Globals: null, Tables: [][]uint32{{9}}},
		"more elements than there can": {Memories: [][]byte{page}, Globals: null, Tables: [][]uint32{{Null, Null, Null}}},
		"a segment":                    {Memories: [][]byte{page}, Globals: null, Tables: [][]uint32{{Null}}, DroppedData: []bool{true}},
	} {
		var refused *Refused
		if _, err := Freeze(m, r, s); !errors.As(err, &refused) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := Freeze(m, r, &State{Memories: [][]byte{page}, Globals: null, Tables: [][]uint32{{0}}}); err != nil {
		t.Errorf("its own: %v", err)
	}
}

func TestGlobalsAreExportedOnceUnderNamesOfTheirOwn(t *testing.T) {
	m := module(t, `(module (global $a (mut i32) (i32.const 1)) (global $b (export "b") (mut i64) (i64.const 2)) (global f32 (f32.const 3))
		(func (export "faaslens:global:0")))`)
	b := ExportGlobals(m)
	validate(t, b)
	var names []string
	for _, x := range parse(t, b).Exports {
		names = append(names, x.Name)
	}
	if d := cmp.Diff([]string{"b", "faaslens:global:0", "faaslens:global:0'"}, names); d != "" {
		t.Errorf("the exports (-want +got):\n%s", d)
	}
	if again := ExportGlobals(parse(t, b)); again != nil {
		t.Error("what is exported would be exported again")
	}
}

func TestADetachedModuleLacksWhatHasRun(t *testing.T) {
	m := module(t, `(module (func (export "init")) (func (export "_start")) (memory (export "memory") 1))`)
	b := Detach(m, m, []string{"init"})
	validate(t, b)
	d := parse(t, b)
	if _, ok := d.Export("init"); ok {
		t.Error("init is still there")
	}
	if x, ok := d.Export("_start"); !ok || x.Index != 1 {
		t.Errorf("_start is %v", x)
	}
	if _, ok := d.Custom(Section); !ok || !d.HasNames() {
		t.Error("a custom section is missing")
	}
}

func FuzzFreeze(f *testing.F) {
	if _, err := exec.LookPath("wat2wasm"); err != nil {
		f.Fatal("wat2wasm is missing: apt-get install wabt")
	}
	for _, text := range []string{
		`(module)`,
		`(module (memory 1 2) (global (mut i32) (i32.const 1)) (data (i32.const 1) "data") (func (export "init")))`,
		`(module (memory 1) (data "x") (data "y") (table 2 funcref) (elem func 0) (start 0)
			(func (data.drop 0) (elem.drop 0) (table.set 0 (i32.const 0) (ref.null func))))`,
		`(module (import "a" "b" (func)) (table 1 externref) (global (mut v128) (v128.const i64x2 1 2)))`,
	} {
		m := module(f, text)
		f.Add(m.Bytes(), []byte("state"))
	}
	f.Fuzz(func(t *testing.T, b, state []byte) {
		m, err := wasm.Parse(b)
		if err != nil {
			return
		}
		instrumented, r, err := Instrument(m)
		if err != nil {
			return
		}
		if _, err := wasm.Parse(instrumented); err != nil && m.Size() < 1<<20 {
			t.Fatalf("the instrumented module cannot be read: %v", err)
		}
		if g := ExportGlobals(m); g != nil {
			if _, err := wasm.Parse(g); err != nil {
				t.Fatalf("with its globals exported it cannot be read: %v", err)
			}
		}
		frozen, err := Freeze(m, r, stateFrom(m, r, state))
		if err != nil {
			return
		}
		p, err := wasm.Parse(frozen)
		if err != nil {
			t.Fatalf("the frozen module cannot be read: %v", err)
		}
		one, _ := m.CodeSection()
		two, _ := p.CodeSection()
		if !bytes.Equal(m.Bytes()[one.Content:one.End()], frozen[two.Content:two.End()]) {
			t.Fatal("the frozen module has other code")
		}
		if _, err := wasm.Parse(Detach(p, m, []string{"init"})); err != nil {
			t.Fatalf("the detached module cannot be read: %v", err)
		}
	})
}

// stateFrom makes a state of a module out of bytes, which fits more often than not.
func stateFrom(m *wasm.Module, r *Reading, b []byte) *State {
	next := func() uint64 {
		if len(b) == 0 {
			return 0
		}
		n := b[0]
		b = b[1:]
		return uint64(n)
	}
	s := &State{}
	for _, mem := range m.Memories {
		size := (min(mem.Min, 4) + next()%2) << min(mem.PageSizeLog2, 16)
		memory := make([]byte, size)
		copy(memory, b)
		s.Memories = append(s.Memories, memory)
	}
	for range r.Globals {
		s.Globals = append(s.Globals, guest.Value{next(), next()})
	}
	for range r.Tables {
		table := make([]uint32, next())
		for i := range table {
			if table[i] = uint32(next()); table[i] > 200 {
				table[i] = Null
			}
		}
		s.Tables = append(s.Tables, table)
	}
	for range r.Data {
		s.DroppedData = append(s.DroppedData, next() > 0)
	}
	for range r.Elements {
		s.DroppedElements = append(s.DroppedElements, next() > 0)
	}
	return s
}
