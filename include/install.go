package include

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
)

// Library is the headers and sources laid out on disk.
type Library struct {
	// Dir holds faasm/, posix/ and lib/.
	Dir string
}

// Install lays the files out in a directory of their own inside cache, named by
// [Version], and returns it. The directory appears whole or not at all, also when
// several processes install at once; one that is there already is checked, and
// replaced if anything in it differs.
func Install(cache string) (*Library, error) {
	l := &Library{Dir: filepath.Join(cache, "include-"+Version())}
	if l.intact() {
		return l, nil
	}
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return nil, fmt.Errorf("install guest headers: %w: choose a cache directory that can be written", err)
	}
	staged, err := os.MkdirTemp(cache, ".include-*")
	if err != nil {
		return nil, fmt.Errorf("install guest headers in %s: %w: choose a cache directory that can be written", cache, err)
	}
	defer os.RemoveAll(staged)
	if err := writeAll(filepath.Join(staged, "new")); err != nil {
		return nil, fmt.Errorf("install guest headers in %s: %w", cache, err)
	}
	if err := l.replaceWith(staged); err != nil {
		return nil, fmt.Errorf("install guest headers in %s: %w", l.Dir, err)
	}
	return l, nil
}

// replaceWith moves staged/new to l.Dir, what stood there to staged/old-N. A
// concurrent installer may be faster: then its files, which are the same, stay.
func (l *Library) replaceWith(staged string) error {
	var err error
	for attempt := range 10 {
		if err = os.Rename(filepath.Join(staged, "new"), l.Dir); err == nil || l.intact() {
			return nil
		}
		old := filepath.Join(staged, fmt.Sprintf("old-%d", attempt))
		if moveErr := os.Rename(l.Dir, old); moveErr != nil && !errors.Is(moveErr, fs.ErrNotExist) {
			return moveErr
		}
	}
	return err
}

func writeAll(dir string) error {
	for _, name := range names() {
		to := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(to, mustRead(name), 0o644); err != nil {
			return err
		}
	}
	// MkdirTemp's directories are private; this one is for every user of the cache.
	return os.Chmod(dir, 0o755)
}

// intact reports whether the directory has every file as it should be, and no
// other: a stray header could be found by a compiler.
func (l *Library) intact() bool {
	var found []string
	err := filepath.WalkDir(l.Dir, func(at string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			return nil
		}
		name, err := filepath.Rel(l.Dir, at)
		if err != nil {
			return err
		}
		found = append(found, filepath.ToSlash(name))
		return nil
	})
	want := names()
	sort.Strings(found)
	sort.Strings(want)
	if err != nil || len(found) != len(want) {
		return false
	}
	for i, name := range want {
		if found[i] != name {
			return false
		}
		content, err := os.ReadFile(filepath.Join(l.Dir, filepath.FromSlash(name)))
		if err != nil || !bytes.Equal(content, mustRead(name)) {
			return false
		}
	}
	return true
}

// IncludeDirs returns the directories to search for headers, in order, before the
// C library's own.
func (l *Library) IncludeDirs() []string {
	return []string{l.Dir, filepath.Join(l.Dir, "posix")}
}

// Sources returns the library's C sources. Compile each and link them as an
// archive, so that a function only gets what it uses, after the C++ libraries, so
// that their exceptions, where they have them, come first.
func (l *Library) Sources() []string {
	var all []string
	for _, name := range sources() {
		all = append(all, filepath.Join(l.Dir, filepath.FromSlash(name)))
	}
	return all
}
