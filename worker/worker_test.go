package worker

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/faaslens/faaslens/engine"
	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/internal/guesttest"
	"github.com/faaslens/faaslens/store"
)

// add builds a guest and opens it as a function.
func add(t testing.TB, w *Worker, source string) *Function {
	t.Helper()
	return addAs(t, w, strings.NewReplacer("/", "_", ".", "_").Replace(source), source)
}

// addAs is add under a name of one's own.
func addAs(t testing.TB, w *Worker, function, source string) *Function {
	t.Helper()
	name := guest.Name{User: "test", Function: function}
	if _, err := w.cfg.Store.Add(name, guesttest.Build(t, "2", source), store.AddOptions{}); err != nil {
		t.Fatal(err)
	}
	f, err := w.Open(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func testWorker(t testing.TB, cfg Config) *Worker {
	t.Helper()
	s, err := store.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	cfg.Store = s
	if cfg.Engine.Slots == 0 {
		cfg.Engine.Slots = 16
	}
	w, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Close() })
	return w
}

// invoke runs a function and returns what it wrote to stdout and its output.
func invoke(f *Function, inv *Invocation) (stdout, output string, o Outcome, err error) {
	var out bytes.Buffer
	inv.Stdout = &out
	inv.KeepOutput = func(b []byte) { output = string(b) }
	o, err = f.Invoke(context.Background(), inv)
	return out.String(), output, o, err
}

func TestFunctionsInFaasmsStyleRun(t *testing.T) {
	w := testWorker(t, Config{})
	for _, c := range []struct {
		source, input, stdout, output string
		code                          int32
	}{
		{source: "faasm/echo.c", input: "ping", output: "ping"},
		{source: "faasm/echo.cpp", input: "ping", output: "ping"},
	} {
		t.Run(c.source, func(t *testing.T) {
			_, output, o, err := invoke(add(t, w, c.source), &Invocation{Input: []byte(c.input)})
			if err != nil || output != c.output || o.Code != c.code {
				t.Errorf("output %q, code %d, %v", output, o.Code, err)
			}
		})
	}
}

func TestImportsThatAreNotProvidedTrapByName(t *testing.T) {
	w := testWorker(t, Config{})
	_, _, _, err := invoke(add(t, w, "faasm/chain_named_a.cpp"), &Invocation{})
	var trap *guest.Trap
	if !errors.As(err, &trap) || !strings.Contains(trap.Message, "env.__faasm_chain_name is not provided") {
		t.Errorf("got %v", err)
	}
}

func BenchmarkFreshHello(b *testing.B) {
	w := testWorker(b, Config{Engine: engine.Config{Shards: 1}})
	f := add(b, w, "faasm/hello.c")
	inv := &Invocation{}
	ctx := context.Background()
	if _, err := f.Invoke(ctx, inv); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := f.Invoke(ctx, inv); err != nil {
			b.Fatal(err)
		}
	}
}
