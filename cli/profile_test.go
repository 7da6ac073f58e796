package cli

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/faaslens/faaslens/internal/guesttest"
)

// firstStack remembers the stack on which it is first written to.
type firstStack struct {
	names []string
}

func (r *firstStack) Write(b []byte) (int, error) {
	if r.names != nil {
		return len(b), nil
	}
	var pcs [256]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(0, pcs[:])])
	for {
		f, more := frames.Next()
		r.names = append(r.names, f.Function)
		if !more {
			return len(b), nil
		}
	}
}

// An ordinary run has nothing installed for profiles: no observer of host calls, and no
// walk over the guest's frames in Go's stacks, which would come out without names.
func TestARunHasNothingOfProfilesInstalled(t *testing.T) {
	env := append(os.Environ(), "FAASLENS_DIR="+t.TempDir())
	var said bytes.Buffer
	if code := Main([]string{"faaslens", "build", "t/hello", filepath.Join(guesttest.Dir(), "hello.c")}, nil, io.Discard, &said, env); code != 0 {
		t.Fatal(said.String())
	}
	var out firstStack
	if code := Main([]string{"faaslens", "run", "t/hello"}, nil, &out, &said, env); code != 0 {
		t.Fatal(said.String())
	}
	spec := slices.IndexFunc(out.names, func(n string) bool {
		return strings.HasPrefix(n, "github.com/faaslens/faaslens/hostcall.(*Spec).Invoke")
	})
	if spec < 0 || !strings.HasSuffix(out.names[spec], ".Invoke") {
		t.Errorf("host calls are observed: %q", out.names)
	}
	if i := slices.Index(out.names, ""); i >= 0 {
		t.Errorf("frame %d of %q is a guest's", i, out.names)
	}
	if i := slices.IndexFunc(out.names, func(n string) bool { return strings.Contains(n, "pprof") || strings.Contains(n, "/profiler.") }); i >= 0 {
		t.Errorf("%s is on the stack of a run", out.names[i])
	}
}
