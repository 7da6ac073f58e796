package symbol

import (
	"bytes"
	"errors"
	"fmt"
	"sync"

	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/wasm"
)

// MaxMemory bounds what a Table makes out of a module's debug information, in
// bytes. What goes beyond is noted as unreadable.
const MaxMemory = 1 << 30

// Source is what a Table reads. The bytes must not change while it is used.
type Source struct {
	Module *wasm.Module
	// Debug is the module with the debug information of a stripped Module, or
	// nil. A file of another build, whose code differs, is noted and not used.
	Debug []byte
	// Split finds split DWARF files; nil means that none are looked for.
	Split SplitOpener
	// Package reads the package that has the split files of all units (.dwp), which
	// goes before them; nil, or a nil slice, means that there is none. It is called
	// once, when a split unit is needed.
	Package func() ([]byte, error)
}

// Location is one function's place in the source.
type Location struct {
	// Function is the name for people: demangled, in C++ with parameters. It is
	// functionDefN if the function has no name, and "" only where there is no
	// function.
	Function string
	// Linkage is the name that the linker knows, where that is another one.
	Linkage string
	// File is the path as the compiler wrote it, with the directory of the
	// compilation before a relative one; "" if it is not known.
	File string
	// Line and Column count from 1; 0 means that the compiler gives none, as for
	// code that it made by itself.
	Line, Column int
	// Declared is the line of File where the function is declared; 0 if it is in another
	// file, or not known.
	Declared int
	// Inlined means that the function has no frame of its own: it is a part of
	// the next location's.
	Inlined bool
	// Note says why something is missing; "" if nothing is.
	Note string

	named bool // by the module, and not by its number
}

// Table answers where code is.
type Table struct {
	src      Source
	code     wasm.Section
	imported int

	debug func() (*dwarfData, string) // nil with the reason for it
	names func() names
	goPCs func() *goTable // nil if there is none
}

// Open returns a Table on a module. It reads nothing yet, and so cannot fail.
func Open(src Source) *Table {
	t := &Table{src: src, imported: len(src.Module.Funcs) - len(src.Module.Bodies)}
	t.code, _ = src.Module.CodeSection()
	file := sync.OnceValues(t.debugModule)
	t.debug = sync.OnceValues(func() (*dwarfData, string) {
		m, err := file()
		switch {
		case err != nil:
			return nil, unreadable(err)
		case m != nil && m.HasDWARF():
			return openDWARF(m, layoutOf(src.Module), newBudget(MaxMemory), &t.src), ""
		case src.Module.ExternalDebugInfo() != "" && src.Debug == nil:
			return nil, fmt.Sprintf("no debug info: it is in %q, which was not found", src.Module.ExternalDebugInfo())
		}
		return nil, "no debug info: build with -g"
	})
	t.names = sync.OnceValue(func() names {
		m, _ := file() // a damaged debug file has no names either
		return readNames(src.Module, m)
	})
	t.goPCs = sync.OnceValue(func() *goTable { return readGoTable(src.Module) })
	return t
}

func unreadable(err error) string { return "debug info unreadable: " + err.Error() }

// debugModule returns the module that has the debug information: the Module itself
// if it has any, or the debug file; nil if there is neither.
func (t *Table) debugModule() (*wasm.Module, error) {
	if t.src.Module.HasDWARF() {
		return t.src.Module, nil
	}
	if t.src.Debug == nil {
		return nil, nil
	}
	m, err := wasm.Parse(t.src.Debug)
	if err != nil {
		return nil, fmt.Errorf("debug file: %w", err)
	}
	code, _ := m.CodeSection()
	content := func(m *wasm.Module, s wasm.Section) []byte { return m.Bytes()[s.Content:s.End()] }
	if !bytes.Equal(content(m, code), content(t.src.Module, t.code)) {
		return nil, errors.New("debug file: it is of another build: its code differs")
	}
	return m, nil
}

