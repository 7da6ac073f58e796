package wasm_test

import (
	"testing"

	"github.com/faaslens/faaslens/internal/guesttest"
	"github.com/faaslens/faaslens/wasm"
)

func BenchmarkCode(b *testing.B) {
	m, err := wasm.Parse(guesttest.Build(b, "2", "faasm/counter.cpp"))
	if err != nil {
		b.Fatal(err)
	}
	section, _ := m.CodeSection()
	b.SetBytes(int64(section.Size))
	b.ReportAllocs()
	for b.Loop() {
		var in wasm.Instruction
		for _, body := range m.Bodies {
			code := m.Code(body)
			for code.Next(&in) {
			}
			if err := code.Err(); err != nil {
				b.Fatal(err)
			}
		}
	}
}

func TestInstructionsAreReadWithoutGarbage(t *testing.T) {
	m := parse(t, everyInstruction())
	n := testing.AllocsPerRun(10, func() {
		var in wasm.Instruction
		for _, body := range m.Bodies {
			code := m.Code(body)
			for code.Next(&in) {
			}
		}
	})
	if n > 0 {
		t.Errorf("%v allocations", n)
	}
}
