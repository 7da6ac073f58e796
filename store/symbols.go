package store

import (
	"fmt"
	"path/filepath"

	"github.com/faaslens/faaslens/guest"
)

// SymbolsFile and TextFile are where Faasm's tools have the names of a function's
// functions, and its module in the text format.
const (
	SymbolsFile = "function.symbols"
	TextFile    = "function.wast"
)

// WriteSymbols writes the first of these files beside a function's module and returns
// its path. The error wraps ErrNotFound if there is no such function.
func (s *Store) WriteSymbols(name guest.Name, symbols []byte) (string, error) {
	return s.writeBeside(name, SymbolsFile, symbols)
}

// WriteText writes the second, as WriteSymbols does the first.
func (s *Store) WriteText(name guest.Name, text []byte) (string, error) {
	return s.writeBeside(name, TextFile, text)
}

func (s *Store) writeBeside(name guest.Name, file string, content []byte) (string, error) {
	unlock, err := s.lock()
	if err != nil {
		return "", err
	}
	defer unlock()
	dir, err := s.openFunction(name)
	if err != nil {
		return "", err
	}
	defer dir.root.Close()
	path := filepath.Join(dir.path, file)
	if err := dir.writable(file); err != nil {
		return "", err
	}
	p, err := dir.write(file, content)
	if err != nil {
		return "", err
	}
	if err := dir.commit([]pending{p}); err != nil {
		dir.drop([]pending{p})
		return "", fmt.Errorf("%s: %w", name, err)
	}
	return path, nil
}
