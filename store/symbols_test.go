package store

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/wasm/wasmtest"
)

func TestSymbolsAreWrittenBesideTheModule(t *testing.T) {
	s, err := Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	name := guest.Name{User: "demo", Function: "hello"}
	if _, err := s.WriteSymbols(name, nil); !errors.Is(err, ErrNotFound) {
		t.Errorf("without the function: %v", err)
	}
	if _, err := s.Add(name, wasmtest.Module(), AddOptions{}); err != nil {
		t.Fatal(err)
	}
	want := filepath.Join(s.Dir(), "wasm", "demo", "hello", "function.symbols")
	for _, text := range []string{"functionDef0 = first\n", "second\n"} {
		path, err := s.WriteSymbols(name, []byte(text))
		if err != nil || path != want {
			t.Fatalf("%s, %v", path, err)
		}
		if b, err := os.ReadFile(path); err != nil || string(b) != text {
			t.Errorf("%q, %v; want %q", b, err, text)
		}
	}
	if path, err := s.WriteText(name, []byte("(module)\n")); err != nil || path != filepath.Join(filepath.Dir(want), "function.wast") {
		t.Errorf("the text is at %s, %v", path, err)
	}
	// What leads out of the directory is replaced, never followed.
	outside := filepath.Join(t.TempDir(), "outside")
	if err := errors.Join(os.Remove(want), os.Symlink(outside, want)); err != nil {
		t.Fatal(err)
	}
	if _, err := s.WriteSymbols(name, []byte("third\n")); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Lstat(outside); err == nil {
		t.Error("a link was followed")
	}
	if err := errors.Join(os.Remove(want), os.Mkdir(want, 0o755)); err != nil {
		t.Fatal(err)
	}
	if _, err := s.WriteSymbols(name, nil); err == nil {
		t.Error("a directory was replaced")
	}
	entries, err := os.ReadDir(filepath.Dir(want))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.Name()[0] == '.' {
			t.Errorf("%s was left behind", e.Name())
		}
	}
}
