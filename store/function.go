package store

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"time"

	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/wasm"
)

// Function is what a function is, as its files say.
type Function struct {
	Name guest.Name
	// Path is function.wasm's, absolute.
	Path    string
	Size    int64 // of function.wasm, in bytes
	ModTime time.Time
	SHA256  string // of function.wasm, in hex
	BuildID string // in hex; "" without one
	// Language is what the source was written in and the tool that compiled it,
	// such as "C11 (clang 19.1.7)"; "" if the module does not say.
	Language string
	HasDWARF bool // in function.wasm itself
	HasNames bool // in function.wasm itself
	// Stripped means that the module says its DWARF is in another file. Whether
	// it is there is what FindDebug tells.
	Stripped bool
	Imports  []Item
	Exports  []Item
	Meta     Meta
	// Err is why the function cannot be used; the rest is then what could be
	// told. Only List sets it.
	Err error
}

// Item is an import or an export, in words.
type Item struct {
	Module string // "" for an export
	Name   string
	Kind   string // "function", "memory", "table", "global" or "tag"
	Type   string // such as "(i32) -> i32" or "2 to 16 pages"
}

// Get returns a function. The error wraps ErrNotFound if there is none, and a
// *guest.InvalidModule if its file is not a module.
func (s *Store) Get(name guest.Name) (Function, error) {
	dir, err := s.openFunction(name)
	if err != nil {
		return Function{}, err
	}
	defer dir.root.Close()
	f, err := dir.read(name)
	if errors.Is(err, fs.ErrNotExist) {
		return Function{}, fmt.Errorf("%s: %w in %s: 'faaslens list' shows those there are", name, ErrNotFound, s.dir)
	}
	if err != nil {
		return Function{}, fmt.Errorf("%s: %w", name, err)
	}
	return f, nil
}

// Read returns a function's module, unchecked, for the engine to compile. The
// error wraps ErrNotFound if there is none.
func (s *Store) Read(name guest.Name) ([]byte, error) {
	dir, err := s.openFunction(name)
	if err != nil {
		return nil, err
	}
	defer dir.root.Close()
	b, _, err := readFile(dir.root, filepath.Join(dir.path, ModuleFile), ModuleFile, wasm.MaxModuleSize)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s: %w in %s: 'faaslens list' shows those there are", name, ErrNotFound, s.dir)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return b, nil
}

// read describes the function in d. With an error, the result has what could be
// told.
func (d *functionDir) read(name guest.Name) (Function, error) {
	f := Function{Name: name, Path: filepath.Join(d.path, ModuleFile)}
	b, info, err := readFile(d.root, f.Path, ModuleFile, wasm.MaxModuleSize)
	if err != nil {
		return f, err
	}
	f.Size, f.ModTime, f.SHA256 = info.Size(), info.ModTime(), checksum(b)
	f.Meta = d.readMeta(f.SHA256)
	m, err := wasm.Parse(b)
	if err != nil {
		return f, fmt.Errorf("read %s: %w", f.Path, err)
	}
	f.describe(m)
	return f, nil
}

func (f *Function) describe(m *wasm.Module) {
	f.BuildID = hex.EncodeToString(m.BuildID())
	f.HasDWARF, f.HasNames = m.HasDWARF(), m.HasNames()
	f.Stripped = !f.HasDWARF && m.ExternalDebugInfo() != ""
	producers, _ := m.Producers() // what could be read is enough here
	f.Language = language(producers)
	for _, i := range m.Imports {
		f.Imports = append(f.Imports, Item{i.Module, i.Name, i.Kind.String(), m.TypeString(i.Kind, i.Index)})
	}
	for _, e := range m.Exports {
		f.Exports = append(f.Exports, Item{"", e.Name, e.Kind.String(), m.TypeString(e.Kind, e.Index)})
	}
}

func language(p wasm.Producers) string {
	languages, tools := make([]string, 0, 2), make([]string, 0, 2)
	for _, l := range p.Language {
		languages = append(languages, l.Name)
	}
	for _, t := range p.ProcessedBy {
		version, _, _ := strings.Cut(t.Version, " ")
		tools = append(tools, strings.TrimSpace(t.Name+" "+version))
	}
	s := strings.Join(languages, ", ")
	if len(tools) == 0 {
		return s
	}
	return strings.TrimSpace(s + " (" + strings.Join(tools, ", ") + ")")
}
