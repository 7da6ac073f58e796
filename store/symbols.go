package store

import (
	"fmt"
	"path/filepath"

	"github.com/faaslens/faaslens/guest"
)

// SymbolsFile is where Faasm's tools look for the names of a function's functions.
const SymbolsFile = "function.symbols"

// WriteSymbols writes that file beside a function's module and returns its path. The
// error wraps ErrNotFound if there is no such function.
func (s *Store) WriteSymbols(name guest.Name, symbols []byte) (string, error) {
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
	path := filepath.Join(dir.path, SymbolsFile)
	if err := dir.writable(SymbolsFile); err != nil {
		return "", err
	}
	p, err := dir.write(SymbolsFile, symbols)
	if err != nil {
		return "", err
	}
	if err := dir.commit([]pending{p}); err != nil {
		dir.drop([]pending{p})
		return "", fmt.Errorf("%s: %w", name, err)
	}
	return path, nil
}
