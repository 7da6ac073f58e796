package wasi

import (
	"bytes"
	"context"
	"os"
	slashpath "path"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/faaslens/faaslens/hostcall"
)

// Shared are the files that functions reach as faasm://PATH, of which other hosts have
// them too. Its paths are relative, with slashes. Errors that are fs.ErrInvalid or
// fs.ErrPermission are of the path.
type Shared interface {
	// Root is the directory that has them on this host; it is not closed.
	Root() (*os.Root, error)
	// Hidden is the name of an entry of Root that is not for guests; "" for none.
	Hidden() string
	// Fetch sees to it that the file of a path is there in its newest content, if there
	// is one anywhere; or the directory, if there are files in it anywhere.
	Fetch(ctx context.Context, path string) error
	// Elsewhere tells what of a directory other hosts have, and Root does not: files and
	// directories by their names.
	Elsewhere(ctx context.Context, dir string) (files, dirs []string, err error)
	// Writing tells that a file is being opened for writing: until Written, nothing
	// else takes its place. Where it was changed, all hosts have that when Written
	// returns.
	Writing(path string) error
	Written(ctx context.Context, path string, changed bool) error
	// Removed tells that a file was removed; all hosts know when it returns.
	Removed(ctx context.Context, path string) error
}

// sharedScheme begins the paths of shared files. One slash is enough: some languages'
// libraries make one of several.
const sharedScheme = "faasm:/"

// sharedWriter is a file that is open for writing, by all descriptors that were duplicated
// from one.
type sharedWriter struct {
	shared  Shared
	path    string
	refs    int
	changed bool
}

// close ends the use by one descriptor.
func (w *sharedWriter) close(ctx context.Context) error {
	if w.refs--; w.refs > 0 {
		return nil
	}
	return w.shared.Written(ctx, w.path, w.changed)
}

// changes notes that a descriptor's file is being changed.
func (d *descriptor) changes() {
	if d.writer != nil {
		d.writer.changed = true
	}
}

// start finds where a path starts that argument i of a call has: beneath the directory d,
// or, of a shared file, beneath the directory of those. Of the latter, it fetches what the
// path leads to.
func (s *System) start(c *hostcall.Call, d *descriptor, i int) (*descriptor, []byte, Errno) {
	path := c.Bytes(i)
	if rest, ok := bytes.CutPrefix(path, []byte(sharedScheme)); ok && s.cfg.Shared != nil {
		if s.common.root == nil {
			root, err := s.cfg.Shared.Root()
			if err != nil {
				return nil, nil, errnoOf(err)
			}
			s.common = descriptor{kind: kindDirectory, filetype: typeDirectory, file: -1, root: root, shared: s.cfg.Shared}
		}
		s.common.base, s.common.inheriting, s.common.readOnly = d.base, d.inheriting, d.readOnly
		if d, path = &s.common, bytes.TrimLeft(rest, "/"); len(path) == 0 {
			path = []byte(".")
		}
	}
	if d.shared == nil {
		return d, path, SUCCESS
	}
	if e := checkPath(path); e != SUCCESS {
		return nil, nil, e
	}
	if path[0] == '/' {
		return nil, nil, EPERM
	}
	return d, path, d.fetch(c, d.sharedName(string(path)))
}

// sharedName is a shared file's path from a directory of theirs.
func (d *descriptor) sharedName(path string) string { return slashpath.Join(d.sharedPath, path) }

// fetch fetches a shared file, unless what follows says what is wrong with its path.
func (d *descriptor) fetch(c *hostcall.Call, name string) Errno {
	ctx := c.Guest.Context()
	err := d.shared.Fetch(ctx, name)
	switch {
	case err == nil:
		return SUCCESS
	case ctx.Err() != nil:
		return EINTR
	}
	return sharedErrno(err)
}

// from is directory, and where in it a path starts that argument i of the call has.
func (s *System) from(c *hostcall.Call, fd uint32, need rights, i int) (*descriptor, []byte, Errno) {
	d, e := s.directory(fd, need)
	if e != SUCCESS {
		return nil, nil, e
	}
	return s.start(c, d, i)
}

