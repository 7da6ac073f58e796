package engine

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"

	"github.com/faaslens/faaslens/engine/internal/wasmtime"
	"github.com/faaslens/faaslens/wasm"
)

// A compiled image is kept as two files, KEY.cwasm and KEY.json. KEY begins with the
// module's hash and goes on with one of all else that the image depends on: the
// engine's version, the switches it was compiled with and the processor. Behind the code
// stands what the module's memory starts with (firstMemory). The second
// file says what the first must be (entry): images are native code, so one that is
// damaged or not ours must not be loaded.

// entry is what KEY.json holds.
type entry struct {
	Module string `json:"module"` // SHA-256 of the wasm
	Engine string `json:"engine"`
	Flags  string `json:"flags"`
	CPU    string `json:"cpu"`
	Size   int64  `json:"size"`   // of the image, bytes
	SHA256 string `json:"sha256"` // of the image
	// File identifies the image's file as it was when its hash was last found
	// to be right; while that holds, the hash need not be taken again.
	File fileIdentity `json:"file"`
}

// fileIdentity changes whenever a file's content does: the kernel sets the time of
// the last change at every write, and nobody can set it back.
type fileIdentity struct {
	Inode  uint64 `json:"inode"`
	Change int64  `json:"change"` // ns since 1970
}

func identify(info os.FileInfo) fileIdentity {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return fileIdentity{}
	}
	return fileIdentity{Inode: st.Ino, Change: st.Ctim.Nano()}
}

// compiledImage is where a module's native code is: a file, which stays open, so that
// another shard loads what has been checked, whatever the name leads to by then.
type compiledImage struct {
	file   *os.File
	name   string // of the file in the cache; empty if it is not kept there
	cached bool
	copied bool // into memory that is not the file's
}

func (i compiledImage) load(e *wasmtime.Engine) (*wasmtime.Module, error) {
	if !i.copied {
		return e.LoadFile(fmt.Sprintf("/proc/self/fd/%d", i.file.Fd()))
	}
	info, err := i.file.Stat()
	if err != nil {
		return nil, err
	}
	b := make([]byte, info.Size())
	if _, err := i.file.ReadAt(b, 0); err != nil {
		return nil, err
	}
	return e.Load(b)
}

// obtain finds the compiled module in the cache or compiles it, and loads it in the
// first shard.
func (e *Engine) obtain(ctx context.Context, parsed *wasm.Module, first firstMemory, o ModuleOptions) (*wasmtime.Module, compiledImage, error) {
	hash := sha256.Sum256(parsed.Bytes())
	want := entry{
		Module: hex.EncodeToString(hash[:]),
		Engine: "wasmtime " + wasmtime.Version,
		Flags:  e.cfg.flags(),
		CPU:    e.cpu,
	}
	path := ""
	if o.CacheDir != "" {
		path = filepath.Join(o.CacheDir, want.key()+".cwasm")
		if n, f := e.fromCache(path, want); n != nil {
			return n, compiledImage{file: f, name: path, cached: true, copied: e.cfg.CopyImages}, nil
		}
	}
	return e.build(ctx, parsed, first, path, want, o.Progress)
}

// flags are the switches that images depend on.
func (c Config) flags() string {
	flags := fmt.Sprintf("data=behind,%d debuginfo=%v", os.Getpagesize(), c.DebugInfo) // see firstMemory
	if c.DebugInfo {
		flags += " addresses" // see symfile.KeepAddresses
	}
	if c.Emulated {
		flags += " without-avx512"
	}
	return flags
}

// key names the entry's files.
func (w entry) key() string {
	h := sha256.Sum256([]byte(strings.Join([]string{w.Engine, w.Flags, w.CPU}, "\x00")))
	return w.Module[:16] + "-" + hex.EncodeToString(h[:4])
}

// fromCache loads the image if it is there and is what it should be, and returns its
// file; else nil.
func (e *Engine) fromCache(path string, want entry) (*wasmtime.Module, *os.File) {
	reject := func(why string, err error) (*wasmtime.Module, *os.File) {
		e.cfg.Log.Warn("a cached compiled module is not usable and is built again", "file", path, "reason", why, "error", err)
		return nil, nil
	}
	got, err := readEntry(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return reject("its description cannot be read", err)
	}
	if got.Module != want.Module || got.Engine != want.Engine || got.Flags != want.Flags || got.CPU != want.CPU {
		return reject("it is of another module, engine or processor", nil)
	}
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0) // a pipe must not hold us up
	if err != nil {
		return reject("it cannot be opened", err)
	}
	if why, err := checkImage(f, &got); why != "" {
		f.Close()
		return reject(why, err)
	}
	n, err := compiledImage{file: f, copied: e.cfg.CopyImages}.load(e.shards[0].native)
	if err != nil {
		f.Close()
		return reject("the engine refuses it", err)
	}
	return n, f
}

