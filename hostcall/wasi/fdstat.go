package wasi

import (
	"math"

	"golang.org/x/sys/unix"

	"github.com/faaslens/faaslens/hostcall"
)

func (s *System) fdFdstatGet(c *hostcall.Call) Errno {
	d, e := s.descriptor(c.U32(0))
	if e != SUCCESS {
		return e
	}
	putFdstat(c.Bytes(1), d.filetype, d.flags, d.base, d.inheriting)
	return SUCCESS
}

func (s *System) fdFdstatSetFlags(c *hostcall.Call) Errno {
	d, e := s.openFile(c.U32(0), rightFDFdstatSetFlags)
	if e != SUCCESS {
		return e
	}
	flags := c.U32(1)
	if flags&^uint32(fdFlags) != 0 {
		return EINVAL
	}
	if d.kind == kindFile {
		if err := setHostFlags(d.file, uint16(flags)); err != nil {
			return errnoOf(err)
		}
	}
	d.flags = uint16(flags)
	return SUCCESS
}

// fdFdstatSetRights only takes rights away.
func (s *System) fdFdstatSetRights(c *hostcall.Call) Errno {
	d, e := s.descriptor(c.U32(0))
	if e != SUCCESS {
		return e
	}
	base, inheriting := rights(c.U64(1)), rights(c.U64(2))
	if base&^d.base != 0 || inheriting&^d.inheriting != 0 {
		return ENOTCAPABLE
	}
	d.base, d.inheriting = base, inheriting
	return SUCCESS
}

// host finds the host's descriptor behind one of the guest's; -1 for a stream.
func (s *System) host(fd uint32, need rights) (*descriptor, int, Errno) {
	d, e := s.descriptor(fd)
	if e != SUCCESS {
		return nil, -1, e
	}
	if d.base&need != need && d.kind != kindStdin && d.kind != kindOutput {
		return nil, -1, ENOTCAPABLE
	}
	if d.kind == kindDirectory {
		fd, e := d.handle()
		return d, fd, e
	}
	return d, d.file, SUCCESS
}

func (s *System) fdFilestatGet(c *hostcall.Call) Errno {
	d, fd, e := s.host(c.U32(0), rightFDFilestatGet)
	if e != SUCCESS {
		return e
	}
	f := filestat{filetype: typeCharacterDevice}
	if d.kind == kindDirectory || d.kind == kindFile {
		var st unix.Stat_t
		if err := unix.Fstat(fd, &st); err != nil {
			return errnoOf(err)
		}
		f = filestatOf(&st)
	}
	f.put(c.Bytes(1))
	return SUCCESS
}

func (s *System) fdFilestatSetSize(c *hostcall.Call) Errno {
	d, e := s.openFile(c.U32(0), rightFDFilestatSetSize)
	if e != SUCCESS {
		return e
	}
	if d.kind != kindFile {
		return EINVAL
	}
	if c.U64(1) > math.MaxInt64 {
		return EFBIG
	}
	d.changes()
	for {
		if err := unix.Ftruncate(d.file, c.I64(1)); err != unix.EINTR {
			return errnoOf(err)
		}
	}
}

func (s *System) fdFilestatSetTimes(c *hostcall.Call) Errno {
	times, e := s.times(c.U64(1), c.U64(2), c.U32(3))
	if e != SUCCESS {
		return e
	}
	d, fd, e := s.host(c.U32(0), rightFDFilestatSetTimes)
	if e != SUCCESS {
		return e
	}
	switch {
	case d.kind == kindStdin || d.kind == kindOutput:
		return EINVAL
	case d.readOnly:
		return EROFS
	}
	return errnoOf(unix.UtimesNanoAt(fd, "", times[:], unix.AT_EMPTY_PATH))
}

// times turns the arguments of the calls that set times into the host's.
func (s *System) times(atim, mtim uint64, flags uint32) ([2]unix.Timespec, Errno) {
	var t [2]unix.Timespec
	if flags&^uint32(fstFlags) != 0 {
		return t, EINVAL
	}
	for i, of := range [2]struct {
		value    uint64
		set, now uint16
	}{{atim, fstAtim, fstAtimNow}, {mtim, fstMtim, fstMtimNow}} {
		set, now := uint16(flags)&of.set != 0, uint16(flags)&of.now != 0
		switch {
		case set && now:
			return t, EINVAL
		case set:
			t[i].Sec, t[i].Nsec = int64(of.value/1e9), int64(of.value%1e9)
		case now && s.cfg.Now != nil:
			at := s.now()
			t[i].Sec, t[i].Nsec = int64(at/1e9), int64(at%1e9)
		case now:
			t[i].Nsec = unix.UTIME_NOW
		default:
			t[i].Nsec = unix.UTIME_OMIT
		}
	}
	return t, SUCCESS
}
