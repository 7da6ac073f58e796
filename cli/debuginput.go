package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"

	"golang.org/x/sys/unix"
)

// divertInput keeps a stdin that is no terminal for the function, and has the debugger
// read the terminal instead, or nothing where there is none or none is wanted. The path
// is what the function is to open for its input, as long as this process and what it
// becomes live; it is empty if nothing changed.
func (s *session) divertInput(batch bool) (path string, err error) {
	in, ok := s.stdin.(*os.File)
	if !ok || isTerminal(in) {
		return "", nil
	}
	fd, err := keepInput(in)
	if err != nil {
		return "", fmt.Errorf("keep stdin for the function: %w", err)
	}
	commands, err := os.OpenFile("/dev/tty", os.O_RDWR, 0)
	if batch || err != nil {
		if commands, err = os.Open(os.DevNull); err != nil {
			return "", err
		}
	}
	if err := unix.Dup3(int(commands.Fd()), int(in.Fd()), 0); err != nil {
		return "", fmt.Errorf("give the debugger %s for its stdin: %w", commands.Name(), err)
	}
	return fmt.Sprintf("/proc/%d/fd/%d", os.Getpid(), fd), nil
}

// keepInput returns a file descriptor that stays open in the program that this one
// becomes, and can be opened by its path in /proc. That starts a file anew, so that every
// run of the function reads all of it. Whatever would be lost by that goes through a pipe:
// the place in a file that is partly read, a file that others opened for this process,
// named pipes and sockets.
func keepInput(in *os.File) (fd int, err error) {
	if !opensAlike(in) {
		if in, err = piped(in); err != nil {
			return 0, err
		}
	}
	return unix.FcntlInt(in.Fd(), unix.F_DUPFD, 3)
}

// opensAlike reports whether to open what a file is gives the same input as to read on.
func opensAlike(in *os.File) bool {
	info, err := in.Stat()
	if err != nil {
		return false
	}
	if info.Mode().IsRegular() {
		if at, err := in.Seek(0, io.SeekCurrent); err != nil || at != 0 {
			return false
		}
	} else if info.Mode()&os.ModeCharDevice == 0 {
		return false
	}
	again, err := os.Open(fmt.Sprintf("/proc/self/fd/%d", in.Fd()))
	return err == nil && again.Close() == nil
}

// piped returns a pipe that a process of its own fills with what is left of a file. It
// ends with that, or when nobody has the pipe any longer.
func piped(in *os.File) (*os.File, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	cat := exec.Command("cat")
	cat.Stdin, cat.Stdout = in, w
	// The interrupts that are typed are for the debugger.
	cat.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := errors.Join(cat.Start(), w.Close()); err != nil {
		return nil, errors.Join(err, r.Close())
	}
	return r, nil
}