// checkImage says why a file is not the image that got describes, or nothing.
func checkImage(f *os.File, got *entry) (why string, err error) {
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return "it is not a file", err
	}
	if info.Size() != got.Size {
		return fmt.Sprintf("it has %d bytes instead of %d", info.Size(), got.Size), nil
	}
	id := identify(info)
	if id == got.File && id != (fileIdentity{}) {
		return "", nil
	}
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "it cannot be read", err
	}
	if hex.EncodeToString(h.Sum(nil)) != got.SHA256 {
		return "its content has changed", nil
	}
	got.File = id
	// Without it the hash is taken again next time.
	_ = writeFile(descriptionPath(f.Name()), got.encode())
	return "", nil
}

func descriptionPath(image string) string { return strings.TrimSuffix(image, ".cwasm") + ".json" }

func (w entry) encode() []byte {
	b, err := json.MarshalIndent(w, "", "  ")
	if err != nil {
		panic(err) // strings and numbers always encode
	}
	return append(b, '\n')
}

func readEntry(image string) (entry, error) {
	f, err := os.Open(descriptionPath(image))
	if err != nil {
		return entry{}, err
	}
	defer f.Close()
	var got entry
	b, err := io.ReadAll(io.LimitReader(f, 1<<16))
	if err == nil {
		err = json.Unmarshal(b, &got)
	}
	return got, err
}

// keep gives an image that has been written the name by which it is found, and drops
// those of other versions of the module.
func keep(image *os.File, path string, w entry) error {
	sum := sha256.New()
	if _, err := io.Copy(sum, io.NewSectionReader(image, 0, math.MaxInt64)); err != nil {
		return err
	}
	if err := image.Chmod(0o644); err != nil {
		return err
	}
	if err := image.Sync(); err != nil {
		return err
	}
	if err := os.Rename(image.Name(), path); err != nil {
		return err
	}
	info, err := image.Stat() // the new name has changed it
	if err != nil {
		return err
	}
	w.Size, w.SHA256, w.File = info.Size(), hex.EncodeToString(sum.Sum(nil)), identify(info)
	if err := writeFile(descriptionPath(path), w.encode()); err != nil {
		return err
	}
	dropOthers(path, w.Module[:16])
	return nil
}

// dropOthers removes images of modules that have been replaced, and what processes left
// that were killed while they wrote. What cannot be removed only takes space.
func dropOthers(path, module string) {
	old, err := filepath.Glob(filepath.Join(filepath.Dir(path), "*-????????.cwasm"))
	if err != nil {
		return
	}
	for _, p := range old {
		if !strings.HasPrefix(filepath.Base(p), module) {
			_ = os.Remove(p)
			_ = os.Remove(descriptionPath(p))
		}
	}
	left, err := filepath.Glob(filepath.Join(filepath.Dir(path), writingPattern))
	if err != nil {
		return
	}
	for _, p := range left {
		if info, err := os.Stat(p); err == nil && time.Since(info.ModTime()) > writingTime {
			_ = os.Remove(p)
		}
	}
}

// Files that are being written have such a name, and for no longer than that.
const (
	writingPattern = ".writing-*"
	writingTime    = 24 * time.Hour
)

// writeFile replaces a file in one step: a reader sees the old or the new content, also
// after a crash of the machine.
func writeFile(path string, b []byte) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), writingPattern)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			f.Close()
			os.Remove(f.Name())
		}
	}()
	if _, err = f.Write(b); err != nil {
		return err
	}
	if err = f.Chmod(0o644); err != nil {
		return err
	}
	if err = f.Sync(); err != nil {
		return err
	}
	if err = f.Close(); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

// processor describes the processor as far as compiled code depends on it.
func processor() string {
	b, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return runtime.GOARCH
	}
	for line := range strings.Lines(string(b)) {
		if name, value, ok := strings.Cut(line, ":"); ok {
			switch strings.TrimSpace(name) {
			case "flags", "Features":
				h := sha256.Sum256([]byte(strings.TrimSpace(value)))
				return runtime.GOARCH + "-" + hex.EncodeToString(h[:6])
			}
		}
	}
	return runtime.GOARCH
}
