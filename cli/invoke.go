package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/faaslens/faaslens/gateway/client"
	"github.com/faaslens/faaslens/guest"
)

// invokeFlags is what the command line says about an invocation by a service.
type invokeFlags struct {
	server, input, inputFile, cmdline string
	hasInput, async, json             bool
	timeout                           time.Duration
	memory, output                    sizeFlag
}

func (s *session) invokeCommand() *cobra.Command {
	var f invokeFlags
	cmd := &cobra.Command{
		Use:   "invoke USER/FUNCTION [flags] [-- ARG...]",
		Short: "Have a service run a function",
		Long: `Has a service run a function and prints its output, or its stdout if it wrote none.
Its input is --input, --input-file or this program's stdin, and is both Faasm's input and
the function's stdin. The exit codes are those of run, and 143 if somebody cancelled it.

With --async it prints the number of the invocation, which goes on by itself: 'faaslens
result' waits for it.`,
		Example: `  faaslens invoke demo/echo --input ping
  faaslens invoke demo/imgsmith --cmdline "resize=320x0" < lake.png > small.png
  faaslens invoke demo/train --async --timeout 10m`,
		Args: func(cmd *cobra.Command, args []string) error {
			n := cmd.ArgsLenAtDash()
			if n < 0 {
				n = len(args)
			}
			if n != 1 {
				return misuse("which function? give one USER/FUNCTION; arguments for it go behind --")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			f.hasInput = cmd.Flags().Changed("input")
			name, err := parseFunction(args[0])
			if err != nil {
				return err
			}
			ctx, release := interruptible(cmd.Context())
			defer release()
			return s.invoke(ctx, name, &f, args[1:])
		},
	}
	flags := cmd.Flags()
	serverFlag(cmd, &f.server)
	flags.StringVar(&f.input, "input", "", "the input: `TEXT`")
	flags.StringVar(&f.inputFile, "input-file", "", "`FILE` with the input; - for stdin")
	flags.StringVar(&f.cmdline, "cmdline", "", "arguments, separated by single spaces as in Faasm: `TEXT`")
	flags.BoolVar(&f.async, "async", false, "do not wait for it: print its number")
	flags.DurationVar(&f.timeout, "timeout", 0, "stop it after that `DURATION` (default: the service's)")
	flags.Var(&f.memory, "memory", "most linear memory: `SIZE` (default: the service's)")
	flags.Var(&f.output, "output-limit", "most it may write: `SIZE` (default: the service's)")
	flags.BoolVar(&f.json, "json", false, "print a JSON object, and nothing else, on stdout")
	return cmd
}

func (s *session) invoke(ctx context.Context, name guest.Name, f *invokeFlags, args []string) error {
	c, err := s.client(f.server)
	if err != nil {
		return err
	}
	if f.timeout < 0 {
		return misuse("--timeout %v: a deadline cannot lie in the past", f.timeout)
	}
	input, err := s.invocationInput(f)
	if err != nil {
		return err
	}
	o := client.Options{Timeout: f.timeout, Memory: uint64(f.memory), Output: uint64(f.output)}
	if f.cmdline != "" {
		o.Args = strings.Split(f.cmdline, " ")
	}
	o.Args = append(o.Args, args...)
	if f.async {
		return s.startInvocation(ctx, c, name, input, o, f.json)
	}
	stop := s.whileWaiting(func() string { return "waiting for " + name.String() })
	r, err := c.Invoke(ctx, name, input, o)
	stop()
	if ctx.Err() != nil {
		return cause(ctx, err)
	}
	if f.json {
		return s.printResult(r, err)
	}
	return s.showResult(r, err)
}

func (s *session) startInvocation(ctx context.Context, c *client.Client, name guest.Name, input []byte, o client.Options, asJSON bool) error {
	i, err := c.Start(ctx, name, input, o)
	var refused *client.Error
	switch {
	case errors.As(err, &refused):
		return s.showProblem(&refused.Problem)
	case err != nil:
		return err
	case asJSON:
		return writeJSON(s.stdout, i)
	}
	fmt.Fprintln(s.stdout, i.ID)
	return nil
}

// invocationInput is what --input or --input-file says, else what is on stdin, unless
// that is a terminal.
func (s *session) invocationInput(f *invokeFlags) ([]byte, error) {
	switch {
	case f.hasInput && f.inputFile != "":
		return nil, misuse("--input and --input-file are two inputs: give one")
	case f.hasInput:
		return []byte(f.input), nil
	case f.inputFile == "" && s.stdinIsTerminal():
		return nil, nil
	}
	path := f.inputFile
	if path == "" {
		path = "-"
	}
	b, err := s.readInput(path)
	if err != nil {
		return nil, fmt.Errorf("read the input: %w", err)
	}
	return b, nil
}
