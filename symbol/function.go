package symbol

import (
	"iter"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/faaslens/faaslens/guest"
)

// Function is one function of a module.
type Function struct {
	Index guest.FuncIndex
	// Number is functionDefN or functionImportN.
	Number string
	// Name and Linkage are as in [Location].
	Name, Linkage string
	Import        bool
	// Start and End are where the body is, from its local declarations on; both
	// are 0 for an import.
	Start, End guest.CodeOffset
	// File and Line are where the function is declared; "" and 0 if that is not
	// known.
	File string
	Line int
}

// Size returns the length of the body in bytes.
func (f Function) Size() int { return int(f.End - f.Start) }

// Func describes a function; false if the module has none with that index.
func (t *Table) Func(i guest.FuncIndex) (Function, bool) {
	if int64(i) >= int64(len(t.src.Module.Funcs)) {
		return Function{}, false
	}
	f := Function{Index: i, Number: t.number(i)}
	body, ok := t.src.Module.Body(i)
	if !ok {
		f.Import = true
		f.Name, f.Linkage, _ = t.moduleName(i)
		return f, true
	}
	f.Start = guest.CodeOffset(body.Offset - t.code.Content)
	f.End = f.Start + guest.CodeOffset(body.Size)
	info := t.outermost(f.Start)
	if info == nil || info.name() == "" {
		f.Name, f.Linkage, _ = t.moduleName(i)
	} else {
		f.Name, f.Linkage = info.name(), info.linkage
	}
	switch {
	case info != nil:
		f.File, f.Line = t.declaration(info)
	case t.goPCs() != nil:
		if g, ok := t.goPCs().of(t, i); ok {
			f.Name, f.Linkage, f.File, f.Line = g.name, linkageOf(g.name, f.Name), g.file, g.line
		}
	}
	return f, true
}

// linkageOf returns the linker's name of a function if it differs from the name.
func linkageOf(name, linkers string) string {
	if name == linkers || strings.HasPrefix(linkers, "functionDef") {
		return ""
	}
	return linkers
}

// outermost returns what DWARF says about the function whose body starts there; nil
// if it says nothing.
func (t *Table) outermost(start guest.CodeOffset) *funcInfo {
	debug, _ := t.debug()
	if debug == nil {
		return nil
	}
	u := debug.unitAt(uint32(start))
	if u == nil {
		return nil
	}
	b := u.load(debug)
	s := ownerAt(b.segments, uint32(start))
	if s == none {
		return nil
	}
	for n := 0; b.scopes[s].parent != none && n < maxInlined; n++ {
		s = b.scopes[s].parent
	}
	return t.infoOf(b, s, start)
}

func (t *Table) declaration(f *funcInfo) (string, int) {
	if f.declUnit == nil {
		return "", 0
	}
	debug, _ := t.debug()
	u := f.declUnit
	if u.img.split {
		// The skeleton has the line table; it covers the same code.
		return "", int(f.declLine)
	}
	if !u.hasLines {
		return "", int(f.declLine)
	}
	lines, _ := debug.linesOf(u)
	if lines == nil {
		return "", int(f.declLine)
	}
	return lines.path(f.declFile), int(f.declLine)
}

// Functions returns all functions in the order of their indices, imports first. It
// reads all units, several at once.
func (t *Table) Functions() iter.Seq[Function] {
	return func(yield func(Function) bool) {
		t.loadAll()
		for i := range t.src.Module.Funcs {
			if f, _ := t.Func(guest.FuncIndex(i)); !yield(f) {
				return
			}
		}
	}
}

// loadAll reads all units.
func (t *Table) loadAll() {
	debug, _ := t.debug()
	if debug == nil {
		return
	}
	var next atomic.Int64
	var all sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		all.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= len(debug.img.units) {
					return
				}
				if u := debug.img.units[i]; u.hasCode() {
					u.load(debug)
				}
			}
		})
	}
	all.Wait()
}

// Resolve returns the functions that a name means: functionDefN, functionImportN, a
// name for people with or without its parameters, a linker's name, or one that the
// module exports. Several functions may share one.
func (t *Table) Resolve(name string) []Function {
	var found []Function
	for f := range t.Functions() {
		if t.goesBy(f, name) {
			found = append(found, f)
		}
	}
	return found
}

func (t *Table) goesBy(f Function, name string) bool {
	if name == "" {
		return false
	}
	if name == f.Number || name == f.Name || name == f.Linkage {
		return true
	}
	n := t.names()
	if name == n.section.Func(f.Index) || name == n.exports[f.Index] {
		return true
	}
	return strings.HasPrefix(f.Name, name) && f.Linkage != "" && withoutParameters(f.Linkage) == name
}
