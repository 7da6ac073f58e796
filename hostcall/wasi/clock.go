package wasi

import (
	"crypto/rand"
	"io"
	"runtime"
	"time"

	"github.com/faaslens/faaslens/hostcall"
)

// now reads the realtime clock, in nanoseconds since 1970.
func (s *System) now() uint64 {
	t := time.Time{}
	if s.cfg.Now != nil {
		t = s.cfg.Now()
	} else {
		t = time.Now()
	}
	return uint64(max(t.UnixNano(), 0))
}

// monotonic reads the monotonic clock, in nanoseconds.
func (s *System) monotonic() uint64 {
	if s.cfg.Monotonic != nil {
		return uint64(max(s.cfg.Monotonic(), 0))
	}
	if s.epoch.IsZero() {
		s.epoch = time.Now()
	}
	return uint64(time.Since(s.epoch))
}

// clock reads a clock. The two that count processor time are not supported, which
// is EINVAL by the specification of clock_res_get.
func (s *System) clock(id uint32) (uint64, Errno) {
	switch id {
	case clockRealtime:
		return s.now(), SUCCESS
	case clockMonotonic:
		return s.monotonic(), SUCCESS
	}
	return 0, EINVAL
}

func (s *System) clockTimeGet(c *hostcall.Call) Errno {
	t, e := s.clock(c.U32(0))
	if e == SUCCESS {
		c.PutU64(2, t)
	}
	return e
}

func (s *System) clockResGet(c *hostcall.Call) Errno {
	switch c.U32(0) {
	case clockRealtime, clockMonotonic:
		c.PutU64(1, 1)
		return SUCCESS
	}
	return EINVAL
}

// randomChunk is how much is filled between two looks at the context.
const randomChunk = 1 << 20

func (s *System) randomGet(c *hostcall.Call) (Errno, error) {
	r := s.cfg.Random
	if r == nil {
		r = rand.Reader
	}
	b := c.Bytes(0)
	for {
		n := min(len(b), randomChunk)
		if _, err := io.ReadFull(r, b[:n]); err != nil {
			return EIO, nil
		}
		b = b[n:]
		if len(b) == 0 {
			c.SetFilled(c.Len(0))
			return SUCCESS, nil
		}
		if ctx := c.Guest.Context(); ctx.Err() != nil {
			return EINTR, ended(ctx)
		}
	}
}

func (s *System) schedYield(*hostcall.Call) Errno {
	runtime.Gosched()
	return SUCCESS
}

// procRaise has no signals to raise.
func (s *System) procRaise(*hostcall.Call) Errno { return ENOTSUP }
