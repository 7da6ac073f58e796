package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/faaslens/faaslens/engine"
	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/hostcall"
	"github.com/faaslens/faaslens/hostcall/faasm"
	"github.com/faaslens/faaslens/worker"
)

// runFlags is what the command line says about a run.
type runFlags struct {
	input, inputFile, cmdline  string
	perf, warmExport           string
	env, dirs, sourceMap       []string
	runs                       int
	timeout                    timeoutFlag
	memory, outputLimit, stack sizeFlag

	hasInput, allowUnknown, trace, json, nativeDebug bool
}

func (s *session) runCommand() *cobra.Command {
	var f runFlags
	cmd := &cobra.Command{
		Use:   "run USER/FUNCTION [flags] [-- ARG...]",
		Short: "Run a function",
		Long: `Runs a function in a fresh instance. Its stdin, stdout and stderr are this
program's; its output by Faasm's interface follows on stdout when it has ended.

The exit code is the function's own, or says why it has none:
  2    the command line is wrong        134  it trapped
  124  its deadline passed              137  it ran out of memory
  126  it is there but cannot be run    153  it wrote more than it may
  127  there is no such function        130, 143  stopped by SIGINT, SIGTERM

Sizes are bytes, or have a unit: 64K, 64M, 1GiB.`,
		Example: `  faaslens run demo/hello
  faaslens run demo/echo --input ping
  faaslens run demo/imgsmith --cmdline "resize=320x0" < lake.png > small.png
  faaslens run demo/convert --dir ./data:/data:ro --dir ./out:/out -- /data/a /out/b
  faaslens run demo/parse --memory 64M --timeout 2s --json < input`,
		Args: functionThen("arguments for the function go"),
		RunE: func(cmd *cobra.Command, args []string) error {
			f.hasInput = cmd.Flags().Changed("input")
			name, err := parseFunction(args[0])
			if err != nil {
				return err
			}
			ctx, release := interruptible(cmd.Context())
			defer release()
			return s.run(ctx, name, &f, args[1:])
		},
	}
	f.register(cmd.Flags())
	flags := cmd.Flags()
	flags.IntVar(&f.runs, "runs", 1, "run it `N` times, each in a fresh instance, up to the first failure")
	flags.BoolVar(&f.trace, "trace", false, "write every host call to stderr, as strace does")
	flags.BoolVar(&f.nativeDebug, "native-debug", false, "compile it for gdb and lldb, which may attach later")
	flags.StringVar(&f.perf, "perf", "", "tell perf of the code by a `FORM` of file: jitdump (jitdump-load, jitdump-image), map or off (default $FAASLENS_PERF)")
	flags.BoolVar(&f.json, "json", false, "print one JSON object for each run, and nothing else, on stdout")
	return cmd
}

// register adds the flags that say what a function is given and what it may take: those
// of every command that runs one.
func (f *runFlags) register(flags *pflag.FlagSet) {
	flags.StringVar(&f.input, "input", "", "input `TEXT` for Faasm's interface")
	flags.StringVar(&f.inputFile, "input-file", "", "`FILE` with that input; - for stdin")
	flags.StringVar(&f.cmdline, "cmdline", "", "arguments, separated by single spaces as in Faasm: `TEXT`")
	flags.StringArrayVar(&f.env, "env", nil, "set a variable of the function's environment: `NAME=VALUE`")
	flags.StringArrayVar(&f.dirs, "dir", nil, "let it see a directory: `HOST:GUEST[:ro]`")
	flags.StringArrayVar(&f.sourceMap, "source-map", nil, "sources that were compiled below FROM are below TO now: `FROM=TO`")
	flags.Var(&f.timeout, "timeout", fmt.Sprintf("stop it after that `DURATION`; 0 for never (default %v)", engine.DefaultTimeout))
	flags.Var(&f.memory, "memory", fmt.Sprintf("most linear memory: `SIZE` (default %s)", guest.FormatBytes(engine.DefaultMemory)))
	flags.Var(&f.outputLimit, "output-limit", fmt.Sprintf("most it may write: `SIZE` (default %s; 'run --json' %s)", guest.FormatBytes(engine.DefaultOutput), guest.FormatBytes(jsonOutput)))
	flags.Var(&f.stack, "stack", fmt.Sprintf("native stack for its calls: `SIZE`, at most %s (default %s)", guest.FormatBytes(engine.MaxStack), guest.FormatBytes(engine.DefaultStack)))
	flags.StringVar(&f.warmExport, "warm-export", "", "call that export once, before all runs, to prepare it: `NAME` (default: what it was kept with)")
	flags.BoolVar(&f.allowUnknown, "allow-unknown", false, "run it though nobody provides some imports; calling one traps")
}

