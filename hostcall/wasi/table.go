package wasi

import (
	"context"
	"io"
	"os"

	"golang.org/x/sys/unix"

	"github.com/faaslens/faaslens/hostcall"
)

type kind uint8

const (
	kindFree kind = iota
	kindStdin
	kindOutput
	kindDirectory
	kindFile
)

// descriptor is one entry of the table.
type descriptor struct {
	kind       kind
	filetype   filetype
	flags      uint16 // $fdflags
	readOnly   bool   // under a read-only preopen
	base       rights
	inheriting rights

	w io.Writer // of an output; nil throws away

	// file is the host's descriptor of a file, -1 if there is none. It is
	// non-blocking, which only shows where it is not a regular file.
	file int

	// root is what a directory's paths cannot leave; ownRoot tells that it is
	// closed with the descriptor. dir is an open directory at its top, opened when
	// it is first needed.
	root    *os.Root
	ownRoot bool
	dir     *os.File
	preopen string // the guest's name; empty if the guest opened it

	// sharedPath is the path of a shared file or of a directory of such, which has those
	// it leads to in shared.
	shared     Shared
	sharedPath string
	writer     *sharedWriter // of a shared file that is open for writing
	elsewhere  []elsewhere   // what other hosts have of a shared directory that is being listed
}

func (d *descriptor) close() error { return d.closeWithin(context.Background()) }

// closeWithin is close for a shared file of which others are to be told.
func (d *descriptor) closeWithin(ctx context.Context) error {
	var err error
	if d.file >= 0 && d.kind == kindFile {
		err = unix.Close(d.file)
	}
	if d.writer != nil {
		if told := d.writer.close(ctx); told != nil {
			err = told
		}
	}
	if d.dir != nil {
		d.dir.Close()
	}
	if d.ownRoot {
		d.root.Close()
	}
	*d = descriptor{file: -1}
	return err
}

// handle is the host's descriptor of the directory, valid while d is open.
func (d *descriptor) handle() (int, Errno) {
	if d.dir == nil {
		f, err := d.root.Open(".")
		if err != nil {
			return -1, rootErrno(err)
		}
		d.dir = f
	}
	return int(d.dir.Fd()), SUCCESS
}

// descriptor finds a guest's descriptor, whatever it is.
func (s *System) descriptor(fd uint32) (*descriptor, Errno) {
	if uint64(fd) >= uint64(len(s.table)) || s.table[fd].kind == kindFree {
		return nil, EBADF
	}
	return &s.table[fd], SUCCESS
}

// directory finds a descriptor that paths may start from, and that has the right.
func (s *System) directory(fd uint32, need rights) (*descriptor, Errno) {
	d, e := s.descriptor(fd)
	switch {
	case e != SUCCESS:
		return nil, e
	case d.kind != kindDirectory:
		return nil, ENOTDIR
	case d.base&need != need:
		return nil, ENOTCAPABLE
	}
	return d, SUCCESS
}

// writableDirectory is directory for a call that changes what is in it.
func (s *System) writableDirectory(fd uint32, need rights) (*descriptor, Errno) {
	d, e := s.directory(fd, need)
	if e == SUCCESS && d.readOnly {
		return nil, EROFS
	}
	return d, e
}

// openFile finds a descriptor of a file that has the right: EBADF for a
// directory, and for reading or writing what was not opened for it.
func (s *System) openFile(fd uint32, need rights) (*descriptor, Errno) {
	d, e := s.descriptor(fd)
	switch {
	case e != SUCCESS:
		return nil, e
	case d.kind == kindDirectory:
		return nil, EBADF
	case d.base&need == need:
		return d, SUCCESS
	case (d.kind == kindStdin || d.kind == kindOutput) && need&(rightFDRead|rightFDWrite) == 0:
		return d, SUCCESS // the calls know what a stream cannot do
	case need&^d.base&(rightFDRead|rightFDWrite) != 0:
		return nil, EBADF
	case need&^d.base&onlySeekable != 0 && d.base&rightFDSeek == 0 && d.filetype != typeRegularFile:
		return nil, ESPIPE
	case need&^d.base&onlyWritable != 0 && d.base&rightFDWrite == 0:
		return nil, EINVAL // as Linux answers ftruncate on what is open for reading
	}
	return nil, ENOTCAPABLE
}

// add puts a descriptor at the lowest free number, or says EMFILE and closes it.
func (s *System) add(d descriptor) (uint32, Errno) {
	for i := range s.table {
		if s.table[i].kind == kindFree {
			s.table[i] = d
			return uint32(i), SUCCESS
		}
	}
	if len(s.table) >= s.max {
		d.close()
		return 0, EMFILE
	}
	s.table = append(s.table, d)
	return uint32(len(s.table) - 1), SUCCESS
}

// full reports whether add would say EMFILE.
func (s *System) full() bool {
	if len(s.table) < s.max {
		return false
	}
	for i := range s.table {
		if s.table[i].kind == kindFree {
			return false
		}
	}
	return true
}

func (s *System) fdClose(c *hostcall.Call) Errno {
	d, e := s.descriptor(c.U32(0))
	if e != SUCCESS {
		return e
	}
	if d.writer != nil {
		return sharedErrno(d.closeWithin(c.Guest.Context()))
	}
	return errnoOf(d.close())
}

// fdRenumber moves a descriptor onto another that is open: both must be, or a guest
// could make the table as long as it likes.
func (s *System) fdRenumber(c *hostcall.Call) Errno {
	from, e := s.descriptor(c.U32(0))
	if e != SUCCESS {
		return e
	}
	to, e := s.descriptor(c.U32(1))
	if e != SUCCESS {
		return e
	}
	if from == to {
		return SUCCESS
	}
	to.close()
	*to, *from = *from, descriptor{file: -1}
	return SUCCESS
}

// fdPrestatGet writes 8 bytes: the kind, a directory, at 0 and the length of its
// name at 4.
func (s *System) fdPrestatGet(c *hostcall.Call) Errno {
	d, e := s.descriptor(c.U32(0))
	if e != SUCCESS {
		return e
	}
	if d.preopen == "" {
		return EBADF // ends a C library's search for preopened directories
	}
	c.PutU64(1, uint64(len(d.preopen))<<32)
	return SUCCESS
}

func (s *System) fdPrestatDirName(c *hostcall.Call) Errno {
	d, e := s.descriptor(c.U32(0))
	if e != SUCCESS {
		return e
	}
	if d.preopen == "" {
		return EBADF
	}
	if int(c.Len(1)) < len(d.preopen) {
		return ENAMETOOLONG
	}
	c.SetFilled(uint32(copy(c.Bytes(1), d.preopen)))
	return SUCCESS
}
