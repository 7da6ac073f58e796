package wasm_test

import (
	"testing"

	"github.com/faaslens/faaslens/wasm"
	. "github.com/faaslens/faaslens/wasm/wasmtest"
	"github.com/google/go-cmp/cmp"
)

func TestUncommonMemoriesAndTables(t *testing.T) {
	m := parse(t, Module(
		Section(4, Vec(Cat(B(0x40, 0, 0x70, 1, 1, 5), B(0xd0, 0x70, 0x0b)))),
		Section(5, Vec(B(0x0d, 1, 2, 0), Cat(B(4), U(1<<40)), B(3, 1, 4))),
	))
	var got []string
	for i := range m.Memories {
		got = append(got, m.TypeString(wasm.KindMemory, uint32(i)))
	}
	got = append(got, m.TypeString(wasm.KindTable, 0), m.TypeString(wasm.KindTable, 1))
	want := []string{"1 to 2 pages of 1 bytes, 64-bit", "1099511627776 or more pages, 64-bit", "1 to 4 pages, shared", "1 to 5 funcref", ""}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("types (-want +got):\n%s", diff)
	}
}
