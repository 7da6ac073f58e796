package wasi

import (
	"context"
	"os"

	"golang.org/x/sys/unix"

	"github.com/faaslens/faaslens/hostcall"
)

// waitReady waits until one of the host's descriptors is ready, and notes in their
// Revents how. It returns the context's error if that ends first, with nothing
// taken from any descriptor.
//
// A context that can end costs an eventfd for the wait, which the context's end
// makes readable.
func waitReady(ctx context.Context, fds []unix.PollFd) error {
	wake := -1
	if ctx.Done() != nil {
		var err error
		if wake, err = unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK); err != nil {
			return err
		}
		written := make(chan struct{})
		stop := context.AfterFunc(ctx, func() {
			defer close(written)
			one := [8]byte{1}
			// Cannot fail: the counter is at zero.
			_, _ = unix.Write(wake, one[:])
		})
		defer func() {
			if !stop() {
				<-written
			}
			unix.Close(wake)
		}()
	}
	all := append(fds[:len(fds):len(fds)], unix.PollFd{Fd: int32(wake), Events: unix.POLLIN})
	for {
		n, err := unix.Poll(all, -1)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return err
		}
		copy(fds, all)
		if all[len(fds)].Revents != 0 {
			if n == 1 {
				return ctx.Err()
			}
		}
		return nil
	}
}

// readyNow reports how one of the host's descriptors is ready, without waiting.
func readyNow(fd int, events int16) int16 {
	fds := [1]unix.PollFd{{Fd: int32(fd), Events: events}}
	for {
		n, err := unix.Poll(fds[:], 0)
		if err == unix.EINTR {
			continue
		}
		if err != nil || n == 0 {
			return 0
		}
		return fds[0].Revents
	}
}

// WriteFile writes to a file of the host's. Where it is no regular file, it waits for
// room as long as the invocation goes on.
//
// A pipe that is ready takes pipeRoom bytes at once (pipe(7)); a terminal may take
// less, and then a write waits regardless.
func WriteFile(r hostcall.Running, f *os.File, p []byte) (n int, err error) {
	conn, err := f.SyscallConn()
	if err != nil {
		return 0, err
	}
	for n < len(p) {
		room := len(p) - n
		var waited error
		err := conn.Control(func(fd uintptr) {
			var st unix.Stat_t
			if unix.Fstat(int(fd), &st) == nil && st.Mode&unix.S_IFMT == unix.S_IFREG {
				return
			}
			room = min(room, pipeRoom)
			if readyNow(int(fd), unix.POLLOUT) == 0 {
				waited = waitReady(r.Context(), []unix.PollFd{{Fd: int32(fd), Events: unix.POLLOUT}})
			}
		})
		if err != nil {
			return n, err
		}
		if waited != nil {
			return n, waited
		}
		k, err := f.Write(p[n : n+room])
		n += max(k, 0)
		if err != nil {
			return n, err
		}
	}
	return n, nil
}

const pipeRoom = 4096
