package profiler

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/pprof"

	"golang.org/x/sys/unix"
)

// goRate is the rate that pprof.StartCPUProfile asks for.
const goRate = 100

// startAtRate starts Go's profiler at any rate. It keeps one that has been set before,
// but Go's runtime then writes a warning to stderr, which is taken out.
func startAtRate(w io.Writer, rate int) (err error) {
	if rate == goRate {
		return pprof.StartCPUProfile(w)
	}
	said, failed := withoutStderr(func() {
		runtime.SetCPUProfileRate(rate)
		err = pprof.StartCPUProfile(w)
	})
	if failed != nil {
		return failed
	}
	for line := range bytes.Lines(said) {
		if !bytes.HasPrefix(line, []byte("runtime: cannot set")) {
			_, _ = os.Stderr.Write(line) // another goroutine's, which has been written
		}
	}
	return err
}

// withoutStderr runs f with the process's stderr, of which Go's runtime knows only the
// number, led into a pipe, and returns what was written: at most what a pipe holds.
func withoutStderr(f func()) (said []byte, err error) {
	var pipe [2]int
	if err := unix.Pipe2(pipe[:], unix.O_CLOEXEC|unix.O_NONBLOCK); err != nil {
		return nil, fmt.Errorf("make a pipe for stderr: %w", err)
	}
	defer unix.Close(pipe[0])
	kept, err := unix.FcntlInt(2, unix.F_DUPFD_CLOEXEC, 3)
	closed := errors.Is(err, unix.EBADF) // nobody hears the warning
	if err == nil {
		err = unix.Dup3(pipe[1], 2, 0)
	}
	unix.Close(pipe[1])
	if closed {
		f()
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("lead stderr into a pipe: %w", err)
	}
	f()
	err = unix.Dup3(kept, 2, 0)
	unix.Close(kept)
	if err != nil {
		return nil, fmt.Errorf("lead stderr back: %w", err)
	}
	b := make([]byte, 1<<16)
	n, _ := unix.Read(pipe[0], b) // nothing is there if nothing was said
	return b[:max(n, 0)], nil
}
