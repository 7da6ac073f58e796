package wasi

import (
	"context"

	"golang.org/x/sys/unix"
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
