package wasi

import (
	"context"
	"os"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/faaslens/faaslens/guest"
)

func TestAFIFONeverHoldsTheGuestUp(t *testing.T) {
	r, dir := dirRig(t)
	if err := unix.Mkfifo(dir+"/fifo", 0o600); err != nil {
		t.Fatal(err)
	}
	if _, e := r.openAs(3, "fifo", 0, rightFDWrite, 0); e != ENXIO {
		t.Errorf("opening for writing without a reader = %v, want ENXIO", e)
	}
	if _, e := r.openAs(3, "fifo", oDirectory, 0, 0); e != ENOTDIR {
		t.Errorf("opening as a directory = %v, want ENOTDIR", e)
	}
	if _, e := r.openAs(3, "fifo/x", 0, 0, 0); e != ENOTDIR {
		t.Errorf("opening beneath = %v, want ENOTDIR", e)
	}
	fd := r.mustOpen("fifo", 0, rightFDRead, 0)
	r.want(SUCCESS, "fd_fdstat_get", fd, out64(0))
	if base := rights(r.u64(out64(0) + 8)); r.mem[out64(0)] != byte(typeUnknown) || base&(rightFDSeek|rightFDTell) != 0 {
		t.Errorf("type %d, rights %#x", r.mem[out64(0)], base)
	}
	r.want(ESPIPE, "fd_seek", fd, 1, whenceSet, out64(0))
	r.want(ESPIPE, "fd_tell", fd, out64(0))
	if s, e := r.read(fd, 1); s != "" || e != SUCCESS {
		t.Errorf("read without a writer = %q, %v; want the end", s, e)
	}

	w, err := os.OpenFile(dir+"/fifo", os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	r.ctx = ctx
	r.at = 0x3000
	vec := r.vec(ioAt, 10)
	if _, err := r.try("fd_read", fd, vec, 1, out64(0)); !isLimit(err, guest.LimitCancelled) {
		t.Errorf("read while cancelled = %v", err)
	}
	r.ctx = context.Background()
	r.want(SUCCESS, "fd_fdstat_set_flags", fd, fdNonblock)
	if _, e := r.read(fd, 10); e != EAGAIN {
		t.Errorf("non-blocking read = %v, want EAGAIN", e)
	}
	r.want(SUCCESS, "fd_fdstat_set_flags", fd, 0)
	w.WriteString("word")
	if s, e := r.read(fd, 10); s != "word" || e != SUCCESS {
		t.Errorf("read = %q, %v", s, e)
	}
}

func TestADeviceIsUsedLikeAFile(t *testing.T) {
	r := newRig(t, Config{Preopens: []Preopen{{Guest: "/dev", Root: openRoot(t, "/dev")}}})
	fd := r.mustOpen("zero", 0, rightFDRead, 0)
	if s, e := r.read(fd, 3); s != "\x00\x00\x00" || e != SUCCESS {
		t.Errorf("read = %q, %v", s, e)
	}
	st, e := r.stat("null", 0)
	if e != SUCCESS || st.filetype != typeCharacterDevice {
		t.Errorf("stat = %+v, %v", st, e)
	}
	full := r.mustOpen("full", 0, rightFDWrite, 0)
	if _, e := r.write(full, "x"); e != ENOSPC {
		t.Errorf("write to a full device = %v, want ENOSPC", e)
	}
}

func TestASocketIsNotOpened(t *testing.T) {
	r, dir := dirRig(t)
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	t.Chdir(dir)
	if err := unix.Bind(fd, &unix.SockaddrUnix{Name: "sock"}); err != nil {
		t.Fatal(err)
	}
	if _, e := r.openAs(3, "sock", 0, readWrite, 0); e != ENXIO {
		t.Errorf("open = %v, want ENXIO", e)
	}
	if st, e := r.stat("sock", 0); e != SUCCESS || st.filetype != typeSocketStream {
		t.Errorf("stat = %+v, %v", st, e)
	}
}
