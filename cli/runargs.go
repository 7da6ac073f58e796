package cli

import (
	"errors"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// thenRunFlags checks for a function alone, and behind -- for what 'faaslens run' takes
// behind a function.
func (s *session) thenRunFlags(cmd *cobra.Command, args []string) error {
	if err := functionThen(forStarted)(cmd, args); err != nil {
		return err
	}
	return s.checkRunFlags(cmd, args[0], args[1:])
}

// checkRunFlags checks what a command passes on to run, before anything is started: flags,
// and the function's arguments behind a -- of their own.
func (s *session) checkRunFlags(cmd *cobra.Command, function string, args []string) error {
	run := s.runCommand()
	err := run.ParseFlags(args)
	switch {
	case errors.Is(err, pflag.ErrHelp):
		return nil // which run gives
	case err != nil:
		return flagError(run, err)
	}
	if n := run.ArgsLenAtDash(); run.Flags().NArg() == 0 || n == 0 {
		return nil
	}
	arg := run.Flags().Arg(0)
	return misuse("%q: behind -- are run's flags: arguments for the function go behind another --, as in '%s %s -- -- %s'", arg, cmd.CommandPath(), function, arg)
}
