package cli

import (
	"bytes"
	"context"
	"debug/elf"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sort"

	"github.com/spf13/cobra"

	"github.com/faaslens/faaslens/callgrind"
	"github.com/faaslens/faaslens/engine"
	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/perf"
)

// emulatedVariable is set by the callgrind command for the program that it runs.
const emulatedVariable = "FAASLENS_EMULATED"

// callgrindFlags is what the command line says about a count of instructions.
type callgrindFlags struct {
	output          string
	cache, branches bool
}

func (s *session) callgrindCommand() *cobra.Command {
	var f callgrindFlags
	cmd := &cobra.Command{
		Use:   "callgrind USER/FUNCTION [flags] [-- RUN FLAGS]",
		Short: "Count a function's instructions with valgrind's callgrind",
		Long: `Runs a function under valgrind, some fifty times slower, and writes how often each
instruction ran: by function, line of the source and machine instruction, for
KCachegrind and 'callgrind_annotate --auto=yes FILE'. What a guest's own code costs is exact, and the same
each time if the guest does the same. What is behind -- goes to 'faaslens run'; there is
no deadline. The exit code is the function's.`,
		Example: `  faaslens callgrind demo/shares
  faaslens callgrind demo/echo -o counts -- --input ping -- argument`,
		Args: s.thenRunFlags,
		RunE: s.onFunction(func(ctx context.Context, name guest.Name, args []string) error {
			return s.callgrind(ctx, name, &f, args)
		}),
	}
	flags := cmd.Flags()
	flags.StringVarP(&f.output, "output", "o", "", "write to a `FILE` (default callgrind.out.FUNCTION)")
	flags.BoolVar(&f.cache, "cache-sim", false, "count what a simple model of caches misses, too")
	flags.BoolVar(&f.branches, "branch-sim", false, "count branches that a simple model predicts wrongly, too")
	return cmd
}

// callgrind runs a function under valgrind.
func (s *session) callgrind(ctx context.Context, name guest.Name, f *callgrindFlags, runArgs []string) error {
	self, err := s.self()
	if err != nil {
		return err
	}
	valgrind, err := s.findTool("valgrind", "valgrind")
	if err != nil {
		return err
	}
	object, err := s.prepareForPerf(ctx, name, engine.Config{Shards: 1, Slots: fewSlots, Emulated: true})
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp(s.env.get("TMPDIR"), "faaslens-callgrind-")
	if err != nil {
		return fmt.Errorf("make a directory for what callgrind writes: %w", err)
	}
	defer os.RemoveAll(dir)
	raw := filepath.Join(dir, "raw")
	log := filepath.Join(dir, "log")
	args := []string{"-q", "--log-file=" + log, "--tool=callgrind", "--dump-instr=yes", "--separate-recs=1", "--callgrind-out-file=" + raw,
		"--cache-sim=" + yesNo(f.cache), "--branch-sim=" + yesNo(f.branches), self, "run", "--perf=jitdump-image", "--timeout=0", name.String()}
	ended := s.valgrind(ctx, valgrind, dir, append(args, runArgs...))
	if said, err := os.ReadFile(log); err == nil && ctx.Err() == nil {
		fmt.Fprintf(s.stderr, "%s", said) // interrupted, it may fail, which is nothing to report
	}
	info, err := os.Stat(raw)
	if err != nil || info.Size() == 0 {
		if _, said := errors.AsType[*exitStatus](ended); ended == nil || said {
			ended = fmt.Errorf("callgrind wrote nothing: valgrind needs address space and the instructions that it knows; see what it said above")
		}
		return ended
	}
	dump, err := findJitdump(dir)
	if _, failed := errors.AsType[*exitStatus](ended); failed && errors.Is(err, errNoJitdump) {
		return ended // the run has said why no code came to be
	}
	if err != nil {
		return err
	}
	output := f.output
	if output == "" {
		output = "callgrind.out." + name.Function
	}
	counted, err := nameCallgrind(raw, output, dump, object, self)
	if err != nil {
		return err
	}
	for i, event := range counted.Events {
		if event == "Ir" && counted.Total[i] > 0 {
			fmt.Fprintf(s.stderr, "%d instructions in %s itself, %.1f%% of all\n  see 'callgrind_annotate --auto=yes %s'\n",
				counted.Guest[i], name, 100*float64(counted.Guest[i])/float64(counted.Total[i]), output)
		}
	}
	return ended
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

// valgrind runs valgrind, and kills it when ctx ends. Signals and threads that need not be are kept away from it:
// callgrind fails when Go stops its own threads by signals.
func (s *session) valgrind(ctx context.Context, path, dir string, args []string) error {
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Env = append(s.env[:len(s.env):len(s.env)], "JITDUMPDIR="+dir, emulatedVariable+"=1",
		"GODEBUG=asyncpreemptoff=1", "GOMAXPROCS=1", "GOGC=off", "RAYON_NUM_THREADS=1")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = s.stdin, s.stdout, s.stderr
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			return cause(ctx, err)
		}
		if exit, ok := errors.AsType[*exec.ExitError](err); ok && exit.ExitCode() >= 0 {
			return &exitStatus{exit.ExitCode()}
		}
		return fmt.Errorf("run valgrind: %w", err)
	}
	return nil
}

