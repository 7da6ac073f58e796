package sharedfile

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	slashpath "path"
	"syscall"
)

// attempts is how often a file is fetched that changes meanwhile.
const attempts = 5

// fetch brings the newest content into the directory. The path's lock is held.
func (f *Files) fetch(ctx context.Context, root *os.Root, p *path, name string) error {
	var err error
	for range attempts {
		var digest string
		err = replace(root, name, func(to io.Writer) (err error) {
			var have io.ReadSeeker
			if old, err := openRegular(root, name); err == nil {
				defer old.Close()
				have = old
			}
			digest, err = f.cfg.Remote.GetFile(ctx, name, have, to)
			return err
		})
		if err == nil {
			return f.note(root, p, name, digest)
		}
		if errors.Is(err, fs.ErrNotExist) {
			p.digest = ""
			return nil // it was removed meanwhile
		}
		if ctx.Err() != nil {
			break
		}
	}
	return fmt.Errorf("fetch the shared file %q: %w", name, err)
}

// note notes which content the directory has.
func (f *Files) note(root *os.Root, p *path, name, digest string) error {
	info, err := root.Lstat(name)
	if err != nil {
		return fmt.Errorf("look at the shared file %q: %w", name, err)
	}
	p.digest, p.content = digest, version{info}
	return nil
}

// publish makes what the directory has the newest content. The path's lock is held.
func (f *Files) publish(ctx context.Context, root *os.Root, p *path, name string) error {
	ctx, cancel := context.WithTimeout(ctx, writtenTimeout)
	defer cancel()
	p.digest = ""
	in, err := openRegular(root, name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // it was removed meanwhile
	}
	if err == nil {
		defer in.Close()
		var before fs.FileInfo
		if before, err = in.Stat(); err == nil {
			var digest string
			if digest, err = f.cfg.Remote.PutFile(ctx, name, in); err == nil {
				p.digest, p.content = digest, version{before}
			}
		}
	}
	if err != nil {
		f.cfg.Log.Warn("what was written to a shared file is not known elsewhere", "path", name, "error", err)
		return fmt.Errorf("tell of the shared file %q: %w", name, err)
	}
	return nil
}

// replace writes a file, which gets its name when all is written.
func replace(root *os.Root, name string, write func(io.Writer) error) (err error) {
	for _, dir := range []string{incoming, slashpath.Dir(name)} {
		if err := root.MkdirAll(dir, 0o755); err != nil {
			return err
		}
	}
	temporary := incoming + "/" + rand.Text()
	to, err := root.OpenFile(temporary, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			root.Remove(temporary)
		}
	}()
	if err := errors.Join(write(to), to.Close()); err != nil {
		return err
	}
	return root.Rename(temporary, name)
}

// openRegular opens a file for reading, which it does not wait for.
func openRegular(root *os.Root, name string) (*os.File, error) {
	f, err := root.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		f.Close()
		return nil, fmt.Errorf("it is not a regular file")
	}
	return f, nil
}

func digestOf(r io.Reader) (string, error) {
	h := sha256.New()
	if _, err := io.Copy(h, r); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
