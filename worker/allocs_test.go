//go:build !race

// The race detector makes pools forget at random, so that nothing can be said of
// allocations under it.
package worker

import (
	"context"
	"testing"

	"github.com/faaslens/faaslens/engine"
)

func TestInvocationOfAWarmFunctionAllocatesNothing(t *testing.T) {
	w := testWorker(t, Config{Engine: engine.Config{Shards: 1}})
	f := add(t, w, "faasm/hello.c")
	inv, ctx := &Invocation{}, context.Background()
	run := func() {
		if _, err := f.Invoke(ctx, inv); err != nil {
			t.Fatal(err)
		}
	}
	run()
	// All of the process's allocations count, those of goroutines that other tests
	// have left behind too, and a collection empties pools.
	least := testing.AllocsPerRun(200, run)
	for range 5 {
		least = min(least, testing.AllocsPerRun(200, run))
	}
	if least > 0 {
		t.Errorf("%v allocations for each invocation", least)
	}
}
