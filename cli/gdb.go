package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/nativedebug"
)

// debuggerFlags is what the command line says to gdb and lldb.
type debuggerFlags struct {
	breaks, commands []string
	pid              int
	batch            bool
	use              string // which lldb
}

func (s *session) gdbCommand() *cobra.Command {
	var f debuggerFlags
	cmd := &cobra.Command{
		Use:   "gdb USER/FUNCTION|--pid PID [flags] [-- RUN FLAGS]",
		Short: "Debug a function with gdb",
		Long: `Starts gdb on 'faaslens run USER/FUNCTION', set up for guest code: breakpoints by
function, file and line, or number (functionDef12); arguments, locals, pointers, steps,
watchpoints; a trap stops at its line. With --break, the function is started at once, else
gdb's command run does it.

The extension that is loaded shows pointers of the guest as such, folds the host's frames
in backtraces, and adds: wasm functions [REGEX], wasm where, wasm globals, wasm memory ADDR
[LEN], wasm backtrace --all. A pointer becomes one of the host's with $host(POINTER).

With --pid, gdb attaches to a process that runs functions. It sees their code if the
process was started with 'run --native-debug', or with FAASLENS_NATIVE_DEBUG=on in its
environment.`,
		Example: `  faaslens gdb demo/imgsmith
  faaslens gdb demo/imgsmith --break filter.c:54 --batch --ex backtrace -- --cmdline "blur=3" < lake.png
  faaslens gdb demo/hello --break main --ex "info locals" --ex continue --batch
  faaslens gdb --pid 4711`,
		Args: s.debuggerArgs(&f),
		RunE: func(_ *cobra.Command, args []string) error {
			d, err := nativedebug.FindGDB()
			if err != nil {
				return err
			}
			return s.debug(d, &f, args)
		},
	}
	f.add(cmd, "gdb")
	return cmd
}

func (f *debuggerFlags) add(cmd *cobra.Command, name string) {
	flags := cmd.Flags()
	flags.StringArrayVar(&f.breaks, "break", nil, "stop at a `PLACE`, as "+name+" writes it: a function, or FILE:LINE")
	flags.StringArrayVar(&f.commands, "ex", nil, "a `COMMAND` of "+name+"'s to follow; may be given several times")
	flags.BoolVar(&f.batch, "batch", false, "end when the commands have been carried out")
	flags.IntVar(&f.pid, "pid", 0, "attach to the process `PID` instead of starting one")
}

// debuggerArgs checks for a function, or a process to attach to.
func (s *session) debuggerArgs(f *debuggerFlags) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		n := cmd.ArgsLenAtDash()
		if n < 0 {
			n = len(args)
		}
		switch {
		case f.pid < 0:
			return misuse("--pid %d: want a process's number", f.pid)
		case f.pid != 0 && len(args) > 0:
			return misuse("%q: the process is there already; give --pid alone", args[0])
		case f.pid == 0 && n == 0:
			return misuse("which function? give USER/FUNCTION, such as demo/hello, or --pid")
		case n > 1:
			return misuse("%q: flags for run go behind --", args[1])
		case f.pid != 0:
			return nil
		}
		return s.checkRunFlags(cmd, args[0], args[1:])
	}
}

// debug becomes the debugger.
func (s *session) debug(d nativedebug.Debugger, f *debuggerFlags, args []string) error {
	st, err := s.openStore()
	if err != nil {
		return err
	}
	defer st.Close()
	plan := nativedebug.Session{PID: f.pid, Breaks: f.breaks, Then: f.commands, Batch: f.batch, MustSee: f.batch || !isTerminal(s.stdout)}
	if f.pid == 0 {
		if plan.Program, err = s.runnerOf(args); err != nil {
			return err
		}
	} else if err := syscall.Kill(f.pid, 0); err != nil {
		return fmt.Errorf("attach to process %d: %w", f.pid, err)
	}
	command, err := d.Command(plan, filepath.Join(st.Dir(), "cache", "debuggers"))
	if err != nil {
		return err
	}
	if err := syscall.Exec(d.Path, command, s.env); err != nil {
		return fmt.Errorf("start %s: %w", d.Path, err)
	}
	return nil
}

// runnerOf is the command that runs a function, which must be there.
func (s *session) runnerOf(args []string) ([]string, error) {
	name, err := parseFunction(args[0])
	if err != nil {
		return nil, err
	}
	if err := s.mustHave(name); err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find this program: %w", err)
	}
	return append([]string{self, "run", name.String()}, args[1:]...), nil
}

func (s *session) mustHave(name guest.Name) error {
	st, err := s.openStore()
	if err != nil {
		return err
	}
	defer st.Close()
	if _, err := st.Read(name); err != nil {
		return suggest(st, name, err)
	}
	return nil
}

// debuggerFound is how doctor shows a debugger.
func debuggerFound(name string, find func() (nativedebug.Debugger, error)) diagnosed {
	d, err := find()
	p := diagnosed{Group: "debuggers", Name: name, Verdict: verdictOK, Found: d.Path}
	var missing *nativedebug.Missing
	if errors.As(err, &missing) {
		p.Verdict, p.Found, p.Next = verdictMissing, "not found", missing.Install
	}
	return p
}

// ptraceScope says whom debuggers may attach to (the kernel's admin-guide/LSM/Yama).
func ptraceScope(dir string) diagnosed {
	p := diagnosed{Group: "kernel", Name: "ptrace_scope", Verdict: verdictOK, Found: "not restricted: gdb and lldb attach to your processes"}
	b, err := os.ReadFile(filepath.Join(dir, "yama", "ptrace_scope"))
	if err != nil {
		return p // without Yama nothing is restricted
	}
	switch scope := strings.TrimSpace(string(b)); scope {
	case "0":
		p.Found = "0: gdb and lldb attach to your processes"
	case "1":
		p.Verdict, p.Found = verdictNote, "1: gdb and lldb start programs, but attach as root only"
		p.Next = "sysctl kernel.yama.ptrace_scope=0, to use 'faaslens gdb --pid'"
	case "2":
		p.Verdict, p.Found = verdictNote, "2: gdb and lldb work as root only"
		p.Next = "sysctl kernel.yama.ptrace_scope=0"
	default:
		p.Verdict, p.Found = verdictNote, scope+": gdb and lldb work for nobody"
		p.Next = "start the machine with kernel.yama.ptrace_scope=0: this setting cannot be taken back"
	}
	return p
}
