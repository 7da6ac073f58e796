package wasi

import (
	"bytes"
	"encoding/binary"
	"math"
	"unicode/utf8"

	"golang.org/x/sys/unix"

	"github.com/faaslens/faaslens/hostcall"
)

// Bounds of the buffer for the host's entries.
const (
	minEntries = 2 << 10
	maxEntries = 32 << 10
)

// fdReaddir lists a directory. A cookie is the host's own position, which stays
// valid while entries come and go, so that nothing is kept between calls however
// large the directory is. "." and ".." are among the entries; the latter carries
// the number of the directory itself, because what is above a preopen is not the
// guest's to see. Behind a shared directory's entries come those that only other hosts
// have. Names that are not UTF-8 are left out: the guest could not use
// them.
//
// Entries are written one behind the other, the last cut off where the buffer ends;
// a buffer that is not full means the end.
func (s *System) fdReaddir(c *hostcall.Call) Errno {
	d, e := s.directory(c.U32(0), rightFDReaddir)
	if e != SUCCESS {
		return e
	}
	list := lister{out: c.Bytes(1)}
	done := func() Errno {
		c.PutU32(3, uint32(list.used))
		c.SetFilled(uint32(list.used))
		return SUCCESS
	}
	cookie := c.U64(2)
	if d.shared != nil && (cookie == 0 || cookie > math.MaxInt64 && d.elsewhere == nil) {
		if e := d.lookElsewhere(c); e != SUCCESS {
			return e
		}
	}
	if cookie > math.MaxInt64 {
		if cookie-firstElsewhere > uint64(len(d.elsewhere)) {
			return EINVAL
		}
		list.addElsewhere(d.elsewhere, cookie-firstElsewhere)
		return done()
	}
	fd, e := d.handle()
	if e != SUCCESS {
		return e
	}
	if _, err := unix.Seek(fd, c.I64(2), unix.SEEK_SET); err != nil {
		return errnoOf(err)
	}
	var self unix.Stat_t
	if err := unix.Fstat(fd, &self); err != nil {
		return errnoOf(err)
	}
	list.fd, list.self = fd, self.Ino
	if d.shared != nil && d.sharedName(".") == "." {
		list.hidden = d.shared.Hidden()
	}
	if s.entries == nil {
		s.entries = make([]byte, maxEntries)
	}
	for !list.full() {
		b := s.entries[:min(max(len(list.rest()), minEntries), maxEntries)]
		n, err := unix.Getdents(fd, b)
		switch {
		case err == unix.EINTR:
			continue
		case err != nil:
			return errnoOf(err)
		case n <= 0:
			list.addElsewhere(d.elsewhere, 0)
			return done()
		}
		list.add(b[:n])
	}
	return done()
}

// lister turns the host's entries into the guest's.
type lister struct {
	hidden string // an entry that is left out; "" for none
	fd     int
	self   uint64
	out    []byte
	used   int
}

func (l *lister) full() bool   { return l.used == len(l.out) }
func (l *lister) rest() []byte { return l.out[l.used:] }

// add writes entries until there are no more or the buffer is full. The host's
// (getdents64(2)) have ino at 0, the next position at 8, their size at 16, the type
// at 18 and the name, NUL-terminated, at 19.
func (l *lister) add(b []byte) {
	le := binary.LittleEndian
	for len(b) >= 19 && !l.full() {
		size := int(le.Uint16(b[16:]))
		if size < 19 || size > len(b) {
			return
		}
		name := b[19:size]
		if i := bytes.IndexByte(name, 0); i >= 0 {
			name = name[:i]
		}
		ino, next, kind := le.Uint64(b), le.Uint64(b[8:]), typeOfMode(uint32(b[18])<<12)
		if b[18] == unix.DT_UNKNOWN {
			kind = l.typeOf(name)
		}
		if string(name) == ".." {
			ino = l.self
		}
		b = b[size:]
		if !utf8.Valid(name) || l.hidden != "" && string(name) == l.hidden {
			continue
		}
		l.put(next, ino, kind, string(name))
	}
}

// put writes an entry, or as much of it as fits.
func (l *lister) put(next, ino uint64, kind filetype, name string) {
	var head [sizeDirent]byte
	putDirent(head[:], next, ino, len(name), kind)
	l.used += copy(l.rest(), head[:])
	l.used += copy(l.rest(), name)
}

// typeOf asks for a type that the file system does not list.
func (l *lister) typeOf(name []byte) filetype {
	var st unix.Stat_t
	if err := unix.Fstatat(l.fd, string(name), &st, unix.AT_SYMLINK_NOFOLLOW); err != nil {
		return typeUnknown
	}
	return typeOfMode(st.Mode)
}
