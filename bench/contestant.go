package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"slices"
	"strings"
)

// contestant is a way to run a program in a process of its own.
type contestant struct {
	name string
	// bare is set for the machine's own code, which needs the native build.
	bare bool
	// check reports what is missing for this contestant, and how to get it.
	check func() error
	// prepare is called once for each program before it is run.
	prepare func(context.Context, program) error
	// command returns the command line and what it needs in its environment.
	command func(p program, args []string) (argv, env []string)
}

// contestants returns those that a comma-separated list names.
func contestants(list, faaslens string, shop *workshop) ([]contestant, error) {
	all := []contestant{
		nativeContestant(),
		faaslensContestant(faaslens, shop),
		wazeroContestant(shop),
		nodeContestant(shop),
	}
	var chosen []contestant
	for name := range strings.SplitSeq(list, ",") {
		i := slices.IndexFunc(all, func(c contestant) bool { return c.name == name })
		if i < 0 {
			return nil, fmt.Errorf("-contestants %s: no contestant %q: want some of native,faaslens,wazero,node", list, name)
		}
		if err := all[i].check(); err != nil {
			return nil, fmt.Errorf("contestant %s: %w, or leave it out with -contestants", name, err)
		}
		chosen = append(chosen, all[i])
	}
	return chosen, nil
}

func nothingToPrepare(context.Context, program) error { return nil }

func nativeContestant() contestant {
	return contestant{
		name:    "native",
		bare:    true,
		check:   func() error { return nil },
		prepare: nothingToPrepare,
		command: func(p program, args []string) ([]string, []string) {
			return append([]string{p.path}, args...), nil
		},
	}
}

// nodeContestant lets V8 compile a program whose own clock counts with its
// optimising compiler before it starts. Left to itself V8 begins with the baseline
// compiler and cannot replace a loop that already runs, so that a kernel of one
// long loop would be measured unoptimised.
func nodeContestant(shop *workshop) contestant {
	return contestant{
		name: "node",
		check: func() error {
			if _, err := exec.LookPath("node"); err != nil {
				return fmt.Errorf("find node: %w: apt-get install nodejs (20 or newer)", err)
			}
			return nil
		},
		prepare: nothingToPrepare,
		command: func(p program, args []string) ([]string, []string) {
			argv := []string{"node", "--no-warnings"}
			if p.ownClock {
				argv = append(argv, "--no-liftoff", "--no-wasm-lazy-compilation")
			}
			return append(append(argv, shop.path("guests", "run.mjs"), p.path), args...), nil
		},
	}
}

// faaslensContestant runs programs as functions of the user "bench", with a
// deadline set, from a data directory of its own.
func faaslensContestant(binary string, shop *workshop) contestant {
	env := []string{"FAASLENS_DIR=" + shop.path("faaslens")}
	function := func(p program) string { return "bench/" + p.name + "-" + string(p.build) }
	return contestant{
		name: "faaslens",
		check: func() error {
			if _, err := os.Stat(binary); errors.Is(err, fs.ErrNotExist) {
				return fmt.Errorf("no binary %s: run make build, or name it with -faaslens", binary)
			} else if err != nil {
				return fmt.Errorf("look for the binary: %w: name it with -faaslens", err)
			}
			return nil
		},
		prepare: func(ctx context.Context, p program) error {
			_, err := run(ctx, []string{binary, "add", function(p), p.path}, env)
			return err
		},
		command: func(p program, args []string) ([]string, []string) {
			argv := []string{binary, "run", function(p), "--timeout", "5m"}
			if len(args) > 0 {
				argv = append(argv, "--cmdline", strings.Join(args, " "))
			}
			return argv, env
		},
	}
}

// run runs a command to its end and returns its standard output.
func run(ctx context.Context, argv, env []string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Env = append(os.Environ(), env...)
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("%s: %w\n%s", cmd, err, said.Bytes())
	}
	return out.Bytes(), nil
}
