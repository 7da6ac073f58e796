package wasi

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// ReadAt reads from the regular file that a descriptor is open on, as io.ReaderAt does.
// It is for host calls outside WASI that take a descriptor.
func (s *System) ReadAt(fd int32, p []byte, off int64) (int, error) {
	d, e := s.openFile(uint32(fd), rightFDRead)
	if e != SUCCESS || d.kind != kindFile {
		return 0, fmt.Errorf("read descriptor %d: not a file open for reading", fd)
	}
	n := 0
	for n < len(p) {
		k, err := unix.Pread(d.file, p[n:], off+int64(n))
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return n, fmt.Errorf("read descriptor %d: %w", fd, err)
		}
		if k == 0 {
			return n, io.EOF
		}
		n += k
	}
	return n, nil
}

// Open opens a regular file of the guest's root, or a shared one, for reading. It is for
// host calls outside WASI that take a path; the caller closes it.
func (s *System) Open(ctx context.Context, path string) (*os.File, error) {
	f, err := s.openAny(ctx, path)
	if err != nil {
		var in *fs.PathError
		if errors.As(err, &in) {
			err = in.Err // the path is the host's
		}
		return nil, fmt.Errorf("open %q: %w", path, err)
	}
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		f.Close()
		return nil, fmt.Errorf("open %q: it is not a regular file", path)
	}
	return f, nil
}

func (s *System) openAny(ctx context.Context, path string) (*os.File, error) {
	if name, ok := strings.CutPrefix(path, sharedScheme); ok && s.cfg.Shared != nil {
		return s.openSharedFile(ctx, name)
	}
	for i := range s.cfg.Preopens {
		if p := &s.cfg.Preopens[i]; p.Guest == "/" {
			return p.Root.OpenFile(strings.TrimLeft(path, "/"), os.O_RDONLY|unix.O_NONBLOCK, 0)
		}
	}
	return nil, errors.New("the function has no root directory")
}

// Dup returns a new descriptor for what fd is open on. Files share their offset, as
// POSIX has it.
func (s *System) Dup(fd int32) (int32, error) {
	d, e := s.descriptor(uint32(fd))
	if e != SUCCESS {
		return -1, fmt.Errorf("duplicate descriptor %d: it is not open", fd)
	}
	twin := *d
	twin.dir, twin.preopen = nil, ""
	switch {
	case d.kind == kindFile:
		file, err := unix.FcntlInt(uintptr(d.file), unix.F_DUPFD_CLOEXEC, 0)
		if err != nil {
			return -1, fmt.Errorf("duplicate descriptor %d: %w", fd, err)
		}
		twin.file = file
	case d.kind == kindDirectory && d.ownRoot:
		root, err := d.root.OpenRoot(".")
		if err != nil {
			return -1, fmt.Errorf("duplicate descriptor %d: %w", fd, err)
		}
		twin.root = root
	}
	if twin.writer != nil {
		twin.writer.refs++
	}
	n, e := s.add(twin)
	if e != SUCCESS {
		return -1, fmt.Errorf("duplicate descriptor %d: too many are open", fd)
	}
	return int32(n), nil
}
