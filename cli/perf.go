package cli

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"github.com/faaslens/faaslens/guest"
)

// perfFlags is what the command line says about a recording.
type perfFlags struct {
	dir, event, callGraph string
	frequency             int
	function              string
	output                string
}

func (s *session) perfCommand() *cobra.Command {
	var f perfFlags
	cmd := &cobra.Command{
		Use:   "perf record|report|annotate|flame USER/FUNCTION",
		Short: "Record where a function spends its time with Linux's perf, and show it",
		Long: `Runs perf on a function and shows what it recorded, with the functions and lines of
the function's source. Without a recording of your own making, each function has one,
its last, below perf in the data directory.`,
		Example: `  faaslens perf record demo/imgsmith -- --cmdline resize=320x0 < lake.png > small.png
  faaslens perf report demo/imgsmith
  faaslens perf annotate demo/imgsmith --function resample
  faaslens perf flame demo/imgsmith`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return unknownCommand(cmd, args[0])
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.PersistentFlags().StringVar(&f.dir, "recording", "", "`DIRECTORY` of the recording (default below the data directory)")
	cmd.AddCommand(s.perfRecordCommand(&f), s.perfReportCommand(&f), s.perfAnnotateCommand(&f), s.perfFlameCommand(&f))
	return cmd
}

func (s *session) perfRecordCommand(f *perfFlags) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "record USER/FUNCTION [flags] [-- RUN FLAGS]",
		Short: "Run a function under perf",
		Long: `Runs a function under perf record and prepares what it recorded for perf report.
What is behind -- goes to 'faaslens run'. The exit code is the function's. The file is
perf's own: perf report -i DIRECTORY/perf.data reads it too.`,
		Example: `  faaslens perf record demo/shares
  faaslens perf record demo/shares -F 2000 -- --runs 20
  faaslens perf record demo/shares --call-graph dwarf
  faaslens perf record demo/echo -- --input ping -- argument`,
		Args: s.thenRunFlags,
		RunE: s.onFunction(func(ctx context.Context, name guest.Name, args []string) error {
			return s.perfRecord(ctx, name, f, args)
		}),
	}
	flags := cmd.Flags()
	flags.IntVarP(&f.frequency, "frequency", "F", 997, "take `N` samples a second")
	flags.StringVarP(&f.event, "event", "e", "", "sample by an `EVENT` of perf's (default cycles, or cpu-clock where the processor's counters cannot be used)")
	flags.StringVar(&f.callGraph, "call-graph", "fp", "find callers by frame pointers or unwind tables: `fp|dwarf`; dwarf shows inlined calls too, and takes more space")
	return cmd
}

func (s *session) perfReportCommand(f *perfFlags) *cobra.Command {
	return &cobra.Command{
		Use:   "report USER/FUNCTION [flags] [-- PERF FLAGS]",
		Short: "Show what was recorded, by function",
		Long: `Shows a recording with perf report: in perf's own window, or as text where stdout is
no terminal. What is behind -- goes to perf report.`,
		Example: `  faaslens perf report demo/shares
  faaslens perf report demo/shares -- --sort srcline -g none
  faaslens perf report demo/shares -- --children`,
		Args: functionThen(forStarted),
		RunE: s.onFunction(func(ctx context.Context, name guest.Name, args []string) error {
			r, err := s.openRecording(name, f)
			if err != nil {
				return err
			}
			return r.show(ctx, append([]string{"report", "--no-children"}, args...))
		}),
	}
}

func (s *session) perfAnnotateCommand(f *perfFlags) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "annotate USER/FUNCTION [flags] [-- PERF FLAGS]",
		Short: "Show source and machine code with the time they took",
		Long: `Shows a function's machine code between the lines of its source with perf annotate,
each instruction with its share of the samples: of one function, or of that in which
most of them are. What is behind -- goes to perf annotate.`,
		Example: `  faaslens perf annotate demo/shares
  faaslens perf annotate demo/shares --function functionDef4`,
		Args: functionThen(forStarted),
		RunE: s.onFunction(func(ctx context.Context, name guest.Name, args []string) error {
			return s.perfAnnotate(ctx, name, f, args)
		}),
	}
	cmd.Flags().StringVar(&f.function, "function", "", "a function of the module: `NAME` or functionDefN (default the one with the most samples)")
	return cmd
}

func (s *session) perfFlameCommand(f *perfFlags) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "flame USER/FUNCTION [flags]",
		Short: "Draw the stacks that were recorded as a flame graph",
		Long: `Draws the stacks that perf recorded as a flame graph, an SVG that a browser opens, or,
into a file with another ending, writes them folded: a line for each stack, with the
functions from the outermost on and the number of samples. Functions end in _[j] if they
are the guest's, _[k] if they are the kernel's, _[i] if they are inlined.`,
		Example: `  faaslens perf flame demo/shares
  faaslens perf flame demo/shares -o - | sort -t ' ' -k 2 -n`,
		Args: functionThen(forStarted),
		RunE: s.onFunction(func(ctx context.Context, name guest.Name, _ []string) error {
			return s.perfFlame(ctx, name, f)
		}),
	}
	cmd.Flags().StringVarP(&f.output, "output", "o", flameFile, "write to a `FILE`; - for stdout, folded")
	return cmd
}

// forStarted is functionThen's word for what goes to a program that is started.
const forStarted = "what is meant for the program that this starts goes"

// onFunction is a command's way of running on a function, with what is behind --.
func (s *session) onFunction(run func(context.Context, guest.Name, []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		name, err := parseFunction(args[0])
		if err != nil {
			return err
		}
		ctx, release := interruptible(cmd.Context())
		defer release()
		return run(ctx, name, args[1:])
	}
}

// recordingDir is where the recording of a function is.
func (s *session) recordingDir(name guest.Name, f *perfFlags) (string, error) {
	if f.dir != "" {
		return filepath.Abs(f.dir)
	}
	st, err := s.openStore()
	if err != nil {
		return "", err
	}
	defer st.Close()
	return filepath.Abs(filepath.Join(st.Dir(), "perf", name.User, name.Function))
}

// recording is what perf recorded of a function.
type recording struct {
	session *session
	name    guest.Name
	dir     string
}

func (r *recording) data() string { return filepath.Join(r.dir, "perf.data") }

// openRecording finds the recording of a function.
func (s *session) openRecording(name guest.Name, f *perfFlags) (*recording, error) {
	dir, err := s.recordingDir(name, f)
	if err != nil {
		return nil, err
	}
	r := &recording{s, name, dir}
	if _, err := os.Stat(r.data()); err != nil {
		return nil, fmt.Errorf("read the recording of %s: %w\n  record it with 'faaslens perf record %s'", name, err, name)
	}
	return r, nil
}

// show runs a command of perf's that shows the recording to people.
func (r *recording) show(ctx context.Context, args []string) error {
	if !isTerminal(r.session.stdout) && !slices.Contains(args, "--stdio") {
		args = append(args, "--stdio")
	}
	return r.session.perfTool(ctx, r.dir, nil, append(args, "-i", r.data())...)
}
