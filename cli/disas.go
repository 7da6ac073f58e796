package cli

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/faaslens/faaslens/codemap"
	"github.com/faaslens/faaslens/engine"
	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/listing"
	"github.com/faaslens/faaslens/native"
	"github.com/faaslens/faaslens/profiler"
	"github.com/faaslens/faaslens/store"
	"github.com/faaslens/faaslens/symbol"
	"github.com/faaslens/faaslens/worker"
)

// disasFlags is what the command line says about a listing.
type disasFlags struct {
	functions, sourceMap []string
	profile              string

	native, source, bytes, json bool
}

func (s *session) disasCommand() *cobra.Command {
	var f disasFlags
	cmd := &cobra.Command{
		Use:   "disas USER/FUNCTION [flags]",
		Short: "Show a function's code: wasm instructions, or the machine code made of them",
		Long: `Lists a module's WebAssembly instructions in the text format, each with its offset in
the code section: what stacks, 'faaslens symbols --at' and DWARF count by. Names are
those of the debug information and of the name section.

--native lists the machine code that really runs, in Intel's syntax on x86-64, with its
offsets in the compiled image, and above it the wasm instructions that it comes from;
what the engine puts around a module's functions follows their code. --source puts the
lines of the source there instead. --profile says at each line how many samples a
profile has there itself, and with all that it called.`,
		Example: `  faaslens disas demo/imgsmith --function filter_blur
  faaslens disas demo/imgsmith --function functionDef12 --source
  faaslens disas demo/imgsmith --function filter_blur --native --source
  faaslens disas demo/imgsmith --function filter_blur --native --profile cpu.pprof
  faaslens disas demo/imgsmith > imgsmith.txt`,
		Args: func(_ *cobra.Command, args []string) error {
			switch {
			case len(args) == 0:
				return misuse("which function? give USER/FUNCTION, such as demo/hello")
			case len(args) > 1:
				return misuse("%q: which of its functions goes behind --function", args[1])
			case f.bytes && !f.native:
				return misuse("--bytes shows those of machine code: add --native")
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error {
			name, err := parseFunction(args[0])
			if err != nil {
				return err
			}
			return s.disas(name, &f)
		},
	}
	flags := cmd.Flags()
	flags.StringArrayVar(&f.functions, "function", nil, "only the functions that `NAME` means: functionDefN or a name, with parameters or without")
	flags.BoolVar(&f.native, "native", false, "the machine code, between the wasm instructions that it comes from")
	flags.BoolVar(&f.source, "source", false, "between the lines of the source, with the calls that are inlined there")
	flags.StringVar(&f.profile, "profile", "", "count the samples of `FILE`, a profile in pprof's format")
	flags.BoolVar(&f.bytes, "bytes", false, "show the bytes of machine code")
	flags.StringArrayVar(&f.sourceMap, "source-map", nil, "sources that were compiled below FROM are below TO now: `FROM=TO`")
	flags.BoolVar(&f.json, "json", false, "print a JSON object for each function, one a line")
	return cmd
}

func (s *session) disas(name guest.Name, f *disasFlags) error {
	sources, err := parseSourceMap(f.sourceMap)
	if err != nil {
		return err
	}
	m, built, closeModule, err := s.openListing(name, f)
	if err != nil {
		return err
	}
	defer closeModule()
	w := bufio.NewWriterSize(s.stdout, 1<<16)
	d := &disassembly{module: m, flags: f, sources: sources, w: w, files: &sourceFiles{built: built}}
	if err := d.list(s, name); err != nil {
		return err
	}
	return w.Flush()
}

// openListing opens what the listing is made of, compiled code and a profile too if they
// are wanted.
func (s *session) openListing(name guest.Name, f *disasFlags) (m *listing.Module, built time.Time, closeModule func(), err error) {
	if !f.native && f.profile == "" {
		st, parsed, table, err := s.openSymbols(name)
		if err != nil {
			return nil, built, nil, err
		}
		return &listing.Module{Module: parsed, Symbols: table}, moduleTime(st, name), func() { st.Close() }, nil
	}
	var image []byte
	w, err := s.newWorkshop(worker.Config{
		AllowUnknown: true, Snapshots: true, Engine: engine.Config{Shards: 1, Slots: fewSlots},
		Loaded: func(_ *worker.Function, l codemap.Loaded) { image = l.Image },
	})
	if err != nil {
		return nil, built, nil, err
	}
	ctx, release := interruptible(context.Background())
	defer release()
	fn, err := w.open(ctx, name)
	if err != nil {
		w.close()
		return nil, built, nil, err
	}
	closeModule = func() { fn.Close(); w.close() }
	m = &listing.Module{Module: fn.Module(), Symbols: fn.Symbols()}
	if err = readCompiled(m, image, f.profile, name); err != nil {
		closeModule()
		return nil, built, nil, fmt.Errorf("%s: %w", name, err)
	}
	return m, moduleTime(w.store, name), closeModule, nil
}

// readCompiled adds compiled code and a profile, if there is one, to a listing.
func readCompiled(m *listing.Module, image []byte, profile string, name guest.Name) error {
	arch, err := native.ParseArch(runtime.GOARCH)
	if err != nil {
		return err
	}
	if m.Compiled, err = listing.ReadCompiled(arch, image); err != nil || profile == "" {
		return err
	}
	file, err := os.Open(profile)
	if err != nil {
		return fmt.Errorf("read the profile: %w", err)
	}
	defer file.Close()
	if m.Samples, err = listing.ReadSamples(file, name.String(), profiler.BuildID(m.Module)); err != nil {
		return fmt.Errorf("%s: %w", profile, err)
	}
	return nil
}

// disassembly writes a listing.
type disassembly struct {
	module  *listing.Module
	flags   *disasFlags
	sources sourceMap
	files   *sourceFiles
	w       *bufio.Writer
	written int                         // functions
	known   map[guest.FileOffset]origin // of this function's instructions
}

// list writes the functions that are wanted: all, or those that names mean.
func (d *disassembly) list(s *session, name guest.Name) error {
	m := d.module.Module
	var wanted []guest.FuncIndex
	for _, n := range d.flags.functions {
		found := d.module.Symbols.Resolve(n)
		if len(found) == 0 {
			return fmt.Errorf("%s: %w\n  see 'faaslens symbols %s'", name, noFunction(d.module.Symbols, n), name)
		}
		before := len(wanted)
		for _, f := range found {
			if !f.Import {
				wanted = append(wanted, f.Index)
			}
		}
		if len(wanted) == before {
			return fmt.Errorf("%s: %s is imported: the module has no code of it", name, describeFunction(found[0]))
		}
	}
	all := len(d.flags.functions) == 0
	if all {
		for k := range m.Bodies {
			wanted = append(wanted, guest.FuncIndex(m.NumImportedFuncs()+k))
		}
	}
	done := s.functionsDone("listing", name, s.stdout)
	for k, i := range wanted {
		f, err := d.module.Func(i)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if err := d.write(&f); err != nil {
			return err
		}
		if done != nil {
			done(k+1, len(wanted))
		}
	}
	if !all || !d.flags.native {
		return nil
	}
	for _, stub := range d.module.Compiled.Stubs {
		f := d.module.StubCode(stub)
		if err := d.write(&f); err != nil {
			return err
		}
	}
	return nil
}

func describeFunction(f symbol.Function) string {
	if f.Name == f.Number {
		return f.Number
	}
	return f.Number + " = " + f.Name
}

func (d *disassembly) write(f *listing.Function) error {
	d.written++
	d.known = make(map[guest.FileOffset]origin)
	if d.flags.json {
		return writeJSONLine(d.w, d.entry(f))
	}
	return d.text(f)
}

// calls are the places of a wasm instruction in the source, the innermost first, and a
// key that is the same for code of the same lines.
func (d *disassembly) calls(at guest.FileOffset) origin {
	if o, ok := d.known[at]; ok {
		return o
	}
	var o origin
	if code, ok := d.module.Module.CodeOffset(at); ok {
		o.calls = slices.DeleteFunc(d.module.Symbols.At(code), func(l symbol.Location) bool { return l.Function == "" })
	}
	var b strings.Builder
	for _, l := range o.calls {
		fmt.Fprintf(&b, "%s\x00%s\x00%d\x00", l.Function, l.File, l.Line)
	}
	o.key = b.String()
	d.known[at] = o
	return o
}

// origin is where in the source an instruction comes from.
type origin struct {
	calls []symbol.Location
	key   string
}

// moduleTime is when a function's module was made; now, if that is not known.
func moduleTime(st *store.Store, name guest.Name) time.Time {
	if f, err := st.Get(name); err == nil {
		return f.ModTime
	}
	return time.Now()
}
