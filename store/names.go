package store

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/faaslens/faaslens/guest"
)

// Names are the names of all functions, sorted. Nothing but directories is read: some of
// the functions may not be fit to run.
func (s *Store) Names() ([]string, error) {
	dir, err := openDirs(s.root, s.dir, wasmDir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list functions: %w", err)
	}
	defer dir.Close()
	path := filepath.Join(s.dir, wasmDir)
	users, err := readNames(dir)
	if err != nil {
		return nil, fmt.Errorf("list functions: %w", explain("read", path, err))
	}
	var all []string
	for _, u := range users {
		of, err := openDirs(dir, path, u)
		if err != nil {
			continue // removed meanwhile, or nothing of ours
		}
		functions, err := readNames(of)
		of.Close()
		if err != nil {
			return nil, fmt.Errorf("list functions: %w", explain("read", filepath.Join(path, u), err))
		}
		for _, f := range functions {
			if name := (guest.Name{User: u, Function: f}); name.Validate() == nil {
				all = append(all, name.String())
			}
		}
	}
	return all, nil
}
