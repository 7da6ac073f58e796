package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/faaslens/faaslens/guest"
)

// runtimeFiles are files that programs expect; the first is exactly as Faasm's.
var runtimeFiles = [...]struct{ path, content string }{
	{"etc/hosts", "127.0.0.1\tlocalhost\n"},
	{"etc/passwd", "root:x:0:0:root:/root:/bin/sh\nfaasm:x:1000:1000:faasm:/:/bin/sh\n"},
	{"etc/resolv.conf", "nameserver 127.0.0.1\n"},
}

// RuntimeRoot opens the file system that functions share in Faasm. It creates what is
// missing of it and changes nothing that is there. The caller closes it.
func (s *Store) RuntimeRoot() (*os.Root, error) { return s.fileSystem(runtimeDir) }

// FunctionRoot opens the file system of one function, which no other sees. It is made
// as RuntimeRoot's is. The caller closes it.
func (s *Store) FunctionRoot(name guest.Name) (*os.Root, error) {
	if err := name.Validate(); err != nil {
		return nil, err
	}
	return s.fileSystem(filepath.Join(functionRootsDir, name.User, name.Function))
}

// functionRootsDir holds the functions' own file systems.
const functionRootsDir = runtimeDir + "/functions"

func (s *Store) fileSystem(dir string) (*os.Root, error) {
	root, err := s.openOrCreate(dir)
	if err != nil {
		return nil, err
	}
	path := filepath.Join(s.dir, dir)
	for _, dir := range []string{"etc", "tmp", "share"} {
		if err := root.Mkdir(dir, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
			root.Close()
			return nil, explain("create", filepath.Join(path, dir), err)
		}
	}
	for _, f := range runtimeFiles {
		if err := createFile(root, f.path, f.content); err != nil {
			root.Close()
			return nil, explain("create", filepath.Join(path, f.path), err)
		}
	}
	return root, nil
}

// createFile writes a file that does not exist, all of it or nothing.
func createFile(root *os.Root, path, content string) error {
	f, err := root.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	_, err = f.WriteString(content)
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		root.Remove(path)
	}
	return err
}

// RuntimeDir returns the absolute path of the file system that functions see.
func (s *Store) RuntimeDir() string { return filepath.Join(s.dir, runtimeDir) }

// Shared opens the directory of files that functions reach as faasm://PATH, and
// creates it if need be. The caller closes it.
func (s *Store) Shared() (*os.Root, error) { return s.openOrCreate(sharedDir) }

// SharedPath returns where faasm://PATH is on disk. It refuses a path that leaves
// the shared directory; what follows links must go through Shared instead.
func (s *Store) SharedPath(path string) (string, error) {
	local := filepath.FromSlash(path)
	if !filepath.IsLocal(local) {
		return "", fmt.Errorf("shared file %q: the path leaves the shared directory", path)
	}
	return filepath.Join(s.dir, sharedDir, local), nil
}

func (s *Store) openOrCreate(dir string) (*os.Root, error) {
	return createDirs(s.root, s.dir, dir)
}
