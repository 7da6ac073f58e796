// Package guesttest builds the guests below testdata/guests for tests, by the same
// code that users run. What has been built is kept between runs, by the hash of all
// that it was built from.
package guesttest

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/faaslens/faaslens/include"
	"github.com/faaslens/faaslens/toolchain"
)

// Dir is the directory of guests' sources.
func Dir() string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Join(filepath.Dir(file), "..", "..", "testdata", "guests")
}

// Build builds sources, named from Dir, and returns the module. A missing compiler
// fails the test with what to install.
func Build(t testing.TB, opt toolchain.Opt, sources ...string) []byte {
	t.Helper()
	return BuildFlags(t, opt, nil, sources...)
}

// BuildFlags is Build with flags for the compiler.
func BuildFlags(t testing.TB, opt toolchain.Opt, flags []string, sources ...string) []byte {
	t.Helper()
	var paths []string
	h := sha256.New()
	// Debug information names the directory.
	fmt.Fprintln(h, include.Version(), opt, flags, Dir(), sources)
	builder, err := filepath.Glob(filepath.Join(Dir(), "..", "..", "toolchain", "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range builder {
		b, err := os.ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		h.Write(b)
	}
	for _, s := range sources {
		p := filepath.Join(Dir(), s)
		b, err := os.ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		h.Write(b)
		paths = append(paths, p)
	}
	cache := filepath.Join(os.TempDir(), "faaslens-guests")
	kept := filepath.Join(cache, hex.EncodeToString(h.Sum(nil)[:16])+".wasm")
	if b, err := os.ReadFile(kept); err == nil {
		return b
	}
	if err := os.MkdirAll(cache, 0o755); err != nil {
		t.Fatal(err)
	}
	lib, err := include.Install(cache)
	if err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	r := toolchain.Request{
		Sources:     paths,
		Opt:         opt,
		Flags:       flags,
		Output:      kept,
		IncludeDirs: lib.IncludeDirs(),
		LibSources:  lib.Sources(),
		CacheDir:    filepath.Join(cache, "objects"),
		Log:         &log,
	}
	tools := toolchain.Find(t.Context(), toolchain.Host{Env: os.Environ()}, toolchain.Languages()...)
	if _, err := tools.Build(t.Context(), r); err != nil {
		var missing *toolchain.MissingTool
		if errors.As(err, &missing) {
			t.Fatalf("%v", missing)
		}
		t.Fatalf("%v\n%s", err, log.String())
	}
	b, err := os.ReadFile(kept)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
