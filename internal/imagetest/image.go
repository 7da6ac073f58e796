// Package imagetest compiles guests for tests that look at compiled code. Images are kept
// between runs.
package imagetest

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/faaslens/faaslens/codemap"
	"github.com/faaslens/faaslens/engine"
	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/hostcall"
	"github.com/faaslens/faaslens/hostcall/faasm"
	"github.com/faaslens/faaslens/hostcall/wasi"
	"github.com/faaslens/faaslens/wasm"
)

// NewEngine starts an engine with all calls that the program has, until the test ends.
func NewEngine(t testing.TB) *engine.Engine {
	t.Helper()
	calls, err := hostcall.NewTable(wasi.Calls(), faasm.Calls())
	if err != nil {
		t.Fatal(err)
	}
	e, err := engine.New(engine.Config{
		Calls: calls, Shards: 1, Slots: 1,
		Stub: func(module, name string, _ guest.FuncType) *hostcall.Spec { return faasm.Stub(module, name) },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	return e
}

// Compile parses and compiles a module, and returns its compiled image.
func Compile(t testing.TB, e *engine.Engine, module []byte) (parsed *wasm.Module, image []byte) {
	t.Helper()
	parsed, err := wasm.Parse(module)
	if err != nil {
		t.Fatal(err)
	}
	m, err := e.Compile(context.Background(), parsed, engine.ModuleOptions{
		AllowUnknown: true, CacheDir: filepath.Join(os.TempDir(), "faaslens-guests", "images"),
		Loaded: func(l codemap.Loaded) { image = bytes.Clone(l.Image) },
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	return parsed, image
}
