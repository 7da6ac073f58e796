package wasi

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/faaslens/faaslens/guest"
)

func TestArgumentsAndEnvironmentArriveAsCStrings(t *testing.T) {
	r := newRig(t, Config{Args: []string{"prog", "", "äö"}, Env: []string{"A=1", "B="}})
	for _, c := range []struct{ name, want string }{
		{"args", "prog\x00\x00äö\x00"},
		{"environ", "A=1\x00B=\x00"},
	} {
		r.want(SUCCESS, c.name+"_sizes_get", out64(0), out64(1))
		count, size := r.u32(out64(0)), r.u32(out64(1))
		if int(count) != strings.Count(c.want, "\x00") || int(size) != len(c.want) {
			t.Errorf("%s_sizes_get: %d strings in %d bytes, want %d in %d", c.name, count, size, strings.Count(c.want, "\x00"), len(c.want))
		}
		r.want(SUCCESS, c.name+"_get", 0x5000, 0x6000)
		if got := string(r.mem[0x6000 : 0x6000+len(c.want)]); got != c.want {
			t.Errorf("%s_get wrote %q, want %q", c.name, got, c.want)
		}
		at := uint32(0x6000)
		for i := range count {
			if p := r.u32(0x5000 + 4*i); p != at {
				t.Errorf("%s_get: pointer %d is 0x%x, want 0x%x", c.name, i, p, at)
			}
			at += uint32(bytes.IndexByte(r.mem[at:], 0)) + 1
		}
		r.want(EFAULT, c.name+"_get", memSize-4, 0x6000)
		r.want(EFAULT, c.name+"_get", 0x5000, memSize-4)
	}
}

func TestStandardStreamsAreCharacterDevicesWithoutAPosition(t *testing.T) {
	r := newRig(t, Config{})
	for fd, may := range []rights{rightFDRead, rightFDWrite, rightFDWrite} {
		r.want(SUCCESS, "fd_fdstat_get", fd, out64(0))
		if got := filetype(r.mem[out64(0)]); got != typeCharacterDevice {
			t.Errorf("descriptor %d has type %d, want a character device", fd, got)
		}
		base := rights(r.u64(out64(0) + 8))
		if base&(rightFDSeek|rightFDTell) != 0 || base&may == 0 {
			t.Errorf("descriptor %d has rights %#x", fd, base)
		}
		r.want(SUCCESS, "fd_filestat_get", fd, out64(0))
		if got := r.filestatAt(out64(0)); got.filetype != typeCharacterDevice {
			t.Errorf("descriptor %d: filestat says type %d", fd, got.filetype)
		}
		r.want(ESPIPE, "fd_seek", fd, 0, whenceCur, out64(0))
		r.want(ESPIPE, "fd_seek", fd, 1, whenceSet, out64(0))
		r.want(ESPIPE, "fd_tell", fd, out64(0))
		r.want(EINVAL, "fd_sync", fd)
		r.want(EINVAL, "fd_filestat_set_size", fd, 0)
		r.want(ESPIPE, "fd_advise", fd, 0, 0, 0)
		r.want(ESPIPE, "fd_allocate", fd, 0, 1)
		r.want(EBADF, "fd_prestat_get", fd, out64(0))
		r.want(ENOTDIR, "fd_readdir", fd, 0x5000, 100, 0, out64(0))
		r.want(ENOTDIR, "path_open", fd, 0, "x", 0, 0, 0, 0, out64(0))
	}
	if e := r.pio("fd_pread", 0, 1, 0); e != ESPIPE {
		t.Errorf("fd_pread of stdin = %v, want ESPIPE", e)
	}
	if e := r.pio("fd_pwrite", 1, 1, 0); e != ESPIPE {
		t.Errorf("fd_pwrite of stdout = %v, want ESPIPE", e)
	}
	if _, e := r.read(1, 1); e != EBADF {
		t.Errorf("fd_read of stdout = %v, want EBADF", e)
	}
	if _, e := r.write(0, "x"); e != EBADF {
		t.Errorf("fd_write of stdin = %v, want EBADF", e)
	}
}

func TestSeveralBuffersBecomeOneWrite(t *testing.T) {
	w := &countingWriter{}
	r := newRig(t, Config{Stdout: w})
	copy(r.mem[ioAt:], "hello, world")
	r.at = 0x3000
	at := r.vec(ioAt, 7)
	r.vec(ioAt+7, 0)
	r.vec(ioAt+7, 5)
	// vec aligns to 16 bytes; the list must be dense.
	copy(r.mem[at+8:], r.mem[at+16:at+24])
	copy(r.mem[at+16:], r.mem[at+32:at+40])
	r.want(SUCCESS, "fd_write", 1, at, 3, out64(0))
	if got := r.u32(out64(0)); got != 12 || w.String() != "hello, world" || w.writes != 1 {
		t.Errorf("wrote %d bytes, %q, in %d writes", got, w.String(), w.writes)
	}
}

