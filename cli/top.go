package cli

import (
	"context"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/faaslens/faaslens/gateway"
)

func (s *session) topCommand() *cobra.Command {
	var server, member string
	var asJSON, follow bool
	var every time.Duration
	cmd := &cobra.Command{
		Use:   "top [flags]",
		Short: "Show what a service is busy with",
		Long: `Shows what each process of a service is doing, and for each function how many invocations have ended,
how many failed, how many started cold, and what they took on average and at most: since
the service's start or, with --follow, since the last look.`,
		Example: `  faaslens top
  faaslens top --follow --every 1s`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if every < 100*time.Millisecond {
				return misuse("--every %v: want 100ms or more", every)
			}
			c, err := s.client(server)
			if err != nil {
				return err
			}
			ctx, release := interruptible(cmd.Context())
			defer release()
			show := func(st *gateway.Status, since *gateway.Status, took time.Duration) error {
				if asJSON {
					return writeJSONLine(s.stdout, st)
				}
				return writeTop(s.stdout, st, since, took)
			}
			st, err := c.Status(ctx, member)
			if err != nil || !follow {
				if err == nil {
					err = show(st, nil, s.now().Sub(st.Started))
				}
				return err
			}
			look := func(ctx context.Context) (*gateway.Status, error) { return c.Status(ctx, member) }
			return s.followTop(ctx, every, st, look, show)
		},
	}
	serverFlag(cmd, &server)
	memberFlag(cmd, &member)
	cmd.Flags().BoolVar(&follow, "follow", false, "go on until interrupted")
	cmd.Flags().DurationVar(&every, "every", 2*time.Second, "look once in that `DURATION`")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print a JSON object a look")
	return cmd
}

// followTop shows what changes until ctx ends, which is no error.
func (s *session) followTop(ctx context.Context, every time.Duration, last *gateway.Status,
	look func(context.Context) (*gateway.Status, error), show func(now, since *gateway.Status, took time.Duration) error) error {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		now, err := look(ctx)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return err
		}
		if isTerminal(s.stdout) {
			fmt.Fprint(s.stdout, "\x1b[H\x1b[2J")
		}
		if err := show(now, last, every); err != nil {
			return err
		}
		last = now
	}
}

// writeTop writes a status; since is an earlier one, to be taken off the counts, or nil.
func writeTop(w io.Writer, st, since *gateway.Status, took time.Duration) error {
	for _, m := range st.Members {
		writeMember(w, &m)
	}
	before := make(map[string]gateway.FunctionCount)
	if since != nil {
		for _, f := range since.Functions {
			before[f.Function] = f
		}
	}
	all := slices.Clone(st.Functions)
	for k := range all {
		f, b := &all[k], before[all[k].Function]
		f.Ended, f.Failed, f.Cold, f.Seconds = f.Ended-b.Ended, f.Failed-b.Failed, f.Cold-b.Cold, f.Seconds-b.Seconds
	}
	slices.SortStableFunc(all, func(a, b gateway.FunctionCount) int { return int(b.Ended) - int(a.Ended) })
	t := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	fmt.Fprintln(t, "FUNCTION\tENDED\tPER SECOND\tFAILED\tCOLD\tMEAN\tLONGEST")
	for _, f := range all {
		mean := time.Duration(0)
		if f.Ended > 0 {
			mean = seconds(f.Seconds / float64(f.Ended))
		}
		fmt.Fprintf(t, "%s\t%d\t%.1f\t%d\t%d\t%v\t%v\n", printable(f.Function), f.Ended, float64(f.Ended)/max(took.Seconds(), 1e-3),
			f.Failed, f.Cold, showTime(mean), showTime(seconds(f.Longest)))
	}
	if slices.ContainsFunc(all, func(f gateway.FunctionCount) bool { return f.Function == gateway.OtherFunctions }) {
		t.Flush()
		_, err := fmt.Fprintf(w, "%s: names of which there is no function, and functions beyond the first %d; 'faaslens ps' has each call's name\n", gateway.OtherFunctions, gateway.MaxCounted)
		return err
	}
	return t.Flush()
}

func writeMember(w io.Writer, m *gateway.MemberStatus) {
	if m.Silent {
		fmt.Fprintf(w, "%s did not answer\n", printable(m.Host))
		return
	}
	state, elsewhere := "", ""
	if m.Draining {
		state = ", draining"
	}
	if m.Elsewhere > 0 {
		elsewhere = fmt.Sprintf(", %d run by other members", m.Elsewhere)
	}
	fmt.Fprintf(w, "%s, up %v%s: %d of %d workers busy, %d waiting for others, %d queued%s\n",
		printable(m.Host), time.Since(m.Started).Round(time.Second), state, m.Running, m.Workers, m.Waiting, m.Queued, elsewhere)
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }
