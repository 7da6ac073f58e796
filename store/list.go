package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/faaslens/faaslens/guest"
)

// List returns the functions of a user, or of all with user "", sorted by user
// and function. What is damaged or does not belong there is in the list with its
// Err set. The error is for a list that cannot be had at all.
func (s *Store) List(user string) ([]Function, error) {
	if user != "" {
		if err := (guest.Name{User: user, Function: "any"}).Validate(); err != nil {
			return nil, fmt.Errorf("list functions: %w", err)
		}
	}
	dir, users, err := s.users()
	if err != nil || dir == nil {
		return nil, err
	}
	defer dir.Close()
	path := filepath.Join(s.dir, wasmDir)
	var all []Function
	for _, u := range users {
		if user == "" || u == user {
			all = append(all, listUser(dir, path, u)...)
		}
	}
	return all, nil
}

// users are the names in the directory of functions, which is open; dir is nil if there is
// none.
func (s *Store) users() (dir *os.Root, names []string, err error) {
	dir, err = openDirs(s.root, s.dir, wasmDir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, fmt.Errorf("list functions: %w", err)
	}
	if names, err = readNames(dir); err != nil {
		dir.Close()
		return nil, nil, fmt.Errorf("list functions: %w", explain("read", filepath.Join(s.dir, wasmDir), err))
	}
	return dir, names, nil
}

func listUser(parent *os.Root, path, user string) []Function {
	path = filepath.Join(path, user)
	foreign := func(err error) []Function {
		return []Function{{Name: guest.Name{User: user}, Path: path, Err: err}}
	}
	if err := (guest.Name{User: user, Function: "any"}).Validate(); err != nil {
		return foreign(err)
	}
	dir, err := openDirs(parent, filepath.Dir(path), user)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // removed meanwhile
	}
	if err != nil {
		return foreign(err)
	}
	defer dir.Close()
	names, err := readNames(dir)
	if err != nil {
		return foreign(explain("read", path, err))
	}
	var all []Function
	for _, name := range names {
		if f, ok := listFunction(dir, path, guest.Name{User: user, Function: name}); ok {
			all = append(all, f)
		}
	}
	return all
}

// listFunction describes what is at a function's place; false if it is only what
// a crashed or a running writer left there.
func listFunction(parent *os.Root, userPath string, name guest.Name) (Function, bool) {
	path := filepath.Join(userPath, name.Function)
	f := Function{Name: name, Path: path}
	if f.Err = name.Validate(); f.Err != nil {
		return f, true
	}
	root, err := openDirs(parent, userPath, name.Function)
	if err != nil {
		f.Err = err
		return f, !errors.Is(err, fs.ErrNotExist)
	}
	defer root.Close()
	dir := &functionDir{root, path}
	f, f.Err = dir.read(name)
	if !errors.Is(f.Err, fs.ErrNotExist) {
		return f, true
	}
	names, err := readNames(root)
	if err != nil {
		f.Err = explain("read", path, err)
		return f, true
	}
	for _, n := range names {
		if !strings.HasPrefix(n, tempPrefix) {
			f.Err = fmt.Errorf("%s has no %s: add the function again or remove it", path, ModuleFile)
			return f, true
		}
	}
	return f, false
}
