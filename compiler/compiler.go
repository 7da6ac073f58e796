package compiler

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/faaslens/faaslens/engine"
	"github.com/faaslens/faaslens/guest"
)

// Compiler compiles modules in processes of their own. Its methods may be called from
// any goroutine.
type Compiler struct {
	// Name is what the process is called, its argument 0.
	Name string
	// Memory is what the process may take, in bytes, and Time how long it may use
	// processors, all together. Zero: by the module's size, see DefaultMemory and
	// DefaultTime.
	Memory uint64
	Time   time.Duration
}

// DefaultMemory is what compiling a module of a size may take, in bytes: several times
// what ordinary programs make it take.
func DefaultMemory(size int) uint64 { return max(1<<30, 64*uint64(size)) }

// DefaultTime is how long compiling a module of a size may use processors.
func DefaultTime(size int) time.Duration {
	return time.Minute + time.Duration(size)*10*time.Second>>20
}

// A process that waits for something that never comes uses no processor: it is killed
// when so many times its time has passed on the wall.
const patience = 8

// order is what the process is asked to do, as JSON in its second argument.
type order struct {
	engine.CompileFlags
	Memory  uint64 `json:"memory"`
	Seconds uint64 `json:"seconds"`
}

// answer is what the process writes to its standard output if it has made no image.
type answer struct {
	Invalid *guest.InvalidModule // nil if it is not the module's fault
	Error   string
}

// The descriptors that the process finds open.
const (
	moduleFD = 3
	imageFD  = 4
)

// Bounds on what the process says.
const (
	maxAnswer   = 1 << 20
	maxComplain = 64 << 10
)

// Compile is engine.Compile in a process of its own. Where the module makes the process
// exceed its limits or break down, the error is a *guest.CompileFailure. The process
// has ended when Compile returns.
func (c *Compiler) Compile(ctx context.Context, what engine.Compilation) error {
	memory, patient := c.Memory, c.Time
	if memory == 0 {
		memory = DefaultMemory(len(what.Module))
	}
	if patient == 0 {
		patient = DefaultTime(len(what.Module))
	}
	o := order{CompileFlags: what.Flags, Memory: memory, Seconds: uint64((patient + time.Second - 1) / time.Second)}
	arg, err := json.Marshal(o)
	if err != nil {
		return fmt.Errorf("compile: %w", err)
	}
	module, err := inMemory(what.Module)
	if err != nil {
		return fmt.Errorf("compile: give the module to another process: %w", err)
	}
	defer module.Close()
	// The kernel kills the process when the thread that started it ends.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	timed, cancel := context.WithTimeout(ctx, patience*patient)
	defer cancel()
	said, complained := &limited{max: maxAnswer}, &limited{max: maxComplain}
	// Whatever has become of the program's file, this is what runs now.
	cmd := exec.CommandContext(timed, "/proc/self/exe", Argument, string(arg))
	cmd.Args[0] = c.Name
	cmd.Env = []string{"GOTRACEBACK=none", "RUST_BACKTRACE=0"}
	if n, ok := os.LookupEnv("RAYON_NUM_THREADS"); ok {
		cmd.Env = append(cmd.Env, "RAYON_NUM_THREADS="+n)
	}
	cmd.Stdout, cmd.Stderr = said, complained
	cmd.ExtraFiles = []*os.File{moduleFD - 3: module, imageFD - 3: what.Image}
	// An interrupt from the terminal is this process's to act on.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	err = cmd.Run()
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return fmt.Errorf("compile: %w", ctx.Err())
	case cmd.ProcessState == nil:
		return fmt.Errorf("compile: start this program again: %w", err)
	}
	return o.failure(cmd.ProcessState, timed.Err() != nil, said.Bytes(), complained.String())
}

// failure says what the end of a process means that has made no image.
func (o *order) failure(end *os.ProcessState, late bool, said []byte, complained string) error {
	if end.ExitCode() == exitAnswered {
		var a answer
		if err := json.Unmarshal(said, &a); err != nil {
			return fmt.Errorf("compile: read what the compiling process says: %w", err)
		}
		if a.Invalid != nil {
			return a.Invalid
		}
		return fmt.Errorf("compile: %w", errors.New(a.Error))
	}
	limit := time.Duration(o.Seconds) * time.Second
	reason := lastWords(complained)
	switch {
	case late, end.ExitCode() == exitLate, end.UserTime()+end.SystemTime() >= limit-limit/10: // the kernel rounds
		return &guest.CompileFailure{Time: limit, Reason: reason}
	case outOfMemory(complained):
		return &guest.CompileFailure{Memory: o.Memory, Reason: reason}
	case reason == "":
		reason = end.String()
	}
	return &guest.CompileFailure{Reason: reason}
}

// outOfMemory reports whether a process's last words are what Rust's library, the
// compiler's threads, the C library or Go's say when memory is refused.
func outOfMemory(complained string) bool {
	for _, words := range []string{"memory allocation of", "out of memory", "Cannot allocate memory", "pthread_create failed", "ThreadPoolBuildError"} {
		if strings.Contains(complained, words) {
			return true
		}
	}
	return false
}

// lastWords are what a compiler that breaks down says first: where, and behind that why.
// Go's account of its end follows.
func lastWords(complained string) string {
	complained, _, _ = strings.Cut(complained, "SIGABRT: abort")
	complained, _, _ = strings.Cut(complained, "note: run with")
	return strings.Join(strings.Fields(complained), " ")
}

// inMemory is a file in memory with such content.
func inMemory(content []byte) (*os.File, error) {
	fd, err := unix.MemfdCreate("module", unix.MFD_CLOEXEC)
	if err != nil {
		return nil, err
	}
	f := os.NewFile(uintptr(fd), "module")
	if _, err := f.Write(content); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// limited keeps the beginning of what is written to it.
type limited struct {
	bytes.Buffer
	max int
}

func (l *limited) Write(p []byte) (int, error) {
	l.Buffer.Write(p[:min(len(p), l.max-l.Len())])
	return len(p), nil
}
