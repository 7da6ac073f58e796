package toolchain

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// process is one run of a tool.
type process struct {
	path string
	args []string
	dir  string
	env  []string
	// out receives what the tool writes to both its streams; stdout, if set,
	// receives the standard output instead.
	out, stdout io.Writer
}

// argv is the command line, for people.
func (p process) argv() []string { return append([]string{p.path}, p.args...) }

// run waits for the tool. When ctx ends, the tool and all it has started are
// killed, and the error is ctx's.
func (p process) run(ctx context.Context) error {
	cmd := exec.CommandContext(ctx, p.path, p.args...)
	cmd.Dir, cmd.Env = p.dir, p.env
	if cmd.Env == nil {
		cmd.Env = []string{} // nil would mean this process's own
	}
	cmd.Stdout, cmd.Stderr = p.out, p.out
	if p.stdout != nil {
		cmd.Stdout = p.stdout
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = 2 * time.Second
	err := cmd.Run()
	if ctx.Err() != nil {
		return fmt.Errorf("%s: %w", p.path, context.Cause(ctx))
	}
	return err
}

// probe returns what a tool says on its standard output when asked about itself.
// It gives up after ten seconds.
func (h Host) probe(ctx context.Context, path string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	for {
		out := cappedBuffer{limit: 1 << 20}
		err := process{path: path, args: args, env: h.Env, out: io.Discard, stdout: &out}.run(ctx)
		// A file that has just been written is busy while a process forked
		// meanwhile still has it open, up to its exec.
		if errors.Is(err, syscall.ETXTBSY) && ctx.Err() == nil {
			time.Sleep(time.Millisecond)
			continue
		}
		return strings.TrimSpace(out.String()), err
	}
}

// cappedBuffer keeps what is written up to a limit and says how much it dropped.
type cappedBuffer struct {
	buf     bytes.Buffer
	limit   int
	dropped int
}

func (b *cappedBuffer) Write(p []byte) (int, error) {
	keep := min(len(p), b.limit-b.buf.Len())
	b.buf.Write(p[:keep])
	b.dropped += len(p) - keep
	return len(p), nil
}

func (b *cappedBuffer) String() string {
	if b.dropped > 0 {
		return fmt.Sprintf("%s\n[%d more bytes of output]\n", b.buf.String(), b.dropped)
	}
	return b.buf.String()
}

// CompileError is a build in which a compiler or linker failed. What the tool
// wrote has gone to the request's Log already.
type CompileError struct {
	Lang Lang
	// What was being done: "compile fib.c", "link", "cargo build".
	What string
	// Command is the command line that failed.
	Command []string
	// ExitCode is the tool's; -1 if a signal ended it or it did not start.
	ExitCode int
	// Output is what the tool wrote, up to 1 MiB.
	Output string
	// Hint is a next step where the output shows a known obstacle; often empty.
	Hint string
	Err  error
}

func (e *CompileError) Error() string {
	var tool string
	if len(e.Command) > 0 {
		tool = e.Command[0]
	}
	msg := fmt.Sprintf("%s: %s failed: %v", e.What, tool, e.Err)
	if e.Hint != "" {
		msg += "\n  " + e.Hint
	}
	return msg
}

func (e *CompileError) Unwrap() error { return e.Err }

// compileError describes a failed run; a cancelled run stays what it is.
func compileError(ctx context.Context, lang Lang, what string, p process, output string, err error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	e := &CompileError{Lang: lang, What: what, Command: p.argv(), ExitCode: -1, Output: output, Err: err}
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		e.ExitCode = exit.ExitCode()
	}
	e.Hint = hintFor(lang, output)
	return e
}
