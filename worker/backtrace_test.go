package worker

import (
	"bytes"
	"encoding/json"
	"flag"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/internal/guesttest"
	"github.com/faaslens/faaslens/store"
	"github.com/faaslens/faaslens/symbol"
	"github.com/faaslens/faaslens/toolchain"
)

var update = flag.Bool("update", false, "write goldens anew")

// addAs builds a guest and opens it under a name.
func addBuilt(t testing.TB, w *Worker, name string, opt toolchain.Opt, source string, options store.AddOptions) *Function {
	t.Helper()
	n := guest.Name{User: "test", Function: name}
	if _, err := w.cfg.Store.Add(n, guesttest.Build(t, opt, source), options); err != nil {
		t.Fatal(err)
	}
	f, err := w.Open(t.Context(), n)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

// maskBacktrace masks what differs between builds: directories, places in the code
// and what the C library's size decides.
func maskBacktrace(s string) string {
	s = strings.ReplaceAll(s, guesttest.Dir(), "GUESTS")
	s = regexp.MustCompile(` at \S*/(core\.c|start\.c):`).ReplaceAllString(s, " at LIB/$1:")
	s = regexp.MustCompile(`\+\d+( at |\n)`).ReplaceAllString(s, "+N$1")
	s = regexp.MustCompile(`((Data|Heap) (size|range): +).*`).ReplaceAllString(s, "${1}MASKED")
	return s
}

func TestBacktracesAreInFaasmsForm(t *testing.T) {
	w := testWorker(t, Config{})
	for _, c := range []struct {
		name, source string
		opt          toolchain.Opt
	}{
		{"c_O0", "faasm/backtrace.c", "0"},
		{"c_O2", "faasm/backtrace.c", "2"},
		{"cpp_O0", "faasm/backtrace.cpp", "0"},
		{"cpp_O2", "faasm/backtrace.cpp", "2"},
		{"deep", "faasm/backtrace_deep.c", "1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			stdout, _, o, err := invoke(addBuilt(t, w, c.name, c.opt, c.source, store.AddOptions{}), &Invocation{})
			if err != nil || o.Code != 0 {
				t.Fatalf("code %d, %v", o.Code, err)
			}
			golden := filepath.Join("testdata", "backtrace", c.name+".txt")
			have := maskBacktrace(stdout)
			if *update {
				if err := os.WriteFile(golden, []byte(have), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), have); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestBacktracesOfStrippedFunctionsHaveLines(t *testing.T) {
	w := testWorker(t, Config{})
	whole, _, _, err := invoke(addBuilt(t, w, "whole", "1", "faasm/backtrace.c", store.AddOptions{}), &Invocation{})
	if err != nil {
		t.Fatal(err)
	}
	f := addBuilt(t, w, "stripped", "1", "faasm/backtrace.c", store.AddOptions{Strip: true})
	if f.Module().HasDWARF() || f.Module().HasNames() {
		t.Fatal("it is not stripped")
	}
	stripped, _, _, err := invoke(f, &Invocation{})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.ReplaceAll(whole, "whole", "stripped"), stripped); diff != "" {
		t.Error(diff)
	}
}

// Without a name, Faasm counts a module's own functions.
func TestBacktracesWithoutSymbolsHaveNumbers(t *testing.T) {
	w := testWorker(t, Config{})
	f := addBuilt(t, w, "bare", "1", "faasm/backtrace.c", store.AddOptions{Strip: true})
	if err := os.Remove(filepath.Join(w.cfg.Store.Dir(), "wasm", "test", "bare", store.DebugFile)); err != nil {
		t.Fatal(err)
	}
	stdout, _, _, err := invoke(f, &Invocation{})
	if err != nil || !regexp.MustCompile(`(?m)^wasm!test/bare!<function #\d+>\+\d+$`).MatchString(stdout) {
		t.Errorf("%v\n%s", err, stdout)
	}
}

func TestBacktracesAreLoggedAsData(t *testing.T) {
	var log bytes.Buffer
	w := testWorker(t, Config{Log: slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))})
	if _, _, _, err := invoke(addBuilt(t, w, "logged", "2", "faasm/backtrace.c", store.AddOptions{}), &Invocation{}); err != nil {
		t.Fatal(err)
	}
	var entry struct {
		Msg, Function string
		Depth         int
		Frames        []loggedFrame
	}
	for line := range strings.Lines(log.String()) {
		if strings.Contains(line, `"msg":"backtrace"`) {
			if err := json.Unmarshal([]byte(line), &entry); err != nil {
				t.Fatal(err)
			}
		}
	}
	if entry.Function != "test/logged" || entry.Depth != len(entry.Frames) || entry.Depth < 5 {
		t.Fatalf("logged %+v\n%s", entry, log.String())
	}
	middle := entry.Frames[2]
	if middle.Name != "middle" || !middle.Inlined || middle.Line != 18 || filepath.Base(middle.File) != "backtrace.c" {
		t.Errorf("frame 2 is %+v", middle)
	}
}

func TestBacktracesCountAsOutput(t *testing.T) {
	_, _, _, err := invoke(addBuilt(t, testWorker(t, Config{}), "flood", "2", "faasm/backtrace.c", store.AddOptions{}),
		&Invocation{Limits: guest.Limits{Output: 100}})
	if limit, ok := err.(*guest.Limit); !ok || limit.Kind != guest.LimitOutput {
		t.Errorf("got %v", err)
	}
}

// An invocation that ends well reads no symbols.
func TestSymbolsAreOpenedWhenAskedFor(t *testing.T) {
	f := add(t, testWorker(t, Config{}), "faasm/hello.c")
	asked := false
	open := f.symbols
	f.symbols = func() *symbol.Table { asked = true; return open() }
	if _, _, _, err := invoke(f, &Invocation{}); err != nil || asked {
		t.Errorf("%v; symbols were asked for: %v", err, asked)
	}
	if f.Backtrace([]guest.Frame{{Func: 5}}); !asked {
		t.Error("a backtrace does not ask for symbols")
	}
}
