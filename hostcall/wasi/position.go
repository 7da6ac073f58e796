package wasi

import (
	"math"

	"golang.org/x/sys/unix"

	"github.com/faaslens/faaslens/hostcall"
)

func (s *System) fdSeek(c *hostcall.Call) Errno {
	need := rightFDSeek
	if c.U32(2) == whenceCur && c.I64(1) == 0 {
		need = 0 // only asks where it is: FD_TELL or FD_SEEK
	}
	d, e := s.openFile(c.U32(0), need)
	if e != SUCCESS {
		return e
	}
	if d.kind != kindFile {
		return ESPIPE
	}
	if need == 0 && d.base&(rightFDTell|rightFDSeek) == 0 {
		return missingSeek(d)
	}
	var whence int
	switch c.U32(2) {
	case whenceSet:
		whence = unix.SEEK_SET
	case whenceCur:
		whence = unix.SEEK_CUR
	case whenceEnd:
		whence = unix.SEEK_END
	default:
		return EINVAL
	}
	at, err := unix.Seek(d.file, c.I64(1), whence)
	if err != nil {
		return errnoOf(err)
	}
	c.PutU64(3, uint64(at))
	return SUCCESS
}

func missingSeek(d *descriptor) Errno {
	if d.filetype == typeRegularFile {
		return ENOTCAPABLE
	}
	return ESPIPE
}

func (s *System) fdTell(c *hostcall.Call) Errno {
	d, e := s.openFile(c.U32(0), 0)
	if e != SUCCESS {
		return e
	}
	if d.kind != kindFile {
		return ESPIPE
	}
	if d.base&(rightFDTell|rightFDSeek) == 0 {
		return missingSeek(d)
	}
	at, err := unix.Seek(d.file, 0, unix.SEEK_CUR)
	if err != nil {
		return errnoOf(err)
	}
	c.PutU64(1, uint64(at))
	return SUCCESS
}

func (s *System) fdSync(c *hostcall.Call) Errno {
	return s.sync(c.U32(0), rightFDSync, unix.Fsync)
}

func (s *System) fdDatasync(c *hostcall.Call) Errno {
	return s.sync(c.U32(0), rightFDDatasync, unix.Fdatasync)
}

// sync also takes directories: programs that must not lose a renamed file ask for
// it.
func (s *System) sync(fd uint32, need rights, do func(int) error) Errno {
	d, e := s.descriptor(fd)
	if e != SUCCESS {
		return e
	}
	host := d.file
	switch d.kind {
	case kindStdin, kindOutput:
		return EINVAL
	case kindDirectory:
		if host, e = d.handle(); e != SUCCESS {
			return e
		}
	}
	if d.base&need == 0 {
		return ENOTCAPABLE
	}
	return errnoOf(do(host))
}

func (s *System) fdAdvise(c *hostcall.Call) Errno {
	d, e := s.openFile(c.U32(0), rightFDAdvise)
	if e != SUCCESS {
		return e
	}
	if c.U32(3) > 5 || c.U64(1) > math.MaxInt64 || c.U64(2) > math.MaxInt64 {
		return EINVAL
	}
	if d.kind != kindFile {
		return ESPIPE
	}
	advice := [...]int{unix.FADV_NORMAL, unix.FADV_SEQUENTIAL, unix.FADV_RANDOM, unix.FADV_WILLNEED, unix.FADV_DONTNEED, unix.FADV_NOREUSE}
	return errnoOf(unix.Fadvise(d.file, c.I64(1), c.I64(2), advice[c.U32(3)]))
}

func (s *System) fdAllocate(c *hostcall.Call) Errno {
	d, e := s.openFile(c.U32(0), rightFDAllocate)
	if e != SUCCESS {
		return e
	}
	if d.kind != kindFile {
		return ESPIPE
	}
	if c.U64(1) > math.MaxInt64 || c.U64(2) > math.MaxInt64 {
		return EFBIG
	}
	d.changes()
	for {
		if err := unix.Fallocate(d.file, 0, c.I64(1), c.I64(2)); err != unix.EINTR {
			return errnoOf(err)
		}
	}
}
