package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/faaslens/faaslens/guest"
)

// Directories of the root.
const (
	wasmDir    = "wasm"
	objectDir  = "object"
	sharedDir  = "shared"
	runtimeDir = "runtime_root"
)

// Files of a function.
const (
	ModuleFile = "function.wasm"
	DebugFile  = "function.wasm.debug"
	// PackageFile has the split DWARF of a module.
	PackageFile = "function.wasm.dwp"
	MetaFile    = "meta.json"
)

// ErrNotFound means that there is no function of that name.
var ErrNotFound = errors.New("no such function")

// Store is an open root directory. It is safe for concurrent use.
type Store struct {
	dir  string // absolute
	root *os.Root
}

// Open opens the root directory dir and creates it if it does not exist. Close
// releases it.
func Open(dir string) (*Store, error) {
	if dir == "" {
		return nil, errors.New("open the function store: the directory's name is empty: set FAASLENS_DIR")
	}
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("open the function store %s: %w", dir, err)
	}
	if err := os.MkdirAll(abs, 0o755); err != nil {
		return nil, fmt.Errorf("open the function store: %w", explain("create", abs, err))
	}
	root, err := os.OpenRoot(abs)
	if err != nil {
		return nil, fmt.Errorf("open the function store: %w", explain("open", abs, err))
	}
	return &Store{dir: abs, root: root}, nil
}

// Close releases the root. It may be called twice.
func (s *Store) Close() error { return s.root.Close() }

// Dir returns the root's absolute path.
func (s *Store) Dir() string { return s.dir }

// ObjectDir returns the directory for a function's compiled images, which need
// not exist.
func (s *Store) ObjectDir(name guest.Name) (string, error) {
	if err := name.Validate(); err != nil {
		return "", err
	}
	return filepath.Join(s.dir, objectDir, name.User, name.Function), nil
}

// functionDir is a function's open directory.
type functionDir struct {
	root *os.Root
	path string // absolute, for messages
}

func (s *Store) functionPath(name guest.Name) string {
	return filepath.Join(s.dir, wasmDir, name.User, name.Function)
}

// openFunction opens a function's directory. The error wraps ErrNotFound if there
// is none.
func (s *Store) openFunction(name guest.Name) (*functionDir, error) {
	if err := name.Validate(); err != nil {
		return nil, err
	}
	root, err := openDirs(s.root, s.dir, wasmDir, name.User, name.Function)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s: %w in %s: 'faaslens list' shows those there are", name, ErrNotFound, s.dir)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return &functionDir{root, s.functionPath(name)}, nil
}

// createFunction opens a function's directory and creates what is missing of it.
func (s *Store) createFunction(name guest.Name) (*functionDir, error) {
	root, err := createDirs(s.root, s.dir, wasmDir, name.User, name.Function)
	if err != nil {
		return nil, err
	}
	return &functionDir{root, s.functionPath(name)}, nil
}
