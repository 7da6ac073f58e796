package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if len(os.Args) > 1 && os.Args[1] == wazeroCommand {
		code, err := runUnderWazero(ctx, os.Args[2:], os.Stdin, os.Stdout, os.Stderr)
		if err != nil {
			fmt.Fprintln(os.Stderr, "bench:", err)
		}
		os.Exit(code)
	}
	if err := bench(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			os.Exit(2)
		}
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// options are the command line's.
type options struct {
	run, contestants, builds, faaslens, clang, json, profile string
	rounds                                                   int
	quick, assert                                            bool
}

func parseOptions(args []string, stderr io.Writer) (options, error) {
	var o options
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&o.run, "run", "all", "benchmarks, comma-separated: all, or some of "+strings.Join(names(benchmarks()), ","))
	flags.IntVar(&o.rounds, "rounds", 5, "rounds that count, after one that warms up")
	flags.BoolVar(&o.quick, "quick", false, "little work and one round: does everything run?")
	flags.StringVar(&o.contestants, "contestants", "native,faaslens,wazero,node", "who takes part")
	flags.StringVar(&o.builds, "builds", "simd", "builds of the kernels for WebAssembly: scalar, simd or both, comma-separated")
	flags.StringVar(&o.faaslens, "faaslens", "../bin/faaslens", "the faaslens binary")
	flags.StringVar(&o.clang, "clang", "clang-19", "the C compiler for native code")
	flags.StringVar(&o.json, "json", "", "write the report to this file as JSON")
	flags.StringVar(&o.profile, "cpuprofile", "", "write a profile of this process to this file, as the compiler takes it: see make pgo")
	flags.BoolVar(&o.assert, "assert", false, "fail when a floor is missed or was not measured")
	err := flags.Parse(args)
	if errors.Is(err, flag.ErrHelp) {
		flags.SetOutput(stderr)
		flags.Usage()
	}
	if err != nil {
		return o, err
	}
	if flags.NArg() > 0 {
		return o, fmt.Errorf("unexpected argument %q: options only, see -help", flags.Arg(0))
	}
	if o.rounds < 1 {
		return o, fmt.Errorf("-rounds %d: want at least 1", o.rounds)
	}
	if o.quick {
		o.rounds = 1
	}
	return o, nil
}

func parseBuilds(list string) ([]build, error) {
	var builds []build
	for name := range strings.SplitSeq(list, ",") {
		b := build(name)
		if b != scalar && b != simd {
			return nil, fmt.Errorf("-builds %s: no build %q: want scalar, simd or both", list, name)
		}
		builds = append(builds, b)
	}
	return builds, nil
}

// bench runs what the arguments ask for and prints the report.
func bench(ctx context.Context, args []string, stdout, stderr io.Writer) (err error) {
	o, err := parseOptions(args, stderr)
	if err != nil {
		return err
	}
	chosen, err := choose(o.run)
	if err != nil {
		return err
	}
	builds, err := parseBuilds(o.builds)
	if err != nil {
		return err
	}
	shop, err := openWorkshop(ctx, o.clang)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, shop.Close()) }()
	who, err := contestants(o.contestants, o.faaslens, shop)
	if err != nil {
		return err
	}
	s := &session{rounds: o.rounds, builds: builds, contestants: who, binary: o.faaslens, shop: shop, progress: stderr}
	if o.quick {
		s.size = quick
	}
	if o.profile != "" {
		stop, err := startProfile(o.profile)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, stop()) }()
	}
	r := &report{Started: time.Now().UTC(), Rounds: o.rounds, Quick: o.quick, Machine: describeMachine()}
	r.writeHead(stdout)
	for _, b := range chosen {
		if err := r.take(ctx, b, s, stdout); err != nil {
			return err
		}
	}
	writeVerdicts(stdout, r.Verdicts)
	if o.json != "" {
		if err := r.writeJSON(o.json); err != nil {
			return err
		}
	}
	if o.assert && !r.held() {
		return errors.New("a floor was missed or not measured")
	}
	return nil
}

// take runs one benchmark, prints its table and adds what it found.
func (r *report) take(ctx context.Context, b benchmark, s *session, stdout io.Writer) error {
	results, err := b.run(ctx, s)
	if err != nil {
		return fmt.Errorf("benchmark %s: %w", b.name, err)
	}
	for i := range results {
		results[i].Benchmark = b.name
	}
	r.Results = append(r.Results, results...)
	r.Verdicts = append(r.Verdicts, judge(b, results)...)
	return writeTable(stdout, b, results)
}
