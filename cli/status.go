package cli

import (
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/faaslens/faaslens/gateway"
)

func (s *session) statusCommand() *cobra.Command {
	var server string
	var asJSON, wait bool
	cmd := &cobra.Command{
		Use:   "status INVOCATION [flags]",
		Short: "Show how far an invocation has come",
		Long: `Shows what a service knows of an invocation: whether it waits, runs or has ended, its
times, and how it failed.`,
		Example: `  faaslens status 1804289383
  faaslens status 1804289383 --wait --json`,
		Args: oneInvocation,
		RunE: func(cmd *cobra.Command, args []string) error {
			c, id, err := s.servedInvocation(server, args[0])
			if err != nil {
				return err
			}
			ctx, release := interruptible(cmd.Context())
			defer release()
			var i *gateway.Invocation
			if wait {
				i, err = s.awaitInvocation(ctx, c, id, 0)
			} else {
				i, err = c.Invocation(ctx, id, 0)
			}
			switch {
			case err != nil:
				return err
			case asJSON:
				return writeJSON(s.stdout, i)
			}
			return writeInvocation(s.stdout, i)
		},
	}
	serverFlag(cmd, &server)
	cmd.Flags().BoolVar(&wait, "wait", false, "until it has ended")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print a JSON object")
	return cmd
}

func writeInvocation(w io.Writer, i *gateway.Invocation) error {
	t := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	fmt.Fprintf(t, "invocation\t%d\n", i.ID)
	fmt.Fprintf(t, "function\t%s\n", printable(i.Function))
	fmt.Fprintf(t, "status\t%s\n", statusWords(i))
	if i.Parent != 0 {
		fmt.Fprintf(t, "chained by\t%d\n", i.Parent)
	}
	fmt.Fprintf(t, "queued\t%s\n", i.Queued.Local().Format(time.DateTime))
	start := showTime(i.ReadyTime).String()
	if i.Cold {
		start += " (cold)"
	}
	fmt.Fprintf(t, "times\tqueue %v, start %s, run %v, wait %v\n", showTime(i.QueueTime), start, showTime(i.RunTime), showTime(i.WaitTime))
	if i.Worker >= 0 {
		fmt.Fprintf(t, "worker\t%s/%d\n", i.Host, i.Worker)
	}
	if len(i.Chained) > 0 {
		fmt.Fprintf(t, "chained\t%d: see 'faaslens graph %d'\n", len(i.Chained), i.ID)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	if i.Failure != nil {
		writeJoined(w, i.Failure)
	}
	return nil
}

// statusWords say how far an invocation has come, or how it ended.
func statusWords(i *gateway.Invocation) string {
	switch {
	case i.Failure != nil:
		return printable(i.Failure.Message)
	case i.ExitCode != nil:
		return fmt.Sprintf("exited with %d", *i.ExitCode)
	}
	return i.Status
}