// fromWritable is from for a call that changes what is in the directory.
func (s *System) fromWritable(c *hostcall.Call, fd uint32, need rights, i int) (*descriptor, []byte, Errno) {
	d, e := s.writableDirectory(fd, need)
	if e != SUCCESS {
		return nil, nil, e
	}
	return s.start(c, d, i)
}

// openShared opens a shared file or directory.
func (s *System) openShared(c *hostcall.Call, d *descriptor, path []byte, o *opening) (descriptor, Errno) {
	name := d.sharedName(string(path))
	writes := (o.writes || o.truncs || o.oflags&oCreat != 0) && !d.readOnly
	if !writes {
		n, e := d.open(path, o)
		n.shareFrom(d, name)
		return n, e
	}
	if e := d.makeParents(path, o); e != SUCCESS {
		return descriptor{}, e
	}
	w := &sharedWriter{shared: d.shared, path: name, refs: 1, changed: o.truncs}
	if p, e := d.locate(path, followLast); e == SUCCESS {
		_, e := p.stat()
		w.changed = w.changed || e == ENOENT // and so is being made
		p.close()
	}
	if err := d.shared.Writing(name); err != nil {
		return descriptor{}, sharedErrno(err)
	}
	n, e := d.open(path, o)
	if e != SUCCESS || n.kind != kindFile {
		w.changed = false
		_ = w.close(c.Guest.Context()) // nothing was written
	} else {
		n.writer = w
	}
	n.shareFrom(d, name)
	return n, e
}

// makeParents makes the directories of a file that is to be made: another host may have
// them, of whose directories nobody is told.
func (d *descriptor) makeParents(path []byte, o *opening) Errno {
	if o.oflags&oCreat == 0 {
		return SUCCESS
	}
	return rootErrno(d.root.MkdirAll(slashpath.Dir(string(path)), 0o777))
}

// shareFrom notes that what was opened is shared; a directory leads to shared files, as the
// one that it was opened from.
func (d *descriptor) shareFrom(from *descriptor, name string) {
	d.sharedPath = name
	if d.kind == kindDirectory {
		d.shared = from.shared
	}
}

// openSharedFile opens a shared file for reading, for host calls outside WASI.
func (s *System) openSharedFile(ctx context.Context, name string) (*os.File, error) {
	root, err := s.cfg.Shared.Root()
	if err != nil {
		return nil, err
	}
	name = strings.TrimLeft(name, "/")
	if err := s.cfg.Shared.Fetch(ctx, name); err != nil {
		return nil, err
	}
	return root.OpenFile(name, os.O_RDONLY|unix.O_NONBLOCK, 0)
}

// removed tells that a shared file was removed; it does nothing for others.
func (d *descriptor) removed(c *hostcall.Call, path []byte, e Errno) Errno {
	if e != SUCCESS || d.shared == nil {
		return e
	}
	return sharedErrno(d.shared.Removed(c.Guest.Context(), d.sharedName(string(path))))
}

// mayRename says whether a rename is one that can be told to all hosts: between shared
// files, or between others.
func mayRename(from, to *descriptor, old *place) Errno {
	switch {
	case (from.shared == nil) != (to.shared == nil):
		return EXDEV
	case from.shared == nil:
		return SUCCESS
	}
	st, e := old.stat()
	if e == SUCCESS && typeOfMode(st.Mode) != typeRegularFile {
		return ENOTSUP
	}
	return e
}

// renamed tells that a shared file has another name.
func renamed(c *hostcall.Call, from, to *descriptor, old, name []byte) Errno {
	if from.shared == nil {
		return SUCCESS
	}
	path := to.sharedName(string(name))
	if path == from.sharedName(string(old)) {
		return SUCCESS
	}
	err := to.shared.Writing(path)
	if err == nil {
		err = to.shared.Written(c.Guest.Context(), path, true)
	}
	if err != nil {
		return sharedErrno(err)
	}
	return from.removed(c, old, SUCCESS)
}
