package worker

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/internal/guesttest"
	"github.com/faaslens/faaslens/scheduler"
	"github.com/faaslens/faaslens/store"
)

// service is a scheduler over a worker's functions.
func service(t *testing.T, cfg scheduler.Config) (*Worker, *Library, *scheduler.Scheduler) {
	t.Helper()
	w := testWorker(t, Config{SharedRoot: true, Warm: true})
	l := NewLibrary(w, 64)
	cfg.Functions = l
	s := scheduler.New(cfg)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		s.Close(ctx)
		l.Close()
	})
	return w, l, s
}

// stock adds a guest to the worker's store.
func stock(t *testing.T, w *Worker, function, source string) guest.Name {
	t.Helper()
	n := guest.Name{User: "test", Function: function}
	if _, err := w.cfg.Store.Add(n, guesttest.Build(t, "2", source), store.AddOptions{}); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestFaasmsChainingFunctionsRun(t *testing.T) {
	w, _, s := service(t, scheduler.Config{})
	for _, f := range []string{"chain_named_a.cpp", "chain_named_b.c", "chain_named_c.c", "chain_ptr.c", "chain_batch.cpp", "chain_output.cpp", "chain_output_c.c"} {
		name, _, _ := strings.Cut(f, ".")
		stock(t, w, name, "faasm/"+f)
	}
	for function, chained := range map[string]int{
		"chain_named_a": 2, "chain_ptr": 1, "chain_batch": 4, "chain_output": -1, "chain_output_c": 2,
	} {
		t.Run(function, func(t *testing.T) {
			i, err := s.Run(t.Context(), &scheduler.Request{Function: guest.Name{User: "test", Function: function}})
			if err != nil {
				t.Fatal(err)
			}
			if i.Result.ReturnValue != 0 || i.Result.Failure != nil {
				t.Fatalf("returned %d, %+v, output %q, stdout %q", i.Result.ReturnValue, i.Result.Failure, i.Result.Output, i.Result.Stdout)
			}
			if chained >= 0 && len(i.Chained) != chained {
				t.Errorf("it chained %d invocations, want %d", len(i.Chained), chained)
			}
		})
	}
}

func TestANewVersionTakesEffectAtTheNextInvocation(t *testing.T) {
	w, l, s := service(t, scheduler.Config{})
	n := stock(t, w, "changing", "faasm/hello.c")
	run := func() string {
		t.Helper()
		i, err := s.Run(t.Context(), &scheduler.Request{Function: n})
		if err != nil || i.Result.Failure != nil {
			t.Fatalf("%+v, %v", i.Result, err)
		}
		return string(i.Result.Stdout)
	}
	if got := run(); got != "Hello from C\n" {
		t.Fatalf("the first version says %q", got)
	}
	old, cold, err := l.Acquire(t.Context(), n)
	if err != nil || cold {
		t.Fatalf("cold %v, %v", cold, err)
	}
	stock(t, w, "changing", "hello.c")
	if got := run(); got == "Hello from C\n" {
		t.Error("the second version is not what runs")
	}
	if r := old.Invoke(t.Context(), 1, &scheduler.Request{Function: n}, nil); string(r.Stdout) != "Hello from C\n" {
		t.Errorf("what held the first version runs %q", r.Stdout)
	}
	old.Release()
	if _, cold, err = l.Acquire(t.Context(), guest.Name{User: "test", Function: "missing"}); err == nil || !cold {
		t.Errorf("a function that is not there: cold %v, %v", cold, err)
	}
}
