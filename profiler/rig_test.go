package profiler_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/pprof/profile"

	"github.com/faaslens/faaslens/codemap"
	"github.com/faaslens/faaslens/engine"
	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/hostcall"
	"github.com/faaslens/faaslens/internal/guesttest"
	"github.com/faaslens/faaslens/profiler"
	"github.com/faaslens/faaslens/store"
	"github.com/faaslens/faaslens/worker"
)

func TestMain(m *testing.M) {
	if module := os.Getenv(fidelityModule); module != "" {
		if err := recordShares(module, os.Getenv(fidelityDir)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	profiler.CountEveryAllocation()
	os.Exit(m.Run())
}

// rig is a worker whose functions' code is known.
type rig struct {
	code   *profiler.Code
	store  *store.Store
	worker *worker.Worker
}

func newRig(dir string) (*rig, error) {
	engine.MixStacks()
	st, err := store.Open(dir)
	if err != nil {
		return nil, err
	}
	r := &rig{code: profiler.NewCode(time.Now), store: st}
	r.worker, err = worker.New(worker.Config{
		Store:  st,
		Engine: engine.Config{Shards: 2, Slots: 4},
		Loaded: func(f *worker.Function, l codemap.Loaded) {
			r.code.Loaded(profiler.Function{Name: f.Name, Module: f.Module(), Symbols: f.Symbols}, l)
		},
		Unloaded: func(_ *worker.Function, l codemap.Loaded) { r.code.Unloaded(l) },
	})
	return r, err
}

func (r *rig) open(name string, module []byte) (*worker.Function, error) {
	n := guest.Name{User: "t", Function: name}
	if _, err := r.store.Add(n, module, store.AddOptions{}); err != nil {
		return nil, err
	}
	return r.worker.Open(context.Background(), n)
}

func testRig(t *testing.T) *rig {
	t.Helper()
	r, err := newRig(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.worker.Close() })
	return r
}

// build opens a guest as a function.
func (r *rig) build(t *testing.T, source string) *worker.Function {
	t.Helper()
	name := strings.TrimSuffix(filepath.Base(source), ".c")
	f, err := r.open(name, guesttest.Build(t, "2", source))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

// invoke runs a function as the observer's, and returns how long it took.
func invoke(t *testing.T, f *worker.Function, stdin io.Reader, args ...string) func(context.Context, hostcall.Observer) time.Duration {
	return func(ctx context.Context, o hostcall.Observer) time.Duration {
		out, err := f.Invoke(ctx, &worker.Invocation{Args: append([]string{"function.wasm"}, args...), Stdin: stdin, Stdout: io.Discard, Observer: o})
		if err != nil || out.Code != 0 {
			t.Errorf("%s: code %d, %v", f.Name, out.Code, err)
		}
		return out.Elapsed
	}
}

func cold(f *worker.Function) profiler.Invocation {
	return profiler.Invocation{Function: f.Name, Number: 1, Start: profiler.Cold}
}

// pprof runs go tool pprof on a profile.
func pprof(t *testing.T, p *profile.Profile, args ...string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "p.pb.gz")
	var b bytes.Buffer
	if err := p.Write(&b); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("go", append(append([]string{"tool", "pprof"}, args...), file)...)
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s", strings.Join(cmd.Args, " "), err, &said)
	}
	if said.Len() > 0 {
		t.Errorf("%s says: %s", strings.Join(cmd.Args, " "), &said)
	}
	return string(out)
}

// accepted holds a profile against pprof's own checks, after a round of writing.
func accepted(t *testing.T, p *profile.Profile) {
	t.Helper()
	var b bytes.Buffer
	if err := p.Write(&b); err != nil {
		t.Fatal(err)
	}
	again, err := profile.ParseData(b.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	if err := again.CheckValid(); err != nil {
		t.Error(err)
	}
	for _, loc := range again.Location {
		if len(loc.Line) == 0 || loc.Line[0].Function.Name == "" {
			t.Errorf("location 0x%x has no name", loc.Address)
		}
	}
	if raw := pprof(t, p, "-raw"); !strings.Contains(raw, "Samples:") {
		t.Errorf("pprof -raw writes\n%s", raw)
	}
}

// names are a sample's functions, innermost first, inlined ones too.
func names(s *profile.Sample) []string {
	var all []string
	for _, loc := range s.Location {
		for _, line := range loc.Line {
			all = append(all, line.Function.Name)
		}
	}
	return all
}

// writer writes by a function of the test's.
type writer func([]byte) (int, error)

func (w writer) Write(b []byte) (int, error) { return w(b) }
