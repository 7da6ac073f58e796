package toolchain

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// objectCache holds compiled library sources. An object's name is a hash of all
// that it depends on: the compiler, the flags, the source, every header of the
// include directories. An object is therefore never out of date, and two builds
// that make the same one at the same time do no harm.
type objectCache struct {
	*cBuild
	dir     string
	headers []byte // hash of the include directories
}

func (c *cBuild) openObjectCache() (*objectCache, error) {
	dir := c.CacheDir
	if dir == "" {
		dir = filepath.Join(c.work, "library")
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("build: cache directory: %w", err)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("build: cache directory: %w", err)
	}
	h := sha256.New()
	for _, include := range c.IncludeDirs {
		if err := hashTree(h, include); err != nil {
			return nil, fmt.Errorf("build: include directory %s: %w", include, err)
		}
	}
	return &objectCache{cBuild: c, dir: dir, headers: h.Sum(nil)}, nil
}

func hashTree(h hash.Hash, root string) error {
	return filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		fmt.Fprintf(h, "%s\x00%d\x00", path, len(data))
		h.Write(data)
		return nil
	})
}

// embedded compiles a source of this package. It is written into the cache first:
// debug information should name a file that exists.
func (o *objectCache) embedded(ctx context.Context, name string, lang Lang, flags []string) (string, error) {
	data, err := runtimeSources.ReadFile("runtime/" + name)
	if err != nil {
		return "", fmt.Errorf("build: %w", err)
	}
	sum := sha256.Sum256(data)
	dir := filepath.Join(o.dir, "src-"+hex.EncodeToString(sum[:6]))
	path := filepath.Join(dir, name)
	if have, err := os.ReadFile(path); err != nil || !slices.Equal(have, data) {
		err := errors.Join(os.MkdirAll(dir, 0o755), writeWhole(path, data))
		if err != nil {
			return "", fmt.Errorf("build: start code: %w", err)
		}
	}
	return o.object(ctx, path, lang, flags)
}

// writeWhole writes a file so that no reader ever sees a part of it.
func writeWhole(path string, data []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".new-*")
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		os.Remove(f.Name())
	}
	return err
}

// object returns the compiled form of a source, compiling it if the cache has not
// got it. Of the user's flags only those count that all objects of a module must
// agree on.
func (o *objectCache) object(ctx context.Context, src string, lang Lang, flags []string) (string, error) {
	data, err := os.ReadFile(src)
	if err != nil {
		return "", fmt.Errorf("build: library source: %w", err)
	}
	user := append(slices.Clone(flags), o.flags.target...)
	if lang == CXX && o.flags.exceptions {
		user = append(user, "-fexceptions")
	}
	step := o.compileStep(src, lang, user, "")
	step.process.dir = o.dir
	name := o.key(step, data)
	object := filepath.Join(o.dir, name)
	if isFile(object) {
		return object, nil
	}
	step.process.args[len(step.process.args)-1] = filepath.Join(o.work, name)
	if err := o.exec(ctx, "compile "+src, step.process); err != nil {
		return "", err
	}
	code, err := os.ReadFile(filepath.Join(o.work, name))
	if err == nil && len(code) == 0 {
		err = errNoObject
	}
	if err = errors.Join(err, writeWhole(object, code)); err != nil {
		return "", fmt.Errorf("build: cache of compiled library sources: %w", err)
	}
	return object, nil
}

// key is the object's file name.
func (o *objectCache) key(s compileStep, data []byte) string {
	h := sha256.New()
	fmt.Fprintf(h, "%s\x00%s\x00", o.clang.banner, o.clang.Sysroot.Lib)
	for _, a := range s.process.args {
		fmt.Fprintf(h, "%s\x00", a)
	}
	h.Write(o.headers)
	h.Write(data)
	base := strings.TrimSuffix(filepath.Base(s.source), filepath.Ext(s.source))
	return base + "-" + hex.EncodeToString(h.Sum(nil)[:16]) + ".o"
}