type countingWriter struct {
	bytes.Buffer
	writes int
}

func (w *countingWriter) Write(b []byte) (int, error) { w.writes++; return w.Buffer.Write(b) }

type failingWriter struct {
	n   int
	err error
}

func (w failingWriter) Write(b []byte) (int, error) { return min(w.n, len(b)), w.err }

func TestWriteErrorsBecomeErrnosAndLimitsEndTheInvocation(t *testing.T) {
	limit := &guest.Limit{Kind: guest.LimitOutput, Allowed: 10, Used: 11}
	for _, c := range []struct {
		name   string
		w      failingWriter
		n      int
		errno  Errno
		ending error
	}{
		{"a broken pipe", failingWriter{0, syscall.EPIPE}, 0, EPIPE, nil},
		{"a broken pipe of Go's", failingWriter{0, io.ErrClosedPipe}, 0, EPIPE, nil},
		{"a full disk", failingWriter{0, &os.PathError{Op: "write", Err: syscall.ENOSPC}}, 0, ENOSPC, nil},
		{"an error without a number", failingWriter{0, errors.New("no")}, 0, EIO, nil},
		{"a part before the error", failingWriter{2, syscall.ENOSPC}, 2, SUCCESS, nil},
		{"a writer that lies about its length", failingWriter{-5, nil}, 0, ENOSPC, nil},
		{"a limit", failingWriter{0, limit}, 0, EINTR, limit},
		{"a limit after a part", failingWriter{3, limit}, 0, EINTR, limit},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t, Config{Stdout: c.w})
			r.at = 0x3000
			vec := r.vec(ioAt, 5)
			e, err := r.try("fd_write", 1, vec, 1, out64(0))
			if e != c.errno || err != c.ending {
				t.Fatalf("fd_write = %v, %v; want %v, %v", e, err, c.errno, c.ending)
			}
			if e == SUCCESS && int(r.u32(out64(0))) != c.n {
				t.Errorf("wrote %d bytes, want %d", r.u32(out64(0)), c.n)
			}
		})
	}
}

func TestExitCarriesTheCode(t *testing.T) {
	r := newRig(t, Config{})
	_, err := r.try("proc_exit", 42)
	var exit *guest.Exit
	if !errors.As(err, &exit) || exit.Code != 42 {
		t.Errorf("proc_exit(42) = %v", err)
	}
	r.want(ENOTSUP, "proc_raise", 15)
	r.want(SUCCESS, "sched_yield")
}

func TestStdinIsReadWhateverKindItIs(t *testing.T) {
	pr, pw, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer pr.Close()
	pw.WriteString("input")
	pw.Close()
	file := t.TempDir() + "/f"
	if err := os.WriteFile(file, []byte("input"), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, c := range []struct {
		name string
		in   io.Reader
		want string
	}{
		{"nothing", nil, ""},
		{"memory", strings.NewReader("input"), "input"},
		{"a pipe of the host's", pr, "input"},
		{"a file of the host's", f, "input"},
		{"a stream", io.MultiReader(strings.NewReader("in"), strings.NewReader("put")), "input"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t, Config{Stdin: c.in})
			got := ""
			for {
				s, e := r.read(0, 3)
				if e != SUCCESS {
					t.Fatalf("fd_read = %v", e)
				}
				if s == "" {
					break
				}
				got += s
			}
			if got != c.want {
				t.Errorf("read %q, want %q", got, c.want)
			}
			if s, e := r.read(0, 3); s != "" || e != SUCCESS {
				t.Errorf("after the end: %q, %v", s, e)
			}
		})
	}
}

// blockingReader has its Read wait until it is released, and says that it waits.
type blockingReader struct{ entered, release chan struct{} }

func (b blockingReader) Read(p []byte) (int, error) {
	close(b.entered)
	<-b.release
	return 0, io.EOF
}

