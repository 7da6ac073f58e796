package bus

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// InUse is that the directory of a server inside is another's, which would not know of what
// is stored here, nor this one of what is stored there.
type InUse struct {
	Dir string
	PID int // of the process that has it; 0 if that is not known
}

func (e *InUse) Error() string {
	by := "another process"
	if e.PID != 0 {
		by = fmt.Sprintf("process %d", e.PID)
	}
	return fmt.Sprintf("start NATS: %s is used by %s", e.Dir, by)
}

// hold makes a directory this process's own until the file is closed, or the process ends.
// The error is an *InUse where it is another's.
func hold(dir string) (held *os.File, err error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("start NATS: %w", err)
	}
	f, err := os.OpenFile(filepath.Join(dir, "in-use"), os.O_RDWR|os.O_CREATE|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0o644)
	if err != nil {
		return nil, fmt.Errorf("start NATS: %w", err)
	}
	defer func() {
		if err != nil {
			f.Close()
		}
	}()
	switch err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); {
	case errors.Is(err, unix.EWOULDBLOCK):
		const longest = 20                             // digits and more
		b, _ := io.ReadAll(io.LimitReader(f, longest)) // it tells whose it is, no more
		pid, _ := strconv.Atoi(strings.TrimSpace(string(b)))
		return nil, &InUse{Dir: dir, PID: max(pid, 0)}
	case err != nil:
		return nil, fmt.Errorf("start NATS: lock %s: %w", f.Name(), err)
	}
	err = f.Truncate(0)
	if err == nil {
		_, err = fmt.Fprintln(f, os.Getpid())
	}
	if err != nil {
		return nil, fmt.Errorf("start NATS: %w", err)
	}
	return f, nil
}
