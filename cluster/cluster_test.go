package cluster

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/faaslens/faaslens/bus"
	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/hostcall/faasm"
	"github.com/faaslens/faaslens/scheduler"
)

// functions are one function, of any name.
type functions func(ctx context.Context, r *scheduler.Request) scheduler.Result

func (f functions) Acquire(context.Context, guest.Name) (scheduler.Function, bool, error) {
	return f, false, nil
}

func (f functions) Invoke(ctx context.Context, _ scheduler.ID, r *scheduler.Request, _ faasm.Chain) scheduler.Result {
	return f(ctx, r)
}

func (f functions) Backtrace([]guest.Frame) []scheduler.Frame { return nil }
func (f functions) Release()                                  {}

func echo(_ context.Context, r *scheduler.Request) scheduler.Result {
	return scheduler.Result{Output: r.Input, ReturnValue: 3}
}

func openBus(t testing.TB, cfg bus.Config) *bus.Bus {
	t.Helper()
	if cfg.Dir == "" && cfg.URL == "" {
		cfg.Dir = t.TempDir()
	}
	cfg.AckWait = 300 * time.Millisecond
	b, err := bus.Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	return b
}

// join makes a member that takes up to atOnce invocations at a time.
func join(t *testing.T, b *bus.Bus, atOnce int, f functions) *Cluster {
	t.Helper()
	s := scheduler.New(scheduler.Config{Functions: f})
	c, err := Open(t.Context(), Config{Bus: b, Scheduler: s, Host: t.Name(), AtOnce: atOnce})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		now, cancel := context.WithCancel(context.Background())
		cancel()
		s.Close(now)
		c.Close()
	})
	return c
}

