package cluster

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/faaslens/faaslens/bus"
	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/scheduler"
)

// batchOf are requests with these inputs, which ask for numbers from one on; 0 is none.
func batchOf(first scheduler.ID, inputs ...string) []*scheduler.Request {
	var reqs []*scheduler.Request
	for k, in := range inputs {
		r := &scheduler.Request{Function: guest.Name{User: "demo", Function: "echo"}, Input: []byte(in), Args: []string{"arg"}}
		if first != 0 {
			r.ID = first + scheduler.ID(k)
		}
		reqs = append(reqs, r)
	}
	return reqs
}

func startBatch(t *testing.T, c *Cluster, app int32, reqs []*scheduler.Request) {
	t.Helper()
	if err := c.StartBatch(t.Context(), app, reqs); err != nil {
		t.Fatal(err)
	}
}

// awaitBatch waits until all of an application has ended.
func awaitBatch(t *testing.T, c *Cluster, app int32) []scheduler.Invocation {
	t.Helper()
	all, err := c.Batch(t.Context(), app)
	if err != nil {
		t.Fatal(err)
	}
	for k := range all {
		await(t, c, all[k].ID)
	}
	if all, err = c.Batch(t.Context(), app); err != nil {
		t.Fatal(err)
	}
	return all
}

func TestAnyMemberRunsABatchAndTellsOfIt(t *testing.T) {
	b := openBus(t, bus.Config{Listen: "127.0.0.1:0"})
	gateway := join(t, b, 0, nil)
	large := string(bytes.Repeat([]byte("x"), 1<<20)) // kept apart
	startBatch(t, gateway, -42, batchOf(901, "one", large))
	startBatch(t, gateway, -42, batchOf(901, "three")) // of which the number is taken
	startBatch(t, gateway, 7, batchOf(0, "of another"))
	all, err := gateway.Batch(t.Context(), -42)
	if err != nil || len(all) != 3 || all[0].Status != scheduler.Queued {
		t.Fatalf("before there is a worker: %d, %v", len(all), err)
	}
	apps, err := gateway.Apps(t.Context())
	if err != nil || len(apps) != 2 || len(apps[-42]) != 3 || len(apps[7]) != 1 {
		t.Errorf("the applications are %v, %v", apps, err)
	}
	worker := join(t, openBus(t, bus.Config{URL: b.URL()}), 2, echo)
	for _, c := range []*Cluster{gateway, worker} {
		all := awaitBatch(t, c, -42)
		for k, want := range []string{"one", large, "three"} {
			if i := all[k]; i.Result == nil || string(i.Result.Output) != want || string(i.Request.Input) != want || len(i.Request.Args) != 1 {
				t.Errorf("invocation %d is %.100q", k, fmt.Sprint(i.Result))
			}
		}
		if all[0].ID != 901 || all[1].ID != 902 || all[2].ID == 901 || all[2].ID == 0 {
			t.Errorf("their numbers are %d, %d and %d", all[0].ID, all[1].ID, all[2].ID)
		}
	}
	if err := worker.ForgetBatches(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := gateway.Batch(t.Context(), -42); !errors.Is(err, scheduler.ErrUnknown) {
		t.Errorf("after they were forgotten: %v", err)
	}
}

func TestABatchThatWasAcceptedRunsAfterARestart(t *testing.T) {
	dir := t.TempDir()
	first := openBus(t, bus.Config{Dir: dir})
	startBatch(t, join(t, first, 0, nil), 1, batchOf(0, "kept", "too"))
	first.Close()
	c := join(t, openBus(t, bus.Config{Dir: dir}), 1, echo)
	if all := awaitBatch(t, c, 1); string(all[0].Result.Output) != "kept" || string(all[1].Result.Output) != "too" {
		t.Errorf("got %+v and %+v", all[0].Result, all[1].Result)
	}
}

func TestABatchThatCannotBeStoredRunsNothing(t *testing.T) {
	b := openBus(t, bus.Config{Listen: "127.0.0.1:0"})
	gateway := join(t, b, 0, nil)
	reqs := batchOf(501, "small", string(make([]byte, bus.MaxMessage)))
	if err := gateway.StartBatch(t.Context(), 1, reqs); err == nil {
		t.Fatal("a batch with an input that cannot be queued is accepted")
	}
	// What was queued of it before is cancelled, and so does not run.
	ran := make(chan string, 2)
	worker := join(t, openBus(t, bus.Config{URL: b.URL()}), 1, func(_ context.Context, r *scheduler.Request) scheduler.Result {
		ran <- string(r.Input)
		return scheduler.Result{}
	})
	await(t, worker, start(t, gateway, "behind it"))
	if got := <-ran; got != "behind it" {
		t.Errorf("%.20q runs", got)
	}
}

func TestBatchesExpireAsResultsDo(t *testing.T) {
	b := openBus(t, bus.Config{Keep: time.Second})
	c := join(t, b, 1, echo)
	startBatch(t, c, 1, batchOf(0, "soon gone"))
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for {
		batches, err := b.Batches(ctx, 1)
		if err != nil {
			t.Fatal(err)
		}
		if len(batches) == 0 {
			return
		}
	}
}
