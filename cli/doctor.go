package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/nativedebug"
	"github.com/faaslens/faaslens/store"
	"github.com/faaslens/faaslens/toolchain"
	"github.com/faaslens/faaslens/worker"
)

func (s *session) doctorCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "doctor [flags]",
		Short: "Say what works here, and what to install",
		Long: `Looks at compilers, engine, data directory and kernel, then builds and runs a small
C program. The exit code is 0 if functions can be built, kept and run, else 1.`,
		Example: `  faaslens doctor`,
		Args:    noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, release := interruptible(cmd.Context())
			defer release()
			d := s.examine(ctx)
			if err := cause(ctx, ctx.Err()); err != nil {
				return err
			}
			if asJSON {
				if err := writeJSON(s.stdout, d); err != nil {
					return err
				}
			} else {
				d.print(s.stdout)
			}
			if !d.Works {
				return &exitStatus{exitFailed}
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print a JSON object")
	return cmd
}

// diagnosis is all that doctor finds.
type diagnosis struct {
	Works bool        `json:"works"` // C builds and runs, and functions can be kept
	Parts []diagnosed `json:"parts"`
}

// Verdicts on a part of the machine.
const (
	verdictOK      = "ok"
	verdictMissing = "missing" // and not needed for everything
	verdictFailed  = "failed"  // and nothing works without
	verdictNote    = "note"    // for information
)

// diagnosed is one part of the machine.
type diagnosed struct {
	Group   string `json:"group"`
	Name    string `json:"name"`
	Verdict string `json:"verdict"`
	Found   string `json:"found,omitempty"`
	// Next is what to do, or what is weaker than it could be.
	Next string `json:"next,omitempty"`
}

func (s *session) examine(ctx context.Context) *diagnosis {
	d := &diagnosis{}
	tools := toolchain.Find(ctx, toolchain.Host{Env: s.env})
	for _, c := range tools.Checks() {
		d.Parts = append(d.Parts, language(c))
	}
	d.Parts = append(d.Parts, engineParts()...)
	d.Parts = append(d.Parts, s.dataParts()...)
	d.Parts = append(d.Parts,
		debuggerFound("gdb", nativedebug.FindGDB),
		debuggerFound("lldb", func() (nativedebug.Debugger, error) { return nativedebug.FindLLDB("") }))
	d.Parts = append(d.Parts, ptraceScope("/proc/sys/kernel"))
	d.Parts = append(d.Parts, perfParts(ctx)...)
	d.Parts = append(d.Parts, s.tryC(ctx))
	d.Works = !slices.ContainsFunc(d.Parts, func(p diagnosed) bool { return p.Verdict == verdictFailed })
	return d
}

func language(c toolchain.Check) diagnosed {
	p := diagnosed{Group: "languages", Name: c.Lang.String(), Verdict: verdictOK, Found: c.Using, Next: c.Note}
	if c.Missing != nil {
		p.Verdict, p.Found, p.Next = verdictMissing, c.Missing.What+": "+c.Missing.Why, c.Missing.Install
	}
	return p
}

// tryC builds and runs a small program in a data directory of its own.
func (s *session) tryC(ctx context.Context) diagnosed {
	p := diagnosed{Group: "trial", Name: "build and run C", Verdict: verdictFailed}
	fail := func(err error) diagnosed {
		var cannot *toolchain.MissingTool
		p.Found = err.Error()
		if errors.As(err, &cannot) {
			p.Found, p.Next = "missing "+cannot.What, cannot.Install
		}
		return p
	}
	dir, err := os.MkdirTemp(s.env.get("TMPDIR"), "faaslens-doctor-")
	if err != nil {
		return fail(err)
	}
	defer os.RemoveAll(dir)
	source := filepath.Join(dir, "trial.c")
	const program = "#include <stdio.h>\nint main(void) { return puts(\"works\") < 0; }\n"
	if err := os.WriteFile(source, []byte(program), 0o600); err != nil {
		return fail(err)
	}
	var log, out strings.Builder
	trial := *s
	trial.env = append(s.env[:len(s.env):len(s.env)], "FAASLENS_DIR="+filepath.Join(dir, "data"))
	trial.stderr, trial.stdout = &log, &out
	name := guest.Name{User: "doctor", Function: "trial"}
	began := s.now()
	if err := trial.build(ctx, name, &buildFlags{opt: optFlag(toolchain.O2)}, []string{source}, nil); err != nil {
		p := fail(err)
		p.Found = strings.TrimSpace(log.String() + "\n" + p.Found)
		return p
	}
	built := s.now()
	o, err := trial.runOnce(ctx, name, &worker.Invocation{Stdout: &out, Limits: guest.Limits{Timeout: 10 * time.Second}})
	if err != nil {
		return fail(err)
	}
	if o.Code != 0 || out.String() != "works\n" {
		return fail(fmt.Errorf("it exited with %d and printed %q instead of %q", o.Code, out.String(), "works\n"))
	}
	p.Verdict = verdictOK
	p.Found = fmt.Sprintf("built in %v, ran in %v", showTime(built.Sub(began)), showTime(o.Elapsed))
	return p
}

// runOnce runs a function once, in a worker of its own.
func (s *session) runOnce(ctx context.Context, name guest.Name, inv *worker.Invocation) (worker.Outcome, error) {
	w, err := s.newWorkshop(worker.Config{})
	if err != nil {
		return worker.Outcome{}, err
	}
	defer w.close()
	f, err := w.open(ctx, name)
	if err != nil {
		return worker.Outcome{}, err
	}
	defer f.Close()
	return f.Invoke(ctx, inv)
}

// dataParts looks at the data directory.
func (s *session) dataParts() []diagnosed {
	p := diagnosed{Group: "data", Name: "directory", Verdict: verdictFailed}
	dir, err := s.env.dataDir()
	if err != nil {
		p.Found = err.Error()
		return []diagnosed{p}
	}
	p.Found = dir
	if err := tryWriting(dir); err != nil {
		p.Found, p.Next = err.Error(), "set FAASLENS_DIR to a directory that can be written"
		return []diagnosed{p}
	}
	p.Verdict = verdictOK
	p.Found += ", can be written"
	return []diagnosed{p, freeSpace(dir)}
}

func tryWriting(dir string) error {
	st, err := store.Open(dir)
	if err != nil {
		return err
	}
	defer st.Close()
	f, err := os.CreateTemp(st.Dir(), ".doctor-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.WriteString("works\n")
	return errors.Join(err, f.Close())
}
