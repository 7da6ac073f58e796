package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/faaslens/faaslens/gateway"
	"github.com/faaslens/faaslens/gateway/client"
	"github.com/faaslens/faaslens/scheduler"
)

// serverFlag adds the flag that names the service.
func serverFlag(cmd *cobra.Command, server *string) {
	cmd.Flags().StringVar(server, "server", "", "`URL` of the service (default: FAASLENS_SERVER, else http://"+defaultListen+")")
}

// memberFlag adds the flag that names one of the service's processes.
func memberFlag(cmd *cobra.Command, member *string) {
	cmd.Flags().StringVar(member, "member", "", "of that `MEMBER` of the service only (default: of all)")
}

// tellSilent says which members of a service did not answer.
func (s *session) tellSilent(members ...string) {
	for _, m := range members {
		s.complain(printable(m) + " did not answer: what it does is missing here")
	}
}

// client is that of the service that the command line or the environment names.
func (s *session) client(server string) (*client.Client, error) {
	if server == "" {
		server = s.env.get("FAASLENS_SERVER")
	}
	if server == "" {
		server = "http://" + defaultListen
	}
	c, err := client.New(server)
	if err != nil {
		return nil, &usageError{err}
	}
	return c, nil
}

// servedInvocation is a service, and the number of an invocation of it.
func (s *session) servedInvocation(server, arg string) (*client.Client, scheduler.ID, error) {
	c, err := s.client(server)
	if err != nil {
		return nil, 0, err
	}
	id, err := parseInvocation(arg)
	return c, id, err
}

// oneInvocation checks that there is one argument, an invocation's number.
func oneInvocation(_ *cobra.Command, args []string) error {
	if len(args) != 1 {
		return misuse("want the number of an invocation, as 'faaslens ps' shows it")
	}
	_, err := parseInvocation(args[0])
	return err
}

func parseInvocation(arg string) (scheduler.ID, error) {
	n, err := strconv.ParseUint(arg, 10, 32)
	if err != nil {
		return 0, misuse("%q: want the number of an invocation, as 'faaslens ps' shows it", arg)
	}
	return scheduler.ID(n), nil
}

// problemEnding says how an invocation went from what a service says of it.
func problemEnding(p *gateway.Problem) ending {
	e := ending{kind: "error", code: "failed", message: p.Error, exit: exitFailed, advice: inFlags(p.Hint)}
	i := p.Invocation
	switch {
	case i == nil && p.Status == http.StatusNotFound:
		e.code, e.exit = "not found", exitNotFound
		return e
	case i == nil:
		return e
	case i.ExitCode != nil:
		return ending{kind: "exit", code: strconv.Itoa(int(*i.ExitCode)), message: p.Error, exit: functionCode(*i.ExitCode)}
	}
	for _, f := range p.Failures {
		if f.ID == i.ID {
			e.kind, e.code = f.Failure.Kind, f.Failure.Code
			e.exit = failureCode(f.Failure)
		}
	}
	return e
}

// failureCode is the exit code for a failure, as that of run.
func failureCode(f *scheduler.Failure) int {
	switch f.Kind + " " + f.Code {
	case "limit deadline":
		return exitDeadline
	case "limit memory", "limit table":
		return exitOutOfLimit
	case "limit output":
		return exitOutput
	case "limit cancelled":
		return exitCancelled
	case "error not found":
		return exitNotFound
	}
	switch f.Kind {
	case "trap":
		return exitTrap
	case "error":
		return exitCannotRun
	}
	return exitFailed
}

// showProblem says what a service says of an invocation that failed: what it wrote, how it
// ended, and the joined stacks of all that made it fail.
func (s *session) showProblem(p *gateway.Problem) error {
	for _, t := range []struct {
		to   io.Writer
		text *gateway.Text
	}{{s.stdout, p.Output}, {s.stdout, p.Stdout}, {s.stderr, p.Stderr}} {
		b, err := t.text.Bytes()
		if err != nil {
			return fmt.Errorf("read what the function wrote: %w", err)
		}
		if _, err := t.to.Write(b); err != nil {
			return fmt.Errorf("write what the function wrote: %w", err)
		}
	}
	e := problemEnding(p)
	if e.kind != "exit" || len(p.Failures) > 0 {
		s.complain(printable(e.message))
	}
	for _, f := range p.Failures {
		if p.Invocation == nil || f.ID != p.Invocation.ID {
			s.complain(fmt.Sprintf("%s, which was chained: %s", printable(f.Function), printable(f.Failure.Message)))
		}
		writeJoined(s.stderr, f.Failure)
	}
	if e.advice != "" {
		fmt.Fprintf(s.stderr, "  %s\n", e.advice)
	}
	return &exitStatus{e.exit}
}

