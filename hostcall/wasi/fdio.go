package wasi

import (
	"context"
	"errors"
	"io"

	"golang.org/x/sys/unix"

	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/hostcall"
)

// maxTransfer bounds the bytes of one read or write, so that a deadline is not held
// up by the size of a file. What is left over is for the guest's next call, as POSIX
// allows.
const maxTransfer = 1 << 30

// limitVec cuts buffers to maxTransfer bytes and returns their total.
func limitVec(vecs [][]byte) ([][]byte, int) {
	total := 0
	for i, v := range vecs {
		if len(v) >= maxTransfer-total {
			vecs[i] = v[:maxTransfer-total]
			return vecs[:i+1], maxTransfer
		}
		total += len(v)
	}
	return vecs, total
}

func (s *System) fdRead(c *hostcall.Call) (Errno, error) {
	d, e := s.openFile(c.U32(0), rightFDRead)
	if e != SUCCESS {
		return e, nil
	}
	vecs, ok := c.Vec(1)
	if !ok {
		return EINVAL, nil
	}
	vecs, total := limitVec(vecs)
	if total == 0 {
		c.PutU32(2, 0)
		return SUCCESS, nil
	}
	var n int
	var err error
	if d.kind == kindStdin {
		n, err = s.readStdin(c, vecs, d.flags&fdNonblock != 0)
	} else {
		if d.flags&(fdRsync|fdSync) != 0 {
			_ = unix.Fdatasync(d.file) // what was written is on disk before it is read
		}
		n, err = transfer(c, d, unix.POLLIN, vecs, -1, readFile)
	}
	return finish(c, 2, n, err, true)
}

// finish gives the guest the bytes transferred or the error, and ends the
// invocation where that is what happened. Out parameter i takes the number.
func finish(c *hostcall.Call, i, n int, err error, fills bool) (Errno, error) {
	if n <= 0 && err != nil {
		if ending := endsInvocation(c, err); ending != nil {
			return EINTR, ending
		}
		return errnoOf(err), nil
	}
	if err != nil && isLimitError(err) {
		return EINTR, err
	}
	c.PutU32(i, uint32(n))
	if fills {
		c.SetFilled(uint32(n))
	}
	return SUCCESS, nil
}

// endsInvocation is the error with which the invocation ends, if err means that.
func endsInvocation(c *hostcall.Call, err error) error {
	if isLimitError(err) {
		return err
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		if ctx := c.Guest.Context(); ctx.Err() != nil {
			return ended(ctx)
		}
	}
	return nil
}

func isLimitError(err error) bool {
	var limit *guest.Limit
	return errors.As(err, &limit)
}

// readStdin waits for input and then takes what is there, buffer by buffer.
func (s *System) readStdin(c *hostcall.Call, vecs [][]byte, nonblocking bool) (int, error) {
	ctx := context.Background()
	if s.stdin.memory == nil && c.Guest != nil {
		ctx = c.Guest.Context()
	}
	total := 0
	for _, v := range vecs {
		if len(v) == 0 {
			continue
		}
		n, err := s.stdin.read(ctx, v, nonblocking || total > 0)
		total += max(n, 0)
		if err == io.EOF {
			return total, nil
		}
		if err != nil && total == 0 {
			return 0, err
		}
		if err != nil || n < len(v) {
			return total, nil // an error will be said again
		}
	}
	return total, nil
}

// transfer reads or writes a host's file, and waits where it would block.
func transfer(c *hostcall.Call, d *descriptor, events int16, vecs [][]byte, at int64, do func(int, [][]byte, int64) (int, error)) (int, error) {
	for {
		n, err := do(d.file, vecs, at)
		switch {
		case err == unix.EINTR:
			continue
		case err == unix.EAGAIN && d.flags&fdNonblock == 0:
			fds := [1]unix.PollFd{{Fd: int32(d.file), Events: events}}
			if err := waitReady(c.Guest.Context(), fds[:]); err != nil {
				return 0, err
			}
		default:
			return n, err
		}
	}
}

// readFile reads into the buffers, at the file's position if at is negative.
func readFile(fd int, vecs [][]byte, at int64) (int, error) {
	switch {
	case len(vecs) == 1 && at < 0:
		return unix.Read(fd, vecs[0])
	case len(vecs) == 1:
		return unix.Pread(fd, vecs[0], at)
	case at < 0:
		return unix.Readv(fd, vecs)
	}
	return unix.Preadv(fd, vecs, at)
}

func writeFile(fd int, vecs [][]byte, at int64) (int, error) {
	switch {
	case len(vecs) == 1 && at < 0:
		return unix.Write(fd, vecs[0])
	case len(vecs) == 1:
		return unix.Pwrite(fd, vecs[0], at)
	case at < 0:
		return unix.Writev(fd, vecs)
	}
	return unix.Pwritev(fd, vecs, at)
}

