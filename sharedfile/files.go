package sharedfile

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	slashpath "path"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Remote has the newest content of the files of all hosts. Its methods may be called from
// any goroutine.
type Remote interface {
	// StatFile tells the SHA-256 of a file's newest content in hex, or when it was
	// deleted; neither if it was never there.
	StatFile(ctx context.Context, path string) (digest string, deleted time.Time, err error)
	// GetFile writes a file's newest content, and returns its digest. What have has of it at
	// its beginning, an older content or nil, need not be fetched. The error wraps
	// fs.ErrNotExist if there is none.
	GetFile(ctx context.Context, path string, have io.ReadSeeker, w io.Writer) (digest string, err error)
	// PutFile makes what a reader has the newest content, when it has read it to its
	// end.
	PutFile(ctx context.Context, path string, r io.ReadSeeker) (digest string, err error)
	// ListFiles tells of each file below a directory, "." for all, its path and when it
	// was deleted, zero if it is there, until it is told that it is enough.
	ListFiles(ctx context.Context, dir string, each func(path string, deleted time.Time) (more bool)) error
	// DeleteFile removes a file; no error if there is none.
	DeleteFile(ctx context.Context, path string) error
}

// Config shapes Files.
type Config struct {
	// Open opens the directory; it is called when that is first needed.
	Open   func() (*os.Root, error)
	Remote Remote // nil: there are no other hosts
	Log    *slog.Logger
}

// Files are the files of one host. Its methods may be called from any goroutine.
type Files struct {
	cfg  Config
	root func() (*os.Root, error)

	opened atomic.Bool

	mu    sync.Mutex
	paths map[string]*path
}

// path is what is known of a file that is used or was fetched.
type path struct {
	refs int        // who uses it; guarded by the lock of Files
	mu   sync.Mutex // held while content moves

	writers int    // have it open for writing
	digest  string // of the content in the directory, if that is still
	content version
}

// version tells contents of a file in the directory apart.
type version struct {
	info fs.FileInfo
}

func (v version) is(info fs.FileInfo) bool {
	return v.info != nil && os.SameFile(v.info, info) && v.info.Size() == info.Size() && v.info.ModTime().Equal(info.ModTime())
}

// Hidden implements package wasi's Shared.
func (f *Files) Hidden() string { return incoming }

// incoming is the directory, within that of the files, of those that are being fetched.
const incoming = ".incoming"

// New makes the files of a host.
func New(cfg Config) *Files {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	f := &Files{cfg: cfg, paths: make(map[string]*path)}
	f.root = sync.OnceValues(func() (*os.Root, error) {
		f.opened.Store(true)
		root, err := cfg.Open()
		if err == nil {
			err = root.RemoveAll(incoming) // what one left that died
		}
		if err != nil {
			return nil, fmt.Errorf("open the directory of shared files: %w", err)
		}
		return root, nil
	})
	return f
}

// Close closes the directory; nobody may use the files any more.
func (f *Files) Close() error {
	if !f.opened.Load() {
		return nil
	}
	root, err := f.root()
	if err != nil {
		return nil // said to whoever wanted it
	}
	return root.Close()
}

// Root is the directory. It is closed by Close alone.
func (f *Files) Root() (*os.Root, error) { return f.root() }

// Clean returns a path in the one form that a file has. The error wraps fs.ErrInvalid where
// it leads out of the directory, and fs.ErrPermission where it is none of functions'.
func Clean(p string) (string, error) {
	clean := slashpath.Clean(strings.TrimLeft(p, "/"))
	switch {
	case p == "", !filepath.IsLocal(clean), strings.IndexByte(p, 0) >= 0:
		return "", fmt.Errorf("the shared file %q: %w: want a path that stays within the shared directory", p, fs.ErrInvalid)
	case clean == incoming, strings.HasPrefix(clean, incoming+"/"):
		return "", fmt.Errorf("the shared file %q: %w", p, fs.ErrPermission)
	}
	return clean, nil
}

// use returns what is known of a path, whose lock is held until done is called.
func (f *Files) use(name string) (_ *path, done func()) {
	f.mu.Lock()
	p := f.paths[name]
	if p == nil {
		p = new(path)
		f.paths[name] = p
	}
	p.refs++
	f.mu.Unlock()
	p.mu.Lock()
	return p, func() {
		known := p.writers > 0 || p.digest != ""
		p.mu.Unlock()
		f.mu.Lock()
		defer f.mu.Unlock()
		if p.refs--; p.refs == 0 && !known {
			delete(f.paths, name)
		}
	}
}

