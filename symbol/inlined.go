package symbol

import (
	"slices"
	"strings"

	"github.com/faaslens/faaslens/guest"
)

// InlinedInto returns the module's functions that have copies of the function with a name,
// as the debug information says, in the order of their indices. The name is one for people,
// with or without its parameters, or a linker's.
func (t *Table) InlinedInto(name string) []Function {
	debug, _ := t.debug()
	if debug == nil || name == "" {
		return nil
	}
	t.loadAll()
	var into []guest.FuncIndex
	for _, u := range debug.img.units {
		if u.hasCode() {
			into = append(into, t.inlinedIn(debug, u, name)...)
		}
	}
	slices.Sort(into)
	var functions []Function
	for _, i := range slices.Compact(into) {
		if f, ok := t.Func(i); ok {
			functions = append(functions, f)
		}
	}
	return functions
}

// inlinedIn returns the functions of one unit that have copies, each any number of times.
func (t *Table) inlinedIn(debug *dwarfData, u *unit, name string) []guest.FuncIndex {
	b := u.load(debug)
	// A scope stands behind the one that it is inlined into.
	root := make([]int32, len(b.scopes))
	has := make([]bool, len(b.scopes)) // of roots
	for s, scope := range b.scopes {
		root[s] = int32(s)
		if scope.parent == none {
			continue
		}
		root[s] = root[scope.parent]
		if t.infoOf(b, int32(s), 0).goesBy(name) {
			has[root[s]] = true
		}
	}
	var into []guest.FuncIndex
	for _, s := range b.segments {
		if s.owner == none || !has[root[s.owner]] || debug.unitAt(s.start) != u {
			continue
		}
		if i, ok := t.src.Module.BodyAt(guest.CodeOffset(s.start)); ok {
			into = append(into, i)
		}
	}
	return into
}

// goesBy reports whether a function has a name.
func (f *funcInfo) goesBy(name string) bool {
	if name == f.short || name == f.linkage || name == f.name() {
		return true
	}
	return strings.HasPrefix(f.name(), name) && f.linkage != "" && withoutParameters(f.linkage) == name
}
