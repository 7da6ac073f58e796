package wasi

import (
	"context"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// stdin is where descriptor 0 reads from: one of a reader in memory, a file of the
// host's, or a stream read by a goroutine. All nil is empty.
type stdin struct {
	memory inMemory
	file   *os.File
	pump   *pump
	stream io.Reader // becomes pump with the first read
}

// inMemory is a reader that does not block.
type inMemory interface {
	io.Reader
	Len() int
}

func (in *stdin) reset(r io.Reader) {
	*in = stdin{}
	switch r := r.(type) {
	case nil:
	case inMemory:
		in.memory = r
	case *os.File:
		in.file = r
	default:
		in.stream = r
	}
}

func (in *stdin) startPump() *pump {
	if in.pump == nil {
		in.pump = &pump{r: in.stream, result: make(chan readResult, 1)}
	}
	return in.pump
}

// read fills p, waiting for the first byte unless nonblocking is set. It returns
// io.EOF at the end, EAGAIN as a unix.Errno, or what ended the wait.
func (in *stdin) read(ctx context.Context, p []byte, nonblocking bool) (int, error) {
	switch {
	case in.memory != nil:
		return in.memory.Read(p)
	case in.file != nil:
		if err := in.waitFile(ctx, nonblocking); err != nil {
			return 0, err
		}
		return in.file.Read(p)
	case in.stream != nil:
		return in.startPump().read(ctx, p, nonblocking)
	}
	return 0, io.EOF
}

func (in *stdin) waitFile(ctx context.Context, nonblocking bool) error {
	conn, err := in.file.SyscallConn()
	if err != nil {
		return err
	}
	var waited error
	err = conn.Control(func(fd uintptr) {
		if nonblocking {
			if readyNow(int(fd), unix.POLLIN) == 0 {
				waited = unix.EAGAIN
			}
			return
		}
		waited = waitReady(ctx, []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}})
	})
	if err != nil {
		return err
	}
	return waited
}

// hostDescriptor is the file's, for poll(2) alone; -1, which that ignores, if it is
// closed. It leaves the file in the runtime's poller.
func (in *stdin) hostDescriptor() int32 {
	conn, err := in.file.SyscallConn()
	if err != nil {
		return -1
	}
	host := int32(-1)
	_ = conn.Control(func(fd uintptr) { host = int32(fd) })
	return host
}

// ready reports whether a read would return at once, and about how many bytes.
func (in *stdin) ready() (n uint64, hangup, ok bool) {
	switch {
	case in.memory != nil:
		n = uint64(in.memory.Len())
		return n, n == 0, true
	case in.file != nil:
		if in.waitFile(context.Background(), true) != nil {
			return 0, false, false
		}
		return 1, false, true
	case in.stream != nil:
		return in.startPump().ready()
	}
	return 0, true, true
}

// pump reads a stream that may block, by one goroutine at a time that lives for one
// Read. The goroutine owns buf from its start until result has its word; when the
// invocation is over first, it ends with that Read and its word is dropped.
type pump struct {
	r       io.Reader
	buf     []byte
	unread  []byte // of buf
	err     error  // once, behind unread
	reading bool
	result  chan readResult // room for one
}

type readResult struct {
	n   int
	err error
}

// pumpBuffer is how much is read ahead at most.
const pumpBuffer = 32 << 10

func (p *pump) start() {
	if p.reading {
		return
	}
	if p.buf == nil {
		p.buf = make([]byte, pumpBuffer)
	}
	p.reading = true
	go func(r io.Reader, buf []byte, result chan<- readResult) {
		n, err := r.Read(buf)
		result <- readResult{n, err}
	}(p.r, p.buf, p.result)
}

// take notes what the goroutine read.
func (p *pump) take(r readResult) {
	p.reading = false
	p.unread, p.err = p.buf[:max(r.n, 0)], r.err
}

func (p *pump) settled() bool { return len(p.unread) > 0 || p.err != nil }

func (p *pump) read(ctx context.Context, b []byte, nonblocking bool) (int, error) {
	for !p.settled() {
		p.start()
		if nonblocking {
			select {
			case r := <-p.result:
				p.take(r)
				continue
			default:
				return 0, unix.EAGAIN
			}
		}
		select {
		case r := <-p.result:
			p.take(r)
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}
	if len(p.unread) == 0 {
		return 0, p.err
	}
	n := copy(b, p.unread)
	p.unread = p.unread[n:]
	return n, nil
}

// ready starts a read if nothing is there, and looks whether it is done.
func (p *pump) ready() (n uint64, hangup, ok bool) {
	if !p.settled() {
		p.start()
		select {
		case r := <-p.result:
			p.take(r)
		default:
		}
	}
	if !p.settled() {
		return 0, false, false
	}
	return uint64(len(p.unread)), len(p.unread) == 0, true
}
