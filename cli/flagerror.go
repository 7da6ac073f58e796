package cli

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/faaslens/faaslens/spelling"
)

// flagError says what to do about the flags that people get wrong most.
func flagError(cmd *cobra.Command, err error) error {
	if unknown, ok := errors.AsType[*pflag.NotExistError](err); ok {
		err = unknownFlag(cmd, unknown)
	}
	if wrong, ok := errors.AsType[*pflag.InvalidValueError](err); ok {
		if _, ok := errors.AsType[*strconv.NumError](err); ok {
			err = fmt.Errorf("--%s %q: want %s", wrong.GetFlag().Name, wrong.GetValue(), wantedNumber(wrong.GetFlag()))
		}
	}
	return &usageError{err}
}

// wantedNumber says what a flag takes that got what is no number for it.
func wantedNumber(f *pflag.Flag) string {
	switch {
	case f.Name == "pid":
		return "a process's number, such as 4711"
	case f.Value.Type() == "bool":
		return "true or false"
	case strings.Contains(f.Value.Type(), "int"):
		return "a whole number"
	}
	return "a number"
}

// unknownFlag says what flag may be meant, or where it belongs.
func unknownFlag(cmd *cobra.Command, err *pflag.NotExistError) error {
	name := err.GetSpecifiedName()
	if where := runFlagPlace(cmd); where != "" && isRunFlag(cmd, name) {
		return fmt.Errorf("%w: it is one of run's: %s", err, where)
	}
	var hints []string
	if near := nearestFlags(cmd, name); len(near) > 0 {
		hints = append(hints, "did you mean "+strings.Join(near, " or ")+"?")
	}
	if cmd.Name() == "build" {
		hints = append(hints, "flags for the compiler go behind --")
	}
	if len(hints) == 0 {
		return err
	}
	return fmt.Errorf("%w: %s", err, strings.Join(hints, " "))
}

// nearestFlags are a command's flags that start with a name or are spelled nearly so; none
// are near to a single letter.
func nearestFlags(cmd *cobra.Command, name string) []string {
	if len(name) < 2 {
		return nil
	}
	var all, near []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		switch {
		case f.Hidden:
		case strings.HasPrefix(f.Name, name):
			near = append(near, "--"+f.Name)
		default:
			all = append(all, f.Name)
		}
	})
	if len(near) > 0 {
		return near
	}
	for _, f := range spelling.Nearest(name, all) {
		near = append(near, "--"+f)
	}
	return near
}

// isRunFlag reports whether a flag is one that run has.
func isRunFlag(cmd *cobra.Command, name string) bool {
	run, _, err := cmd.Root().Find([]string{"run"})
	return err == nil && run.Flags().Lookup(name) != nil
}

// runFlagPlace says where run's flags go for a command that has a function run, or shows
// what was run, and does not take them itself; "" for others.
func runFlagPlace(cmd *cobra.Command) string {
	switch {
	case strings.Contains(cmd.Use, "[-- RUN FLAGS]"):
		return "those go behind --"
	case cmd.CommandPath() == "faaslens flame":
		return "'faaslens profile USER/FUNCTION -o flame.svg' takes those"
	case cmd.HasParent() && cmd.Parent().Name() == "perf":
		return "give it to 'faaslens perf record', behind --"
	}
	return ""
}
