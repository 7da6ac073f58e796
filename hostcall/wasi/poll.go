package wasi

import (
	"context"
	"encoding/binary"
	"math"
	"time"

	"golang.org/x/sys/unix"

	"github.com/faaslens/faaslens/hostcall"
)

// maxSubscriptions bounds one poll_oneoff.
const maxSubscriptions = 1 << 16

// subscription is one record of poll_oneoff's input: userdata at 0, tag at 8, then
// for a clock its id at 16, timeout at 24, precision at 32 and flags at 40; for a
// descriptor its number at 16.
type subscription []byte

func (b subscription) userdata() uint64 { return binary.LittleEndian.Uint64(b) }
func (b subscription) tag() byte        { return b[8] }
func (b subscription) clock() uint32    { return binary.LittleEndian.Uint32(b[16:]) }
func (b subscription) fd() uint32       { return binary.LittleEndian.Uint32(b[16:]) }
func (b subscription) timeout() uint64  { return binary.LittleEndian.Uint64(b[24:]) }
func (b subscription) flags() uint16    { return binary.LittleEndian.Uint16(b[40:]) }

// event is what has happened to a subscription.
type event struct {
	happened bool
	errno    Errno
	nbytes   uint64
	hangup   bool
}

// put writes 32 bytes: userdata at 0, error at 8, type at 10, the bytes available
// at 16 and flags at 24.
func (e *event) put(b []byte, sub subscription) {
	le := binary.LittleEndian
	le.PutUint64(b, sub.userdata())
	le.PutUint64(b[8:], uint64(e.errno)|uint64(sub.tag())<<16)
	le.PutUint64(b[16:], e.nbytes)
	flags := uint64(0)
	if e.hangup {
		flags = flagHangup
	}
	le.PutUint64(b[24:], flags)
}

// poll is one poll_oneoff: what it looks at and the readings of the clocks when it
// began.
type poll struct {
	s         *System
	in        []byte
	realtime  uint64
	monotonic uint64
	elapsed   time.Duration // waited so far
}

// pollOneoff waits until at least one subscription has its event, and reports all
// that have one by then. A descriptor that is not open is an event with an error,
// as POSIX's poll has it.
func (s *System) pollOneoff(c *hostcall.Call) (Errno, error) {
	in, n := c.Bytes(0), c.U32(2)
	if n == 0 || n > maxSubscriptions {
		return EINVAL, nil
	}
	p := poll{s: s, in: in}
	clocks := false
	for at := 0; at < len(in); at += sizeSubscription {
		sub := subscription(in[at : at+sizeSubscription])
		if sub.tag() > eventWrite || sub.tag() == eventClock && sub.flags()&^flagAbstime != 0 {
			return EINVAL, nil
		}
		clocks = clocks || sub.tag() == eventClock
	}
	if clocks {
		p.realtime, p.monotonic = s.now(), s.monotonic()
	}
	began := time.Now()
	for {
		if events := p.collect(c.Bytes(1)); events > 0 {
			c.PutU32(3, events)
			c.SetFilled(events * sizeEvent)
			return SUCCESS, nil
		}
		waited, err := p.wait(c)
		if err != nil {
			if ending := endsInvocation(c, err); ending != nil {
				return EINTR, ending
			}
			return errnoOf(err), nil
		}
		p.elapsed = max(time.Since(began), p.elapsed+waited)
	}
}

// collect writes the events that have happened.
func (p *poll) collect(out []byte) (n uint32) {
	// The input may lie where the output goes; what a guest then reads is its own
	// doing, and stays inside its memory.
	for at := 0; at < len(p.in); at += sizeSubscription {
		sub := subscription(p.in[at : at+sizeSubscription])
		e := p.look(sub)
		if e.happened {
			e.put(out[n*sizeEvent:], sub)
			n++
		}
	}
	return n
}

