package store

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// tempPrefix begins the names of files that are being written. A name that a
// crash left behind is known by it.
const tempPrefix = ".tmp-"

// pending is a file that is written and synced, but does not have its name yet.
type pending struct {
	temp, name string
}

// lock makes this the only writer of the root until unlock is called.
func (s *Store) lock() (unlock func(), err error) {
	const name = ".lock"
	path := filepath.Join(s.dir, name)
	f, err := s.root.OpenFile(name, os.O_RDWR|os.O_CREATE|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0o644)
	if err != nil {
		return nil, explain("lock", path, err)
	}
	for {
		err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX)
		if !errors.Is(err, syscall.EINTR) {
			break
		}
	}
	if err != nil {
		f.Close()
		return nil, explain("lock", path, err)
	}
	return func() { f.Close() }, nil
}

// write puts content beside its place and waits until it is on the disk.
func (d *functionDir) write(name string, content []byte) (pending, error) {
	p := pending{temp: tempPrefix + name + "-" + rand.Text(), name: name}
	path := filepath.Join(d.path, name)
	f, err := d.root.OpenFile(p.temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return p, explain("write", path, err)
	}
	_, err = f.Write(content)
	if err == nil {
		err = f.Sync()
	}
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		d.root.Remove(p.temp)
		return p, explain("write", path, err)
	}
	return p, nil
}

// writable checks that a rename to name can work: nothing is there, or a file.
func (d *functionDir) writable(name string) error {
	info, err := d.root.Lstat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return explain("write", filepath.Join(d.path, name), err)
	}
	if info.IsDir() {
		return fmt.Errorf("write %s: %w: move it away", filepath.Join(d.path, name), &wrongKindError{"a file", info.Mode()})
	}
	return nil
}

// commit gives pending files their names, in order.
func (d *functionDir) commit(files []pending) error {
	for _, p := range files {
		if err := d.root.Rename(p.temp, p.name); err != nil {
			return explain("rename to", filepath.Join(d.path, p.name), err)
		}
	}
	return syncDir(d.root, d.path)
}

// sweep removes what a crashed writer left. Call it with the lock held.
func (d *functionDir) sweep() {
	names, err := readNames(d.root)
	if err != nil {
		return // a later write fails with the reason, if it matters
	}
	for _, name := range names {
		if strings.HasPrefix(name, tempPrefix) {
			d.root.Remove(name)
		}
	}
}

// readNames lists a directory, sorted.
func readNames(dir *os.Root) ([]string, error) {
	entries, err := fs.ReadDir(dir.FS(), ".")
	if err != nil {
		return nil, err
	}
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = e.Name()
	}
	return names, nil
}
