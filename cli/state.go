package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/faaslens/faaslens/gateway/client"
	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/state"
)

func (s *session) stateCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "state",
		Short: "Read and write the values that functions share",
		Long: `Reads and writes the values that functions share, as a service has them. What functions
write is there once they push it; what is put, functions see that pull, and those that read
the value anew.`,
		Example: `  faaslens state list demo
  faaslens state put demo/model model.bin`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return unknownCommand(cmd, args[0])
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(s.stateListCommand(), s.stateGetCommand(), s.statePutCommand(), s.stateRmCommand())
	return cmd
}

// parseValue reads USER/KEY. A key may have slashes of its own.
func parseValue(arg string) (state.Key, error) {
	user, name, ok := strings.Cut(arg, "/")
	k := state.Key{User: user, Name: name}
	if !ok {
		return k, misuse("%q: want USER/KEY, such as demo/model", arg)
	}
	if err := (guest.Name{User: user, Function: "any"}).Validate(); err != nil {
		return k, &usageError{err}
	}
	if err := state.CheckKey(k); err != nil {
		return k, &usageError{err}
	}
	return k, nil
}

// valueArgs checks that there is a value, and up to so many arguments more.
func valueArgs(more int) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) == 0 {
			return misuse("which value? give USER/KEY, such as demo/model")
		}
		if len(args) > 1+more {
			return misuse("there are %d arguments, want at most %d", len(args), 1+more)
		}
		_, err := parseValue(args[0])
		return err
	}
}

// stateError is a refusal in the terms of these commands.
func stateError(ctx context.Context, err error) error {
	var refused *client.Error
	if errors.As(err, &refused) {
		refused.Problem.Hint = strings.NewReplacer(
			"GET /v1/state/USER lists those there are", "'faaslens state list USER' lists those there are",
			"a PUT without offset makes", "without --offset, put makes",
		).Replace(refused.Problem.Hint)
		if refused.Problem.Status == 404 {
			return &noValue{refused}
		}
	}
	return cause(ctx, err)
}

// noValue is a value that there is not.
type noValue struct{ error }

func (e *noValue) Unwrap() error { return e.error }

func (s *session) stateListCommand() *cobra.Command {
	var server string
	var asJSON bool
	cmd := &cobra.Command{
		Use:     "list USER [flags]",
		Short:   "List a user's values",
		Long:    `Lists a user's values with their sizes.`,
		Example: `  faaslens state list demo`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return misuse("whose values? give one USER")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := s.client(server)
			if err != nil {
				return err
			}
			all, err := c.ListState(cmd.Context(), args[0])
			switch {
			case err != nil:
				return stateError(cmd.Context(), err)
			case asJSON:
				return writeJSON(s.stdout, all)
			case len(all) == 0:
				fmt.Fprintf(s.stderr, "%s has no values\n", printable(args[0]))
				return nil
			}
			t := tabwriter.NewWriter(s.stdout, 0, 8, 2, ' ', 0)
			fmt.Fprintln(t, "VALUE\tSIZE\tBYTES")
			for _, v := range all {
				fmt.Fprintf(t, "%s/%s\t%s\t%d\n", args[0], printable(v.Key), guest.FormatBytes(uint64(v.Size)), v.Size)
			}
			return t.Flush()
		},
	}
	serverFlag(cmd, &server)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print a JSON array")
	return cmd
}

func (s *session) stateRmCommand() *cobra.Command {
	var server string
	cmd := &cobra.Command{
		Use:     "rm USER/KEY [flags]",
		Short:   "Remove a value",
		Long:    `Removes a value, and the list of that name. Functions that have it mapped keep what they see.`,
		Example: `  faaslens state rm demo/model`,
		Args:    valueArgs(0),
		RunE: func(cmd *cobra.Command, args []string) error {
			k, err := parseValue(args[0])
			if err != nil {
				return err
			}
			c, err := s.client(server)
			if err != nil {
				return err
			}
			if err := c.RemoveState(cmd.Context(), k); err != nil {
				return stateError(cmd.Context(), err)
			}
			fmt.Fprintf(s.stderr, "removed %s\n", args[0])
			return nil
		},
	}
	serverFlag(cmd, &server)
	return cmd
}
