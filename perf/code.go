package perf

import (
	"fmt"
	"strings"

	"github.com/faaslens/faaslens/codemap"
	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/symbol"
	"github.com/faaslens/faaslens/wasm"
)

// Code is compiled code, and what says where it comes from.
type Code struct {
	codemap.Loaded
	Module  *wasm.Module
	Symbols *symbol.Table
}

// named is a piece of code with a name.
type named struct {
	name       string
	start, end uintptr // offsets in the image
}

// functionName is the name of a body, fit for a line of text: as the source has it, in
// C++ with parameters, or functionDefN.
func (c Code) functionName(i guest.FuncIndex) string {
	if f, ok := c.Symbols.Func(i); ok && f.Name != "" {
		return oneLine(f.Name)
	}
	return fmt.Sprintf("function%d", i)
}

// oneLine replaces what would end a line or a string.
func oneLine(name string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return '?'
		}
		return r
	}, name)
}

// names returns the functions of an image, and the engine's stubs around them.
func (c Code) names() ([]named, error) {
	stubs, err := codemap.ReadStubs(c.Image)
	if err != nil {
		return nil, err
	}
	all := make([]named, 0, len(c.Map.Bodies)+len(stubs))
	for _, b := range c.Map.Bodies {
		all = append(all, named{c.functionName(b.Func), b.Start, b.End})
	}
	for _, s := range stubs {
		all = append(all, named{"engine: " + oneLine(s.Name), s.Start, s.End})
	}
	return all, nil
}

// piece is code that comes from one place in the source.
type piece struct {
	start, end uintptr           // offsets in the image
	chain      []symbol.Location // as symbol.Table.At; nil if there is none
}

// pieces returns the places of a function's code, in order and without gaps. Code that
// the engine made by itself has none.
func (c Code) pieces(b codemap.Body) []piece {
	var all []piece
	next := b.Start
	add := func(end uintptr, chain []symbol.Location) {
		if next >= end {
			return
		}
		if n := len(all); n > 0 && sameChain(all[n-1].chain, chain) {
			all[n-1].end = end
		} else {
			all = append(all, piece{next, end, chain})
		}
		next = end
	}
	var pending []symbol.Location
	for at, from := range c.Map.Places(b) {
		add(at, pending)
		pending = nil
		if offset, ok := c.Module.CodeOffset(from); ok {
			pending = c.Symbols.At(offset)
		}
	}
	add(b.End, pending)
	return all
}

func sameChain(a, b []symbol.Location) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i].Function != b[i].Function || a[i].File != b[i].File || a[i].Line != b[i].Line || a[i].Column != b[i].Column {
			return false
		}
	}
	return true
}