func start(t *testing.T, c *Cluster, input string) scheduler.ID {
	t.Helper()
	id, err := c.Start(t.Context(), &scheduler.Request{Function: guest.Name{User: "demo", Function: "echo"}, Input: []byte(input)})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func await(t *testing.T, c *Cluster, id scheduler.ID) scheduler.Invocation {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	i, err := c.Wait(ctx, id)
	if err != nil {
		t.Fatal(err)
	}
	if i.Result == nil {
		t.Fatalf("invocation %d has not ended: it is %v", id, i.Status)
	}
	return i
}

func TestAnyMemberTellsTheResult(t *testing.T) {
	b := openBus(t, bus.Config{Listen: "127.0.0.1:0"})
	gateway := join(t, b, 0, nil)
	id := start(t, gateway, "hello")
	if i, err := gateway.Get(t.Context(), id); err != nil || i.Status != scheduler.Queued {
		t.Errorf("before there is a worker it is %v, %v", i.Status, err)
	}
	worker := join(t, openBus(t, bus.Config{URL: b.URL()}), 2, echo)
	for _, c := range []*Cluster{gateway, worker} {
		i := await(t, c, id)
		if string(i.Result.Output) != "hello" || i.Result.ReturnValue != 3 || i.Request.Function.Function != "echo" {
			t.Errorf("got %+v of %v", i.Result, i.Request.Function)
		}
	}
	if _, err := gateway.Get(t.Context(), 12); !errors.Is(err, scheduler.ErrUnknown) {
		t.Errorf("an invocation that never was: %v", err)
	}
}

func TestWhatWasAcceptedRunsAfterARestart(t *testing.T) {
	dir := t.TempDir()
	first := openBus(t, bus.Config{Dir: dir})
	id := start(t, join(t, first, 0, nil), "kept")
	first.Close()
	c := join(t, openBus(t, bus.Config{Dir: dir}), 1, echo)
	if i := await(t, c, id); string(i.Result.Output) != "kept" {
		t.Errorf("got %+v", i.Result)
	}
}

func TestAResultExpiresAfterItsEnd(t *testing.T) {
	b := openBus(t, bus.Config{Listen: "127.0.0.1:0"})
	c := join(t, b, 1, echo)
	id := start(t, c, "kept")
	await(t, c, id)
	other := join(t, openBus(t, bus.Config{URL: b.URL()}), 0, nil)
	if i, err := other.Get(t.Context(), id); err != nil || string(i.Result.Output) != "kept" {
		t.Errorf("at first: %+v, %v", i.Result, err)
	}
	other.cfg.Keep = time.Nanosecond
	if _, err := other.Get(t.Context(), id); !errors.Is(err, scheduler.ErrUnknown) {
		t.Errorf("then: %v", err)
	}
	if _, err := other.Wait(t.Context(), id); !errors.Is(err, scheduler.ErrUnknown) {
		t.Errorf("waiting for it: %v", err)
	}
}

func TestAnotherMemberGoesOnWhereOneDied(t *testing.T) {
	b := openBus(t, bus.Config{Listen: "127.0.0.1:0"})
	gateway := join(t, b, 0, nil)
	dying := openBus(t, bus.Config{URL: b.URL()})
	taken := make(chan struct{})
	join(t, dying, 1, func(ctx context.Context, _ *scheduler.Request) scheduler.Result {
		close(taken)
		<-ctx.Done()
		return scheduler.Result{ReturnValue: 1}
	})
	id := start(t, gateway, "again")
	<-taken
	dying.Close()
	join(t, openBus(t, bus.Config{URL: b.URL()}), 1, echo)
	if i := await(t, gateway, id); string(i.Result.Output) != "again" {
		t.Errorf("got %+v", i.Result)
	}
}

func TestAMemberThatLeavesHandsItsWorkBack(t *testing.T) {
	b := openBus(t, bus.Config{})
	var runs atomic.Int32
	taken := make(chan struct{})
	s := scheduler.New(scheduler.Config{Functions: functions(func(ctx context.Context, _ *scheduler.Request) scheduler.Result {
		runs.Add(1)
		close(taken)
		<-ctx.Done()
		return scheduler.Result{ReturnValue: 1, Failure: &scheduler.Failure{Kind: "limit", Code: "cancelled"}}
	})})
	leaving, err := Open(t.Context(), Config{Bus: b, Scheduler: s, AtOnce: 1})
	if err != nil {
		t.Fatal(err)
	}
	id := start(t, leaving, "handed back")
	<-taken
	leaving.Leave()
	now, cancel := context.WithCancel(context.Background())
	cancel()
	s.Close(now)
	leaving.Close()
	if i := await(t, join(t, b, 1, echo), id); string(i.Result.Output) != "handed back" || runs.Load() != 1 {
		t.Errorf("got %+v after %d run(s)", i.Result, runs.Load())
	}
}

func TestCancellationReachesEveryMember(t *testing.T) {
	b := openBus(t, bus.Config{Listen: "127.0.0.1:0"})
	gateway := join(t, b, 0, nil)
	queued := start(t, gateway, "queued")
	if live, err := gateway.Cancel(t.Context(), queued); !live || err != nil {
		t.Fatalf("cancelling what is queued: %v, %v", live, err)
	}
	taken := make(chan struct{})
	join(t, openBus(t, bus.Config{URL: b.URL()}), 1, func(ctx context.Context, r *scheduler.Request) scheduler.Result {
		if string(r.Input) != "running" {
			t.Errorf("what was cancelled runs: %q", r.Input)
		}
		close(taken)
		<-ctx.Done()
		return scheduler.Result{ReturnValue: 1, Failure: &scheduler.Failure{Kind: "limit", Code: "cancelled", Message: context.Cause(ctx).Error()}}
	})
	running := start(t, gateway, "running")
	<-taken
	if live, err := gateway.Cancel(t.Context(), running); !live || err != nil {
		t.Fatalf("cancelling what runs: %v, %v", live, err)
	}
	for _, id := range []scheduler.ID{queued, running} {
		if i := await(t, gateway, id); i.Result.Failure == nil || i.Result.Failure.Code != "cancelled" {
			t.Errorf("it ended with %+v", i.Result)
		}
	}
}
