package worker

import (
	"fmt"
	"strings"
	"testing"

	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/internal/guesttest"
	"github.com/faaslens/faaslens/state"
	"github.com/faaslens/faaslens/store"
)

// keptState is a tier of state with the text that warm/state.c reads.
func keptState(t *testing.T) *state.Local {
	t.Helper()
	g := new(state.Memory)
	text := []byte("before")
	if err := g.Write(t.Context(), state.Key{User: "test", Name: "text"}, int64(len(text)), []state.Range{{Data: text}}); err != nil {
		t.Fatal(err)
	}
	return state.NewLocal(g, state.Limits{})
}

func TestAZygoteThatUsesStateRunsOnceInAService(t *testing.T) {
	shared := keptState(t)
	w := testWorker(t, Config{State: shared, Snapshots: true, Warm: true})
	f := add(t, w, "warm/state.c")
	if s := f.Snapshot(); s.Refused != "" || len(s.Mapped) != 1 || !strings.Contains(fmt.Sprint(s.Reads), "state") {
		t.Fatalf("the snapshot is %+v", s)
	}
	check := func(f *Function, want string) {
		t.Helper()
		if stdout, _, o, err := invoke(f, &Invocation{}); stdout != want || o.Code != 0 || err != nil {
			t.Fatalf("printed %q, code %d, %v; want %q", stdout, o.Code, err, want)
		}
	}
	for i := 1; i <= 50; i++ {
		check(f, fmt.Sprintf("before %d %d z\n", i, i))
	}
	// Another process has the state of its own, and a zygote of its own.
	check(reopen(t, w, Config{State: keptState(t), Snapshots: true, Warm: true}, f.Name), "before 1 1 z\n")
	// What does not serve runs it in each call.
	plain := reopen(t, w, Config{State: keptState(t), Snapshots: true}, f.Name)
	check(plain, "before 1 1 z\n")
	check(plain, "before 1 2 z\n")
	if s := plain.Snapshot(); s.Refused != refusedState {
		t.Errorf("it was refused with %q", s.Refused)
	}
	// The refusal that this has left is not one for services.
	served := reopen(t, w, Config{State: keptState(t), Snapshots: true, Warm: true}, f.Name)
	check(served, "before 1 1 z\n")
	check(served, "before 2 2 z\n")
}

func TestAnInvocationInitialisesItselfWhereItsStateHasAnotherSize(t *testing.T) {
	shared := keptState(t)
	w := testWorker(t, Config{State: shared, Snapshots: true, Warm: true})
	f := add(t, w, "warm/state.c")
	key := state.Key{User: "test", Name: "shared"}
	if err := shared.Delete(t.Context(), key); err != nil {
		t.Fatal(err)
	}
	if _, err := shared.Value(t.Context(), key, 10); err != nil {
		t.Fatal(err)
	}
	_, _, _, err := invoke(f, &Invocation{})
	if want := "__faasm_read_state_offset_ptr: state test/shared: it has 10 bytes, not 100000"; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("%v, want %q", err, want)
	}
}

func TestStateThatIsLeftLockedIsLockedByEachInvocation(t *testing.T) {
	w := testWorker(t, Config{State: keptState(t), Snapshots: true, Warm: true})
	f := add(t, w, "warm/state_locked.c")
	if s := f.Snapshot(); !strings.Contains(s.Refused, "leaves state locked") {
		t.Errorf("the snapshot is %+v", s)
	}
	for range 3 {
		if _, _, o, err := invoke(f, &Invocation{}); o.Code != 0 || err != nil {
			t.Fatalf("code %d, %v", o.Code, err)
		}
	}
}

func TestWhatIsAboutAnInvocationIsDoneByEach(t *testing.T) {
	w := testWorker(t, Config{State: keptState(t)})
	for export, call := range map[string]string{
		"reads_input": "__faasm_read_input", "writes_output": "__faasm_write_output", "chains": "__faasm_chain_name",
	} {
		t.Run("it "+export, func(t *testing.T) {
			name := keepPrepared(t, w, export, "warm/asks.c")
			f := reopen(t, w, Config{State: w.cfg.State, Snapshots: true, Warm: true}, name)
			want := "its initialisation calls " + call + ", which is not the same, or not done, for all invocations at once"
			if s := f.Snapshot(); s.Refused != want {
				t.Errorf("refused with %q, want %q", s.Refused, want)
			}
			if export == "chains" {
				return // there is nothing that it could call here
			}
			for _, input := range []string{"one", "three"} {
				var output string
				inv := &Invocation{Input: []byte(input), KeepOutput: func(b []byte) { output = string(b) }}
				if _, err := f.Invoke(t.Context(), inv); err != nil || output != input {
					t.Errorf("it answered %q to %q, %v", output, input, err)
				}
			}
		})
	}
}

func TestWhatIsPublishedIsInitialisedOnce(t *testing.T) {
	for what, c := range map[string]struct {
		source, export string
		again          int // how often with the same module
	}{
		"it fails when it has read files": {"warm/refused.c", "reads", 1},
		"it reads a file":                 {"warm/reads_file.c", "", 1},
		"it uses state":                   {"warm/state.c", "", 1},
		"it is kept":                      {"warm/once.cpp", "", 0},
	} {
		t.Run(what, func(t *testing.T) {
			times := 0
			w := testWorker(t, Config{State: keptState(t), Snapshots: true, Warm: true, Initialised: func(*Function) { times++ }})
			l := NewLibrary(w, 10)
			defer l.Close()
			name := guest.Name{User: "test", Function: "published"}
			for _, want := range []int{1, c.again} {
				times = 0
				if _, err := l.Publish(t.Context(), name, guesttest.Build(t, "2", c.source), store.AddOptions{WarmExport: c.export}); err != nil {
					t.Fatal(err)
				}
				f, cold, err := l.Acquire(t.Context(), name)
				if err != nil || cold {
					t.Fatalf("it is not ready: cold %v, %v", cold, err)
				}
				f.Release()
				if times != want {
					t.Errorf("it was initialised %d times, want %d", times, want)
				}
			}
		})
	}
}
