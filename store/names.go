package store

import (
	"fmt"
	"path/filepath"

	"github.com/faaslens/faaslens/guest"
)

// Names are the names of all functions, sorted. Nothing but directories is read: some of
// the functions may not be fit to run.
func (s *Store) Names() ([]string, error) {
	dir, users, err := s.users()
	if err != nil || dir == nil {
		return nil, err
	}
	defer dir.Close()
	path := filepath.Join(s.dir, wasmDir)
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
