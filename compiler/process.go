package compiler

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/faaslens/faaslens/engine"
	"github.com/faaslens/faaslens/guest"
)

// Argument, as a program's first, makes it the process that compiles: it is to call
// Process with the next.
const Argument = "compile-module"

// Exit codes of a process that has made no image, for a reason that it has said or for
// lack of time. Go uses 2, shells those above 125.
const (
	exitAnswered = 3
	exitLate     = 4
)

// hardTime is how many seconds later than asked to a process is ended by the kernel that
// has not ended itself.
const hardTime = 5

// Process compiles what arg says, writes to stdout why it cannot, and returns the exit
// code.
func Process(arg string, stdout io.Writer) int {
	err := process(arg)
	if err == nil {
		return 0
	}
	a := answer{Error: err.Error()}
	errors.As(err, &a.Invalid)
	if err := json.NewEncoder(stdout).Encode(a); err != nil {
		return 1
	}
	return exitAnswered
}

func process(arg string) error {
	var o order
	if err := json.Unmarshal([]byte(arg), &o); err != nil {
		return fmt.Errorf("read what to compile: %w", err)
	}
	module, image := os.NewFile(moduleFD, "module"), os.NewFile(imageFD, "image")
	info, err := module.Stat()
	if err != nil {
		return fmt.Errorf("read the module: %w", err)
	}
	if info.Size() == 0 {
		return &guest.InvalidModule{Offset: -1, Reason: "it is empty"}
	}
	if err := limit(o.Memory, o.Seconds); err != nil {
		return fmt.Errorf("limit the compiling process: %w", err)
	}
	b, err := syscall.Mmap(moduleFD, 0, int(info.Size()), syscall.PROT_READ, syscall.MAP_SHARED)
	if err != nil {
		return fmt.Errorf("read the module: %w", err)
	}
	return engine.Compile(engine.Compilation{Module: b, Flags: o.CompileFlags, Image: image})
}

// limit limits this process: the memory that it takes beside what it has, in bytes, and
// how long it uses processors. A process that breaks down leaves no core.
func limit(memory, seconds uint64) error {
	late := make(chan os.Signal, 1)
	signal.Notify(late, syscall.SIGXCPU)
	go func() {
		<-late
		os.Exit(exitLate)
	}()
	has, err := dataSize()
	if err != nil {
		return err
	}
	for _, l := range []struct {
		resource   int
		soft, hard uint64
	}{
		{unix.RLIMIT_DATA, has + memory, has + memory},
		{unix.RLIMIT_CPU, seconds, seconds + hardTime},
		{unix.RLIMIT_CORE, 0, 0},
	} {
		var was unix.Rlimit
		if err := unix.Getrlimit(l.resource, &was); err != nil {
			return err
		}
		if err := unix.Setrlimit(l.resource, &unix.Rlimit{Cur: min(l.soft, was.Max), Max: min(l.hard, was.Max)}); err != nil {
			return err
		}
	}
	return nil
}

// dataSize is how much memory of its own this process can write to, which is what
// RLIMIT_DATA limits (getrlimit(2)), in bytes. Most of it Go has not touched.
func dataSize() (uint64, error) {
	b, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(b)) {
		if v, ok := strings.CutPrefix(line, "VmData:"); ok {
			n, err := strconv.ParseUint(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(v), "kB")), 10, 64)
			return n << 10, err
		}
	}
	return 0, errors.New("/proc/self/status has no VmData")
}
