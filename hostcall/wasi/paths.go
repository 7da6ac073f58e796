package wasi

import (
	"golang.org/x/sys/unix"

	"github.com/faaslens/faaslens/hostcall"
)

func (s *System) pathCreateDirectory(c *hostcall.Call) Errno {
	d, path, e := s.from(c, c.U32(0), rightPathCreateDirectory, 1)
	if e != SUCCESS {
		return e
	}
	p, e := d.locate(path, followNever)
	if e != SUCCESS {
		return e
	}
	defer p.close()
	if d.readOnly {
		// Programs that make sure of a directory want to hear that it is there.
		if _, e := p.stat(); e == SUCCESS {
			return EEXIST
		}
		return EROFS
	}
	return errnoOf(unix.Mkdirat(p.dir, p.name, 0o777))
}

func (s *System) pathFilestatGet(c *hostcall.Call) Errno {
	d, path, e := s.from(c, c.U32(0), rightPathFilestatGet, 2)
	if e != SUCCESS {
		return e
	}
	p, e := d.locate(path, followIf(c.U32(1)))
	if e != SUCCESS {
		return e
	}
	defer p.close()
	st, e := p.stat()
	switch {
	case e != SUCCESS:
		return e
	case p.slash && typeOfMode(st.Mode) != typeDirectory:
		return ENOTDIR
	}
	f := filestatOf(&st)
	f.put(c.Bytes(3))
	return SUCCESS
}

func (s *System) pathFilestatSetTimes(c *hostcall.Call) Errno {
	times, e := s.times(c.U64(3), c.U64(4), c.U32(5))
	if e != SUCCESS {
		return e
	}
	d, path, e := s.fromWritable(c, c.U32(0), rightPathFilestatSetTimes, 2)
	if e != SUCCESS {
		return e
	}
	p, e := d.locate(path, followIf(c.U32(1)))
	if e != SUCCESS {
		return e
	}
	defer p.close()
	if e := p.mustBeDirectory(); e != SUCCESS {
		return e
	}
	return errnoOf(unix.UtimesNanoAt(p.dir, p.name, times[:], unix.AT_SYMLINK_NOFOLLOW))
}

// pathLink makes a second name for a file. It refuses to follow a link there, as
// Wasmtime does.
func (s *System) pathLink(c *hostcall.Call) Errno {
	if c.U32(1) != 0 {
		return EINVAL
	}
	from, oldPath, e := s.fromWritable(c, c.U32(0), rightPathLinkSource, 2)
	if e != SUCCESS {
		return e
	}
	to, newPath, e := s.fromWritable(c, c.U32(3), rightPathLinkTarget, 4)
	if e != SUCCESS {
		return e
	}
	if from.shared != nil || to.shared != nil {
		return ENOTSUP // two names for a file are one host's matter
	}
	old, e := from.locate(oldPath, followNever)
	if e != SUCCESS {
		return e
	}
	defer old.close()
	st, e := old.stat() // before the other path, as on Linux
	switch {
	case e != SUCCESS:
		return e
	case old.slash && typeOfMode(st.Mode) != typeDirectory:
		return ENOTDIR
	}
	name, e := to.locate(newPath, followNever)
	if e != SUCCESS {
		return e
	}
	defer name.close()
	if e := name.freeFile(); e != SUCCESS {
		return e
	}
	return errnoOf(unix.Linkat(old.dir, old.name, name.dir, name.name, 0))
}

// freeFile is an error if the path ended in a slash, and so cannot be the name of a
// new file or link.
func (p *place) freeFile() Errno {
	if !p.slash {
		return SUCCESS
	}
	st, e := p.stat()
	switch {
	case e != SUCCESS:
		return e
	case typeOfMode(st.Mode) == typeDirectory:
		return EEXIST
	}
	return ENOTDIR
}

