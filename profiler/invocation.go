package profiler

import (
	"context"
	"runtime/pprof"
	"strconv"

	"github.com/faaslens/faaslens/guest"
)

// Start says whether a function ran before.
type Start string

const (
	Cold Start = "cold" // a function's first invocation in this process
	Warm Start = "warm"
)

// Invocation is one invocation as the labels of samples tell it.
type Invocation struct {
	Function guest.Name
	Number   int
	Start    Start
}

// Do runs f, which invokes the function on this goroutine, so that samples have the
// invocation's labels.
func (i Invocation) Do(ctx context.Context, f func(context.Context)) {
	pprof.Do(ctx, pprof.Labels(
		"user", i.Function.User,
		"function", i.Function.String(),
		"invocation", strconv.Itoa(i.Number),
		"start", string(i.Start),
	), f)
}

// ownFrames is how the names of this package's functions start.
const ownFrames = "github.com/faaslens/faaslens/profiler."
