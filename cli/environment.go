package cli

import (
	"errors"
	"path/filepath"
	"slices"
	"strings"

	"github.com/faaslens/faaslens/store"
)

// environment is the process's, each entry NAME=VALUE.
type environment []string

// get returns a variable's value; the last of several counts.
func (e environment) get(name string) string {
	for _, kv := range slices.Backward(e) {
		if v, ok := strings.CutPrefix(kv, name+"="); ok {
			return v
		}
	}
	return ""
}

// dataDir is where functions are kept.
func (e environment) dataDir() (string, error) {
	for _, name := range []string{"FAASLENS_DIR", "FAASM_LOCAL_DIR"} {
		if dir := e.get(name); dir != "" {
			return dir, nil
		}
	}
	// The XDG specification tells programs to ignore a relative path.
	if dir := e.get("XDG_DATA_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "faaslens"), nil
	}
	if home := e.get("HOME"); home != "" {
		return filepath.Join(home, ".local", "share", "faaslens"), nil
	}
	return "", errors.New("find the data directory: neither FAASLENS_DIR nor HOME is set: set FAASLENS_DIR to a directory of yours")
}

// openStore opens the functions in the data directory.
func (s *session) openStore() (*store.Store, error) {
	dir, err := s.env.dataDir()
	if err != nil {
		return nil, err
	}
	return store.Open(dir)
}
