package store

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/faaslens/faaslens/guest"
)

// Remove removes a function with its compiled images. The error wraps ErrNotFound
// if there is nothing of that name, damaged or not.
func (s *Store) Remove(name guest.Name) error {
	if err := s.remove(name); err != nil {
		return fmt.Errorf("remove %w", err)
	}
	return nil
}

func (s *Store) remove(name guest.Name) error {
	if err := name.Validate(); err != nil {
		return err
	}
	unlock, err := s.lock()
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	defer unlock()
	found := false
	// The module goes first: without it, the rest is no function.
	for _, top := range []string{wasmDir, objectDir, functionRootsDir} {
		was, err := s.removeUnder(top, name)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		found = found || was
	}
	if !found {
		return fmt.Errorf("%s: %w in %s: 'faaslens list' shows those there are", name, ErrNotFound, s.dir)
	}
	return nil
}

// removeUnder removes a function's directory, or whatever is in its place, below
// wasm or object, and the user's if nothing else is in it. A symbolic link goes,
// not what it leads to.
func (s *Store) removeUnder(top string, name guest.Name) (found bool, err error) {
	user, err := openDirs(s.root, s.dir, top, name.User)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer user.Close()
	path := filepath.Join(s.dir, top, name.User, name.Function)
	info, err := user.Lstat(name.Function)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, explain("remove", path, err)
	}
	if info.IsDir() {
		if err := user.Remove(filepath.Join(name.Function, ModuleFile)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return false, explain("remove", filepath.Join(path, ModuleFile), err)
		}
	}
	if err := user.RemoveAll(name.Function); err != nil {
		return false, explain("remove", path, err)
	}
	s.root.Remove(filepath.Join(top, name.User)) // fails, rightly, unless it is empty
	return true, nil
}
