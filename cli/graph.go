package cli

import (
	"fmt"
	"slices"

	"github.com/spf13/cobra"
)

func (s *session) graphCommand() *cobra.Command {
	var server, format string
	formats := []string{"text", "json", "dot", "svg"}
	cmd := &cobra.Command{
		Use:   "graph INVOCATION [flags]",
		Short: "Show which invocations an invocation chained",
		Long: `Shows an invocation with all that it chained: how long each waited for a worker, how
long its function took to start, ran, and waited for others, which worker ran it and how
it ended. JSON is in Faasm's form.`,
		Example: `  faaslens graph 1804289383
  faaslens graph 1804289383 --format svg > graph.svg`,
		Args: oneInvocation,
		RunE: func(cmd *cobra.Command, args []string) error {
			if !slices.Contains(formats, format) {
				return misuse("--format %q: want text, json, dot or svg", format)
			}
			c, id, err := s.servedInvocation(server, args[0])
			if err != nil {
				return err
			}
			j, err := c.Graph(cmd.Context(), id, format)
			if err != nil {
				return err
			}
			s.tellSilent(j.Silent...)
			if _, err := s.stdout.Write(j.All); err != nil {
				return fmt.Errorf("write the graph: %w", err)
			}
			return nil
		},
	}
	serverFlag(cmd, &server)
	cmd.Flags().StringVar(&format, "format", "text", "`FORMAT`: text, json, dot or svg")
	return cmd
}
