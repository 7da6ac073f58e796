package store

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/wasm"
)

// AddOptions says how a module is kept.
type AddOptions struct {
	// Strip keeps a module without DWARF and names for running, and the whole
	// one as its debug file. A module that has neither, or is stripped already,
	// is kept as it is.
	Strip bool
	// Package is the module's split DWARF (.dwp), kept beside it; nil for none.
	Package []byte
	// Origin and WarmExport go into the function's metadata: see Meta.
	Origin, WarmExport string
}

// Add keeps a module as a function, in place of any that had the name. The error
// wraps a *guest.InvalidModule if the bytes are no module. With an error, the
// function that was there before is whole and unchanged, unless only the last
// step failed, which waits until the new names are on the disk.
func (s *Store) Add(name guest.Name, module []byte, options AddOptions) (Function, error) {
	f, err := s.add(name, module, options)
	if err != nil {
		return Function{}, fmt.Errorf("add %s: %w", name, err)
	}
	return f, nil
}

func (s *Store) add(name guest.Name, module []byte, options AddOptions) (Function, error) {
	if err := name.Validate(); err != nil {
		return Function{}, err
	}
	files, err := prepare(module, options)
	if err != nil {
		return Function{}, err
	}
	unlock, err := s.lock()
	if err != nil {
		return Function{}, err
	}
	defer unlock()
	dir, err := s.createFunction(name)
	if err != nil {
		return Function{}, err
	}
	defer dir.root.Close()
	dir.sweep()
	if err := dir.replace(files); err != nil {
		return Function{}, err
	}
	return dir.read(name)
}

// content is a file's name and what is to be in it.
type content struct {
	name  string
	bytes []byte
}

// prepare makes a function's files, the module last.
func prepare(module []byte, options AddOptions) ([]content, error) {
	m, err := wasm.Parse(module)
	if err != nil {
		return nil, err
	}
	if m.IsObject() {
		return nil, &guest.InvalidModule{Offset: -1, Reason: "this is an object file: link it first (wasm-ld, or clang without -c)"}
	}
	var files []content
	meta := Meta{Origin: options.Origin, WarmExport: options.WarmExport}
	run := module
	if options.Strip && (m.HasDWARF() || m.HasNames()) {
		stripped, debug, err := wasm.Strip(module, wasm.StripOptions{DebugFile: DebugFile})
		switch {
		case errors.Is(err, wasm.ErrStripped): // the names stay: they are in no debug file
		case err != nil:
			return nil, err
		default:
			run = stripped
			meta.SourceSHA256 = checksum(module)
			files = append(files, content{DebugFile, debug})
		}
	}
	if options.Package != nil {
		files = append(files, content{PackageFile, options.Package})
	}
	meta.SHA256 = checksum(run)
	return append(files, content{MetaFile, meta.encode()}, content{ModuleFile, run}), nil
}

func checksum(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// replace writes files in place of a function's. A debug file or package that is not
// among them goes.
func (d *functionDir) replace(files []content) error {
	has := make(map[string]bool)
	for _, f := range files {
		has[f.name] = true
		if err := d.writable(f.name); err != nil {
			return err
		}
	}
	var written []pending
	for _, f := range files {
		p, err := d.write(f.name, f.bytes)
		if err != nil {
			d.drop(written)
			return err
		}
		written = append(written, p)
	}
	if err := d.commit(written); err != nil {
		d.drop(written)
		return err
	}
	for _, old := range []string{DebugFile, PackageFile} {
		if !has[old] {
			d.root.Remove(old) // if it stays, it is ignored: it fits no more
		}
	}
	return nil
}

func (d *functionDir) drop(files []pending) {
	for _, p := range files {
		d.root.Remove(p.temp)
	}
}
