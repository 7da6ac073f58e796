package cli

import (
	"bytes"
	"context"
	"fmt"
	"strings"

	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/hostcall/faasm"
	"github.com/faaslens/faaslens/worker"
)

// funcRunner is Faasm's func_runner: it runs one function once and exits with what
// that returned.
func (s *session) funcRunner(args []string) int {
	log := s.faasmLog()
	positional, options, err := parseOptions(args, map[string]bool{"input-data": true, "cmdline": true, "mpi-world-size": true})
	if err == nil && len(positional) != 2 {
		err = fmt.Errorf("want a user and a function, got %d arguments", len(positional))
	}
	if err != nil {
		log.fail("%v", err)
		log.fail("Usage: func_runner <user> <function> [--input-data S] [--cmdline S] [--mpi-world-size N]")
		return exitFailed
	}
	user, function := positional[0], positional[1]
	name, python, err := faasmFunction(user, function)
	if err != nil {
		log.fail("%v", err)
		return exitFailed
	}
	if python.User != "" {
		log.info("Running Python function %s/%s", user, function)
	} else {
		log.info("Running function %s/%s", user, function)
	}
	inv := &worker.Invocation{Python: python, Args: faasm.Args(""), Observer: log.hostCalls()}
	if input, ok := options["input-data"]; ok {
		inv.Input = []byte(input)
		log.info("Adding input data: %s", input)
	}
	if cmdline, ok := options["cmdline"]; ok {
		inv.Args = faasm.Args(cmdline)
		log.info("Adding command line arguments: %s", cmdline)
	}
	ctx, release := interruptible(context.Background())
	defer release()
	return s.runForFaasm(ctx, log, name, function, user, inv)
}

func (s *session) runForFaasm(ctx context.Context, log *faasmLog, name guest.Name, function, user string, inv *worker.Invocation) int {
	w, err := s.faasmWorkshop()
	if err != nil {
		log.fail("%v", err)
		return exitAborted
	}
	defer w.close()
	defer s.answerStacks(w.worker)()
	f, err := w.open(ctx, name)
	if err != nil {
		log.fail("%v", err)
		return exitAborted
	}
	defer f.Close()
	var output []byte
	inv.Stdin, inv.Stdout, inv.Stderr = s.stdin, s.stdout, s.stderr
	inv.Limits.Timeout = patience()
	inv.KeepOutput = func(b []byte) { output = bytes.Clone(b) }
	chained := &companions{session: s, workshop: w, shared: true}
	defer chained.close(ctx)
	chain := chained.chainOf(ctx, f, inv)
	inv.Chain = chain
	o, err := f.Invoke(ctx, inv)
	for _, c := range chain.finish(o.Code) {
		log.logChained(c)
	}
	e := invocationEnding(ctx, w.store, f, inv.Limits, nil, o, err)
	returned := o.Code
	if e.kind != "exit" {
		log.logEnding(&e)
		returned = 1 // as Faasm has it for whatever went wrong
	}
	log.info("Finished running function %s/%s (exit code: %d)", user, function, returned)
	if len(output) > 0 {
		log.info("Function output: %s", output)
	}
	return functionCode(returned)
}

// parseOptions reads arguments as Boost's program_options does for Faasm's tools:
// --name VALUE or --name=VALUE for options that take one, and any beginning of a
// name that fits only one option. options says which take a value.
func parseOptions(args []string, options map[string]bool) (positional []string, values map[string]string, err error) {
	values = make(map[string]string)
	for i := 0; i < len(args); i++ {
		given, isOption := strings.CutPrefix(args[i], "--")
		if !isOption || given == "" {
			positional = append(positional, args[i])
			continue
		}
		given, value, hasValue := strings.Cut(given, "=")
		name, err := complete(given, options)
		if err != nil {
			return nil, nil, err
		}
		if _, twice := values[name]; twice {
			return nil, nil, fmt.Errorf("option '--%s' cannot be specified more than once", name)
		}
		switch {
		case options[name] && !hasValue:
			if i+1 == len(args) {
				return nil, nil, fmt.Errorf("the required argument for option '--%s' is missing", name)
			}
			i++
			value = args[i]
		case !options[name] && hasValue:
			return nil, nil, fmt.Errorf("option '--%s' does not take any arguments", name)
		}
		values[name] = value
	}
	return positional, values, nil
}

// complete finds the option that a name, or its beginning, means.
func complete(given string, options map[string]bool) (string, error) {
	if _, ok := options[given]; ok {
		return given, nil
	}
	found := ""
	for name := range options {
		if !strings.HasPrefix(name, given) {
			continue
		}
		if found != "" {
			return "", fmt.Errorf("option '--%s' is ambiguous", given)
		}
		found = name
	}
	if found == "" {
		return "", fmt.Errorf("unrecognised option '--%s'", given)
	}
	return found, nil
}