// At returns where the instruction at an offset is: the innermost function first,
// then those that it is inlined into, and last the function of the module. There is
// at least one location, always.
func (t *Table) At(offset guest.CodeOffset) []Location {
	debug, why := t.debug()
	if debug == nil {
		return []Location{t.fallback(offset, why)}
	}
	if uint64(offset) >= t.code.Size {
		return []Location{t.fallback(offset, "")}
	}
	address := uint32(offset)
	u := debug.unitAt(address)
	if u == nil {
		return []Location{t.fallback(offset, debug.whyNone())}
	}
	b := u.load(debug)
	file, line, column, why := b.place(address)
	s := ownerAt(b.segments, address)
	if s == none {
		l := t.fallback(offset, b.whyNoFunction(file, why))
		l.File, l.Line, l.Column = file, line, column
		return []Location{l}
	}
	return t.chain(b, s, offset, Location{File: file, Line: line, Column: column, Note: why})
}

// maxInlined bounds how many inlined functions one offset is in.
const maxInlined = 1 << 12

// chain returns the locations from the scope s outwards; place is that of the
// innermost.
func (t *Table) chain(b *body, s int32, offset guest.CodeOffset, place Location) []Location {
	depth := 1
	for i := s; b.scopes[i].parent != none && depth <= maxInlined; depth++ {
		i = b.scopes[i].parent
	}
	locations := make([]Location, 0, depth)
	for range depth {
		if len(locations) == maxInlined {
			why := fmt.Sprintf("debug info unreadable: it has more than %d inlined calls here", maxInlined)
			return append(locations, t.fallback(offset, why))
		}
		scope := &b.scopes[s]
		f := t.infoOf(b, s, offset)
		place.Function, place.Linkage, place.Inlined = f.name(), f.linkage, scope.parent != none
		place.named = true
		if file, line := t.declaration(f); file == "" || file == place.File {
			place.Declared = line
		}
		if place.Function == "" {
			t.nameless(&place, offset)
		}
		locations = append(locations, place)
		place = Location{File: b.path(scope.callFile), Line: int(scope.callLine), Column: int(scope.callColumn)}
		s = scope.parent
	}
	return locations
}

// nameless names a location that DWARF has no name for.
func (t *Table) nameless(l *Location, offset guest.CodeOffset) {
	if l.Inlined {
		l.named = false
		l.Note = "an inlined function without a name in the debug info"
		return
	}
	f := t.fallback(offset, "")
	l.Function, l.Linkage, l.named = f.Function, f.Linkage, f.named
}

// place returns the source of an address by the unit's line table, or why there is
// none.
func (b *body) place(address uint32) (file string, line, column int, why string) {
	if b.lines != nil {
		if row := b.lines.find(address); row != nil {
			if file = b.path(row.file); file != "" {
				return file, int(row.line), int(row.column), ""
			}
			return "", 0, 0, "debug info unreadable: the line table names a file that it does not have"
		}
	}
	switch {
	case b.lineErr != nil:
		return "", 0, 0, unreadable(b.lineErr)
	case b.lines == nil:
		return "", 0, 0, "no line numbers: build with -g"
	}
	return "", 0, 0, notInLines
}

func (b *body) path(file uint32) string {
	if b.lines == nil {
		return ""
	}
	return b.lines.path(file)
}

// whyNoFunction says why no function covers an address whose line is, or is not,
// known.
func (b *body) whyNoFunction(file, whyNoLine string) string {
	switch {
	case b.err != nil:
		return unreadable(b.err)
	case file != "":
		return "the debug info has a line, but no function for this code"
	case whyNoLine != notInLines:
		return whyNoLine
	}
	return "no debug info covers this code"
}

const notInLines = "the line table does not cover this code"

// fallback names the function at an offset without DWARF.
func (t *Table) fallback(offset guest.CodeOffset, why string) Location {
	i, ok := t.src.Module.BodyAt(offset)
	if !ok {
		return Location{Note: fmt.Sprintf("no function is at code offset 0x%x", uint64(offset))}
	}
	l := Location{Note: why}
	l.Function, l.Linkage, l.named = t.moduleName(i)
	if table := t.goPCs(); table != nil {
		table.describe(&l, t, i)
	}
	return l
}
