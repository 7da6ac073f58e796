package cli

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/spelling"
	"github.com/faaslens/faaslens/store"
	"github.com/faaslens/faaslens/symbol"
	"github.com/faaslens/faaslens/wasm"
	"github.com/faaslens/faaslens/worker"
)

// symbolsFlags is what the command line says about symbols.
type symbolsFlags struct {
	resolve []string
	at      []string
	build   string

	lines, raw, json bool
}

func (s *session) symbolsCommand() *cobra.Command {
	var f symbolsFlags
	cmd := &cobra.Command{
		Use:   "symbols USER/FUNCTION [flags]",
		Short: "Say what a function's functions are called and where they are",
		Long: `Lists the functions of a module by number and name, as Faasm's function.symbols
does: functionDefN are its own, functionImportN those it imports, each counted from 0.

--at says where offsets in the code section are in the source, in the form of
llvm-symbolizer: for each offset the innermost function and its place, then those that
it is inlined into, then an empty line. Stacks and --json give such offsets.`,
		Example: `  faaslens symbols demo/imgsmith --lines
  faaslens symbols demo/imgsmith --resolve functionDef12
  faaslens symbols demo/imgsmith --resolve filter_blur
  faaslens symbols demo/imgsmith --at 0x2de5 0x6c84
  faaslens symbols demo/imgsmith --at - < offsets`,
		Args: func(_ *cobra.Command, args []string) error {
			switch {
			case len(args) == 0:
				return misuse("which function? give USER/FUNCTION, such as demo/hello")
			case len(args) > 1 && len(f.at) == 0:
				return misuse("%q: offsets go behind --at", args[1])
			case len(f.at) > 0 && (len(f.resolve) > 0 || f.lines):
				return misuse("--at says where offsets are: leave --lines and --resolve out")
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error {
			name, err := parseFunction(args[0])
			if err != nil {
				return err
			}
			f.at = append(f.at, args[1:]...)
			return s.symbols(name, &f)
		},
	}
	flags := cmd.Flags()
	flags.BoolVar(&f.lines, "lines", false, "say where each is declared, and how many bytes its code has")
	flags.StringArrayVar(&f.resolve, "resolve", nil, "only the functions that `NAME` means: functionDefN or a name, with parameters or without")
	flags.StringArrayVar(&f.at, "at", nil, "say where `OFFSET`s are in the source; - for those on stdin, one a line")
	flags.StringVar(&f.build, "build", "", "fail unless the function is of the build with this `ID`: that of its code, which stacks give with offsets, or the start of its build id")
	flags.BoolVar(&f.raw, "raw", false, "names as the linker has them")
	flags.BoolVar(&f.json, "json", false, "print JSON")
	return cmd
}

func (s *session) symbols(name guest.Name, f *symbolsFlags) error {
	st, m, table, err := s.openSymbols(name)
	if err != nil {
		return err
	}
	defer st.Close()
	if f.build != "" && !isBuild(m, f.build) {
		return fmt.Errorf("%s was built again since: its code is %s now%s, not %s: run it again for a stack of this one", name, codeID(m), buildIDWords(m), f.build)
	}
	if len(f.at) > 0 {
		p := &placePrinter{module: m, table: table, w: bufio.NewWriter(s.stdout), raw: f.raw, json: f.json}
		return p.printAll(f.at, s.stdin)
	}
	form := forPeople
	if f.raw {
		form = forLinker
	}
	list := listSymbols(m, table, form)
	if len(f.resolve) > 0 {
		if list, err = resolved(list, table, f.resolve); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	if f.json {
		entries := []symbolEntry{}
		for _, l := range list {
			entries = append(entries, l.entry())
		}
		return writeJSON(s.stdout, entries)
	}
	return writeSymbols(s.stdout, list, f.lines || len(f.resolve) > 0)
}

// openSymbols opens a function's module and symbols, and the data directory, which the
// caller closes.
func (s *session) openSymbols(name guest.Name) (*store.Store, *wasm.Module, *symbol.Table, error) {
	st, err := s.openStore()
	if err != nil {
		return nil, nil, nil, err
	}
	m, table, err := worker.OpenSymbols(st, name)
	if err != nil {
		err = suggest(st, name, err)
		st.Close()
		return nil, nil, nil, err
	}
	return st, m, table, nil
}

// namedFunction is a function of a module with the name that is shown.
type namedFunction struct {
	symbol.Function
	shown string
}

// symbolEntry is a function in JSON.
type symbolEntry struct {
	Function uint32 `json:"function"` // index
	Number   string `json:"number"`
	Name     string `json:"name"`
	Linkage  string `json:"linkage,omitempty"`
	File     string `json:"file,omitempty"`
	Line     int    `json:"line,omitempty"`
	// Start and End are where its body is in the code section, in bytes.
	Start uint64 `json:"start,omitempty"`
	End   uint64 `json:"end,omitempty"`
}

func (f *namedFunction) entry() symbolEntry {
	return symbolEntry{
		Function: uint32(f.Index), Number: f.Number, Name: f.shown, Linkage: f.Linkage,
		File: f.File, Line: f.Line, Start: uint64(f.Start), End: uint64(f.End),
	}
}

// codeID tells builds of a function apart: the start of the hash of its code.
func codeID(m *wasm.Module) string {
	code, _ := m.CodeSection()
	hash := sha256.Sum256(m.Bytes()[code.Content:code.End()])
	return hex.EncodeToString(hash[:4])
}

// minBuildID is how much of a build id, in hex digits, tells builds apart.
const minBuildID = 8

// isBuild reports whether a module is of a build: by the id of its code, or by the start of
// the build id that its linker gave it.
func isBuild(m *wasm.Module, id string) bool {
	return id == codeID(m) || len(id) >= minBuildID && strings.HasPrefix(hex.EncodeToString(m.BuildID()), id)
}

// buildIDWords says which build id a module has, as far as that tells builds apart.
func buildIDWords(m *wasm.Module) string {
	id := hex.EncodeToString(m.BuildID())
	if id == "" {
		return ""
	}
	return " (build id " + id[:min(len(id), minBuildID)] + ")"
}

// nameForm is how functions are called.
type nameForm int

const (
	forFaasm  nameForm = iota // as the name section has them
	forPeople                 // the same, but demangled where the linker left that undone
	forLinker
)

// listSymbols returns all functions in the order of Faasm's function.symbols, which is
// that of their numbers as text.
func listSymbols(m *wasm.Module, table *symbol.Table, form nameForm) []namedFunction {
	names, _ := m.Names() // what can be read of a damaged section is better than nothing
	list := make([]namedFunction, 0, len(m.Funcs))
	for f := range table.Functions() {
		n := namedFunction{Function: f, shown: names.Func(f.Index)}
		switch {
		case form == forLinker && f.Linkage != "":
			n.shown = f.Linkage
		case form == forPeople && f.Linkage != "" && n.shown == f.Linkage:
			n.shown = f.Name
		case n.shown == "" && f.Name != f.Number:
			n.shown = f.Name
		}
		list = append(list, n)
	}
	slices.SortFunc(list, func(a, b namedFunction) int { return strings.Compare(a.Number, b.Number) })
	return list
}

// resolved returns the functions of a list that names mean.
func resolved(list []namedFunction, table *symbol.Table, names []string) ([]namedFunction, error) {
	var found []namedFunction
	for _, name := range names {
		functions := table.Resolve(name)
		if len(functions) == 0 {
			return nil, noFunction(table, name)
		}
		for _, f := range functions {
			i := slices.IndexFunc(list, func(l namedFunction) bool { return l.Index == f.Index })
			found = append(found, list[i])
		}
	}
	return found, nil
}

// mostListed is how many functions an error names.
const mostListed = 5

// listFunctions names functions in an error.
func listFunctions(functions []symbol.Function) string {
	var names []string
	for _, f := range functions[:min(len(functions), mostListed)] {
		names = append(names, f.Name)
	}
	list := strings.Join(names, ", ")
	if more := len(functions) - mostListed; more > 0 {
		list += fmt.Sprintf(" and %d more", more)
	}
	return list
}

// noFunction is the error for a name that no function of a module has.
func noFunction(table *symbol.Table, name string) error {
	var all []string
	for f := range table.Functions() {
		all = append(all, f.Name)
		if bare, _, ok := strings.Cut(f.Name, "("); ok && bare != "" {
			all = append(all, bare)
		}
	}
	if into := table.InlinedInto(name); len(into) > 0 {
		return fmt.Errorf("it has no function %q of its own: %s is inlined, into %s", name, name, listFunctions(into))
	}
	err := fmt.Errorf("it has no function %q", name)
	if near := spelling.Nearest(name, slices.Compact(all)); len(near) > 0 {
		err = fmt.Errorf("%w: did you mean %s?", err, strings.Join(near, " or "))
	}
	return err
}

// writeSymbols writes functions in the form of Faasm's function.symbols, with lines
// and sizes if places are wanted.
func writeSymbols(w io.Writer, list []namedFunction, places bool) error {
	b := bufio.NewWriter(w)
	for _, f := range list {
		fmt.Fprintf(b, "%s = %s", f.Number, printable(f.shown))
		if places {
			if f.File != "" {
				b.WriteString(" at " + printable(place(f.File, f.Line, 0)))
			}
			if !f.Import {
				fmt.Fprintf(b, ", %d bytes", f.Size())
			}
		}
		b.WriteByte('\n')
	}
	return b.Flush()
}

// placePrinter prints where offsets are.
type placePrinter struct {
	module    *wasm.Module
	table     *symbol.Table
	w         *bufio.Writer
	raw, json bool
}

// placeEntry is an offset's place in JSON.
type placeEntry struct {
	Offset uint64       `json:"code_offset"`
	Calls  []stackFrame `json:"calls"` // innermost first
}

func (p *placePrinter) printAll(offsets []string, stdin io.Reader) error {
	for _, o := range offsets {
		if o == "-" {
			if err := p.printLines(stdin); err != nil {
				return err
			}
			continue
		}
		at, err := parseOffset(o)
		if err != nil {
			return err
		}
		if err := p.print(at); err != nil {
			return err
		}
	}
	return p.w.Flush()
}

// printLines answers each line; one who writes a line and waits is not kept waiting.
func (p *placePrinter) printLines(r io.Reader) error {
	lines := bufio.NewReader(r)
	for {
		line, err := lines.ReadString('\n')
		if err != nil && err != io.EOF {
			return fmt.Errorf("read offsets: %w", err)
		}
		if text := strings.TrimSpace(line); text != "" {
			at, err := parseOffset(text)
			if err != nil {
				return err
			}
			if err := p.print(at); err != nil {
				return err
			}
		}
		if err == io.EOF {
			return nil
		}
		if lines.Buffered() == 0 {
			if err := p.w.Flush(); err != nil {
				return err
			}
		}
	}
}

func (p *placePrinter) print(at guest.CodeOffset) error {
	switch {
	case p.json:
		e := placeEntry{Offset: uint64(at)}
		i, _ := p.module.BodyAt(at)
		file, _ := p.module.FileOffset(at)
		for _, l := range p.table.At(at) {
			e.Calls = append(e.Calls, stackFrame{
				Function: uint32(i), Offset: uint64(file), Name: l.Function, Linkage: l.Linkage, File: l.File, Line: l.Line, Column: l.Column,
				Inlined: l.Inlined, CodeOffset: uint64(at), Note: l.Note,
			})
		}
		return writeJSONLine(p.w, e)
	case p.raw:
		for _, l := range p.table.At(at) {
			name, file := l.Linkage, l.File
			if name == "" {
				name = l.Function
			}
			if f, ok := p.function(at); name == "" || ok && name == f.Number {
				name = "??"
			}
			if file == "" {
				file = "??"
			}
			fmt.Fprintf(p.w, "%s\n%s:%d:%d\n", name, file, l.Line, l.Column)
		}
		return p.w.WriteByte('\n')
	}
	return p.table.Symbolize(p.w, at)
}

// function is the one whose code an offset is in.
func (p *placePrinter) function(at guest.CodeOffset) (symbol.Function, bool) {
	i, ok := p.module.BodyAt(at)
	if !ok {
		return symbol.Function{}, false
	}
	return p.table.Func(i)
}

func parseOffset(text string) (guest.CodeOffset, error) {
	n, err := strconv.ParseUint(text, 0, 64)
	if err != nil {
		return 0, misuse("offset %q: want a number in the code section, such as 0x2de5 or 11749", text)
	}
	return guest.CodeOffset(n), nil
}

// funcSym is Faasm's func_sym: it writes the names of a function's functions to
// function.symbols, beside its module.
func (s *session) funcSym(args []string) int {
	log := s.faasmLog()
	if len(args) < 2 {
		log.fail("Must provide user and function name")
		return exitFailed
	}
	name := guest.Name{User: args[0], Function: args[1]}
	st, m, table, err := s.openSymbols(name)
	if err != nil {
		log.fail("%v", err)
		return exitFailed
	}
	defer st.Close()
	var b bytes.Buffer
	if err := writeSymbols(&b, listSymbols(m, table, forFaasm), false); err != nil {
		log.fail("%v", err)
		return exitFailed
	}
	path, err := st.WriteSymbols(name, b.Bytes())
	if err != nil {
		log.fail("%v", err)
		return exitFailed
	}
	log.info("Symbols written to %s", path)
	return exitOK
}