// errNoJitdump means that a run wrote nothing of where its code was.
var errNoJitdump = errors.New("the run wrote no jitdump")

// findJitdump is the jitdump of the run that had dir for it.
func findJitdump(dir string) (string, error) {
	dumps, err := filepath.Glob(filepath.Join(dir, ".debug", "jit", "*", "jit-*.dump"))
	switch {
	case err != nil:
		return "", fmt.Errorf("find where code was: %w", err)
	case len(dumps) == 0:
		return "", fmt.Errorf("find where code was: %w", errNoJitdump)
	case len(dumps) > 1:
		return "", fmt.Errorf("find where code was: %d jitdumps, want 1", len(dumps))
	}
	return dumps[0], nil
}

// nameCallgrind writes a profile anew with the names of guests' functions. The jitdump
// says where code was, object what it is, program whose the rest is.
func nameCallgrind(raw, output, dump, object, program string) (*callgrind.Summary, error) {
	mappings, err := perf.ReadDump(dump)
	if err != nil {
		return nil, err
	}
	var codes []*callgrind.Code
	for _, m := range mappings {
		c, err := callgrind.Open(m.Object, m.Start)
		if err != nil {
			return nil, err
		}
		if sameContent(m.Object, object) {
			c.Object = object // the other goes with the directory
		}
		codes = append(codes, c)
	}
	in, err := os.Open(raw)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	out, err := os.Create(output)
	if err != nil {
		return nil, fmt.Errorf("write the profile: %w", err)
	}
	counted, err := callgrind.Rename(out, in, codes, programSymbols(program))
	return counted, errors.Join(err, out.Close())
}

func sameContent(a, b string) bool {
	x, err := os.ReadFile(a)
	if err != nil {
		return false
	}
	y, err := os.ReadFile(b)
	return err == nil && bytes.Equal(x, y)
}

// programSymbols names the functions of a program that lies where its file says.
func programSymbols(path string) callgrind.HostNames {
	var functions []elf.Symbol
	if f, err := elf.Open(path); err == nil {
		defer f.Close()
		if symbols, err := f.Symbols(); err == nil {
			for _, s := range symbols {
				if elf.ST_TYPE(s.Info) == elf.STT_FUNC {
					functions = append(functions, s)
				}
			}
		}
	}
	sort.Slice(functions, func(i, j int) bool { return functions[i].Value < functions[j].Value })
	return func(address uint64) (string, string) {
		i := sort.Search(len(functions), func(i int) bool { return functions[i].Value > address }) - 1
		if i < 0 || address-functions[i].Value >= max(functions[i].Size, 1) {
			return "", ""
		}
		return path, functions[i].Name
	}
}