func TestAReadThatWaitsEndsWithTheContext(t *testing.T) {
	pr, pw, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer pr.Close()
	defer pw.Close()

	t.Run("of a stream", func(t *testing.T) {
		in := blockingReader{make(chan struct{}), make(chan struct{})}
		defer close(in.release)
		r := newRig(t, Config{Stdin: in})
		ctx, cancel := context.WithCancel(context.Background())
		r.ctx = ctx
		go func() { <-in.entered; cancel() }()
		_, err := r.try("fd_read", 0, r.vec(ioAt, 5), 1, out64(0))
		if !isLimit(err, guest.LimitCancelled) {
			t.Errorf("fd_read = %v, want a cancelled invocation", err)
		}
	})
	t.Run("of a pipe, which loses nothing", func(t *testing.T) {
		r := newRig(t, Config{Stdin: pr})
		ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
		defer cancel()
		r.ctx = ctx
		r.at = 0x3000
		vec := r.vec(ioAt, 5)
		_, err := r.try("fd_read", 0, vec, 1, out64(0))
		if !isLimit(err, guest.LimitDeadline) {
			t.Fatalf("fd_read = %v, want a deadline", err)
		}
		pw.WriteString("later")
		r.ctx = context.Background()
		if s, e := r.read(0, 10); s != "later" || e != SUCCESS {
			t.Errorf("the next read gives %q, %v", s, e)
		}
	})
	t.Run("with the limit that is its cause", func(t *testing.T) {
		in := blockingReader{make(chan struct{}), make(chan struct{})}
		defer close(in.release)
		r := newRig(t, Config{Stdin: in})
		want := &guest.Limit{Kind: guest.LimitDeadline, Allowed: 5, Used: 6}
		ctx, cancel := context.WithCancelCause(context.Background())
		r.ctx = ctx
		go func() { <-in.entered; cancel(want) }()
		if _, err := r.try("fd_read", 0, r.vec(ioAt, 5), 1, out64(0)); err != error(want) {
			t.Errorf("fd_read = %v, want %v", err, want)
		}
	})
}

func TestNonblockingStdinSaysAgain(t *testing.T) {
	pr, pw, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer pr.Close()
	defer pw.Close()
	in := blockingReader{make(chan struct{}), make(chan struct{})}
	defer close(in.release)
	for name, reader := range map[string]io.Reader{"a pipe": pr, "a stream": in} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, Config{Stdin: reader})
			r.want(SUCCESS, "fd_fdstat_set_flags", 0, fdNonblock)
			if _, e := r.read(0, 1); e != EAGAIN {
				t.Errorf("fd_read = %v, want EAGAIN", e)
			}
		})
	}
}

func TestStreamsMayBeClosedAndRenumbered(t *testing.T) {
	var stdout, stderr bytes.Buffer
	r := newRig(t, Config{Stdout: &stdout, Stderr: &stderr})
	r.want(SUCCESS, "fd_renumber", 2, 1)
	r.want(EBADF, "fd_fdstat_get", 2, out64(0))
	r.write(1, "to stderr")
	if stdout.Len() != 0 || stderr.String() != "to stderr" {
		t.Errorf("stdout %q, stderr %q", &stdout, &stderr)
	}
	r.want(SUCCESS, "fd_close", 1)
	r.want(EBADF, "fd_close", 1)
	if _, e := r.write(1, "x"); e != EBADF {
		t.Errorf("write to a closed descriptor = %v", e)
	}
	for _, fd := range []uint32{3, 4, 1 << 31, 1<<32 - 1} {
		r.want(EBADF, "fd_close", fd)
		r.want(EBADF, "fd_renumber", 0, fd)
		r.want(EBADF, "sock_shutdown", fd, 0)
		r.want(EBADF, "sock_accept", fd, 0, out64(0))
	}
	r.want(ENOTSUP, "sock_accept", 0, 0, out64(0))
	r.want(ENOTSUP, "sock_recv", 0, 0x5000, 0, 0, out64(0), out64(1))
	r.want(ENOTSUP, "sock_send", 0, 0x5000, 0, 0, out64(0))
	r.want(ENOTSOCK, "sock_shutdown", 0, 0)
}

func TestTooManyBuffersAreInvalid(t *testing.T) {
	r := newRig(t, Config{})
	r.want(EINVAL, "fd_write", 1, 0x5000, 1025, out64(0))
	r.want(SUCCESS, "fd_write", 1, 0x5000, 1024, out64(0))
	r.want(EINVAL, "fd_read", 0, 0x5000, 1<<31, out64(0))
}

func TestAPointerOutsideMemoryIsAFault(t *testing.T) {
	r, _ := dirRig(t)
	r.at = 0x3000
	past := r.vec(memSize-2, 4)
	r.want(EFAULT, "fd_write", 1, past, 1, out64(0))
	r.want(EFAULT, "fd_write", 1, memSize-4, 1, out64(0))
	r.want(EFAULT, "fd_write", 1, past, 0, memSize-3)
	r.want(EFAULT, "fd_fdstat_get", 1, uint32(1<<32-1))
	r.want(EFAULT, "path_open", 3, 0, memSize-1, 2, 0, 0, 0, 0, out64(0))
	r.want(EFAULT, "random_get", 16, uint32(1<<32-1))
	r.want(EFAULT, "poll_oneoff", 0, 0x5000, 1<<28, out64(0))
}
