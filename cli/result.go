package cli

import (
	"time"

	"github.com/spf13/cobra"
)

func (s *session) resultCommand() *cobra.Command {
	var server string
	var asJSON bool
	var within time.Duration
	cmd := &cobra.Command{
		Use:   "result INVOCATION [flags]",
		Short: "Print what an invocation gave",
		Long: `Waits until an invocation has ended and prints the function's output, or its stdout if
it wrote none. The exit codes are those of run, and 143 for one that was cancelled. The
service keeps results for a while.`,
		Example: `  faaslens result 1804289383
  faaslens result 1804289383 --within 10s > out`,
		Args: oneInvocation,
		RunE: func(cmd *cobra.Command, args []string) error {
			c, id, err := s.servedInvocation(server, args[0])
			if err != nil {
				return err
			}
			ctx, release := interruptible(cmd.Context())
			defer release()
			i, err := s.awaitInvocation(ctx, c, id, within)
			if err != nil {
				return err
			}
			if i.Status != "done" {
				s.complain("invocation " + id.String() + " has not ended: it is " + i.Status)
				return &exitStatus{exitDeadline}
			}
			r, err := c.Result(ctx, id, 0)
			if asJSON {
				return s.printResult(r, err)
			}
			return s.showResult(r, err)
		},
	}
	serverFlag(cmd, &server)
	cmd.Flags().DurationVar(&within, "within", 0, "wait no longer than that `DURATION`, and exit with 124 then; 0 for as long as it takes")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print a JSON object, and nothing else, on stdout")
	return cmd
}
