package cli

import (
	"fmt"
	"slices"
	"text/tabwriter"

	"github.com/spf13/cobra"
)

func (s *session) psCommand() *cobra.Command {
	var server, member string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "ps [flags]",
		Short: "List the invocations of a service",
		Long: `Lists the invocations of a service that have not ended, the oldest first: of all of its
processes, whichever is asked. What waits for a process that takes it has no host: it is new,
or the process that had it is gone.`,
		Example: `  faaslens ps
  faaslens ps --server http://10.0.0.7:7070 --json
  faaslens ps --member worker-2`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := s.client(server)
			if err != nil {
				return err
			}
			j, err := c.Invocations(cmd.Context(), member)
			if err != nil {
				return err
			}
			s.tellSilent(slices.DeleteFunc(j.Silent, func(m string) bool { return slices.Contains(j.Lost, m) })...)
			for _, m := range j.Lost {
				s.complain(printable(m) + " is gone: what it had of the queue goes to others, and is queued here until then")
			}
			if asJSON {
				return writeJSON(s.stdout, j.All)
			}
			t := tabwriter.NewWriter(s.stdout, 0, 8, 2, ' ', 0)
			fmt.Fprintln(t, "INVOCATION\tFUNCTION\tSTATUS\tQUEUE\tRUN\tWAIT\tCHAINED\tPARENT\tHOST")
			for _, i := range j.All {
				parent, host := "-", "-"
				if i.Parent != 0 {
					parent = i.Parent.String()
				}
				if i.Host != "" {
					host = printable(i.Host)
				}
				fmt.Fprintf(t, "%d\t%s\t%s\t%v\t%v\t%v\t%d\t%s\t%s\n", i.ID, printable(i.Function), i.Status,
					showTime(i.QueueTime), showTime(i.RunTime), showTime(i.WaitTime), len(i.Chained), parent, host)
			}
			return t.Flush()
		},
	}
	serverFlag(cmd, &server)
	memberFlag(cmd, &member)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print a JSON array")
	return cmd
}
