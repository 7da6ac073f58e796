package symbol

import (
	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/wasm"
)

type goTable struct{}

func readGoTable(*wasm.Module) *goTable { return nil }

func (*goTable) describe(*Location, *Table, guest.FuncIndex, guest.CodeOffset) {}

func (*goTable) declaration(*Table, guest.FuncIndex) (string, int) { return "", 0 }
