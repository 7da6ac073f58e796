package worker

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/wasm"
)

func TestLayoutsOfMemoryAreTold(t *testing.T) {
	known := func(v int32) wasm.Const { return wasm.Const{Known: true, Value: guest.ValueI32(v)} }
	stack := wasm.Global{Mutable: true, Init: known(1000)}
	base := wasm.Global{Init: known(1600)}
	data := func(at int32, size uint32) wasm.Data { return wasm.Data{Offset: known(at), Size: size} }
	for _, c := range []struct {
		name   string
		module wasm.Module
		want   layout
	}{
		{"the stack first", wasm.Module{Globals: []wasm.Global{stack}, Data: []wasm.Data{data(1100, 50), data(1000, 100)}},
			layout{stackPointer: 1000, dataStart: 1000, dataEnd: 1150, heapStart: 1150}},
		{"the data first", wasm.Module{Globals: []wasm.Global{stack}, Data: []wasm.Data{data(16, 100)}},
			layout{stackStart: 116, stackPointer: 1000, dataStart: 16, dataEnd: 116, heapStart: 1000}},
		{"the heap as it is exported", wasm.Module{Globals: []wasm.Global{stack, base}, Data: []wasm.Data{data(1000, 100)},
			Exports: []wasm.Export{{Name: "__heap_base", Kind: wasm.KindGlobal, Index: 1}}},
			layout{stackPointer: 1000, dataStart: 1000, dataEnd: 1100, heapStart: 1600}},
		{"nothing at all", wasm.Module{}, layout{}},
		{"data and a stack beyond the memory", wasm.Module{Globals: []wasm.Global{{Mutable: true, Init: known(-1)}}, Data: []wasm.Data{data(-16, 1<<31)}},
			layout{stackPointer: 4096, dataStart: 4096, dataEnd: 4096, heapStart: 4096}},
		{"an export of a global that is not there", wasm.Module{Exports: []wasm.Export{{Name: "__heap_base", Kind: wasm.KindGlobal, Index: 7}}}, layout{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, layoutOf(&c.module, 4096), cmp.AllowUnexported(layout{})); diff != "" {
				t.Error(diff)
			}
		})
	}
}
