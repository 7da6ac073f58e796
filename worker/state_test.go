package worker

import (
	"os"
	"strings"
	"testing"

	"github.com/faaslens/faaslens/engine"
	"github.com/faaslens/faaslens/state"
)

func TestFaasmsStateFunctionsRun(t *testing.T) {
	g := new(state.Memory)
	w := testWorker(t, Config{SharedRoot: true, State: state.NewLocal(g, state.Limits{})})
	if err := os.MkdirAll(w.cfg.Store.RuntimeDir(), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, source := range []string{"state_append.cpp", "state_array.cpp", "state_async.cpp", "state_file.c", "state_offset.cpp", "state_whole.c"} {
		t.Run(source, func(t *testing.T) {
			f := add(t, w, "faasm/"+source)
			for range 2 { // the second finds what the first left
				out, _, o, err := invoke(f, &Invocation{})
				if err != nil || o.Code != 0 {
					t.Fatalf("it returned %d, %v; stdout %q", o.Code, err, out)
				}
			}
		})
	}
	keys, err := g.List(t.Context(), "test")
	if err != nil || len(keys) == 0 {
		t.Errorf("nothing was pushed: %v, %v", keys, err)
	}
}

func TestWhatIsMappedIsSharedAndThenGone(t *testing.T) {
	w := testWorker(t, Config{State: state.NewLocal(new(state.Memory), state.Limits{}), Engine: engine.Config{Shards: 1, Slots: 2}})
	f := add(t, w, "shared_state.c")
	_, _, o, err := invoke(f, &Invocation{Input: []byte("write")})
	if err != nil || o.Code != 0 {
		t.Fatalf("the writer returned %d, %v", o.Code, err)
	}
	// The instances that follow are made where the writer's was: its pages must be
	// theirs alone, and the value must be as it left it.
	for range 4 {
		for _, what := range []string{"canary", "read"} {
			out, _, o, err := invoke(f, &Invocation{Input: []byte(what)})
			if err != nil || o.Code != 0 {
				t.Fatalf("%s returned %d, %v: %s", what, o.Code, err, out)
			}
		}
	}
	_, _, o, err = invoke(f, &Invocation{Input: []byte("unmap")})
	if err != nil || o.Code != 0 {
		t.Errorf("taking a mapping out returned %d, %v", o.Code, err)
	}
	if _, _, o, err = invoke(f, &Invocation{Input: []byte("read")}); err != nil || o.Code != 0 {
		t.Errorf("after that, read returned %d, %v", o.Code, err)
	}
}

func TestWithoutStateItsCallsSaySo(t *testing.T) {
	f := add(t, testWorker(t, Config{}), "faasm/state_whole.c")
	if _, _, _, err := invoke(f, &Invocation{}); err == nil || !strings.Contains(err.Error(), "is not provided") {
		t.Errorf("without state: %v", err)
	}
}
