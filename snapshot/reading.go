package snapshot

import (
	"fmt"
	"slices"

	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/wasm"
)

// Prefix begins the names of exports that were made for reading an instance's state. They
// are no part of what the module offers.
const Prefix = "faaslens:"

// Reading says what an instance's state is made of, by names that the instrumented
// module exports.
type Reading struct {
	Memories []string // all of them
	Globals  []Named  // those that can change
	Tables   []string // all of them, if they can change; else none
	Funcs    []Named  // those that tables and globals may refer to
	Data     []Named  // probes of the segments that can be dropped
	Elements []Named  // likewise
}

// Named is something by its index, and the name of an export. For a segment, that is a
// function which traps if it has been dropped, and else overwrites the first byte of
// memory 0 or an element of a table: it comes after all else was read.
type Named struct {
	Index uint32
	Name  string
	// Table is what the probe of an element segment writes to.
	Table uint32
}

// State is what was read, in the order of a Reading. Globals that hold numbers have
// bits; those that hold a function, its index or Null in the low half.
type State struct {
	Memories        [][]byte
	Globals         []guest.Value
	Tables          [][]uint32 // indices of functions, or Null
	DroppedData     []bool
	DroppedElements []bool
}

// Null is the reference to no function.
const Null = ^uint32(0)

// Refused is why an instance cannot be made into a module.
type Refused struct {
	Reason string
}

func (e *Refused) Error() string { return "snapshot: " + e.Reason }

func refuse(format string, args ...any) error { return &Refused{fmt.Sprintf(format, args...)} }

// Changes is what a module's code can change beside memories and globals.
type Changes struct {
	Tables   bool
	Data     []uint32 // passive segments that it drops, ascending
	Elements []uint32 // likewise
}

// Any reports whether there is something.
func (c *Changes) Any() bool { return c.Tables || len(c.Data) > 0 || len(c.Elements) > 0 }

// ChangesOf reads all of a module's code. The error says which instruction cannot be
// read.
func ChangesOf(m *wasm.Module) (Changes, error) {
	var c Changes
	data, elements := make(map[uint32]bool), make(map[uint32]bool)
	var in wasm.Instruction
	for _, b := range m.Bodies {
		code := m.Code(b)
		for code.Next(&in) {
			switch in.Op {
			case wasm.OpTableSet, wasm.OpTableInit, wasm.OpTableCopy, wasm.OpTableGrow, wasm.OpTableFill:
				c.Tables = true
			case wasm.OpDataDrop:
				data[in.Index] = true
			case wasm.OpElemDrop:
				elements[in.Index] = true
			}
		}
		if err := code.Err(); err != nil {
			return Changes{}, err
		}
	}
	for i, d := range m.Data {
		if data[uint32(i)] && d.Mode == wasm.SegmentPassive && d.Size > 0 {
			c.Data = append(c.Data, uint32(i))
		}
	}
	for i, e := range m.Elements {
		if elements[uint32(i)] && e.Mode == wasm.SegmentPassive && e.Count > 0 {
			c.Elements = append(c.Elements, uint32(i))
		}
	}
	return c, nil
}

// check refuses modules whose state cannot be read or written whole.
func check(m *wasm.Module, c *Changes) error {
	for k, what := range map[wasm.Kind]string{wasm.KindMemory: "memory", wasm.KindTable: "table"} {
		if m.NumImported(k) > 0 {
			return refuse("it imports a %s, which is not its own", what)
		}
	}
	for i, g := range m.Globals {
		switch {
		case !g.Mutable:
		case i < m.NumImported(wasm.KindGlobal):
			return refuse("it imports global %d, which can change and is not its own", i)
		case g.Type.IsRef() && g.Type.Code != guest.FuncRef:
			return refuse("global %d holds %s, of which it cannot be told what it refers to", i, g.Type)
		}
	}
	for i, mem := range m.Memories {
		if mem.Shared {
			return refuse("memory %d is shared between threads", i)
		}
	}
	if !c.Tables {
		return nil
	}
	for i, t := range m.Tables {
		if t.HasInit || t.Elem.Code != guest.FuncRef {
			return refuse("table %d holds %s, and the code changes tables: it cannot be told what its elements refer to", i, t.Elem)
		}
	}
	return nil
}

// referable are the functions that code and tables may refer to: a reference to another
// one does not validate. They are in ascending order.
func referable(m *wasm.Module) []uint32 {
	set := make(map[uint32]bool)
	for _, x := range m.Exports {
		if x.Kind == wasm.KindFunc {
			set[x.Index] = true
		}
	}
	var in wasm.Instruction
	expression := func(at guest.FileOffset) guest.FileOffset {
		code := m.Expression(at)
		for code.Next(&in) {
			if in.Op == wasm.OpRefFunc && int(in.Index) < len(m.Funcs) {
				set[in.Index] = true
			}
		}
		return code.Offset()
	}
	for _, g := range m.Globals[m.NumImported(wasm.KindGlobal):] {
		if g.Type.IsRef() {
			expression(g.Init.At)
		}
	}
	for _, e := range m.Elements {
		for f := range m.FuncIndices(e) {
			set[uint32(f)] = true
		}
		at := e.Items
		for i := 0; e.Exprs && i < e.Count; i++ {
			at = expression(at)
		}
	}
	all := make([]uint32, 0, len(set))
	for f := range set {
		all = append(all, f)
	}
	slices.Sort(all)
	return all
}
