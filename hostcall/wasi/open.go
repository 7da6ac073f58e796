package wasi

import (
	"golang.org/x/sys/unix"

	"github.com/faaslens/faaslens/hostcall"
)

// opening is what path_open is asked for.
type opening struct {
	lookup         uint32
	oflags, flags  uint16
	base           rights
	writes, truncs bool
}

// pathOpen opens what a path leads to.
//
// Of the rights asked for, only FD_READ and FD_WRITE count: they are the access
// mode. What else the kind of file allows is granted, within what the directory's
// descriptor passes on.
func (s *System) pathOpen(c *hostcall.Call) Errno {
	if c.U32(3)&^uint32(oFlags) != 0 || c.U32(6)&^uint32(fdFlags) != 0 || c.U32(1)&^lookupFollow != 0 {
		return EINVAL
	}
	o := opening{lookup: c.U32(1), oflags: uint16(c.U32(3)), flags: uint16(c.U32(6)), base: rights(c.U64(4))}
	o.writes, o.truncs = o.base&rightFDWrite != 0, o.oflags&oTrunc != 0
	need := rightPathOpen
	if o.oflags&oCreat != 0 {
		need |= rightPathCreateFile
	}
	if o.truncs {
		need |= rightPathFilestatSetSize
	}
	d, path, e := s.from(c, c.U32(0), need, 2)
	if e != SUCCESS {
		return e
	}
	if o.base&(rightFDRead|rightFDWrite)&^d.inheriting != 0 {
		return ENOTCAPABLE
	}
	if o.oflags&oCreat != 0 && o.oflags&oDirectory != 0 {
		return EINVAL
	}
	if s.full() {
		return EMFILE
	}
	var opened descriptor
	if d.shared != nil {
		opened, e = s.openShared(c, d, path, &o)
	} else {
		opened, e = d.open(path, &o)
	}
	if e != SUCCESS {
		return e
	}
	fd, e := s.add(opened)
	if e == SUCCESS {
		c.PutU32(7, fd)
	}
	return e
}

// open opens a path beneath the directory.
func (d *descriptor) open(path []byte, o *opening) (descriptor, Errno) {
	follow := followIf(o.lookup)
	if o.oflags&oExcl != 0 && o.oflags&oCreat != 0 {
		follow = followSlash
	}
	p, e := d.locate(path, follow)
	if e != SUCCESS {
		return descriptor{}, e
	}
	defer p.close()
	create := o.oflags&oCreat != 0
	if d.readOnly {
		if e := p.openReadOnly(o); e != SUCCESS {
			return descriptor{}, e
		}
		create = false
	}
	if p.slash && create {
		// As on Linux: a name that ends in a slash cannot be a file's.
		if _, e := p.stat(); e == ENOENT {
			return descriptor{}, EISDIR
		}
	}
	fd, err := openAt(&p, o, create)
	if err != nil {
		return descriptor{}, errnoOf(err)
	}
	return d.opened(fd, &p, o)
}

// openReadOnly answers for a read-only preopen what Linux does for a read-only file
// system: EROFS for what would write, and the usual errors before that.
func (p *place) openReadOnly(o *opening) Errno {
	creates := o.oflags&oCreat != 0
	if !o.writes && !o.truncs && !creates {
		return SUCCESS
	}
	st, e := p.stat()
	switch {
	case e == ENOENT && creates:
		return EROFS
	case e != SUCCESS:
		return e
	case creates && o.oflags&oExcl != 0:
		return EEXIST
	case !o.writes && !o.truncs:
		return SUCCESS
	case typeOfMode(st.Mode) == typeDirectory:
		return EISDIR
	case typeOfMode(st.Mode) == typeSymbolicLink:
		return ELOOP
	case p.slash:
		return ENOTDIR
	}
	return EROFS
}

// openAt opens the place itself. O_NONBLOCK keeps a FIFO or a device from holding
// the guest up, and O_NOCTTY a terminal from taking over the process.
func openAt(p *place, o *opening, create bool) (int, error) {
	flags := unix.O_CLOEXEC | unix.O_NOFOLLOW | unix.O_NONBLOCK | unix.O_NOCTTY
	switch {
	case o.writes && o.base&rightFDRead != 0:
		flags |= unix.O_RDWR
	case o.writes:
		flags |= unix.O_WRONLY
	}
	if create {
		flags |= unix.O_CREAT
		if o.oflags&oExcl != 0 {
			flags |= unix.O_EXCL
		}
	}
	if o.truncs {
		flags |= unix.O_TRUNC
	}
	if p.slash || o.oflags&oDirectory != 0 {
		flags |= unix.O_DIRECTORY
		flags &^= unix.O_CREAT | unix.O_EXCL
	}
	if o.flags&fdAppend != 0 {
		flags |= unix.O_APPEND
	}
	for {
		fd, err := unix.Openat(p.dir, p.name, flags, 0o666)
		if err != unix.EINTR {
			return fd, err
		}
	}
}

// opened makes the descriptor of what was opened.
func (d *descriptor) opened(fd int, p *place, o *opening) (descriptor, Errno) {
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		unix.Close(fd)
		return descriptor{}, errnoOf(err)
	}
	n := descriptor{filetype: typeOfMode(st.Mode), flags: o.flags, readOnly: d.readOnly, file: -1}
	if n.filetype == typeDirectory {
		unix.Close(fd)
		// The final "." makes os.Root insist on a directory, so that nothing
		// that takes its place meanwhile can block.
		root, err := d.root.OpenRoot(p.path + "/.")
		if err != nil {
			return descriptor{}, rootErrno(err)
		}
		n.kind, n.root, n.ownRoot = kindDirectory, root, true
		n.base, n.inheriting, n.flags = directoryRights&d.inheriting, d.inheriting, 0
		return n, SUCCESS
	}
	n.kind, n.file = kindFile, fd
	n.base = fileRights
	if o.base&rightFDRead == 0 {
		n.base &^= rightFDRead
	}
	if !o.writes {
		n.base &^= onlyWritable
	}
	if n.filetype != typeRegularFile {
		if _, err := unix.Seek(fd, 0, unix.SEEK_CUR); err != nil {
			n.base &^= onlySeekable
		}
	}
	n.base &= d.inheriting
	return n, SUCCESS
}

// OpensForChange reports whether a call of path_open asks to write, make or shorten a file.
func OpensForChange(c *hostcall.Call) bool {
	return rights(c.U64(4))&rightFDWrite != 0 || uint16(c.U32(3))&(oCreat|oTrunc) != 0
}