// functionThen checks a command line of USER/FUNCTION [-- ...], and says of what stands
// before the -- that it goes behind it.
func functionThen(goes string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		n := cmd.ArgsLenAtDash()
		if n < 0 {
			n = len(args)
		}
		switch {
		case n == 0:
			return misuse("which function? give USER/FUNCTION, such as demo/hello")
		case n > 1:
			return misuse("%q: %s behind --", args[1], goes)
		}
		return nil
	}
}

// run runs a function as often as asked for.
func (s *session) run(ctx context.Context, name guest.Name, f *runFlags, args []string) error {
	inv, err := s.invocation(f, args)
	if inv != nil {
		defer closeDirectories(inv.Preopens)
	}
	if err != nil {
		return err
	}
	sources, err := parseSourceMap(f.sourceMap)
	if err != nil {
		return err
	}
	perf, err := s.perfMode(f.perf)
	if err != nil {
		return err
	}
	w, err := s.newPerfWorkshop(f.worker(), perf)
	if err != nil {
		return err
	}
	defer w.close()
	fn, err := w.open(ctx, name)
	if err != nil {
		e := errorEnding(err)
		if f.json {
			return s.printReport(&runReport{Function: name.String(), Run: 1, ExitCode: e.exit, Ending: e.report()})
		}
		e.write(s, s.stderr, name)
		return &exitStatus{e.exit}
	}
	defer fn.Close()
	defer s.answerStacks(w.worker)()
	r := &runner{session: s, workshop: w, function: fn, flags: f, inv: inv, sources: sources, rewind: rewinder(s.stdin)}
	r.companions = &companions{session: s, workshop: w, quiet: f.json}
	defer r.companions.close(ctx)
	return r.repeat(ctx)
}

// worker shapes the worker of a command that runs one function, once at a time.
func (f *runFlags) worker() worker.Config {
	return worker.Config{
		AllowUnknown: f.allowUnknown,
		// A trace has all host calls.
		Snapshots: !f.trace, WarmExport: f.warmExport, Initial: guest.Limits{
			Memory: uint64(f.memory), Timeout: time.Duration(f.timeout), Stack: uint64(f.stack),
		},
		Engine: engine.Config{
			Shards: 1, Slots: fewSlots, Stack: max(engine.DefaultStack, uint64(f.stack)), DebugInfo: f.nativeDebug,
		},
	}
}

// invocation is what every run is given. With an error, its directories may be open.
func (s *session) invocation(f *runFlags, args []string) (*worker.Invocation, error) {
	stdout, stderr := s.guestStreams()
	inv := &worker.Invocation{
		Input:  []byte(f.input),
		Args:   append(faasm.Args(f.cmdline), args...),
		Env:    f.env,
		Stdin:  s.stdin,
		Stdout: stdout,
		Stderr: stderr,
		Limits: guest.Limits{
			Memory: uint64(f.memory), Timeout: time.Duration(f.timeout),
			Output: uint64(f.outputLimit), Stack: uint64(f.stack),
		},
	}
	if inv.Limits.Timeout == 0 {
		inv.Limits.Timeout = patience()
	}
	if f.json && inv.Limits.Output == 0 {
		inv.Limits.Output = jsonOutput
	}
	switch {
	case f.runs < 1:
		return nil, misuse("--runs %d: want 1 or more", f.runs)
	case f.hasInput && f.inputFile != "":
		return nil, misuse("--input and --input-file are two inputs: give one")
	case f.stack > engine.MaxStack:
		return nil, misuse("--stack %s: the largest is %s", flagSize(uint64(f.stack)), flagSize(engine.MaxStack))
	}
	for _, e := range f.env {
		if strings.IndexByte(e, '=') <= 0 {
			return nil, misuse("--env %s: want NAME=VALUE", e)
		}
	}
	var err error
	if f.inputFile != "" {
		if inv.Input, err = s.readInput(f.inputFile); err != nil {
			return nil, &usageError{fmt.Errorf("--input-file: %w", err)}
		}
		if f.inputFile == "-" {
			inv.Stdin = nil
		}
	}
	if f.trace {
		inv.Observer = hostcall.NewTracer(stderr, s.now)
	}
	inv.Preopens, err = openDirectories(f.dirs)
	return inv, err
}

