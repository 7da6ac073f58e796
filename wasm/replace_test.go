package wasm

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"

	w "github.com/faaslens/faaslens/wasm/wasmtest"
)

func TestReplacedSectionsStandWhereTheyBelong(t *testing.T) {
	custom := w.Custom("names", w.B(1, 2))
	memory := w.Section(byte(SectionMemory), w.Vec(w.B(0, 1)))
	global := w.Section(byte(SectionGlobal), w.Vec(w.Cat(w.B(0x7f, 1), w.I32Const(5))))
	start := w.Section(byte(SectionData), w.Vec())
	other := w.Section(byte(SectionMemory), w.Vec(w.B(0, 2)))
	exports := w.Section(byte(SectionExport), w.Vec(w.Export("memory", 2, 0)))
	for _, c := range []struct {
		name     string
		from     []byte
		contents map[SectionID][]byte
		want     []byte
	}{
		{"nothing changes", w.Module(custom, memory, global), nil, w.Module(custom, memory, global)},
		{"one has another content", w.Module(memory, global, custom), map[SectionID][]byte{SectionMemory: w.Vec(w.B(0, 2))}, w.Module(other, global, custom)},
		{"one goes", w.Module(memory, global), map[SectionID][]byte{SectionGlobal: nil, SectionStart: nil}, w.Module(memory)},
		{"one comes between", w.Module(memory, start, custom), map[SectionID][]byte{SectionGlobal: w.Vec(w.Cat(w.B(0x7f, 1), w.I32Const(5)))}, w.Module(memory, global, start, custom)},
		{"two come before the names", w.Module(custom, memory, custom), map[SectionID][]byte{SectionData: w.Vec(), SectionExport: w.Vec(w.Export("memory", 2, 0))}, w.Module(custom, memory, exports, start, custom)},
		{"custom ones go", w.Module(custom, memory, custom), map[SectionID][]byte{SectionCustom: nil}, w.Module(memory)},
		{"into nothing", w.Module(custom), map[SectionID][]byte{SectionMemory: w.Vec(w.B(0, 1))}, w.Module(custom, memory)},
	} {
		m, err := Parse(c.from)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(c.want, m.Replace(c.contents)); d != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, d)
		}
	}
}

func TestSectionsAreExtended(t *testing.T) {
	m, err := Parse(w.Module(w.Section(byte(SectionMemory), w.PaddedU(1, 4), w.B(0, 1))))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := m.Extend(SectionMemory, w.B(0, 2), w.B(0, 3)), w.Vec(w.B(0, 1), w.B(0, 2), w.B(0, 3)); !bytes.Equal(got, want) {
		t.Errorf("got %x, want %x", got, want)
	}
	if got, want := m.Extend(SectionExport, w.Export("m", 2, 0)), w.Vec(w.Export("m", 2, 0)); !bytes.Equal(got, want) {
		t.Errorf("a section that is not there: %x, want %x", got, want)
	}
}

func TestTypesAreWrittenAsTheyAreRead(t *testing.T) {
	for _, b := range [][]byte{
		w.Section(byte(SectionMemory), w.Vec(w.B(0, 1), w.B(1, 1, 2), w.B(3, 1, 2), w.B(4, 1), w.B(5, 1, 0x80, 0x80, 0x04), w.B(8, 7, 0))),
		w.Section(byte(SectionTable), w.Vec(w.B(0x70, 0, 1), w.B(0x6f, 1, 1, 2), w.B(0x70, 4, 1), w.B(0x63, 0x70, 0, 3), w.B(0x64, 0x69, 0, 3))),
	} {
		m, err := Parse(w.Module(b))
		if err != nil {
			t.Fatal(err)
		}
		var again [][]byte
		for _, mem := range m.Memories {
			again = append(again, mem.AppendTo(nil))
		}
		for _, table := range m.Tables {
			again = append(again, table.AppendTo(nil))
		}
		if got := w.Section(b[0], w.Vec(again...)); !bytes.Equal(got, b) {
			t.Errorf("got %x, want %x", got, b)
		}
	}
}

func TestCustomSectionsAreReplacedByName(t *testing.T) {
	memory := w.Section(byte(SectionMemory), w.Vec(w.B(0, 1)))
	m, err := Parse(w.Module(w.Custom("a", w.B(1)), memory, w.Custom("b", w.B(2)), w.Custom("b", w.B(3))))
	if err != nil {
		t.Fatal(err)
	}
	got := m.ReplaceCustom(map[string][]byte{"b": w.B(4, 5), "c": w.B(6)})
	if want := w.Module(w.Custom("a", w.B(1)), memory, w.Custom("b", w.B(4, 5)), w.Custom("b", w.B(3))); !bytes.Equal(got, want) {
		t.Errorf("got % x, want % x", got, want)
	}
}
