package engine

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/faaslens/faaslens/guest"
)

const returnsSeven = `(module (import "env" "put" (func $put (param i32))) (func (export "run") (call $put (i32.const 7))))`

func openCached(t *testing.T, e *Engine, dir, text string) *Module {
	t.Helper()
	m, err := e.Compile(context.Background(), wat(t, text), ModuleOptions{Steps: []Step{{Export: "run"}}, CacheDir: dir})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func cachedFiles(t *testing.T, dir, pattern string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, pattern))
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func TestCompiledImagesAreKept(t *testing.T) {
	e, dir := testEngine(t), t.TempDir()
	for i := range 2 {
		m := openCached(t, e, dir, returnsSeven)
		if m.Cached() != (i == 1) {
			t.Errorf("time %d: cached is %v", i, m.Cached())
		}
		if s, _, err := run(m, guest.Limits{}); err != nil || s.values[0] != 7 {
			t.Errorf("time %d: %v", i, err)
		}
		m.Close()
	}
	t.Run("and replaced when the module changes", func(t *testing.T) {
		m := openCached(t, e, dir, strings.Replace(returnsSeven, "7", "8", 1))
		defer m.Close()
		if files := cachedFiles(t, dir, "*"); m.Cached() || len(files) != 2 {
			t.Errorf("cached %v, files %v", m.Cached(), files)
		}
	})
}

