package perf

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// objectVersion changes whenever WriteObject writes something else for the same image.
const objectVersion = "2"

// Keep returns the file of an image as WriteObject writes it, from a directory where
// such files are kept; it is written if it is not there. Where the image is in memory
// makes no difference.
func Keep(dir string, c Code) (path string, err error) {
	id := c.identity()
	path = filepath.Join(dir, hex.EncodeToString(id[:])+".so")
	if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
		return path, nil
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", fmt.Errorf("keep symbols for perf: %w", err)
	}
	f, err := os.CreateTemp(dir, ".object-*")
	if err != nil {
		return "", fmt.Errorf("keep symbols for perf: %w", err)
	}
	defer os.Remove(f.Name())
	w := bufio.NewWriterSize(f, 1<<16)
	err = errors.Join(WriteObject(w, c, id), w.Flush(), f.Chmod(0o644), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return "", fmt.Errorf("keep symbols for perf: %w", err)
	}
	return path, nil
}

// identity is made of all that an object depends on: the image, the module, and
// whether a stripped module's debug file is there, which a location's note says.
func (c Code) identity() (id [20]byte) {
	h := sha256.New()
	fmt.Fprintln(h, "faaslens perf object", objectVersion, len(c.Image))
	h.Write(c.Image)
	h.Write(c.Module.Bytes())
	if n := len(c.Module.Bodies); n > 0 {
		if at, ok := c.Module.CodeOffset(c.Module.Bodies[n-1].Offset); ok {
			fmt.Fprintln(h, c.Symbols.At(at))
		}
	}
	copy(id[:], h.Sum(nil))
	return id
}

// linkOrCopy gives a file a second name, or copies it where that cannot be. A file
// that has the name already is replaced.
func linkOrCopy(from, to string) error {
	if err := os.Remove(to); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if os.Link(from, to) == nil {
		return nil
	}
	src, err := os.Open(from)
	if err != nil {
		return err
	}
	defer src.Close()
	dst, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = io.Copy(dst, src)
	return errors.Join(err, dst.Close())
}
