package cli

import (
	"context"
	"fmt"

	"github.com/google/pprof/profile"
	"github.com/spf13/cobra"

	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/profiler/export"
)

// cpuProfiler runs a function so often, with data as its input and with arguments, and
// returns where the time went. Where the function did not end well there is an error beside the profile.
type cpuProfiler func(ctx context.Context, name guest.Name, reps int, data string, args []string) (*profile.Profile, error)

// flameFlags is what the command line says about a flame graph.
type flameFlags struct {
	reps    int
	data    string
	output  string
	reverse bool
}

// flameFile is the name that Faasm's task gives the drawing.
const flameFile = "flame.svg"

func (s *session) flameCommand(collect cpuProfiler) *cobra.Command {
	var f flameFlags
	cmd := &cobra.Command{
		Use:   "flame USER/FUNCTION [flags] [-- ARG...]",
		Short: "Draw where a function's time goes",
		Long: `Runs a function and draws where its time goes as a flame graph, an SVG that a browser
shows: a box is a call, as wide as its share, on top of its caller. A click zooms,
Ctrl-F searches. Host, guest, library and kernel code have colours of their own.`,
		Example: `  faaslens flame demo/echo --reps 200 --data ping
  faaslens flame demo/imgsmith --reps 20 < picture.png > /dev/null
  faaslens flame demo/imgsmith --reverse -o leaves.svg -- blur=20 < picture.png > /dev/null`,
		Args: func(cmd *cobra.Command, args []string) error {
			if f.reps < 1 {
				return misuse("--reps %d: want 1 or more", f.reps)
			}
			return functionThen("arguments for the function go")(cmd, args)
		},
		RunE: func(_ *cobra.Command, args []string) error {
			name, err := parseFunction(args[0])
			if err != nil {
				return err
			}
			return s.flame(name, &f, args[1:], collect)
		},
	}
	flags := cmd.Flags()
	flags.IntVar(&f.reps, "reps", 1, "run it `N` times")
	flags.StringVar(&f.data, "data", "", "its input")
	flags.StringVarP(&f.output, "output", "o", flameFile, "write to `FILE`")
	flags.BoolVar(&f.reverse, "reverse", false, "start at the innermost calls")
	return cmd
}

func (s *session) flame(name guest.Name, f *flameFlags, args []string, collect cpuProfiler) error {
	ctx, release := interruptible(context.Background())
	defer release()
	p, ended := collect(ctx, name, f.reps, f.data, args)
	if p == nil {
		return cause(ctx, ended)
	}
	switch {
	case len(p.Sample) == 0 && ended != nil:
		s.complain(fmt.Sprintf("draw %s: it ran too short to be seen, and no more often, as it failed", name))
		return ended
	case len(p.Sample) == 0:
		return fmt.Errorf("draw %s: it ran too short to be seen: run it more often, with --reps %d", name, 100*f.reps)
	}
	if err := writeProfile(f.output, p, export.SVG, export.Options{Title: name.String(), Reverse: f.reverse}); err != nil {
		return err
	}
	fmt.Fprintf(s.stderr, "wrote %s: open it in a browser\n", f.output)
	return ended
}
