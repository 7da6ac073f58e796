package cli

import (
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/faaslens/faaslens/engine"
	"github.com/faaslens/faaslens/inspect"
	"github.com/faaslens/faaslens/worker"
)

// processReport is what a process tells another of itself.
type processReport struct {
	PID         int                `json:"pid"`
	Command     string             `json:"command"`
	Invocations []invocationReport `json:"invocations"`
}

// invocationReport is one invocation that runs.
type invocationReport struct {
	Function string        `json:"function"`
	Elapsed  time.Duration `json:"elapsed_ns"`
	Call     string        `json:"call,omitempty"` // the host call that it is in
	Depth    int           `json:"depth"`          // of the stack; may be more than there are frames
	Frames   []stackFrame  `json:"frames"`
	// The host's calls, in Go: inside of that host call, and those by which the
	// function was invoked.
	Inner []hostFrame `json:"inner_host_frames,omitempty"`
	Outer []hostFrame `json:"outer_host_frames,omitempty"`
}

// hostFrame is a call of the host's.
type hostFrame struct {
	Name string `json:"name"`
	File string `json:"file"`
	Line int    `json:"line"`
}

func hostFrames(frames []engine.HostFrame) []hostFrame {
	var all []hostFrame
	for _, f := range frames {
		all = append(all, hostFrame{f.Function, f.File, f.Line})
	}
	return all
}

func (s *session) stackCommand() *cobra.Command {
	var all, asJSON bool
	var server, member string
	cmd := &cobra.Command{
		Use:   "stack PID|--all|INVOCATION --server URL [flags]",
		Short: "Show the stacks of functions that are running",
		Long: `Shows where each function is that a running faaslens process of yours on this
machine is executing: the host call that it is in, if it is in one, with the host's
own calls there; the function's stack; and the host's calls by which it was invoked.
The functions are not stopped: each is interrupted for some microseconds.

With --server it asks a service for one of its invocations, or for --all of them.`,
		Example: `  faaslens stack 4711
  faaslens stack --all --json
  faaslens stack 1804289383 --server http://127.0.0.1:7070`,
		Args: func(_ *cobra.Command, args []string) error {
			switch {
			case all && len(args) > 0:
				return misuse("give a PID or --all, not both")
			case member != "" && (server == "" || !all):
				return misuse("--member %s: want --all and --server, too", member)
			case !all && len(args) != 1:
				return misuse("want the PID of a faaslens process or an invocation's number with --server, or --all")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if server != "" {
				return s.remoteStacks(cmd.Context(), server, member, args, asJSON)
			}
			if all {
				return s.allStacks(asJSON)
			}
			pid, err := strconv.Atoi(args[0])
			if err != nil || pid <= 0 {
				return misuse("%q: want a PID, such as 4711", args[0])
			}
			r, err := s.ask(pid)
			if err != nil {
				return err
			}
			return s.printStacks([]processReport{r}, asJSON)
		},
	}
	cmd.Flags().BoolVar(&all, "all", false, "all faaslens processes of yours, or all invocations of a service")
	cmd.Flags().StringVar(&server, "server", "", "ask the service at that `URL`")
	memberFlag(cmd, &member)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print a JSON array of processes")
	return cmd
}

// runDir is where this user's processes listen: the same place for all of them, whatever
// else is in their environment.
func (e environment) runDir() string {
	if dir := e.get("XDG_RUNTIME_DIR"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "faaslens")
	}
	return "/tmp/faaslens-" + strconv.Itoa(os.Getuid())
}

// answerStacks lets other processes ask for the stacks of a worker's invocations, until
// the returned function is called. Running does not depend on it: a process that cannot
// listen cannot be asked.
func (s *session) answerStacks(w *worker.Worker) (stop func()) {
	command := strings.Join(append([]string{filepath.Base(os.Args[0])}, os.Args[1:]...), " ")
	l, err := inspect.Listen(s.env.runDir(), func() any {
		r := processReport{PID: os.Getpid(), Command: command, Invocations: []invocationReport{}}
		for _, live := range w.MixedStacks() {
			r.Invocations = append(r.Invocations, invocationReport{
				Function: live.Function.Name.String(),
				Elapsed:  live.Elapsed,
				Call:     live.Call,
				Depth:    live.Depth,
				Frames:   jsonFrames(live.Function.Backtrace(live.Frames), nil),
				Inner:    hostFrames(live.Inner),
				Outer:    hostFrames(live.Outer),
			})
		}
		return r
	})
	if err != nil {
		return func() {}
	}
	return func() { l.Close() }
}

func (s *session) ask(pid int) (processReport, error) {
	var r processReport
	err := inspect.Fetch(s.env.runDir(), pid, &r)
	if errors.Is(err, inspect.ErrNotListening) {
		err = fmt.Errorf("%w\n  'faaslens stack --all' shows the processes that can be asked; an invocation of a service is asked for with --server URL", err)
	}
	return r, err
}

func (s *session) allStacks(asJSON bool) error {
	pids, err := inspect.Processes(s.env.runDir())
	if err != nil {
		return err
	}
	reports := []processReport{}
	for _, pid := range pids {
		r, err := s.ask(pid)
		if errors.Is(err, inspect.ErrNotListening) {
			continue // it ended meanwhile
		}
		if err != nil {
			return err
		}
		reports = append(reports, r)
	}
	return s.printStacks(reports, asJSON)
}

// maxHostFrames is how many of the host's calls are shown above and below a stack.
const maxHostFrames = 6

// writeHostFrames writes calls of the host, marked as such.
func (s *session) writeHostFrames(frames []hostFrame) {
	for i, f := range frames {
		if i == maxHostFrames {
			fmt.Fprintf(s.stdout, "    host: %d more\n", len(frames)-i)
			return
		}
		fmt.Fprintf(s.stdout, "    host: %s at %s\n", printable(path.Base(f.Name)), printable(place(f.File, f.Line, 0)))
	}
}

func (s *session) printStacks(reports []processReport, asJSON bool) error {
	if asJSON {
		return writeJSON(s.stdout, reports)
	}
	if len(reports) == 0 {
		fmt.Fprintln(s.stdout, "no faaslens process is running")
	}
	for _, r := range reports {
		fmt.Fprintf(s.stdout, "process %d: %s\n", r.PID, printable(r.Command))
		if len(r.Invocations) == 0 {
			fmt.Fprintln(s.stdout, "  no function is running")
		}
		for _, i := range r.Invocations {
			where := ""
			if i.Call != "" {
				where = ", in " + printable(i.Call)
			}
			fmt.Fprintf(s.stdout, "  %s, running for %v%s\n", i.Function, i.Elapsed.Round(time.Millisecond), where)
			s.writeHostFrames(i.Inner)
			w := stackWriter{w: s.stdout}
			w.write(plainFrames(i.Frames))
			s.writeHostFrames(i.Outer)
		}
	}
	return nil
}
