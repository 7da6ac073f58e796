package nativedebug

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
)

// Debugger is a program that debugs compiled code.
type Debugger struct {
	Path string
	kind kind
}

type kind int

const (
	gdb kind = iota
	lldb
)

// lldbNames are the names of lldb on Debian's and others' systems, the best first.
var lldbNames = [...]string{"lldb-22", "lldb-19", "lldb"}

// Missing is a debugger that is not installed.
type Missing struct {
	Name, Install string
}

func (e *Missing) Error() string { return e.Name + " is not installed: " + e.Install }

// FindGDB finds gdb on the PATH. The error is a *Missing.
func FindGDB() (Debugger, error) {
	if path, err := exec.LookPath("gdb"); err == nil {
		return Debugger{path, gdb}, nil
	}
	return Debugger{}, &Missing{"gdb", "apt-get install gdb"}
}

// FindLLDB finds lldb on the PATH: the one of that name, or the best where it is empty.
// The error is a *Missing.
func FindLLDB(name string) (Debugger, error) {
	names := lldbNames[:]
	if name != "" {
		names = []string{name}
	}
	for _, n := range names {
		if path, err := exec.LookPath(n); err == nil {
			return Debugger{path, lldb}, nil
		}
	}
	if name == "" {
		name = "lldb"
	}
	return Debugger{}, &Missing{name, "apt-get install " + lldbNames[0]}
}

// Session is what a debugger is started for: a program or a process.
type Session struct {
	Program []string // the program and its arguments
	PID     int      // the process to attach to, where there is no program
	Breaks  []string // places, as the debugger writes them
	Then    []string // the debugger's commands that follow
	Batch   bool     // end behind them
	// MustSee ends the debugger with an error if the process that it attaches to has no
	// code that it can see.
	MustSee bool
}

// modulePython is the part of the extensions that debuggers share.
//
//go:embed module.py
var modulePython []byte

//go:embed gdb.py
var gdbExtension []byte

//go:embed lldb.py
var lldbExtension []byte

// Command is the debugger's command line for a session. Its extension is written to a
// directory, which is made if need be, unless it is there.
func (d Debugger) Command(s Session, dir string) ([]string, error) {
	name, content := "gdb.py", gdbExtension
	if d.kind == lldb {
		name, content = "faaslens_lldb.py", lldbExtension
	}
	extension := filepath.Join(dir, name)
	if err := install(extension, slices.Concat(modulePython, content)); err != nil {
		return nil, fmt.Errorf("install the debugger's extension: %w", err)
	}
	if d.kind == lldb {
		return d.lldbCommand(s, extension), nil
	}
	return d.gdbCommand(s, extension), nil
}

func (d Debugger) gdbCommand(s Session, extension string) []string {
	// Go programs name a script of Go's that gdb would say it does not trust.
	args := []string{d.Path, "-q", "-iex", "set auto-load python-scripts off"}
	if s.Batch {
		args = append(args, "-batch")
	}
	args = append(args, "-x", extension)
	args = append(args, s.steps("-ex", "wasm break ")...)
	if s.PID == 0 {
		args = append(append(args, "--args"), s.Program...)
	}
	return args
}

func (d Debugger) lldbCommand(s Session, extension string) []string {
	args := []string{d.Path, "-Q"}
	if s.Batch {
		args = append(args, "-b")
	}
	args = append(args,
		"-O", "settings set plugin.jit-loader.gdb.enable on",
		"-O", "command script import "+strconv.Quote(extension))
	args = append(args, s.steps("-o", "wasm break ")...)
	if s.PID == 0 {
		args = append(append(args, "--"), s.Program...)
	}
	return args
}

// steps is what a debugger does first, each behind the option for a command: attach to a
// process, set breakpoints by a command, go on to the first, and what is to follow.
func (s Session) steps(option, breakpoint string) []string {
	var args []string
	start := "run"
	if s.PID != 0 {
		attached := "wasm attached"
		if s.MustSee {
			attached += " or quit"
		}
		args = append(args, "-p", strconv.Itoa(s.PID), option, attached)
		start = "continue"
	}
	for _, b := range s.Breaks {
		args = append(args, option, breakpoint+b)
	}
	if len(s.Breaks) > 0 {
		args = append(args, option, start)
	}
	for _, c := range s.Then {
		args = append(args, option, c)
	}
	return args
}

// install writes a file in one step, unless it is what it should be.
func install(path string, content []byte) (err error) {
	have, err := os.ReadFile(path)
	if err == nil && bytes.Equal(have, content) {
		return nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".writing-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			os.Remove(f.Name())
		}
	}()
	_, err = f.Write(content)
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