// useHere is use with the directory.
func (f *Files) useHere(name string) (root *os.Root, p *path, done func(), err error) {
	if root, err = f.Root(); err != nil {
		return nil, nil, nil, err
	}
	p, done = f.use(name)
	return root, p, done, nil
}

// Fetch sees to it that the directory has the newest content of a file, if there is any, and
// a directory if there are files in it elsewhere.
func (f *Files) Fetch(ctx context.Context, name string) error {
	name, err := Clean(name)
	if err != nil || f.cfg.Remote == nil || name == "." {
		return err
	}
	root, p, done, err := f.useHere(name)
	if err != nil {
		return err
	}
	defer done()
	if p.writers > 0 {
		return nil
	}
	digest, deleted, err := f.cfg.Remote.StatFile(ctx, name)
	if err != nil {
		return fmt.Errorf("look for the shared file %q: %w", name, err)
	}
	info, err := root.Lstat(name)
	here := err == nil && info.Mode().IsRegular()
	switch {
	case digest == "":
		p.digest = ""
		// What was put there after that is this host's own.
		if here && info.ModTime().Before(deleted) {
			err = root.Remove(name)
			if err != nil && !errors.Is(err, fs.ErrNotExist) {
				return fmt.Errorf("remove the shared file %q, which was removed elsewhere: %w", name, err)
			}
		}
		if errors.Is(err, fs.ErrNotExist) {
			return f.makeDirectory(ctx, root, name)
		}
		return nil
	case here && p.digest == digest && p.content.is(info):
		return nil
	case here && f.adopt(root, p, name, digest):
		return nil
	}
	return f.fetch(ctx, root, p, name)
}

// adopt takes what is in the directory for the newest content, if it is.
func (f *Files) adopt(root *os.Root, p *path, name, digest string) bool {
	in, err := openRegular(root, name)
	if err != nil {
		return false
	}
	defer in.Close()
	info, err := in.Stat()
	if err != nil {
		return false
	}
	if sum, err := digestOf(in); err != nil || sum != digest {
		return false
	}
	p.digest, p.content = digest, version{info}
	return true
}

// Writing notes that a file is being opened for writing. Until Written is called as often,
// its content in the directory is the newest as far as this host is concerned.
func (f *Files) Writing(name string) error {
	name, err := Clean(name)
	if err != nil || f.cfg.Remote == nil {
		return err
	}
	p, done := f.use(name)
	defer done()
	p.writers++
	return nil
}

// written bounds how long it takes to tell of what was written.
const writtenTimeout = 5 * time.Minute

// Written notes that one who had a file open for writing has closed it. If that changed it,
// its content is the newest everywhere when Written returns, except with an error: then it
// stays here, until the file is next opened or written.
func (f *Files) Written(ctx context.Context, name string, changed bool) error {
	name, err := Clean(name)
	if err != nil || f.cfg.Remote == nil {
		return err
	}
	root, p, done, err := f.useHere(name)
	if err != nil {
		return err
	}
	defer done()
	p.writers = max(p.writers-1, 0)
	if !changed {
		return nil
	}
	return f.publish(ctx, root, p, name)
}

// Removed notes that a file was removed from the directory, and removes it everywhere.
func (f *Files) Removed(ctx context.Context, name string) error {
	name, err := Clean(name)
	if err != nil || f.cfg.Remote == nil {
		return err
	}
	p, done := f.use(name)
	defer done()
	p.digest = ""
	if err := f.cfg.Remote.DeleteFile(ctx, name); err != nil {
		return fmt.Errorf("remove the shared file %q everywhere: %w", name, err)
	}
	return nil
}

// Put makes what a reader has the content of a file, here and everywhere. A reader that
// fails leaves the file as it was.
func (f *Files) Put(ctx context.Context, name string, r io.Reader) error {
	name, err := Clean(name)
	if err != nil {
		return err
	}
	root, p, done, err := f.useHere(name)
	if err != nil {
		return err
	}
	defer done()
	err = replace(root, name, func(to io.Writer) error { _, err := io.Copy(to, r); return err })
	if err != nil {
		return fmt.Errorf("write the shared file %q: %w", name, err)
	}
	if f.cfg.Remote == nil {
		return nil
	}
	return f.publish(ctx, root, p, name)
}

// Flush forgets which contents are the newest: they are compared before they are next used.
func (f *Files) Flush() {
	f.mu.Lock()
	names := make([]string, 0, len(f.paths))
	for name := range f.paths {
		names = append(names, name)
	}
	f.mu.Unlock()
	for _, name := range names {
		p, done := f.use(name)
		p.digest = ""
		done()
	}
}