// jsonOutput is what a function may write by default where it is kept in memory.
const jsonOutput = 64 << 20

// maxInput is how long an input's length, which guests see as 32 bits, can be.
const maxInput = 1<<31 - 1

func (s *session) readInput(path string) ([]byte, error) {
	if path == "-" {
		return readAtMost(s.stdin, maxInput)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return readAtMost(f, maxInput)
}

func readAtMost(r io.Reader, limit int64) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err == nil && int64(len(b)) > limit {
		return nil, fmt.Errorf("it has more than %s", guest.FormatBytes(uint64(limit)))
	}
	return b, err
}

// runner runs one function several times.
type runner struct {
	session  *session
	workshop *workshop
	function *worker.Function
	flags    *runFlags
	inv      *worker.Invocation
	sources  sourceMap
	rewind   func()

	companions *companions
}

func (r *runner) repeat(ctx context.Context) error {
	var times []time.Duration
	code := exitOK
	for n := 1; n <= r.flags.runs && code == exitOK; n++ {
		if n > 1 {
			r.rewind()
		}
		o, e, err := r.once(ctx, n)
		if err != nil {
			return err
		}
		times = append(times, o.Elapsed)
		code = e.exit
	}
	if r.flags.runs > 1 {
		slices.Sort(times)
		r.session.line.end(r.session.stderr)
		fmt.Fprintf(r.session.stderr, "%d run(s), median %v\n", len(times), showTime(times[len(times)/2]))
	}
	if code != exitOK {
		return &exitStatus{code}
	}
	return nil
}

// once runs the function and says how it went. The error is this program's own.
func (r *runner) once(ctx context.Context, n int) (worker.Outcome, ending, error) {
	var out, stderr bytes.Buffer
	var output []byte
	var writeErr error
	if r.flags.json {
		r.inv.Stdout, r.inv.Stderr = &out, &stderr
		r.inv.KeepOutput = func(b []byte) { output = bytes.Clone(b) }
	} else {
		r.inv.KeepOutput = func(b []byte) { _, writeErr = r.inv.Stdout.Write(b) }
	}
	chain := r.companions.chainOf(ctx, r.function, r.inv)
	r.inv.Chain = chain
	o, err := r.function.Invoke(ctx, r.inv)
	chained := chain.finish(o.Code)
	if writeErr != nil {
		return o, ending{}, fmt.Errorf("write the function's output: %w", writeErr)
	}
	e := invocationEnding(ctx, r.workshop.store, r.function, r.inv.Limits, r.sources, o, err)
	if !r.flags.json {
		for _, c := range chained {
			r.session.writeChained(c)
		}
		e.write(r.session, r.session.stderr, r.function.Name)
		return o, e, nil
	}
	report := &runReport{
		Function: r.function.Name.String(), Run: n, ExitCode: e.exit, Ending: e.report(),
		ChainedFailures: chainedFailures(chained),
		MemoryBytes:     o.Memory, ElapsedNS: o.Elapsed.Nanoseconds(), Cached: r.function.Cached(),
	}
	report.Stdout, report.StdoutEncoding = jsonText(out.Bytes())
	report.Stderr, report.StderrEncoding = jsonText(stderr.Bytes())
	report.Output, report.OutputEncoding = jsonText(output)
	err = r.session.printReport(report)
	var status *exitStatus
	if errors.As(err, &status) {
		err = nil // the ending has it too
	}
	return o, e, err
}

// printReport prints an invocation as JSON. It returns its exit code as an error.
func (s *session) printReport(r *runReport) error {
	if err := writeJSONLine(s.stdout, r); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	if r.ExitCode != exitOK {
		return &exitStatus{r.ExitCode}
	}
	return nil
}

// rewinder returns what puts a file that is redirected to stdin back to where it
// was, so that every run reads the same. A pipe stays where it is.
func rewinder(stdin io.Reader) func() {
	f, ok := stdin.(*os.File)
	if !ok {
		return func() {}
	}
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return func() {}
	}
	at, err := f.Seek(0, io.SeekCurrent)
	if err != nil {
		return func() {}
	}
	return func() { _, _ = f.Seek(at, io.SeekStart) } // as it did before
}

// showTime rounds a time to what can be read.
func showTime(d time.Duration) time.Duration {
	switch {
	case d < 100*time.Microsecond:
		return d.Round(100 * time.Nanosecond)
	case d < 100*time.Millisecond:
		return d.Round(10 * time.Microsecond)
	}
	return d.Round(10 * time.Millisecond)
}
