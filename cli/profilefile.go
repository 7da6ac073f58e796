package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/google/pprof/profile"

	"github.com/faaslens/faaslens/profiler/export"
)

// maxProfileSize bounds a file with a profile, in bytes, as it is on disk.
const maxProfileSize = 512 << 20

// readProfile reads a profile in pprof's format, or folded stacks.
func readProfile(file string) (*profile.Profile, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, fmt.Errorf("read profile: %w", err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxProfileSize+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("read profile: %w", err)
	case len(data) > maxProfileSize:
		return nil, fmt.Errorf("read profile %s: it has more than %d bytes", file, maxProfileSize)
	}
	p, err := profile.ParseData(data)
	if err == nil {
		return p, nil
	}
	if p, foldedErr := export.ParseFolded(bytes.NewReader(data)); foldedErr == nil {
		return p, nil
	}
	return nil, fmt.Errorf("read profile %s: it is neither a pprof profile (%w) nor folded stacks: make one with 'faaslens profile --format pprof'", file, err)
}

// writeProfile writes a profile to a file, all of it or none.
func writeProfile(file string, p *profile.Profile, format export.Format, o export.Options) error {
	return writeWhole(file, func(w io.Writer) error { return export.Write(w, p, format, o) })
}

// readSource returns the content of a source file that a profile names, where its tree
// is now. A profile takes the names from modules, which must not be able to have other
// files shown: only regular files with a name as sources have are read.
func (m sourceMap) readSource(file string) ([]byte, error) {
	path := m.path(file)
	switch {
	case !slices.Contains(sourceKinds(), filepath.Ext(path)):
		return nil, errors.New("the file is not called as sources are")
	case path == file && !filepath.IsAbs(path):
		return nil, errors.New("the path starts from a directory that is not known: say where the sources are with --source-map")
	}
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if errors.Is(err, os.ErrNotExist) {
		return nil, errors.New("the file is not on this machine: say where the sources are with --source-map")
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular() || info.Size() > maxSourceSize:
		return nil, errors.New("the file is not a source")
	}
	return io.ReadAll(io.LimitReader(f, maxSourceSize))
}

// mapSources puts the places where sources are now into a profile, for tools that open
// them by themselves, and leaves out what they may not open.
func (m sourceMap) mapSources(p *profile.Profile) {
	readable := make(map[string]bool)
	for _, f := range p.Function {
		ok, seen := readable[f.Filename]
		if !seen {
			_, err := m.readSource(f.Filename)
			ok = err == nil
			readable[f.Filename] = ok
		}
		if path, err := filepath.Abs(m.path(f.Filename)); ok && err == nil {
			f.Filename = path
		} else {
			f.Filename = unreadable(f.Filename)
		}
	}
}

// unreadable is a name for a file that says what it was and opens nothing: pprof looks for
// parts of paths in the working directory and above, and this has only one part.
func unreadable(file string) string {
	if file == "" {
		return ""
	}
	return "(no source) " + strings.ReplaceAll(file, "/", "\u2215")
}