// showResult writes what a function gave, or how it failed.
func (s *session) showResult(r *client.Result, err error) error {
	var refused *client.Error
	if errors.As(err, &refused) {
		return s.showProblem(&refused.Problem)
	}
	if err != nil {
		return err
	}
	if _, err := s.stdout.Write(r.Output); err != nil {
		return fmt.Errorf("write the function's output: %w", err)
	}
	return nil
}

// remoteRun is an invocation as invoke and result print it with --json.
type remoteRun struct {
	ID             scheduler.ID     `json:"invocation,omitempty"`
	ExitCode       int              `json:"exit_code"` // of this program
	Output         string           `json:"output"`
	OutputEncoding string           `json:"output_encoding,omitempty"`
	Timing         string           `json:"timing,omitempty"`
	Problem        *gateway.Problem `json:"problem,omitempty"`
}

func (s *session) printResult(r *client.Result, err error) error {
	report := remoteRun{}
	var refused *client.Error
	switch {
	case errors.As(err, &refused):
		report.Problem = &refused.Problem
		e := problemEnding(report.Problem)
		report.ExitCode = e.exit
		if report.Problem.Invocation != nil {
			report.ID = report.Problem.Invocation.ID
		}
	case err != nil:
		return err
	default:
		report.ID, report.Timing = r.ID, r.Timing
		report.Output, report.OutputEncoding = jsonText(r.Output)
	}
	if err := writeJSONLine(s.stdout, report); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	if report.ExitCode != exitOK {
		return &exitStatus{report.ExitCode}
	}
	return nil
}

// whileWaiting tells people on a terminal what is waited for, once that takes long. Stop
// must be called; it ends the goroutine and removes the line.
func (s *session) whileWaiting(what func() string) (stop func()) {
	if !isTerminal(s.stderr) {
		return func() {}
	}
	began := s.now()
	quit, gone := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(gone)
		tick := time.NewTicker(500 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-quit:
				fmt.Fprint(s.stderr, "\r\x1b[K")
				return
			case <-tick.C:
				if elapsed := s.now().Sub(began); elapsed >= progressAfter {
					fmt.Fprintf(s.stderr, "\r\x1b[K%s, %s so far", what(), elapsed.Round(time.Second))
				}
			}
		}
	}()
	return func() {
		close(quit)
		<-gone
	}
}

// pollFor is how long one long poll of a client's lasts.
const pollFor = 20 * time.Second

// awaitInvocation asks until an invocation has ended, or for as long as given if that is
// not 0.
func (s *session) awaitInvocation(ctx context.Context, c *client.Client, id scheduler.ID, within time.Duration) (*gateway.Invocation, error) {
	last := s.now().Add(within)
	i, err := c.Invocation(ctx, id, 0)
	if err != nil || i.Status == "done" {
		return i, err
	}
	stop := s.whileWaiting(func() string { return fmt.Sprintf("waiting for %s %d", printable(i.Function), id) })
	defer stop()
	for {
		wait := pollFor
		if within > 0 {
			if wait = min(wait, last.Sub(s.now())); wait <= 0 {
				return i, nil
			}
		}
		next, err := c.Invocation(ctx, id, wait)
		if err != nil {
			return nil, cause(ctx, err)
		}
		if next.Status == "done" {
			return next, nil
		}
	}
}

// stdinIsTerminal reports whether a person would have to type the input.
func (s *session) stdinIsTerminal() bool {
	f, ok := s.stdin.(*os.File)
	if !ok {
		return s.stdin == nil
	}
	info, err := f.Stat()
	return err != nil || info.Mode()&os.ModeCharDevice != 0
}

// inFlags says what a hint of the service says in terms of commands.
func inFlags(hint string) string {
	return strings.NewReplacer(
		gateway.HeaderTimeout, "--timeout", gateway.HeaderMemory, "--memory", gateway.HeaderOutput, "--output-limit",
		"GET /v1/functions lists those there are; PUT /v1/functions/USER/FUNCTION takes a module",
		"'faaslens list' in its data directory lists those there are; 'faaslens build' and 'faaslens add' put more there",
		"GET /v1/invocations lists those that have not ended", "'faaslens ps' lists those that have not ended",
	).Replace(hint)
}
