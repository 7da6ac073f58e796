package store

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// openDirs opens the directory at parts below root, whose path is at. It follows
// no symbolic link: what it opens is the directory that it looked at.
func openDirs(root *os.Root, at string, parts ...string) (*os.Root, error) {
	return descend(root, at, parts, openDir)
}

// createDirs is openDirs, but creates what is missing.
func createDirs(root *os.Root, at string, parts ...string) (*os.Root, error) {
	return descend(root, at, parts, createDir)
}

// descend goes down from root one directory at a time, by next.
func descend(root *os.Root, at string, parts []string, next func(parent *os.Root, at, name string) (*os.Root, error)) (*os.Root, error) {
	dir := root
	for _, part := range strings.Split(filepath.Join(parts...), "/") {
		at = filepath.Join(at, part)
		child, err := next(dir, at, part)
		if dir != root {
			dir.Close()
		}
		if err != nil {
			return nil, err
		}
		dir = child
	}
	return dir, nil
}

func createDir(parent *os.Root, at, name string) (*os.Root, error) {
	switch err := parent.Mkdir(name, 0o755); {
	case err == nil:
		if err := syncDir(parent, filepath.Dir(at)); err != nil {
			return nil, err
		}
	case !errors.Is(err, fs.ErrExist):
		return nil, explain("create", at, err)
	}
	return openDir(parent, at, name)
}

// syncDir waits until a directory's names are on the disk.
func syncDir(dir *os.Root, at string) error {
	f, err := dir.Open(".")
	if err != nil {
		return explain("sync", at, err)
	}
	defer f.Close()
	if err := f.Sync(); err != nil {
		return explain("sync", at, err)
	}
	return nil
}

func openDir(parent *os.Root, at, name string) (*os.Root, error) {
	before, err := parent.Lstat(name)
	if err != nil {
		return nil, explain("open", at, err)
	}
	if !before.IsDir() {
		return nil, fmt.Errorf("open %s: %w: move it away", at, &wrongKindError{"a directory", before.Mode()})
	}
	dir, err := parent.OpenRoot(name)
	if err != nil {
		return nil, explain("open", at, err)
	}
	opened, err := dir.Stat(".")
	if err != nil || !os.SameFile(before, opened) {
		dir.Close()
		return nil, fmt.Errorf("open %s: it changed while it was opened: try again", at)
	}
	return dir, nil
}

// wrongKindError is a file of another kind than its place asks for.
type wrongKindError struct {
	want string
	have fs.FileMode
}

func (e *wrongKindError) Error() string {
	have := "a special file"
	switch {
	case e.have.IsRegular():
		have = "a file"
	case e.have.IsDir():
		have = "a directory"
	case e.have&fs.ModeSymlink != 0:
		have = "a symbolic link, which is not followed"
	case e.have&fs.ModeNamedPipe != 0:
		have = "a pipe"
	}
	return "want " + e.want + ", it is " + have
}

// openFile opens a regular file for reading. It neither follows a symbolic link
// nor waits for a pipe's writer. A writer may put another file in its place
// meanwhile: then it looks again.
func openFile(dir *os.Root, at, name string) (*os.File, fs.FileInfo, error) {
	for range 100 {
		before, err := dir.Lstat(name)
		if err != nil {
			return nil, nil, explain("open", at, err)
		}
		if !before.Mode().IsRegular() {
			return nil, nil, fmt.Errorf("open %s: %w", at, &wrongKindError{"a file", before.Mode()})
		}
		f, err := dir.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
		if err != nil {
			return nil, nil, explain("open", at, err)
		}
		if info, err := f.Stat(); err == nil && os.SameFile(before, info) {
			return f, info, nil
		}
		f.Close()
	}
	return nil, nil, fmt.Errorf("open %s: it is replaced all the time: try again", at)
}

// readFile reads a regular file of at most limit bytes.
func readFile(dir *os.Root, at, name string, limit int64) ([]byte, fs.FileInfo, error) {
	f, info, err := openFile(dir, at, name)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	if info.Size() > limit {
		return nil, nil, fmt.Errorf("read %s: it has %d bytes, at most %d are read", at, info.Size(), limit)
	}
	b := make([]byte, info.Size())
	if _, err := io.ReadFull(f, b); err != nil {
		return nil, nil, explain("read", at, err)
	}
	return b, info, nil
}
