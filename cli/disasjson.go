package cli

import (
	"encoding/hex"

	"github.com/faaslens/faaslens/codemap"
	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/listing"
)

// disasEntry is the listing of a function, or of a stub, in JSON.
type disasEntry struct {
	symbolEntry
	Stub         bool               `json:"stub,omitempty"`
	Type         string             `json:"type,omitempty"`
	Instructions []disasInstruction `json:"instructions,omitempty"`
	Machine      []disasMachine     `json:"machine,omitempty"`
}

// disasInstruction is a wasm instruction.
type disasInstruction struct {
	Offset     uint64       `json:"offset"`      // in the module's file, in bytes
	CodeOffset uint64       `json:"code_offset"` // in its code section, in bytes
	Depth      int          `json:"depth"`
	Text       string       `json:"text"`
	Calls      []stackFrame `json:"calls,omitempty"` // with --source; innermost first
	Samples    *disasCount  `json:"samples,omitempty"`
}

// disasMachine is a machine instruction, or data.
type disasMachine struct {
	ImageOffset uint64      `json:"image_offset"`
	Bytes       string      `json:"bytes"` // in hexadecimal
	Text        string      `json:"text"`
	Offset      *uint64     `json:"offset,omitempty"` // of the wasm instruction, in the module's file
	Target      *uint64     `json:"target,omitempty"` // in the image
	Goes        string      `json:"target_name,omitempty"`
	Trap        string      `json:"trap,omitempty"`
	Samples     *disasCount `json:"samples,omitempty"`
}

type disasCount struct {
	Self  int64 `json:"self"`
	Total int64 `json:"total"`
}

func countEntry(c listing.Count) *disasCount {
	if c == (listing.Count{}) {
		return nil
	}
	return &disasCount{c.Self, c.Total}
}

func (d *disassembly) entry(f *listing.Function) disasEntry {
	named := namedFunction{Function: f.Function, shown: f.Name}
	e := disasEntry{symbolEntry: named.entry(), Stub: f.Stub, Type: f.Type}
	e.File = d.sources.path(e.File)
	for _, in := range f.Instructions {
		i := disasInstruction{Offset: uint64(in.Offset), CodeOffset: uint64(in.Code), Depth: in.Depth, Text: in.Text, Samples: countEntry(in.Count)}
		if d.flags.source {
			i.Calls = d.frames(f, in.Offset)
		}
		e.Instructions = append(e.Instructions, i)
	}
	if !d.flags.native {
		return e
	}
	for _, in := range f.Machine {
		m := disasMachine{
			ImageOffset: uint64(in.Offset), Bytes: hex.EncodeToString(d.module.Compiled.Image[in.Offset:in.End()]), Text: in.Text,
			Goes: in.Goes, Trap: in.Trap, Samples: countEntry(in.Count),
		}
		if in.Place != codemap.NoPlace {
			place := uint64(in.Place)
			m.Offset = &place
		}
		if in.HasTarget {
			target := uint64(in.Target)
			m.Target = &target
		}
		e.Machine = append(e.Machine, m)
	}
	return e
}

func (d *disassembly) frames(f *listing.Function, at guest.FileOffset) []stackFrame {
	code, _ := d.module.Module.CodeOffset(at)
	var frames []stackFrame
	for _, l := range d.calls(at).calls {
		frames = append(frames, stackFrame{
			Function: uint32(f.Index), Offset: uint64(at), CodeOffset: uint64(code), Name: l.Function, Linkage: l.Linkage,
			File: d.sources.path(l.File), Line: l.Line, Column: l.Column, Inlined: l.Inlined, Note: l.Note,
		})
	}
	return frames
}
