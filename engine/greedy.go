package engine

import (
	"github.com/faaslens/faaslens/engine/internal/wasmtime"
	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/wasm"
)

// A slot has address space for a memory. Modules that have more, or a heap for managed
// objects, share what else there is, so that a crowd of them does
// not leave the others without their own: at any time one in so many of a shard's
// slots runs such a module, and more of them wait.
const slotsPerGreedy = 8

// greedy is how many greedy modules a shard runs at once.
func (c Config) greedy() int { return max(1, c.Slots/slotsPerGreedy) }

// idleMemories is how many memories wait in a shard for their modules, which slots that ran
// others have given up: as many as there are slots, and what greedy modules take.
func (c Config) idleMemories() int { return c.Slots + wasmtime.MaxMemories*c.greedy() }

// isGreedy reports whether an instance takes more than a slot's share.
func isGreedy(m *wasm.Module) bool { return len(m.Memories) > 1 || hasManagedObjects(m) }

// hasManagedObjects reports whether the engine gives an instance a heap that it
// collects garbage in: for exceptions, structs, arrays and foreign references. References
// to functions need none.
func hasManagedObjects(m *wasm.Module) bool {
	if len(m.Tags) > 0 {
		return true
	}
	for _, t := range m.Types {
		if t.Form != wasm.FormFunc || refersToObjects(t.Func.Params) || refersToObjects(t.Func.Results) {
			return true
		}
	}
	for _, t := range m.Tables {
		if refersToObject(t.Elem) {
			return true
		}
	}
	for _, g := range m.Globals {
		if refersToObject(g.Type) {
			return true
		}
	}
	return false
}

func refersToObject(t wasm.ValueType) bool { return t.IsRef() && t.Code != guest.FuncRef }

func refersToObjects(types []guest.ValueType) bool {
	for _, t := range types {
		if refersToObject(wasm.ValueType{Code: t}) {
			return true
		}
	}
	return false
}

// refersToAnything reports whether there is a reference among the types: no number may be
// given for one.
func refersToAnything(types []guest.ValueType) bool {
	for _, t := range types {
		if (wasm.ValueType{Code: t}).IsRef() {
			return true
		}
	}
	return false
}