func (s *System) fdPread(c *hostcall.Call) (Errno, error) {
	d, e := s.openFile(c.U32(0), rightFDRead)
	if e != SUCCESS {
		return e, nil
	}
	vecs, ok := c.Vec(1)
	if !ok || c.I64(2) < 0 {
		return EINVAL, nil
	}
	if d.kind != kindFile {
		return ESPIPE, nil
	}
	vecs, total := limitVec(vecs)
	if total == 0 {
		c.PutU32(3, 0)
		return SUCCESS, nil
	}
	n, err := transfer(c, d, unix.POLLIN, vecs, c.I64(2), readFile)
	return finish(c, 3, n, err, true)
}

func (s *System) fdWrite(c *hostcall.Call) (Errno, error) {
	d, e := s.openFile(c.U32(0), rightFDWrite)
	if e != SUCCESS {
		return e, nil
	}
	vecs, ok := c.Vec(1)
	if !ok {
		return EINVAL, nil
	}
	vecs, total := limitVec(vecs)
	if total == 0 {
		c.PutU32(2, 0)
		return SUCCESS, nil
	}
	var n int
	var err error
	if d.kind == kindOutput {
		n, err = s.writeOutput(c, d.w, vecs, total)
	} else {
		d.changes()
		n, err = transfer(c, d, unix.POLLOUT, vecs, -1, writeFile)
		if err == nil {
			err = syncWritten(d)
		}
	}
	return finish(c, 2, n, err, false)
}

// maxGathered is up to where several buffers become one write to an output, so that
// a line comes out whole.
const maxGathered = 64 << 10

// writeOutput writes the guest's buffers to an output of the invocation's.
func (s *System) writeOutput(c *hostcall.Call, w io.Writer, vecs [][]byte, total int) (int, error) {
	if w == nil {
		return total, nil
	}
	if len(vecs) > 1 && total <= maxGathered {
		s.gather = s.gather[:0]
		for _, v := range vecs {
			s.gather = append(s.gather, v...)
		}
		return clampWrite(c, w, s.gather)
	}
	written := 0
	for _, v := range vecs {
		for len(v) > 0 {
			n, err := clampWrite(c, w, v[:min(len(v), 1<<20)])
			written += n
			v = v[n:]
			if err != nil {
				return written, err
			}
			if c.Guest != nil && written >= 1<<20 && c.Guest.Context().Err() != nil {
				return 0, c.Guest.Context().Err()
			}
		}
	}
	return written, nil
}

// clampWrite writes to an output, whose number it does not trust.
func clampWrite(c *hostcall.Call, w io.Writer, b []byte) (int, error) {
	n, err := c.Write(w, b)
	n = min(max(n, 0), len(b))
	if n < len(b) && err == nil {
		err = io.ErrShortWrite
	}
	return n, err
}

// syncWritten does what the flags for synchronised writing ask for.
func syncWritten(d *descriptor) error {
	switch {
	case d.flags&(fdSync|fdRsync) != 0:
		return unix.Fsync(d.file)
	case d.flags&fdDsync != 0:
		return unix.Fdatasync(d.file)
	}
	return nil
}

// fdPwrite writes at the offset even where the descriptor appends, which Linux's
// pwrite does not: the test suite asks for it.
func (s *System) fdPwrite(c *hostcall.Call) (Errno, error) {
	d, e := s.openFile(c.U32(0), rightFDWrite)
	if e != SUCCESS {
		return e, nil
	}
	vecs, ok := c.Vec(1)
	if !ok || c.I64(2) < 0 {
		return EINVAL, nil
	}
	if d.kind != kindFile {
		return ESPIPE, nil
	}
	vecs, total := limitVec(vecs)
	if total == 0 {
		c.PutU32(3, 0)
		return SUCCESS, nil
	}
	if d.flags&fdAppend != 0 {
		if err := setHostFlags(d.file, d.flags&^fdAppend); err != nil {
			return errnoOf(err), nil
		}
		defer setHostFlags(d.file, d.flags)
	}
	d.changes()
	n, err := transfer(c, d, unix.POLLOUT, vecs, c.I64(2), writeFile)
	if err == nil {
		err = syncWritten(d)
	}
	return finish(c, 3, n, err, false)
}

// setHostFlags makes the host's descriptor append or not. It stays non-blocking; the
// other flags are carried out here.
func setHostFlags(fd int, flags uint16) error {
	host := unix.O_NONBLOCK
	if flags&fdAppend != 0 {
		host |= unix.O_APPEND
	}
	_, err := unix.FcntlInt(uintptr(fd), unix.F_SETFL, host)
	return err
}
