package wasi

import (
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sys/unix"

	"github.com/google/go-cmp/cmp"

	"github.com/faaslens/faaslens/guest"
)

func clockSub(user uint64, id uint32, timeout uint64, flags uint16) []byte {
	b := make([]byte, sizeSubscription)
	le := binary.LittleEndian
	le.PutUint64(b, user)
	b[8] = eventClock
	le.PutUint32(b[16:], id)
	le.PutUint64(b[24:], timeout)
	le.PutUint16(b[40:], flags)
	return b
}

func fdSub(user uint64, tag byte, fd uint32) []byte {
	b := make([]byte, sizeSubscription)
	binary.LittleEndian.PutUint64(b, user)
	b[8] = tag
	binary.LittleEndian.PutUint32(b[16:], fd)
	return b
}

type gotEvent struct {
	User   uint64
	Errno  Errno
	Type   byte
	NBytes uint64
	Hangup bool
}

func (r *rig) poll(subs ...[]byte) ([]gotEvent, Errno, error) {
	r.t.Helper()
	for i, s := range subs {
		copy(r.mem[0x8000+i*sizeSubscription:], s)
	}
	e, err := r.try("poll_oneoff", 0x8000, 0x9000, len(subs), out64(0))
	var events []gotEvent
	if e == SUCCESS && err == nil {
		for i := range r.u32(out64(0)) {
			b := r.mem[0x9000+i*sizeEvent:]
			le := binary.LittleEndian
			events = append(events, gotEvent{le.Uint64(b), Errno(le.Uint16(b[8:])), b[10], le.Uint64(b[16:]), b[24] != 0})
		}
	}
	return events, e, err
}

func (r *rig) wantEvents(subs [][]byte, want ...gotEvent) {
	r.t.Helper()
	got, e, err := r.poll(subs...)
	if e != SUCCESS || err != nil {
		r.t.Errorf("poll_oneoff = %v, %v", e, err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		r.t.Errorf("events (-want +got):\n%s", diff)
	}
}

func TestAClockEventComesWhenItsTimeHas(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Config{})
		clock := func(id uint32) uint64 {
			r.want(SUCCESS, "clock_time_get", id, 0, out64(0))
			return r.u64(out64(0))
		}
		for _, id := range []uint32{clockRealtime, clockMonotonic} {
			before := clock(id)
			r.wantEvents([][]byte{clockSub(7, id, 5e9, 0), clockSub(8, id, 6e9, 0)}, gotEvent{User: 7})
			if waited := clock(id) - before; waited != 5e9 {
				t.Errorf("clock %d went on by %d ns", id, waited)
			}
			r.wantEvents([][]byte{clockSub(9, id, clock(id)+1e9, flagAbstime)}, gotEvent{User: 9})
			if waited := clock(id) - before; waited != 6e9 {
				t.Errorf("clock %d went on by %d ns", id, waited)
			}
			r.wantEvents([][]byte{clockSub(1, id, 1, flagAbstime), clockSub(2, id, 0, 0), clockSub(3, id, 1, 0)}, gotEvent{User: 1}, gotEvent{User: 2})
			if waited := clock(id) - before; waited != 6e9 {
				t.Errorf("what has happened was waited for: %d ns", waited)
			}
		}
	})
}

func TestAWaitEndsWithTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Config{})
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		r.ctx = ctx
		start := time.Now()
		_, _, err := r.poll(clockSub(1, clockMonotonic, 1<<64-1, 0))
		if !isLimit(err, guest.LimitDeadline) || time.Since(start) != time.Second {
			t.Errorf("poll_oneoff = %v after %v", err, time.Since(start))
		}
	})
}

func TestReadinessOfDescriptors(t *testing.T) {
	dir := t.TempDir()
	touch(t, dir, "f")
	var stdout bytes.Buffer
	r := newRig(t, Config{Stdin: strings.NewReader("four"), Stdout: &stdout, Preopens: []Preopen{{Guest: "/", Root: openRoot(t, dir)}}})
	rd := r.mustOpen("f", 0, rightFDRead, 0)
	wr := r.mustOpen("f", 0, rightFDWrite, 0)
	r.wantEvents([][]byte{
		fdSub(1, eventRead, 0), fdSub(2, eventWrite, 1), fdSub(3, eventRead, rd), fdSub(4, eventWrite, wr),
		fdSub(5, eventWrite, rd), fdSub(6, eventRead, 99), fdSub(7, eventRead, 3), clockSub(8, clockMonotonic, 1e18, 0),
		clockSub(9, clockProcessCPU, 0, 0),
	},
		gotEvent{1, SUCCESS, eventRead, 4, false}, gotEvent{2, SUCCESS, eventWrite, maxGathered, false},
		gotEvent{3, SUCCESS, eventRead, 7, false}, gotEvent{4, SUCCESS, eventWrite, 0, false},
		gotEvent{5, EBADF, eventWrite, 0, false}, gotEvent{6, EBADF, eventRead, 0, false},
		gotEvent{7, EBADF, eventRead, 0, false}, gotEvent{9, EINVAL, eventClock, 0, false})
	r.read(0, 10)
	r.wantEvents([][]byte{fdSub(1, eventRead, 0)}, gotEvent{1, SUCCESS, eventRead, 0, true})
	for _, bad := range [][][]byte{{}, {fdSub(1, 3, 0)}, {clockSub(1, clockRealtime, 0, 2)}} {
		if _, e, err := r.poll(bad...); e != EINVAL || err != nil {
			t.Errorf("poll_oneoff of %d subscriptions = %v, %v; want EINVAL", len(bad), e, err)
		}
	}
}

