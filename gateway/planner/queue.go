package planner

import (
	"context"
	"sync"

	"github.com/faaslens/faaslens/gateway"
	"github.com/faaslens/faaslens/scheduler"
)

// Queue takes what goes on without its client, batches of an application among it.
type Queue interface {
	gateway.Queue
	// StartBatch accepts invocations as part of an application, all of them or none.
	// They keep the numbers that they ask for, if those are free.
	StartBatch(ctx context.Context, app int32, reqs []*scheduler.Request) error
	// Batch tells what is known of an application's invocations, in the order in which
	// they were accepted. The error is scheduler.ErrUnknown if there are none, or the
	// results of some have expired.
	Batch(ctx context.Context, app int32) ([]scheduler.Invocation, error)
	// Apps tells what is known of all applications.
	Apps(ctx context.Context) (map[int32][]scheduler.Invocation, error)
	// ForgetBatches forgets which invocations belong to which application.
	ForgetBatches(ctx context.Context) error
}

// localQueue is that of a scheduler alone.
type localQueue struct {
	gateway.Queue
	scheduler *scheduler.Scheduler

	mu   sync.Mutex
	apps map[int32][]scheduler.ID
}

func newLocalQueue(s *scheduler.Scheduler) *localQueue {
	return &localQueue{Queue: gateway.LocalQueue(s), scheduler: s, apps: make(map[int32][]scheduler.ID)}
}

// maxApps is how many applications are known. Beyond it, those of which results have
// expired are forgotten, and then any.
const maxApps = 10_000

func (q *localQueue) StartBatch(_ context.Context, app int32, reqs []*scheduler.Request) error {
	var ids []scheduler.ID
	for _, r := range reqs {
		id, err := q.scheduler.Start(r)
		if err != nil {
			for _, started := range ids {
				_, _ = q.scheduler.Cancel(started) // it may have ended
			}
			return err
		}
		ids = append(ids, id)
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.apps) >= maxApps {
		q.sweep()
	}
	q.apps[app] = append(q.apps[app], ids...)
	return nil
}

// sweep makes room for another application. The lock is held.
func (q *localQueue) sweep() {
	for app, ids := range q.apps {
		if _, err := q.scheduler.Get(ids[0]); err != nil {
			delete(q.apps, app)
		}
	}
	for app := range q.apps {
		if len(q.apps) < maxApps {
			return
		}
		delete(q.apps, app)
	}
}

func (q *localQueue) Batch(_ context.Context, app int32) ([]scheduler.Invocation, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	var all []scheduler.Invocation
	for _, id := range q.apps[app] {
		i, err := q.scheduler.Get(id)
		if err != nil {
			return nil, err
		}
		all = append(all, i)
	}
	if len(all) == 0 {
		return nil, scheduler.ErrUnknown
	}
	return all, nil
}

func (q *localQueue) Apps(context.Context) (map[int32][]scheduler.Invocation, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	apps := make(map[int32][]scheduler.Invocation)
	for app, ids := range q.apps {
		for _, id := range ids {
			if i, err := q.scheduler.Get(id); err == nil {
				apps[app] = append(apps[app], i)
			}
		}
	}
	return apps, nil
}

func (q *localQueue) ForgetBatches(context.Context) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	clear(q.apps)
	return nil
}
