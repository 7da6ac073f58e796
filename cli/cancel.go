package cli

import (
	"fmt"

	"github.com/spf13/cobra"
)

func (s *session) cancelCommand() *cobra.Command {
	var server string
	cmd := &cobra.Command{
		Use:     "cancel INVOCATION... [flags]",
		Short:   "End invocations",
		Long:    `Ends invocations, and all that they chained, wherever they are.`,
		Example: `  faaslens cancel 1804289383`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return misuse("want the number of an invocation, as 'faaslens ps' shows it")
			}
			for _, a := range args {
				if _, err := parseInvocation(a); err != nil {
					return err
				}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := s.client(server)
			if err != nil {
				return err
			}
			for _, a := range args {
				id, err := parseInvocation(a)
				if err != nil {
					return err
				}
				live, err := c.Cancel(cmd.Context(), id)
				switch {
				case err != nil:
					return err
				case live:
					fmt.Fprintf(s.stdout, "cancelled %d\n", id)
				default:
					fmt.Fprintf(s.stdout, "%d had ended\n", id)
				}
			}
			return nil
		},
	}
	serverFlag(cmd, &server)
	return cmd
}
