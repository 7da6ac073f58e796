package worker

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/store"
	"github.com/faaslens/faaslens/wasm"
)

// A snapshot is kept as snapshot/KEY/snapshot.json and, if the function could be
// initialised once, snapshot.wasm beside it, in a function's object directory. KEY begins
// with the module's hash and goes on with one of all else that the snapshot depends on.
// The first file has the hash of the second. What was compiled of it is there too.

const (
	snapshotDir     = "snapshot"
	descriptionFile = "snapshot.json"
	frozenFile      = "snapshot.wasm"
	maxDescription  = 1 << 20
	snapshotVersion = "1" // of what freezing does
)

// snapshotCache finds and keeps the snapshot of one function.
type snapshotCache struct {
	f      *Function
	dir    string
	module string // what KEYs of the module begin with
}

func newSnapshotCache(f *Function, objects string) *snapshotCache {
	said := []string{snapshotVersion, fmt.Sprint(f.worker.cfg.SharedRoot)}
	for _, s := range f.steps[:f.main] {
		said = append(said, s.Export)
	}
	rest := checksum([]byte(strings.Join(append(said, f.env...), "\x00")))
	c := &snapshotCache{f: f, module: checksum(f.original.Bytes())[:16]}
	c.dir = filepath.Join(objects, snapshotDir, c.module+"-"+rest[:16])
	return c
}

func (c *snapshotCache) path(file string) string { return filepath.Join(c.dir, file) }

// find returns what is kept, with the module if the function could be initialised once.
// What is damaged is as good as nothing.
func (c *snapshotCache) find() (*Snapshot, *wasm.Module) {
	damaged := func(err error) (*Snapshot, *wasm.Module) {
		if !errors.Is(err, fs.ErrNotExist) {
			c.f.worker.cfg.Log.Warn("a snapshot is not usable and is made again", "function", c.f.Name.String(), "dir", c.dir, "reason", err)
		}
		return nil, nil
	}
	s, err := readSnapshot(c.path(descriptionFile))
	if err != nil {
		return damaged(err)
	}
	if s.Refused != "" {
		if err := c.f.checkRefusal(s); err != nil {
			return damaged(fmt.Errorf("%s: %w", c.path(descriptionFile), err))
		}
		return s, nil
	}
	b, err := readPlain(c.path(frozenFile), wasm.MaxModuleSize)
	if err != nil {
		return damaged(err)
	}
	if checksum(b) != s.SHA256 {
		return damaged(fmt.Errorf("%s has changed", c.path(frozenFile)))
	}
	m, err := wasm.Parse(b)
	if err != nil {
		return damaged(err)
	}
	return s, m
}

// keep keeps a snapshot, and drops those of modules that the function was before. Without
// it, the next process makes it again.
func (c *snapshotCache) keep(s *Snapshot, frozen []byte) {
	err := os.MkdirAll(c.dir, 0o755)
	if err == nil && frozen != nil {
		err = replaceFile(c.path(frozenFile), frozen)
	}
	if err == nil {
		var b []byte
		if b, err = json.MarshalIndent(s, "", "  "); err == nil {
			err = replaceFile(c.path(descriptionFile), append(b, '\n'))
		}
	}
	if err != nil {
		c.f.worker.cfg.Log.Warn("a snapshot is not kept, so the next start makes it again", "function", c.f.Name.String(), "error", err)
	}
	old, _ := filepath.Glob(filepath.Join(filepath.Dir(c.dir), "*-*")) // the pattern is right
	for _, p := range old {
		if !strings.HasPrefix(filepath.Base(p), c.module) {
			_ = os.RemoveAll(p) // it only takes space
		}
	}
}

// FindSnapshot is the newest snapshot, or refusal, that is kept of a function that is that
// module and is initialised by that export, "" for none; nil if nothing is kept.
func FindSnapshot(st *store.Store, name guest.Name, module *wasm.Module, warmExport string) *Snapshot {
	dir, err := st.ObjectDir(name)
	if err != nil {
		return nil
	}
	pattern := filepath.Join(dir, snapshotDir, checksum(module.Bytes())[:16]+"-*", descriptionFile)
	all, _ := filepath.Glob(pattern) // it is right
	var newest *Snapshot
	var at time.Time
	for _, p := range all {
		info, err := os.Stat(p)
		if err != nil || info.ModTime().Before(at) {
			continue
		}
		if s, err := readSnapshot(p); err == nil && s.WarmExport == warmExport {
			newest, at = s, info.ModTime()
		}
	}
	return newest
}

func readSnapshot(path string) (*Snapshot, error) {
	b, err := readPlain(path, maxDescription)
	if err != nil {
		return nil, err
	}
	s := &Snapshot{}
	if err := json.Unmarshal(b, s); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return s, nil
}

// readPlain reads a regular file of at most that many bytes, and waits for none.
func readPlain(path string, most int64) ([]byte, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s: not a regular file", path)
	}
	b, err := io.ReadAll(io.LimitReader(f, most+1))
	if err == nil && int64(len(b)) > most {
		err = fmt.Errorf("%s: too large", path)
	}
	return b, err
}

// replaceFile replaces a file in one step: a reader sees the old or the new content.
func replaceFile(path string, b []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".writing-*")
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if err == nil {
		err = f.Chmod(0o644)
	}
	if err == nil {
		err = f.Sync()
	}
	if closing := f.Close(); err == nil {
		err = closing
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		os.Remove(f.Name())
	}
	return err
}

func checksum(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}
