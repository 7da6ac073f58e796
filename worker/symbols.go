package worker

import (
	"fmt"
	"path/filepath"

	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/store"
	"github.com/faaslens/faaslens/symbol"
	"github.com/faaslens/faaslens/wasm"
)

// Frame is one call on a guest's stack: a frame of its own, or one that is inlined
// into the next.
type Frame struct {
	Func   guest.FuncIndex
	Offset guest.FileOffset
	// Code is Offset in the code section, as a symbol.Table counts; all frames that
	// are inlined into one have its offset.
	Code guest.CodeOffset
	symbol.Location
	// Language is of a call in a program that the guest interprets: it has no frame of
	// its own, and the offsets are those of the interpreter's frame that runs it. It is
	// empty for the guest's own calls.
	Language string
}

// Symbols says where the function's code comes from. It is opened when it is first
// asked for: what needs no symbols pays nothing. Of a stripped module it reads the
// debug file in the function's directory.
func (f *Function) Symbols() *symbol.Table { return f.symbols() }

// OpenSymbols opens the symbols of a function of a store, which need not be fit to
// run. The error wraps store.ErrNotFound if there is no such function.
func OpenSymbols(st *store.Store, name guest.Name) (*wasm.Module, *symbol.Table, error) {
	b, err := st.Read(name)
	if err != nil {
		return nil, nil, err
	}
	m, err := wasm.Parse(b)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", name, err)
	}
	return m, openTable(st, name, m), nil
}

func openTable(st *store.Store, name guest.Name, m *wasm.Module) *symbol.Table {
	src := symbol.Source{Module: m, Split: openSplit, Package: func() ([]byte, error) { return st.ReadPackage(name) }}
	if !m.HasDWARF() {
		// Without a debug file, the table says on each location what is missing.
		if debug, err := st.FindDebug(name, m); err == nil {
			src.Debug = debug.Module.Bytes()
		}
	}
	return symbol.Open(src)
}

// openSplit opens a split DWARF file where the compiler left it. The module says
// where that is, so only a plain file of that kind is read, and never waited for.
func openSplit(dir, name string) ([]byte, error) {
	if filepath.Ext(name) != ".dwo" {
		return nil, fmt.Errorf("split debug file %q: its name does not end in .dwo", name)
	}
	if !filepath.IsAbs(name) {
		name = filepath.Join(dir, name)
	}
	b, err := readPlain(name, wasm.MaxModuleSize)
	if err != nil {
		return nil, fmt.Errorf("split debug file %w", err)
	}
	return b, nil
}

// Backtrace tells the calls of a stack, innermost first, with those that the compiler
// inlined.
func (f *Function) Backtrace(stack []guest.Frame) []Frame {
	if len(stack) == 0 {
		return nil
	}
	table, m := f.Symbols(), f.Module()
	known := make(map[guest.FileOffset][]Frame)
	all := make([]Frame, 0, len(stack))
	for _, g := range stack {
		calls, ok := known[g.Offset]
		if !ok {
			calls = callsAt(table, m, g)
			known[g.Offset] = calls
		}
		all = append(all, calls...)
	}
	return all
}

// callsAt tells the calls that one frame of the engine's stands for.
func callsAt(table *symbol.Table, m *wasm.Module, g guest.Frame) []Frame {
	at, ok := m.CodeOffset(g.Offset)
	if !ok {
		l := symbol.Location{Note: fmt.Sprintf("offset 0x%x is outside of the module's code", uint64(g.Offset))}
		if fn, ok := table.Func(g.Func); ok {
			l.Function, l.Linkage = fn.Name, fn.Linkage
		}
		return []Frame{{Func: g.Func, Offset: g.Offset, Location: l}}
	}
	locations := table.At(at)
	calls := make([]Frame, len(locations))
	for i, l := range locations {
		calls[i] = Frame{Func: g.Func, Offset: g.Offset, Code: at, Location: l}
	}
	return calls
}
