package worker

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/faaslens/faaslens/engine"
	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/store"
)

// add builds a guest and opens it as a function.
func add(t testing.TB, w *Worker, source string) *Function {
	t.Helper()
	return addAs(t, w, strings.NewReplacer("/", "_", ".", "_").Replace(source), source)
}

// addAs is add with a name of its own for the function.
func addAs(t testing.TB, w *Worker, function, source string) *Function {
	t.Helper()
	return addBuilt(t, w, function, "2", source, store.AddOptions{})
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
	w := testWorker(t, Config{SharedRoot: true})
	for _, c := range []struct {
		source, input  string
		stdout, output string // "*" for anything
		code           int32
	}{
		{source: "faasm/all_headers.c"},
		{source: "faasm/all_headers.cpp", stdout: "*"},
		{source: "faasm/args_env.c", stdout: "*"},
		{source: "faasm/conf_flag.c"},
		{source: "faasm/echo.c", input: "ping", output: "ping"},
		{source: "faasm/echo.c", output: "nothing to echo"},
		{source: "faasm/echo.cpp", input: "ping", output: "ping"},
		{source: "faasm/echo.cpp", output: "none"},
		{source: "faasm/exit_code.c", stdout: "*", code: 3},
		{source: "faasm/exit_code.c", input: "7", stdout: "*", code: 7},
		{source: "faasm/file_io.c", stdout: "*"},
		{source: "faasm/files.cpp", stdout: "*"},
		{source: "faasm/hello.c", stdout: "Hello from C\n"},
		{source: "faasm/hello.cpp", stdout: "*"},
		{source: "faasm/isatty.c", stdout: "*"},
		{source: "faasm/malloc.c", stdout: "*"},
		{source: "faasm/mmap.c", stdout: "*"},
		{source: "faasm/numbered.c", stdout: "main 0\nhelper\n", code: 7},
		{source: "faasm/posix.c", stdout: "*"},
		{source: "faasm/print.cpp", stdout: "*"},
		{source: "faasm/prof.c", stdout: "*"},
		{source: "faasm/prof_off.c", stdout: "done\n"},
		{source: "faasm/random.cpp", stdout: "*"},
		{source: "faasm/raw_calls.c", input: "abc", output: "cba"},
		{source: "faasm/return_code.c", code: 42},
		{source: "faasm/sbrk.c", stdout: "*"},
		{source: "faasm/time.cpp", stdout: "*"},
		{source: "faasm/typed_input.cpp", output: "*", stdout: "*"},
		{source: "faasm/zygote.c", stdout: "*"},
		{source: "faasm/zygote.cpp", stdout: "*"},
		{source: "faasm/zygote_called.c"},
	} {
		t.Run(c.source+" "+c.input, func(t *testing.T) {
			f := add(t, w, c.source)
			for range 2 { // nothing is left of the first for the second
				stdout, output, o, err := invoke(f, &Invocation{Input: []byte(c.input)})
				if err != nil || o.Code != c.code {
					t.Fatalf("code %d, %v; stdout %q, output %q", o.Code, err, stdout, output)
				}
				if c.stdout != "*" && stdout != c.stdout {
					t.Errorf("stdout %q, want %q", stdout, c.stdout)
				}
				if c.output != "*" && output != c.output {
					t.Errorf("output %q, want %q", output, c.output)
				}
			}
		})
	}
}

func TestZygoteThatFailsEndsTheFunction(t *testing.T) {
	stdout, _, _, err := invoke(add(t, testWorker(t, Config{}), "faasm/zygote_fails.c"), &Invocation{})
	if err == nil || !strings.Contains(err.Error(), "zygote failed (return value 3)") || stdout != "" {
		t.Errorf("stdout %q, %v", stdout, err)
	}
}

func TestHostCallThatFailsEndsTheFunction(t *testing.T) {
	stdout, _, _, err := invoke(add(t, testWorker(t, Config{}), "faasm/host_interface_test.cpp"), &Invocation{})
	var trap *guest.Trap
	if !errors.As(err, &trap) || len(trap.Frames) == 0 || strings.Contains(stdout, "not reached") {
		t.Errorf("stdout %q, %v", stdout, err)
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