// gatedReader gives a word each time the gate lets it.
type gatedReader chan string

func (g gatedReader) Read(p []byte) (int, error) {
	s, ok := <-g
	if !ok {
		return 0, io.EOF
	}
	return copy(p, s), nil
}

func TestStdinIsWaitedForBesideAClock(t *testing.T) {
	t.Run("a stream", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			in := make(gatedReader)
			r := newRig(t, Config{Stdin: in})
			go func() {
				time.Sleep(3 * time.Second)
				in <- "abc"
				close(in)
			}()
			second := clockSub(2, clockMonotonic, 2e9, 0)
			r.wantEvents([][]byte{fdSub(1, eventRead, 0), second}, gotEvent{User: 2})
			r.wantEvents([][]byte{fdSub(1, eventRead, 0), second}, gotEvent{1, SUCCESS, eventRead, 3, false})
			if s, e := r.read(0, 10); s != "abc" || e != SUCCESS {
				t.Errorf("read %q, %v", s, e)
			}
			r.wantEvents([][]byte{fdSub(1, eventRead, 0)}, gotEvent{1, SUCCESS, eventRead, 0, true})
		})
	})
	t.Run("a pipe of the host's", func(t *testing.T) {
		pr, pw, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		defer pr.Close()
		defer pw.Close()
		r := newRig(t, Config{Stdin: pr})
		r.wantEvents([][]byte{fdSub(1, eventRead, 0), clockSub(2, clockMonotonic, 1e6, 0)}, gotEvent{User: 2})
		go pw.WriteString("x")
		r.wantEvents([][]byte{fdSub(1, eventRead, 0), clockSub(2, clockMonotonic, 1e18, 0)}, gotEvent{1, SUCCESS, eventRead, 1, false})
	})
	t.Run("a FIFO in a directory", func(t *testing.T) {
		r, dir := dirRig(t)
		if err := unix.Mkfifo(dir+"/fifo", 0o600); err != nil {
			t.Fatal(err)
		}
		fd := r.mustOpen("fifo", 0, rightFDRead, 0)
		w, err := os.OpenFile(dir+"/fifo", os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer w.Close()
		r.wantEvents([][]byte{fdSub(1, eventRead, fd), clockSub(2, clockMonotonic, 1e6, 0)}, gotEvent{User: 2})
		go w.WriteString("x")
		r.wantEvents([][]byte{fdSub(1, eventRead, fd)}, gotEvent{1, SUCCESS, eventRead, 1, false})
	})
}

func TestAFrozenClockDoesNotHoldUpAWait(t *testing.T) {
	r := newRig(t, Config{Now: func() time.Time { return time.Unix(100, 5) }, Monotonic: func() time.Duration { return 42 }})
	for id, want := range map[uint32]uint64{clockRealtime: 100e9 + 5, clockMonotonic: 42} {
		r.want(SUCCESS, "clock_time_get", id, 0, out64(0))
		if got := r.u64(out64(0)); got != want {
			t.Errorf("clock %d = %d, want %d", id, got, want)
		}
		r.wantEvents([][]byte{clockSub(1, id, 1e6, 0)}, gotEvent{User: 1})
	}
}

func TestClocksThatDoNotExistAreInvalid(t *testing.T) {
	r := newRig(t, Config{})
	for _, id := range []uint32{clockProcessCPU, clockThreadCPU, 4, 1<<32 - 1} {
		r.want(EINVAL, "clock_time_get", id, 0, out64(0))
		r.want(EINVAL, "clock_res_get", id, out64(0))
	}
	for _, id := range []uint32{clockRealtime, clockMonotonic} {
		r.want(SUCCESS, "clock_res_get", id, out64(0))
		if r.u64(out64(0)) == 0 {
			t.Errorf("clock %d has no resolution", id)
		}
	}
}

func TestRandomBytes(t *testing.T) {
	r := newRig(t, Config{})
	r.mem = make([]byte, 8<<20)
	r.want(SUCCESS, "random_get", 0x1000, 0)
	r.want(SUCCESS, "random_get", 0x1000, 5<<20)
	for at := 0x1000; at < 5<<20; at += 1 << 20 {
		if bytes.Equal(r.mem[at:at+16], make([]byte, 16)) {
			t.Errorf("nothing was written at 0x%x", at)
		}
	}
	r = newRig(t, Config{Random: strings.NewReader("seed")})
	r.want(SUCCESS, "random_get", 0x5000, 4)
	if got := string(r.mem[0x5000:0x5004]); got != "seed" {
		t.Errorf("random_get wrote %q", got)
	}
	r.want(EIO, "random_get", 0x5000, 1)

	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	r = newRig(t, Config{})
	r.mem, r.ctx = make([]byte, 8<<20), ctx
	if _, err := r.try("random_get", 0, 4<<20); !isLimit(err, guest.LimitCancelled) {
		t.Errorf("a long random_get while cancelled = %v", err)
	}
}
