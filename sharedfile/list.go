package sharedfile

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	slashpath "path"
	"slices"
	"strings"
	"time"
)

// Elsewhere tells what of a directory is with the remote and not here: files and
// directories by their names, sorted. What was removed elsewhere is removed here.
func (f *Files) Elsewhere(ctx context.Context, dir string) (files, dirs []string, err error) {
	dir, err = Clean(dir)
	if err != nil || f.cfg.Remote == nil {
		return nil, nil, err
	}
	root, err := f.Root()
	if err != nil {
		return nil, nil, err
	}
	isDir, gone := make(map[string]bool), []string{}
	err = f.cfg.Remote.ListFiles(ctx, dir, func(path string, deleted time.Time) bool {
		if dir != "." {
			path = strings.TrimPrefix(path, dir+"/")
		}
		name, _, within := strings.Cut(path, "/")
		switch {
		case deleted.IsZero():
			isDir[name] = isDir[name] || within
		case !within:
			gone = append(gone, name)
		}
		return true
	})
	if err != nil {
		return nil, nil, fmt.Errorf("list the shared directory %q: %w", dir, err)
	}
	for _, name := range gone {
		if err := f.Fetch(ctx, slashpath.Join(dir, name)); err != nil {
			return nil, nil, err
		}
	}
	for name, is := range isDir {
		_, err := root.Lstat(slashpath.Join(dir, name))
		switch {
		case !errors.Is(err, fs.ErrNotExist):
		case is:
			dirs = append(dirs, name)
		default:
			files = append(files, name)
		}
	}
	slices.Sort(files)
	slices.Sort(dirs)
	return files, dirs, nil
}

// makeDirectory makes a directory here that there is elsewhere, because it has files there.
func (f *Files) makeDirectory(ctx context.Context, root *os.Root, name string) error {
	there := false
	err := f.cfg.Remote.ListFiles(ctx, name, func(_ string, deleted time.Time) bool {
		there = deleted.IsZero()
		return !there
	})
	if err == nil && there {
		err = root.MkdirAll(name, 0o755)
	}
	if err != nil {
		return fmt.Errorf("look for the shared directory %q: %w", name, err)
	}
	return nil
}
