package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/pprof/profile"
	"github.com/spf13/cobra"

	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/hostcall"
	"github.com/faaslens/faaslens/profiler"
	"github.com/faaslens/faaslens/profiler/export"
	"github.com/faaslens/faaslens/worker"
)

// profileFlags is what the command line says about a profile.
type profileFlags struct {
	runFlags
	kind, output, format string
	duration             time.Duration
	rate, pid            int
}

func (s *session) profileCommand() *cobra.Command {
	var f profileFlags
	cmd := &cobra.Command{
		Use:   "profile USER/FUNCTION [flags] [-- ARG...]",
		Short: "Run a function and see where its time or the host's memory goes",
		Long: `Runs a function as 'run' does and writes a profile in which the frames of the host
and of the function share every stack, inlined calls included. A table of the functions
with the largest shares follows on stderr.

Types, by --type:
  cpu        where processor time goes
  wall       where time passes: host calls by name, processor time, and the rest
  hostalloc  what the host allocates, and for which of the function's frames
  live       where the function is, looked at again and again; with --pid those that
             another faaslens process runs

The exit code is that of 'run'. A function that fails ends the recording; what was
recorded is written.`,
		Example: `  faaslens profile demo/imgsmith --cmdline "-q blur=60" < lake.png > big.png
  faaslens profile demo/imgsmith --type wall --runs 20 -o wall.pb.gz < lake.png > big.png
  faaslens profile demo/server --duration 10s --hz 250
  faaslens profile --type live --pid 4711`,
		Args: func(cmd *cobra.Command, args []string) error {
			if f.pid == 0 {
				return functionThen("arguments for the function go")(cmd, args)
			}
			if len(args) > 0 || f.kind != "live" {
				return misuse("--pid: give it with --type live and without a function")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			f.hasInput = cmd.Flags().Changed("input")
			if err := f.complete(cmd.Flags().Changed("runs"), args); err != nil {
				return err
			}
			ctx, release := interruptible(cmd.Context())
			defer release()
			if f.pid != 0 {
				return s.profileProcess(ctx, &f)
			}
			name, err := parseFunction(args[0])
			if err != nil {
				return err
			}
			return s.profile(ctx, name, &f, args[1:])
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.kind, "type", "cpu", "what to record: "+strings.Join(profileKinds(), ", "))
	flags.IntVar(&f.runs, "runs", 1, "run it `N` times, each in a fresh instance, up to the first failure")
	flags.DurationVar(&f.duration, "duration", 0, "run it again and again for that long, and stop it then: `DURATION`")
	flags.IntVar(&f.rate, "hz", profiler.DefaultRate, "samples or looks a second to ask for: `N`")
	flags.StringVarP(&f.output, "output", "o", "", "`FILE` to write (default FUNCTION.TYPE and the usual end, such as .pb.gz)")
	flags.StringVar(&f.format, "format", "", formatUsage(export.Pprof))
	flags.IntVar(&f.pid, "pid", 0, "look at the functions of that faaslens process: `PID`")
	f.register(flags)
	cmd.AddCommand(s.profileViewCommand(), s.profileConvertCommand())
	return cmd
}

// formatUsage describes a flag for the format of a profile.
func formatUsage(usual export.Format) string {
	return fmt.Sprintf("what to write: %s (default by the end of -o's file, else %s)", formatNames(), usual)
}

// chosenFormat is the format that --format names, else the one that the end of the output's
// name says, else the usual one.
func chosenFormat(name, output string, usual export.Format) (export.Format, error) {
	if name != "" {
		f, err := export.ParseFormat(name)
		if err != nil {
			return "", misuse("--%v", err)
		}
		return f, nil
	}
	if f, ok := export.FormatOf(output); ok {
		return f, nil
	}
	return usual, nil
}

func formatNames() string {
	var names []string
	for _, f := range export.Formats() {
		names = append(names, string(f))
	}
	return strings.Join(names, ", ")
}

// complete checks what was given and fills in what was not.
func (f *profileFlags) complete(runsGiven bool, args []string) error {
	format, err := chosenFormat(f.format, f.output, export.Pprof)
	switch {
	case err != nil:
		return err
	case !slices.Contains(profileKinds(), f.kind):
		return misuse("--type %s: want one of %s", f.kind, strings.Join(profileKinds(), ", "))
	case f.rate < 1 || f.rate > profiler.MaxRate:
		return misuse("--hz %d: want 1 to %d", f.rate, profiler.MaxRate)
	case f.duration < 0:
		return misuse("--duration %v: want more than nothing", f.duration)
	case f.runs < 1:
		return misuse("--runs %d: want 1 or more", f.runs)
	case f.output == "-":
		return misuse("-o -: the function's own output is on stdout: name a file")
	}
	f.format = string(format)
	if f.duration > 0 && !runsGiven {
		f.runs = maxRuns
	}
	if f.output == "" {
		what := fmt.Sprintf("process-%d", f.pid)
		if f.pid == 0 {
			_, what, _ = strings.Cut(args[0], "/")
		}
		f.output = what + "." + f.kind + format.Extension()
	}
	return nil
}

// maxRuns is as often as a function is run where only a duration is given.
const maxRuns = 1 << 30

// errDurationOver is why a context ended: --duration has passed.
var errDurationOver = errors.New("the duration is over")

// profile runs a function, records it and writes what was recorded.
func (s *session) profile(ctx context.Context, name guest.Name, f *profileFlags, args []string) error {
	p, ended := s.record(ctx, name, f, args)
	if p == nil {
		return ended
	}
	sources, err := parseSourceMap(f.sourceMap)
	if err != nil {
		return err
	}
	if err := s.deliverProfile(p, f, export.Options{Title: name.String(), Source: sources.readSource}); err != nil {
		return err
	}
	return ended
}

// record runs a function and records it. If it did not end well there is an error beside
// the profile, and what there is to say of it has been said.
func (s *session) record(ctx context.Context, name guest.Name, f *profileFlags, args []string) (*profile.Profile, error) {
	inv, err := s.invocation(&f.runFlags, args)
	if inv != nil {
		defer closeDirectories(inv.Preopens)
	}
	if err != nil {
		return nil, err
	}
	sources, err := parseSourceMap(f.sourceMap)
	if err != nil {
		return nil, err
	}
	rec := s.newRecorder(f)
	cfg := f.worker()
	cfg.Loaded, cfg.Unloaded = rec.loaded, rec.unloaded
	w, err := s.newWorkshop(cfg)
	if err != nil {
		return nil, err
	}
	defer w.close()
	fn, err := w.open(ctx, name)
	if err != nil {
		e := errorEnding(err)
		e.write(s, s.stderr, name)
		return nil, &exitStatus{e.exit}
	}
	defer fn.Close()
	defer s.answerStacks(w.worker)()
	if err := rec.begin(w.worker); err != nil {
		return nil, err
	}
	r := &profiledRuns{
		runner:   runner{session: s, workshop: w, function: fn, flags: &f.runFlags, inv: inv, sources: sources, rewind: rewinder(s.stdin)},
		recorder: rec,
	}
	code, failed := r.repeat(ctx, f.duration)
	p, err := rec.end()
	if err := errors.Join(failed, err); err != nil {
		return nil, err
	}
	p.Comments = append(s.profileComments(name.String(), f, r.done), p.Comments...)
	if code != exitOK {
		return p, &exitStatus{code}
	}
	return p, nil
}

// collectCPU is the profile that a flame graph shows.
func (s *session) collectCPU(ctx context.Context, name guest.Name, reps int, data string, args []string) (*profile.Profile, error) {
	f := &profileFlags{kind: "cpu", rate: profiler.DefaultRate}
	f.runs, f.input, f.hasInput = reps, data, true
	return s.record(ctx, name, f, args)
}

// profiledRuns runs one function several times while it is recorded.
type profiledRuns struct {
	runner
	recorder *recorder
	done     int // runs
}

// repeat returns the exit code of the last run. The error is this program's own.
func (r *profiledRuns) repeat(ctx context.Context, duration time.Duration) (code int, err error) {
	if duration > 0 {
		within, cancel := context.WithCancelCause(ctx)
		defer cancel(nil)
		defer time.AfterFunc(duration, func() { cancel(errDurationOver) }).Stop()
		ctx = within
	}
	for n := 1; n <= r.flags.runs && code == exitOK && ctx.Err() == nil; n++ {
		if n > 1 {
			r.rewind()
		}
		if code, err = r.once(ctx, n); err != nil {
			return code, err
		}
		r.done = n
	}
	return code, nil
}

func (r *profiledRuns) once(ctx context.Context, n int) (code int, err error) {
	var writeErr, ended error
	var o worker.Outcome
	i := profiler.Invocation{Function: r.function.Name, Number: n, Start: profiler.Warm}
	if n == 1 {
		i.Start = profiler.Cold
	}
	r.recorder.do(ctx, i, func(ctx context.Context, watch hostcall.Observer) time.Duration {
		r.inv.Observer = watch
		r.inv.KeepOutput = func(b []byte) { _, writeErr = r.inv.Stdout.Write(b) }
		o, ended = r.function.Invoke(ctx, r.inv)
		return o.Elapsed
	})
	if writeErr != nil {
		return 0, fmt.Errorf("write the function's output: %w", writeErr)
	}
	var limit *guest.Limit
	if errors.As(ended, &limit) && limit.Kind == guest.LimitCancelled && errors.Is(context.Cause(ctx), errDurationOver) {
		return exitOK, nil
	}
	e := invocationEnding(ctx, r.workshop.store, r.function, r.inv.Limits, r.sources, o, ended)
	e.write(r.session, r.session.stderr, r.function.Name)
	return e.exit, nil
}

// profileComments say what was recorded, and by what.
func (s *session) profileComments(what string, f *profileFlags, runs int) []string {
	v := versions()
	return []string{
		fmt.Sprintf("profile: %s of %s, %d run(s)", f.kind, what, runs),
		fmt.Sprintf("made by: faaslens %s, %s, %s %s/%s", v.Faaslens, v.Engine, v.Go, v.OS, v.Arch),
	}
}

// deliverProfile writes the profile and a table of it.
func (s *session) deliverProfile(p *profile.Profile, f *profileFlags, o export.Options) error {
	format, err := export.ParseFormat(f.format)
	if err != nil {
		return misuse("--%v", err)
	}
	if err := writeProfile(f.output, p, format, o); err != nil {
		return fmt.Errorf("%w: name another file with -o", err)
	}
	if err := profiler.WriteSummary(s.stderr, p); err != nil {
		return fmt.Errorf("write the table: %w", err)
	}
	fmt.Fprintf(s.stderr, "wrote %s\n", f.output)
	if len(p.Sample) == 0 {
		fmt.Fprintln(s.stderr, "  nothing was seen: record for longer, with --runs or --duration")
		return nil
	}
	if format == export.Pprof {
		fmt.Fprintf(s.stderr, "  look closer with 'faaslens profile view %s' or 'go tool pprof %s'\n", f.output, f.output)
	}
	return nil
}
