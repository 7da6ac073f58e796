package store

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/wasm"
)

// ErrNoDebug means that no file has the DWARF of a module.
var ErrNoDebug = errors.New("no debug information fits the module")

// maxDebugCandidates bounds how many files FindDebug looks into.
const maxDebugCandidates = 16

// Debug is a module that has the DWARF or the names of one that runs.
type Debug struct {
	Path   string // absolute
	Module *wasm.Module
}

// FindDebug returns what has the DWARF of a function's module: the module itself
// if it does, else a file in the function's directory with the same build id and
// code. It tries the file that the module names (external_debug_info; only a
// path within the directory counts, and nothing is fetched), function.wasm.debug,
// then other files that end in .debug. The error wraps ErrNoDebug and says what
// is wrong with each file that was tried.
func (s *Store) FindDebug(name guest.Name, module *wasm.Module) (Debug, error) {
	if module.HasDWARF() {
		return Debug{filepath.Join(s.functionPath(name), ModuleFile), module}, nil
	}
	dir, err := s.openFunction(name)
	if err != nil {
		return Debug{}, fmt.Errorf("find debug information: %w", err)
	}
	defer dir.root.Close()
	var tried []string
	candidates, note := dir.debugCandidates(module)
	if note != "" {
		tried = append(tried, note)
	}
	for _, c := range candidates {
		d, err := dir.openDebug(c, module)
		if err == nil {
			return d, nil
		}
		if !errors.Is(err, fs.ErrNotExist) {
			tried = append(tried, err.Error())
		}
	}
	if len(tried) == 0 {
		tried = []string{"there is no " + DebugFile + " in " + dir.path + ": build it with debug information (-g) and add it again"}
	}
	return Debug{}, fmt.Errorf("%s: %w: %s", name, ErrNoDebug, strings.Join(tried, "; "))
}

// debugCandidates lists paths within the directory, the likeliest first.
func (d *functionDir) debugCandidates(module *wasm.Module) (paths []string, note string) {
	if url := module.ExternalDebugInfo(); url != "" {
		local := filepath.FromSlash(strings.TrimPrefix(url, "./"))
		if filepath.IsLocal(local) && !strings.Contains(url, "://") {
			paths = append(paths, filepath.Clean(local))
		} else {
			note = fmt.Sprintf("the module names %q, which is outside of %s and is not looked at", url, d.path)
		}
	}
	paths = append(paths, DebugFile)
	names, _ := readNames(d.root) // the files named above are tried in any case
	for _, n := range names {
		if strings.HasSuffix(n, ".debug") && !strings.HasPrefix(n, tempPrefix) {
			paths = append(paths, n)
		}
	}
	unique := paths[:0]
	for _, p := range paths {
		if !slices.Contains(unique, p) {
			unique = append(unique, p)
		}
	}
	return unique[:min(len(unique), maxDebugCandidates)], note
}

// ReadPackage returns the split DWARF that is kept beside a function's module; nil if
// there is none.
func (s *Store) ReadPackage(name guest.Name) ([]byte, error) {
	d, err := s.openFunction(name)
	if err != nil {
		return nil, err
	}
	defer d.root.Close()
	b, _, err := readFile(d.root, filepath.Join(d.path, PackageFile), PackageFile, wasm.MaxModuleSize)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return b, err
}

func (d *functionDir) openDebug(rel string, module *wasm.Module) (Debug, error) {
	path := filepath.Join(d.path, rel)
	b, _, err := readFile(d.root, path, rel, wasm.MaxModuleSize)
	if err != nil {
		return Debug{}, err
	}
	m, err := wasm.Parse(b)
	if err != nil {
		return Debug{}, fmt.Errorf("%s: %w", path, err)
	}
	if err := fits(module, m); err != nil {
		return Debug{}, fmt.Errorf("%s: %w", path, err)
	}
	return Debug{path, m}, nil
}

// fits checks that a debug file belongs to a module: by build ids, by code, or by
// both. One of them must be there to be compared. Some tools leave the code out
// of debug files.
func fits(module, debug *wasm.Module) error {
	if !debug.HasDWARF() && !debug.HasNames() {
		return errors.New("it has neither DWARF nor names")
	}
	run, file := module.BuildID(), debug.BuildID()
	if run != nil && file != nil && !bytes.Equal(run, file) {
		return fmt.Errorf("it is of another build: build id %x, the module has %x", file, run)
	}
	code, has := debug.CodeSection()
	if has {
		running, _ := module.CodeSection()
		if !bytes.Equal(debug.Bytes()[code.Content:code.End()], module.Bytes()[running.Content:running.End()]) {
			return errors.New("it is of another build: its code differs from the module's")
		}
		return nil
	}
	if run == nil || file == nil {
		return errors.New("it cannot be told to be of the same build: it has no code, and one of the two has no build id")
	}
	return nil
}
