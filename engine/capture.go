package engine

import (
	"context"

	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/snapshot"
)

// Capture runs the module's steps once, as Run does, and then reads what the instance has
// come to; there are zeroes where files were mapped. The module is what snapshot.Instrument returned with want, compiled without
// Warm. If not all steps ran, the result says where it ended, the error is Run's, if any,
// and use is not called; else use is called with the state, which is valid until it
// returns, and its error is Capture's. A *snapshot.Refused says what cannot be read.
func (m *Module) Capture(ctx context.Context, r *Run, want *snapshot.Reading, use func(*snapshot.State) error) (Result, error) {
	var captured error
	capturing := *r
	capturing.captured = func(s *slot) {
		if state, err := s.read(want); err != nil {
			captured = err
		} else {
			captured = use(state)
		}
	}
	res, err := m.Run(ctx, &capturing)
	if err == nil {
		err = captured
	}
	return res, err
}

// read reads the instance that the slot has captured.
func (s *slot) read(want *snapshot.Reading) (*snapshot.State, error) {
	n := s.native
	n.Unmap() // what is in those files is not the instance's: who made them maps them again
	state := &snapshot.State{}
	functions := make(map[uint64]uint32, len(want.Funcs))
	for _, f := range want.Funcs {
		functions[n.ReadFunc(f.Name)] = f.Index
	}
	functions[0] = snapshot.Null
	for _, g := range want.Globals {
		v, ok := n.ReadGlobal(g.Name)
		if s.module.Load().parsed.Globals[g.Index].Type.IsRef() {
			var f uint32
			f, ok = functions[v[0]]
			v = guest.Value{uint64(f)}
		}
		if !ok {
			return nil, &snapshot.Refused{Reason: "a global refers to what is no function of the module"}
		}
		state.Globals = append(state.Globals, v)
	}
	for _, name := range want.Tables {
		elements, err := s.readTable(name, functions)
		if err != nil {
			return nil, err
		}
		state.Tables = append(state.Tables, elements)
	}
	return state, s.readMemories(want, state)
}

func (s *slot) readTable(name string, functions map[uint64]uint32) ([]uint32, error) {
	references, ok := s.native.ReadTable(name)
	elements := make([]uint32, len(references))
	for i, r := range references {
		f, known := functions[r]
		ok = ok && known
		elements[i] = f
	}
	if !ok {
		return nil, &snapshot.Refused{Reason: "a table refers to what is no function of the module"}
	}
	return elements, nil
}

// readMemories reads memories and, last, runs the probes, which write. The first memory
// is copied if there are any.
func (s *slot) readMemories(want *snapshot.Reading, state *snapshot.State) error {
	for _, name := range want.Memories {
		b, _ := s.native.ReadMemory(name)
		if len(want.Data) > 0 {
			b = append([]byte(nil), b...)
		}
		state.Memories = append(state.Memories, b)
	}
	if len(want.Data) > 0 && len(state.Memories[0]) == 0 {
		return &snapshot.Refused{Reason: "its memory is empty, and it cannot be told which data segments it has dropped"}
	}
	for _, d := range want.Data {
		state.DroppedData = append(state.DroppedData, s.native.RunProbe(d.Name))
	}
	for _, e := range want.Elements {
		if len(want.Tables) > int(e.Table) && len(state.Tables[e.Table]) == 0 || len(want.Tables) == 0 && s.module.Load().parsed.Tables[e.Table].Min == 0 {
			return &snapshot.Refused{Reason: "a table is empty, and it cannot be told which element segments were dropped"}
		}
		state.DroppedElements = append(state.DroppedElements, s.native.RunProbe(e.Name))
	}
	return nil
}
