package perf

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/faaslens/faaslens/codemap"
	"github.com/faaslens/faaslens/engine"
	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/internal/guesttest"
	"github.com/faaslens/faaslens/store"
	"github.com/faaslens/faaslens/toolchain"
	"github.com/faaslens/faaslens/worker"
)

// withCode loads a guest and calls f with its code while that is in memory.
func withCode(t *testing.T, source string, f func(c Code)) {
	t.Helper()
	st, err := store.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	name := guest.Name{User: "t", Function: "guest"}
	if _, err := st.Add(name, guesttest.Build(t, toolchain.O2, source), store.AddOptions{}); err != nil {
		t.Fatal(err)
	}
	var code Code
	w, err := worker.New(worker.Config{
		Store: st, Engine: engine.Config{Shards: 1, Slots: 1},
		Loaded: func(fn *worker.Function, l codemap.Loaded) {
			code = Code{Loaded: l, Module: fn.Module(), Symbols: fn.Symbols()}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	fn, err := w.Open(context.Background(), name)
	if err != nil {
		t.Fatal(err)
	}
	defer fn.Close()
	f(code)
}

// keep writes a code's object and returns its path.
func keep(t *testing.T, c Code) string {
	t.Helper()
	path, err := Keep(t.TempDir(), c)
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// tool runs a program that the tests need and returns its output.
func tool(t *testing.T, stdin, name, pkg string, args ...string) string {
	t.Helper()
	if _, err := exec.LookPath(name); err != nil {
		t.Fatalf("%s is missing: apt-get install %s", name, pkg)
	}
	cmd := exec.Command(name, args...)
	cmd.Stdin = bytes.NewBufferString(stdin)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %v: %v\n%s", name, args, err, out)
	}
	return string(out)
}

func readFile(t *testing.T, elem ...string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(elem...))
	if err != nil {
		t.Fatal(err)
	}
	return b
}
