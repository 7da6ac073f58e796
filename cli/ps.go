package cli

import (
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"
)

func (s *session) psCommand() *cobra.Command {
	var server string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "ps [flags]",
		Short: "List the invocations of a service",
		Long:  `Lists the invocations of a service that have not ended, the oldest first.`,
		Example: `  faaslens ps
  faaslens ps --server http://10.0.0.7:7070 --json`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := s.client(server)
			if err != nil {
				return err
			}
			all, err := c.Invocations(cmd.Context())
			switch {
			case err != nil:
				return err
			case asJSON:
				return writeJSON(s.stdout, all)
			}
			t := tabwriter.NewWriter(s.stdout, 0, 8, 2, ' ', 0)
			fmt.Fprintln(t, "INVOCATION\tFUNCTION\tSTATUS\tQUEUE\tRUN\tWAIT\tCHAINED\tPARENT")
			for _, i := range all {
				parent := "-"
				if i.Parent != 0 {
					parent = i.Parent.String()
				}
				fmt.Fprintf(t, "%d\t%s\t%s\t%v\t%v\t%v\t%d\t%s\n", i.ID, printable(i.Function), i.Status,
					showTime(i.QueueTime), showTime(i.RunTime), showTime(i.WaitTime), len(i.Chained), parent)
			}
			return t.Flush()
		},
	}
	serverFlag(cmd, &server)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print a JSON array")
	return cmd
}