func TestImagesThatAreNotWhatTheyShouldBeAreBuiltAgain(t *testing.T) {
	rewrite := func(t *testing.T, path string, change func([]byte) []byte) {
		t.Helper()
		b, err := os.ReadFile(path)
		if err == nil {
			err = os.WriteFile(path, change(b), 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	describe := func(change func(*entry)) func(t *testing.T, image, description string) {
		return func(t *testing.T, _, description string) {
			rewrite(t, description, func(b []byte) []byte {
				var w entry
				if err := json.Unmarshal(b, &w); err != nil {
					t.Fatal(err)
				}
				change(&w)
				return w.encode()
			})
		}
	}
	for name, damage := range map[string]func(t *testing.T, image, description string){
		"a changed byte in the code": func(t *testing.T, image, _ string) {
			rewrite(t, image, func(b []byte) []byte { b[0x1004] ^= 0xff; return b })
		},
		"a cut image":            func(t *testing.T, image, _ string) { rewrite(t, image, func(b []byte) []byte { return b[:len(b)/2] }) },
		"an empty image":         func(t *testing.T, image, _ string) { rewrite(t, image, func([]byte) []byte { return nil }) },
		"a missing image":        func(t *testing.T, image, _ string) { os.Remove(image) },
		"a directory for image":  func(t *testing.T, image, _ string) { os.Remove(image); os.MkdirAll(image, 0o755) },
		"a cut description":      func(t *testing.T, _, d string) { rewrite(t, d, func(b []byte) []byte { return b[:20] }) },
		"another engine":         describe(func(w *entry) { w.Engine = "wasmtime 1.0.0" }),
		"another processor":      describe(func(w *entry) { w.CPU = "riscv64" }),
		"another module":         describe(func(w *entry) { w.Module = strings.Repeat("0", 64) }),
		"a description too long": func(t *testing.T, _, d string) { os.WriteFile(d, bytes.Repeat([]byte(" "), 1<<20), 0o644) },
		"a hash that is right for an image that is no image": func(t *testing.T, image, d string) {
			rewrite(t, image, func(b []byte) []byte { return bytes.Repeat([]byte{1}, len(b)) })
			b, err := os.ReadFile(image)
			if err != nil {
				t.Fatal(err)
			}
			sum := sha256.Sum256(b)
			describe(func(w *entry) { w.SHA256 = hex.EncodeToString(sum[:]) })(t, image, d)
		},
	} {
		t.Run(name, func(t *testing.T) {
			var log bytes.Buffer
			e, err := New(Config{Calls: testCalls(t), Slots: 2, Shards: 1, Log: slog.New(slog.NewTextHandler(&log, nil))})
			if err != nil {
				t.Fatal(err)
			}
			defer e.Close()
			dir := t.TempDir()
			m := openCached(t, e, dir, returnsSeven)
			image := m.Image()
			m.Close()
			damage(t, image, descriptionPath(image))
			m = openCached(t, e, dir, returnsSeven)
			defer m.Close()
			if s, _, err := run(m, guest.Limits{}); err != nil || len(s.values) != 1 || s.values[0] != 7 {
				t.Errorf("got %v", err)
			}
			if m.Cached() {
				t.Error("the damaged image was used")
			}
			if name != "a directory for image" && !strings.Contains(log.String(), "built again") {
				t.Errorf("the log does not say so: %s", &log)
			}
		})
	}
}

func TestCopiedImageIsUsedOnceItsHashWasFoundRight(t *testing.T) {
	e, dir, copied := testEngine(t), t.TempDir(), t.TempDir()
	openCached(t, e, dir, returnsSeven).Close()
	for _, f := range cachedFiles(t, dir, "*") {
		b, err := os.ReadFile(f)
		if err == nil {
			err = os.WriteFile(filepath.Join(copied, filepath.Base(f)), b, 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	m := openCached(t, e, copied, returnsSeven)
	defer m.Close()
	if !m.Cached() {
		t.Error("a copy was built again")
	}
	got, err := readEntry(m.Image())
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(m.Image())
	if err != nil {
		t.Fatal(err)
	}
	if got.File != identify(info) {
		t.Error("the copy's hash will be taken again next time")
	}
}

func TestModuleRunsWhereItsImageCannotBeKept(t *testing.T) {
	blocked := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(blocked, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	e := testEngine(t)
	for range len(e.shards) + 1 {
		m := openCached(t, e, blocked, returnsSeven)
		for range len(e.shards) {
			if s, _, err := run(m, guest.Limits{}); err != nil || s.values[0] != 7 {
				t.Error(err)
			}
		}
		if m.Image() != "" {
			t.Errorf("image is %s", m.Image())
		}
		m.Close()
	}
}

func TestReasonsAreTakenOutOfTheEnginesWords(t *testing.T) {
	for name, c := range map[string]struct {
		says, reason string
		offset       int64
	}{
		"a place in hexadecimal": {"expected i32 (at offset 0x1a)", "expected i32", 0x1a},
		"a cause":                {"failed to parse (at offset 0x28)\n\nCaused by:\n    too long", "too long", 0x28},
		"a cause with its place": {"failed to parse\n\nCaused by:\n    too long (at offset 0x28)", "too long", 0x28},
		"a place in decimal":     {"failed\n\nCaused by:\n    0: translation\n    1: Invalid input WebAssembly code at offset 35: too many", "too many", 35},
		"several causes":         {"failed\n\nCaused by:\n    0: outer\n    1: inner", "inner", -1},
		"a list behind":          {"failed\n\nCaused by:\n    too large; breakdown of it:\n    \n     * all", "too large", -1},
		"no place":               {"failed", "failed", -1},
		"a place that is none":   {"failed (at offset 0xyz)", "failed (at offset 0xyz)", -1},
	} {
		t.Run(name, func(t *testing.T) {
			var e *guest.InvalidModule
			if err := invalid(errors.New(c.says)); !errors.As(err, &e) || e.Reason != c.reason || e.Offset != c.offset {
				t.Errorf("got %+v", err)
			}
		})
	}
}

// A service may hold a module for long: by the time another shard needs it, the file
// may have gone or changed.
func TestShardsLoadWhatWasChecked(t *testing.T) {
	for name, change := range map[string]func(path string) error{
		"after it was removed":  os.Remove,
		"after it was replaced": func(path string) error { return writeFile(path, []byte("no image")) },
	} {
		t.Run(name, func(t *testing.T) {
			e, err := New(Config{Calls: testCalls(t), Slots: 1, Shards: 3})
			if err != nil {
				t.Fatal(err)
			}
			defer e.Close()
			for _, cached := range []bool{false, true} {
				dir := t.TempDir()
				if cached {
					openCached(t, e, dir, returnsSeven).Close()
				}
				m := openCached(t, e, dir, returnsSeven)
				defer m.Close()
				if err := change(m.Image()); err != nil {
					t.Fatal(err)
				}
				for range 6 {
					if s, _, err := run(m, guest.Limits{}); err != nil || s.values[0] != 7 {
						t.Errorf("cached %v: %v", cached, err)
					}
				}
			}
		})
	}
}

// Engines in as many processes may do this; here they share one.
func TestManyCompileTheSameFunctionAtOnce(t *testing.T) {
	dir := t.TempDir()
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			e, err := New(Config{Calls: testCalls(t), Slots: 1, Shards: 1})
			if err != nil {
				t.Error(err)
				return
			}
			defer e.Close()
			for i := range 10 {
				m := openCached(t, e, dir, returnsSeven)
				if s, _, err := run(m, guest.Limits{}); err != nil || s.values[0] != 7 {
					t.Error(err)
				}
				if i%3 == 0 {
					_ = os.Remove(m.Image()) // and another may be reading it
				}
				m.Close()
			}
		})
	}
	all.Wait()
	if left := cachedFiles(t, dir, ".writing-*"); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}