func (p *poll) look(sub subscription) event {
	if sub.tag() == eventClock {
		left, e := p.remaining(sub)
		return event{happened: e != SUCCESS || left <= 0, errno: e}
	}
	need := rightFDRead
	if sub.tag() == eventWrite {
		need = rightFDWrite
	}
	d, e := p.s.openFile(sub.fd(), need)
	if e == SUCCESS && d.base&rightPollFDReadwrite == 0 {
		e = ENOTCAPABLE
	}
	if e != SUCCESS {
		return event{happened: true, errno: e}
	}
	switch d.kind {
	case kindStdin:
		n, hangup, ok := p.s.stdin.ready()
		return event{happened: ok, nbytes: n, hangup: hangup}
	case kindOutput:
		return event{happened: true, nbytes: maxGathered}
	}
	return lookFile(d, sub.tag())
}

func lookFile(d *descriptor, tag byte) event {
	if d.filetype == typeRegularFile {
		e := event{happened: true}
		var st unix.Stat_t
		at, err := unix.Seek(d.file, 0, unix.SEEK_CUR)
		if err == nil && tag == eventRead && unix.Fstat(d.file, &st) == nil {
			e.nbytes = uint64(max(st.Size-at, 0))
		}
		return e
	}
	events := int16(unix.POLLIN)
	if tag == eventWrite {
		events = unix.POLLOUT
	}
	r := readyNow(d.file, events)
	if r == 0 {
		return event{}
	}
	return event{happened: true, nbytes: 1, hangup: r&(unix.POLLHUP|unix.POLLERR) != 0}
}

// remaining is how long a clock's subscription has still to wait.
func (p *poll) remaining(sub subscription) (time.Duration, Errno) {
	now := p.realtime
	switch sub.clock() {
	case clockRealtime:
	case clockMonotonic:
		now = p.monotonic
	default:
		return 0, EINVAL
	}
	left := sub.timeout()
	if sub.flags()&flagAbstime != 0 {
		left -= min(left, now)
	}
	return time.Duration(min(left, math.MaxInt64)) - p.elapsed, SUCCESS
}

// wait returns when something may have happened, and at least how long that took;
// or with the context's error.
func (p *poll) wait(c *hostcall.Call) (time.Duration, error) {
	ctx := c.Guest.Context()
	var timeout <-chan time.Time
	earliest := time.Duration(math.MaxInt64)
	var stdin <-chan readResult
	var fds []unix.PollFd
	for at := 0; at < len(p.in); at += sizeSubscription {
		sub := subscription(p.in[at : at+sizeSubscription])
		if sub.tag() == eventClock {
			left, _ := p.remaining(sub)
			earliest = min(earliest, left)
			continue
		}
		d, e := p.s.descriptor(sub.fd())
		switch {
		case e != SUCCESS:
		case d.kind == kindStdin && p.s.stdin.pump != nil:
			stdin = p.s.stdin.pump.result
		case d.kind == kindStdin:
			fds = append(fds, unix.PollFd{Fd: p.s.stdin.hostDescriptor(), Events: unix.POLLIN})
		case sub.tag() == eventRead:
			fds = append(fds, unix.PollFd{Fd: int32(d.file), Events: unix.POLLIN})
		default:
			fds = append(fds, unix.PollFd{Fd: int32(d.file), Events: unix.POLLOUT})
		}
	}
	if earliest < math.MaxInt64 {
		timer := time.NewTimer(earliest)
		defer timer.Stop()
		timeout = timer.C
	}
	ready, stop := watch(ctx, fds)
	defer stop()
	select {
	case <-timeout:
		return earliest, nil
	case r := <-stdin:
		p.s.stdin.pump.take(r)
	case err := <-ready:
		if err != nil {
			return 0, err
		}
	case <-ctx.Done():
		return 0, ctx.Err()
	}
	return 0, nil
}

// watch waits for the host's descriptors in a goroutine, which stop ends and waits
// for. Without descriptors there is none, and the channel never has a word.
func watch(ctx context.Context, fds []unix.PollFd) (ready <-chan error, stop func()) {
	if len(fds) == 0 {
		return nil, func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	word, done := make(chan error, 1), make(chan struct{})
	go func() {
		defer close(done)
		word <- waitReady(ctx, fds)
	}()
	return word, func() {
		cancel()
		<-done
	}
}
