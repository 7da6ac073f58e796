package worker

import (
	"io"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/faaslens/faaslens/engine"
	"github.com/faaslens/faaslens/store"
)

// stackTaker is a writer that the function's output goes to: Go code that a host call
// runs. It takes its own stack.
type stackTaker struct {
	worker *Worker
	calls  []MixedFrame
}

//go:noinline
func (s *stackTaker) take() {
	pcs := make([]uintptr, 200)
	s.calls = s.worker.Calls(pcs[:runtime.Callers(1, pcs)])
}

func (s *stackTaker) Write(p []byte) (int, error) {
	if s.calls == nil {
		s.take()
	}
	return len(p), nil
}

func TestGoCodeSeesHostAndGuestInOneStack(t *testing.T) {
	engine.MixStacks()
	w := testWorker(t, Config{})
	f := addBuilt(t, w, "shapes", "2", "symbols/shapes.c", store.AddOptions{})
	out := &stackTaker{worker: w}
	if _, err := f.Invoke(t.Context(), &Invocation{Stdout: out, Stderr: io.Discard}); err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, c := range out.calls {
		name := c.Function[strings.LastIndexByte(c.Function, '/')+1:]
		if c.Guest != nil {
			name = "guest " + name
			if c.Guest != f {
				t.Errorf("%s is of %s", name, c.Guest.Name)
			}
		}
		names = append(names, name)
		if (c.Guest == nil || strings.HasSuffix(c.File, "/symbols/shapes.c")) && c.Line == 0 {
			t.Errorf("%s at %s:%d has no place", name, c.File, c.Line)
		}
	}
	// The host's inner calls, the guest's, and the host's outer ones, in this order.
	at := -1
	for _, want := range []string{
		"worker.(*stackTaker).take", "worker.(*stackTaker).Write", "engine.(*slot).HostCall",
		"guest main", "guest _start", "engine.(*Module).Run", "worker.(*Function).Invoke",
		"worker.TestGoCodeSeesHostAndGuestInOneStack",
	} {
		i := slices.Index(names, want)
		if i <= at {
			t.Errorf("%q is at %d, behind %d, in %q", want, i, at, names)
		}
		at = i
	}
	i := slices.Index(names, "guest main")
	if c := out.calls[i]; !strings.HasSuffix(c.File, "/symbols/shapes.c") || c.Inlined {
		t.Errorf("main is %+v", c)
	}
	if !slices.ContainsFunc(out.calls, func(c MixedFrame) bool { return c.Guest != nil && c.Inlined }) {
		t.Errorf("no guest's call is inlined in %q", names)
	}
}
