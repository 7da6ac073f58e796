package gateway

import (
	"context"

	"github.com/faaslens/faaslens/scheduler"
)

// Queue takes invocations that go on without the client. Errors are the scheduler's:
// ErrUnknown, ErrDraining, ErrBusy.
type Queue interface {
	// Start accepts an invocation.
	Start(ctx context.Context, req *scheduler.Request) (scheduler.ID, error)
	// Get tells what is known of an invocation, Wait when it has ended or the context
	// has.
	Get(ctx context.Context, id scheduler.ID) (scheduler.Invocation, error)
	Wait(ctx context.Context, id scheduler.ID) (scheduler.Invocation, error)
	// Graph tells who called whom, from an invocation down. What the members that are
	// silent still run may be missing.
	Graph(ctx context.Context, id scheduler.ID) (root *scheduler.Node, silent []string, err error)
	// Cancel ends one, and reports whether it had not ended.
	Cancel(ctx context.Context, id scheduler.ID) (bool, error)
}

// LocalQueue is a scheduler as a queue: what it has accepted ends with the process.
func LocalQueue(s *scheduler.Scheduler) Queue { return localQueue{s} }

// localQueue is that of a scheduler alone: what it has accepted ends with the process.
type localQueue struct {
	scheduler *scheduler.Scheduler
}

func (q localQueue) Start(_ context.Context, req *scheduler.Request) (scheduler.ID, error) {
	return q.scheduler.Start(req)
}

func (q localQueue) Get(_ context.Context, id scheduler.ID) (scheduler.Invocation, error) {
	return q.scheduler.Get(id)
}

func (q localQueue) Wait(ctx context.Context, id scheduler.ID) (scheduler.Invocation, error) {
	return q.scheduler.Wait(ctx, id)
}

func (q localQueue) Cancel(_ context.Context, id scheduler.ID) (bool, error) {
	return q.scheduler.Cancel(id)
}

func (q localQueue) Graph(_ context.Context, id scheduler.ID) (*scheduler.Node, []string, error) {
	root, err := q.scheduler.Graph(id)
	return root, nil, err
}
