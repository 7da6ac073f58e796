package wasi

import (
	"bytes"
	"os"
	"strings"
	"syscall"
	"unicode/utf8"

	"golang.org/x/sys/unix"
)

const (
	maxPath  = 4096 // PATH_MAX
	maxLinks = 40   // followed in the last component of one path, as on Linux
)

// place is where a path leads: a name in an open directory.
type place struct {
	parent *os.File // opened for this place; nil if it is the descriptor's own
	dir    int      // the directory's host descriptor
	name   string   // one component, "." for the directory itself, never ".."
	path   string   // of the place, from the descriptor's root
	slash  bool     // the path ended in a slash: it must be a directory
}

func (p *place) close() {
	if p.parent != nil {
		p.parent.Close()
	}
}

// stat looks at the place without following a link there.
func (p *place) stat() (unix.Stat_t, Errno) {
	var st unix.Stat_t
	err := unix.Fstatat(p.dir, p.name, &st, unix.AT_SYMLINK_NOFOLLOW)
	return st, errnoOf(err)
}

// mustBeDirectory is ENOTDIR if the path ended in a slash and something else is
// there.
func (p *place) mustBeDirectory() Errno {
	if !p.slash {
		return SUCCESS
	}
	st, e := p.stat()
	if e == SUCCESS && typeOfMode(st.Mode) != typeDirectory {
		return ENOTDIR
	}
	return e
}

// following says which link in a path's last component is followed. All others are.
type following uint8

const (
	followNever following = iota // where a name is made, moved or removed
	followSlash                  // only if the path ends in a slash
	followLast
)

func followIf(lookup uint32) following {
	if lookup&lookupFollow != 0 {
		return followLast
	}
	return followSlash
}

// checkPath says what is wrong with a path whatever is on disk.
func checkPath(b []byte) Errno {
	switch {
	case len(b) == 0:
		return ENOENT
	case len(b) >= maxPath:
		return ENAMETOOLONG
	case bytes.IndexByte(b, 0) >= 0:
		return EINVAL
	case !utf8.Valid(b):
		return EILSEQ
	}
	return SUCCESS
}

// locate finds where a guest's path leads, beneath the directory d. The caller
// closes the place, which is valid while d is open.
//
// Everything but the last component is resolved by os.Root. The last is a single
// name for one system call that does not follow it: if it is a link to follow, it
// is read here, joined to the path before it, and resolved from the root again.
func (d *descriptor) locate(guestPath []byte, follow following) (place, Errno) {
	if e := checkPath(guestPath); e != SUCCESS {
		return place{}, e
	}
	path, slash := string(guestPath), false
	for range maxLinks + 1 {
		if path[0] == '/' {
			return place{}, EPERM
		}
		p, e := d.enter(path)
		if e != SUCCESS {
			return place{}, e
		}
		slash = slash || p.slash
		p.slash = slash
		if p.name == "." || follow == followNever || follow == followSlash && !slash {
			return p, SUCCESS
		}
		target, ok, e := readLink(p.dir, p.name)
		if e != SUCCESS {
			p.close()
			return place{}, e
		}
		if !ok {
			return p, SUCCESS
		}
		p.close()
		if target[0] != '/' {
			target = p.path[:len(p.path)-len(p.name)] + target
		}
		path = target
	}
	return place{}, ELOOP
}

// enter opens the directory that holds a path's last component.
func (d *descriptor) enter(path string) (place, Errno) {
	trimmed := strings.TrimRight(path, "/")
	head, name := "", trimmed
	if i := strings.LastIndexByte(trimmed, '/'); i >= 0 {
		head, name = trimmed[:i], trimmed[i+1:]
	}
	p := place{name: name, path: trimmed, slash: len(trimmed) < len(path)}
	if name == ".." {
		// What it means is for os.Root to say.
		head, p.name, p.path = trimmed, ".", trimmed+"/."
	}
	if head == "" {
		var e Errno
		p.dir, e = d.handle()
		return p, e
	}
	f, err := d.root.OpenFile(head, os.O_RDONLY|syscall.O_DIRECTORY, 0)
	if err != nil {
		return place{}, rootErrno(err)
	}
	p.parent, p.dir = f, int(f.Fd())
	return p, SUCCESS
}

// readLink reads a symbolic link; it is not ok if there is nothing or something
// else.
func readLink(dir int, name string) (target string, ok bool, _ Errno) {
	var buf [maxPath]byte
	n, err := unix.Readlinkat(dir, name, buf[:])
	switch {
	case err == unix.EINVAL || err == unix.ENOENT:
		return "", false, SUCCESS
	case err != nil:
		return "", false, errnoOf(err)
	case n <= 0:
		return "", false, ENOENT
	case n == len(buf):
		return "", false, ENAMETOOLONG
	}
	return string(buf[:n]), true, SUCCESS
}