func (s *System) pathReadlink(c *hostcall.Call) Errno {
	d, path, e := s.from(c, c.U32(0), rightPathReadlink, 1)
	if e != SUCCESS {
		return e
	}
	p, e := d.locate(path, followSlash)
	if e != SUCCESS {
		return e
	}
	defer p.close()
	if e := p.mustBeDirectory(); e != SUCCESS {
		return e
	}
	var buf [maxPath]byte
	n, err := unix.Readlinkat(p.dir, p.name, buf[:])
	if err != nil {
		return errnoOf(err)
	}
	used := uint32(copy(c.Bytes(2), buf[:max(n, 0)]))
	c.PutU32(3, used)
	c.SetFilled(used)
	return SUCCESS
}

func (s *System) pathRemoveDirectory(c *hostcall.Call) Errno {
	d, path, e := s.fromWritable(c, c.U32(0), rightPathRemoveDirectory, 1)
	if e != SUCCESS {
		return e
	}
	p, e := d.locate(path, followNever)
	if e != SUCCESS {
		return e
	}
	defer p.close()
	if d.shared != nil {
		files, dirs, err := d.shared.Elsewhere(c.Guest.Context(), d.sharedName(string(path)))
		if err != nil {
			return sharedErrno(err)
		}
		if len(files)+len(dirs) > 0 {
			return ENOTEMPTY
		}
	}
	return errnoOf(unix.Unlinkat(p.dir, p.name, unix.AT_REMOVEDIR))
}

func (s *System) pathUnlinkFile(c *hostcall.Call) Errno {
	d, path, e := s.fromWritable(c, c.U32(0), rightPathUnlinkFile, 1)
	if e != SUCCESS {
		return e
	}
	p, e := d.locate(path, followNever)
	if e != SUCCESS {
		return e
	}
	defer p.close()
	if p.slash {
		if e := p.mustBeDirectory(); e != SUCCESS {
			return e
		}
		return EISDIR
	}
	return d.removed(c, path, errnoOf(unix.Unlinkat(p.dir, p.name, 0)))
}

func (s *System) pathRename(c *hostcall.Call) Errno {
	from, oldPath, e := s.fromWritable(c, c.U32(0), rightPathRenameSource, 1)
	if e != SUCCESS {
		return e
	}
	to, newPath, e := s.fromWritable(c, c.U32(2), rightPathRenameTarget, 3)
	if e != SUCCESS {
		return e
	}
	old, e := from.locate(oldPath, followNever)
	if e != SUCCESS {
		return e
	}
	defer old.close()
	if e := mayRename(from, to, &old); e != SUCCESS {
		return e
	}
	name, e := to.locate(newPath, followNever)
	if e != SUCCESS {
		return e
	}
	defer name.close()
	old.slash = old.slash || name.slash // either says that it is a directory
	if e := old.mustBeDirectory(); e != SUCCESS {
		return e
	}
	if err := unix.Renameat(old.dir, old.name, name.dir, name.name); err != nil {
		return errnoOf(err)
	}
	return renamed(c, from, to, oldPath, newPath)
}

// pathSymlink makes a symbolic link. An absolute target is refused with EPERM, as
// Wasmtime does: the guest has no root directory that it could mean. A relative one
// may lead above the directory, because what it means depends on where the link is
// moved; following it there fails.
func (s *System) pathSymlink(c *hostcall.Call) Errno {
	target := c.Bytes(0)
	if e := checkPath(target); e != SUCCESS {
		return e
	}
	if target[0] == '/' {
		return EPERM
	}
	d, path, e := s.fromWritable(c, c.U32(1), rightPathSymlink, 2)
	if e != SUCCESS {
		return e
	}
	if d.shared != nil {
		return ENOTSUP // where it leads is one host's matter
	}
	p, e := d.locate(path, followNever)
	if e != SUCCESS {
		return e
	}
	defer p.close()
	if e := p.freeFile(); e != SUCCESS {
		return e
	}
	return errnoOf(unix.Symlinkat(string(target), p.dir, p.name))
}
