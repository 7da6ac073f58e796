package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/faaslens/faaslens/engine"
	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/hostcall/faasm"
	"github.com/faaslens/faaslens/snapshot"
	"github.com/faaslens/faaslens/spelling"
	"github.com/faaslens/faaslens/store"
	"github.com/faaslens/faaslens/wasm"
	"github.com/faaslens/faaslens/worker"
)

const warmExportUsage = "an export that prepares the function: it is called once, and invocations start from what it leaves: `NAME`"

// snapshotFlags is what the command line says about a snapshot.
type snapshotFlags struct {
	warmExport, output, as string
	memory                 sizeFlag
	timeout                timeoutFlag
}

func (s *session) snapshotCommand() *cobra.Command {
	var f snapshotFlags
	cmd := &cobra.Command{
		Use:   "snapshot USER/FUNCTION {-o FILE | --as USER/FUNCTION} [flags]",
		Short: "Make a module that starts where a function is initialised",
		Long: `Calls what initialises a function, once: its constructors and its zygote, if it exports
them, and the export that --warm-export names. Writes a module that starts with the
memory, globals and tables that this leaves, and calls none of it again. Code, names and
debug information are the function's.

run, serve and profile do that by themselves for functions that have something to call;
this is for modules that go elsewhere.`,
		Example: `  faaslens snapshot demo/model --warm-export load_model -o model.wasm
  faaslens snapshot demo/model --as demo/model-ready`,
		Args: func(_ *cobra.Command, args []string) error {
			switch {
			case len(args) != 1:
				return misuse("want one USER/FUNCTION, such as demo/hello; there are %d arguments", len(args))
			case (f.output == "") == (f.as == ""):
				return misuse("where to? give either -o FILE or --as USER/FUNCTION")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			name, err := parseFunction(args[0])
			if err != nil {
				return err
			}
			ctx, release := interruptible(cmd.Context())
			defer release()
			return cause(ctx, s.snapshot(ctx, name, &f))
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.warmExport, "warm-export", "", "call that export too: `NAME` (default: what it was kept with)")
	flags.StringVarP(&f.output, "output", "o", "", "write the module to `FILE`; - for stdout")
	flags.StringVar(&f.as, "as", "", "keep it as `USER/FUNCTION`")
	flags.Var(&f.memory, "memory", fmt.Sprintf("most linear memory: `SIZE` (default %s)", guest.FormatBytes(engine.DefaultMemory)))
	flags.Var(&f.timeout, "timeout", "stop it after that `DURATION` (default 1m)")
	return cmd
}

func (s *session) snapshot(ctx context.Context, name guest.Name, f *snapshotFlags) error {
	began := s.now()
	var as guest.Name
	if f.as != "" {
		var err error
		if as, err = parseFunction(f.as); err != nil {
			return err
		}
	}
	if f.warmExport != "" {
		if err := s.checkStoredExport(name, f.warmExport); err != nil {
			return err
		}
	}
	// Who asks for a snapshot wants what files were read to be in it.
	w, err := s.newWorkshop(worker.Config{
		AllowUnknown: true, Snapshots: true, Warm: true, Retry: true, WarmExport: f.warmExport, Initialised: s.tellOutput,
		Initial: guest.Limits{Memory: uint64(f.memory), Timeout: time.Duration(f.timeout)},
	})
	if err != nil {
		return err
	}
	defer w.close()
	fn, err := w.open(ctx, name)
	if err != nil {
		return err
	}
	defer fn.Close()
	made := fn.Snapshot()
	switch {
	case made == nil:
		return fmt.Errorf("snapshot %s: nothing initialises it: it exports neither __wasm_call_ctors nor _faasm_zygote\n  name an export that prepares it with --warm-export; 'faaslens show %s' lists them", name, name)
	case made.Refused != "":
		return fmt.Errorf("snapshot %s: %s", name, made.Refused)
	}
	module := detach(w.store, fn, made)
	if f.output != "" {
		err = s.writeModule(f.output, module)
	} else {
		err = s.keepSnapshot(w.store, as, fn, made, module)
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(s.stderr, "snapshot of %s: %s of memory after %s, %s, in %v\n", name, guest.FormatBytes(made.Memory),
		strings.Join(made.Steps, ", "), guest.FormatBytes(uint64(len(module))), showTime(s.now().Sub(began)))
	return nil
}

// detach is the module of a function's snapshot with all debug information that there is.
func detach(st *store.Store, fn *worker.Function, made *worker.Snapshot) []byte {
	customs := fn.Module()
	if debug, err := st.FindDebug(fn.Name, customs); err == nil {
		customs = debug.Module
	}
	return snapshot.Detach(fn.Module(), customs, made.Steps)
}

func (s *session) writeModule(path string, module []byte) error {
	if path == "-" {
		_, err := s.stdout.Write(module)
		return err
	}
	if err := os.WriteFile(path, module, 0o644); err != nil {
		return adviseOnDisk(fmt.Errorf("write the snapshot: %w", err))
	}
	return nil
}

// keepSnapshot keeps the module as a function, stripped if its original was.
func (s *session) keepSnapshot(st *store.Store, as guest.Name, fn *worker.Function, made *worker.Snapshot, module []byte) error {
	dwp, err := st.ReadPackage(fn.Name)
	if err != nil {
		return fmt.Errorf("snapshot %s: %w", fn.Name, err)
	}
	_, err = st.Add(as, module, store.AddOptions{
		Strip: !fn.Module().HasDWARF(), Package: dwp,
		Origin: fmt.Sprintf("snapshot of %s after %s", fn.Name, strings.Join(made.Steps, ", ")),
	})
	return err
}

// tellInitial tells what the initialisation of a function wrote, or why it is not done once.
func (s *session) tellInitial(fn *worker.Function) {
	s.tellOutput(fn)
	if made := fn.Snapshot(); made.Refused != "" {
		fmt.Fprintf(s.stderr, "initialisation: %s\n", printableLines(snapshotWords(made)))
	}
}

// tellOutput tells what the initialisation of a function wrote, which its invocations will
// not write again.
func (s *session) tellOutput(fn *worker.Function) {
	made := fn.Snapshot()
	for _, out := range [][]byte{made.Stdout, made.Stderr} {
		for line := range strings.Lines(string(out)) {
			fmt.Fprintf(s.stderr, "initialisation: %s\n", printableLines(strings.TrimSuffix(line, "\n")))
		}
	}
}

// snapshotWords says how a function is initialised.
func snapshotWords(made *worker.Snapshot) string {
	calls := strings.Join(made.Steps, ", ")
	if made.Refused != "" {
		return fmt.Sprintf("by each invocation, which calls %s: %s", calls, made.Refused)
	}
	words := fmt.Sprintf("once, by %s in %v: %s of memory", calls, showTime(made.Took), guest.FormatBytes(made.Memory))
	if len(made.Reads) > 0 {
		words += "; it has read " + strings.Join(made.Reads, ", ")
	}
	return words
}

// checkStoredExport checks an export of a function of the store.
func (s *session) checkStoredExport(name guest.Name, export string) error {
	st, err := s.openStore()
	if err != nil {
		return err
	}
	defer st.Close()
	b, err := st.Read(name)
	if err != nil {
		return suggest(st, name, err)
	}
	if err := checkWarmExport(b, export); err != nil {
		return fmt.Errorf("snapshot %s: %w", name, err)
	}
	return nil
}

// checkWarmPlan says why a module cannot be run that an export prepares, which fits.
func checkWarmPlan(m *wasm.Module, export string) error {
	_, err := worker.Plan(m, export)
	var unfit *faasm.UnfitModule
	if errors.As(err, &unfit) {
		return fmt.Errorf("--warm-export %s: %s", export, unfit.Reason)
	}
	return err
}

// checkWarmExport says what is wrong with an export that shall prepare a module. A module
// that cannot be read is another's to complain of.
func checkWarmExport(module []byte, export string) error {
	m, err := wasm.Parse(module)
	if export == "" || err != nil {
		return nil
	}
	var names []string
	for _, x := range m.Exports {
		if x.Kind != wasm.KindFunc {
			continue
		}
		t, _ := m.FuncType(guest.FuncIndex(x.Index))
		if x.Name == export {
			if len(t.Params) > 0 || len(t.Results) > 1 || len(t.Results) == 1 && t.Results[0] != guest.I32 {
				return fmt.Errorf("--warm-export %s: it is a function %s: what prepares a function takes nothing and returns nothing or a number, 0 for success", export, t)
			}
			return checkWarmPlan(m, export)
		}
		if len(t.Params) == 0 {
			names = append(names, x.Name)
		}
	}
	near := spelling.Nearest(export, names)
	switch {
	case len(near) > 0:
		return fmt.Errorf("--warm-export %s: the module exports no such function\n  did you mean %s?", export, strings.Join(near, " or "))
	case len(names) > 0:
		return fmt.Errorf("--warm-export %s: the module exports no such function\n  it exports %s", export, strings.Join(names[:min(len(names), 10)], ", "))
	}
	return errors.New("--warm-export " + export + ": the module exports no function that takes nothing: build it with -Wl,--export=" + export)
}
