package cli

import (
	"bytes"
	"context"
	"strconv"

	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/worker"
)

// simpleRunner is Faasm's simple_runner: it runs a function several times and aborts
// at the first failure.
func (s *session) simpleRunner(args []string) int {
	log := s.faasmLog()
	if len(args) < 2 {
		log.fail("Usage: simple_runner <user> <func> [run_count] [input_data]")
		return exitFailed
	}
	user, function, runs, input := args[0], args[1], 1, ""
	if len(args) > 2 {
		var err error
		if runs, err = strconv.Atoi(args[2]); err != nil {
			log.fail("run_count %q is not a number", args[2])
			return exitAborted
		}
	}
	if len(args) > 3 {
		input = args[3]
	}
	log.info("Running %s/%s for %d runs with input %q", user, function, runs, input)
	name, python, err := faasmFunction(user, function)
	if err != nil {
		log.fail("%v", err)
		return exitAborted
	}
	log.info("Running %s with Wasmtime", name)
	w, err := s.faasmWorkshop()
	if err != nil {
		log.fail("%v", err)
		return exitAborted
	}
	defer w.close()
	defer s.answerStacks(w.worker)()
	ctx, release := interruptible(context.Background())
	defer release()
	f, err := w.open(ctx, name)
	if err != nil {
		log.fail("%v", err)
		return exitAborted
	}
	defer f.Close()
	chained := &companions{session: s, workshop: w, shared: true}
	defer chained.close(ctx)
	inv := &worker.Invocation{
		Python: python, Input: []byte(input), Observer: log.hostCalls(),
		Stdin: s.stdin, Stdout: s.stdout, Stderr: s.stderr,
		Limits: guest.Limits{Timeout: patience()},
	}
	for range runs {
		var output []byte
		inv.KeepOutput = func(b []byte) { output = bytes.Clone(b) }
		chain := chained.chainOf(ctx, f, inv)
		inv.Chain = chain
		o, err := f.Invoke(ctx, inv)
		for _, c := range chain.finish(o.Code) {
			log.logChained(c)
		}
		e := invocationEnding(ctx, w.store, f, inv.Limits, nil, o, err)
		if e.exit != exitOK {
			if e.kind != "exit" {
				log.logEnding(&e)
			}
			log.fail("Execution failed")
			log.fail("Function %s/%s failed", user, function)
			return exitAborted
		}
		if len(output) > 0 {
			log.info("Output: %s", output)
		}
	}
	return exitOK
}
