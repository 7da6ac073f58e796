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
	if n := testing.AllocsPerRun(200, run); n > 0.5 {
		t.Errorf("%v allocations for each invocation", n)
	}
}
