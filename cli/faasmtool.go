package cli

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/hostcall"
	"github.com/faaslens/faaslens/hostcall/faasm"
	"github.com/faaslens/faaslens/worker"
)

// faasmTool is one of Faasm's programs: it takes the arguments behind its name and
// returns the exit code.
type faasmTool func(s *session, args []string) int

// faasmTools are those that this program is when it is called by their names.
func faasmTools() map[string]faasmTool {
	return map[string]faasmTool{
		"simple_runner":     (*session).simpleRunner,
		"func_runner":       (*session).funcRunner,
		"codegen_func":      (*session).codegenFunc,
		"func_sym":          (*session).funcSym,
		"microbench_runner": (*session).microbenchRunner,
	}
}

// toolCommand reaches the tools without links of their names.
func (s *session) toolCommand() *cobra.Command {
	return &cobra.Command{
		Use:                "tool NAME ARG...",
		Short:              "Be one of Faasm's tools",
		Hidden:             true,
		DisableFlagParsing: true,
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				if tool, ok := faasmTools()[args[0]]; ok {
					return &exitStatus{tool(s, args[1:])}
				}
			}
			return misuse("which tool? %s", strings.Join(slices.Sorted(maps.Keys(faasmTools())), ", "))
		},
	}
}

// exitAborted is the exit code of Faasm's tools where they end by an exception that
// nobody catches.
const exitAborted = 134

// Levels of Faasm's log, the most talkative first.
const (
	levelTrace = iota
	levelDebug
	levelInfo
	levelWarn
	levelError
	levelCritical
	levelOff
)

// faasmLog writes lines as Faasm's log has them: "[17:04:05] [4711] [I] message". It
// may be used by several goroutines.
type faasmLog struct {
	mu    sync.Mutex
	w     io.Writer
	level int
	now   func() time.Time
}

// faasmLog starts the log of a tool, on stdout as in Faasm.
func (s *session) faasmLog() *faasmLog {
	l := &faasmLog{w: s.stdout, level: levelInfo, now: s.now}
	switch name := s.env.get("LOG_LEVEL"); name {
	case "", "info":
	case "trace":
		l.level = levelTrace
	case "debug":
		l.level = levelDebug
	case "warn":
		l.level = levelWarn
	case "critical":
		l.level = levelCritical
	case "off":
		l.level = levelOff
	default:
		l.log(levelWarn, "Invalid log level %s, defaulting to info", name)
	}
	return l
}

func (l *faasmLog) log(level int, format string, args ...any) {
	if level < l.level {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	fmt.Fprintf(l.w, "[%s] [%d] [%c] %s\n", l.now().Format(time.TimeOnly), unix.Gettid(), "TDIWEC"[level], fmt.Sprintf(format, args...))
}

func (l *faasmLog) info(format string, args ...any) { l.log(levelInfo, format, args...) }
func (l *faasmLog) fail(format string, args ...any) { l.log(levelError, format, args...) }

// hostCalls returns an observer that logs every host call, as Faasm does at its
// debug level; nil at the others.
func (l *faasmLog) hostCalls() hostcall.Observer {
	if l.level > levelDebug {
		return nil
	}
	return hostcall.NewTracer(callLog{l}, l.now)
}

// callLog makes a line of the log of each line of a trace.
type callLog struct {
	log *faasmLog
}

func (c callLog) Write(p []byte) (int, error) {
	c.log.log(levelDebug, "S - %s", strings.TrimSuffix(string(p), "\n"))
	return len(p), nil
}

// Where Faasm keeps the function that runs Python.
const pythonUser, pythonFunction = "python", "py_func"

// faasmFunction is the function to run for a user's, and what it is told of Python.
func faasmFunction(user, function string) (guest.Name, faasm.Python, error) {
	asked := guest.Name{User: user, Function: function}
	if err := asked.Validate(); err != nil {
		return asked, faasm.Python{}, err
	}
	if user != pythonUser {
		return asked, faasm.Python{}, nil
	}
	return guest.Name{User: pythonUser, Function: pythonFunction}, faasm.Python{User: user, Function: function}, nil
}

// logEnding logs how an invocation went that did not return, with its stack.
func (l *faasmLog) logEnding(e *ending) {
	var b strings.Builder
	fmt.Fprintf(&b, "Runtime exception: %s\n", printableLines(e.message))
	if len(e.frames) > 0 {
		b.WriteString("Call stack:\n")
		e.writeStack(&b)
	}
	for _, next := range e.next() {
		fmt.Fprintf(&b, "  %s\n", next)
	}
	l.fail("%s", strings.TrimSuffix(b.String(), "\n"))
}

// faasmWorkshop is what the tools run functions in: they share one file system.
func (s *session) faasmWorkshop() (*workshop, error) {
	perf, err := s.perfMode("")
	if err != nil {
		return nil, err
	}
	return s.newPerfWorkshop(worker.Config{SharedRoot: true, Snapshots: true}, perf)
}
