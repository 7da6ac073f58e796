package cluster

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/faaslens/faaslens/scheduler"
)

// Graph tells who called whom, from an invocation down, on all members. What members that
// are silent still run may be missing. The error may be scheduler.ErrUnknown.
func (c *Cluster) Graph(ctx context.Context, id scheduler.ID) (root *scheduler.Node, silent []string, err error) {
	n, err := c.cfg.Scheduler.Graph(id)
	if err != nil {
		if n, err = c.graphElsewhere(ctx, id, ""); err != nil {
			return nil, nil, err
		}
	}
	ctx, cancel := context.WithTimeout(ctx, usualAsk)
	defer cancel()
	missing := make(map[string]bool)
	c.complete(ctx, n, missing)
	return n, slices.Sorted(maps.Keys(missing)), nil
}

// graphElsewhere is the graph as another member has it, or the bus.
func (c *Cluster) graphElsewhere(ctx context.Context, id scheduler.ID, member string) (*scheduler.Node, error) {
	var found *scheduler.Node
	c.Ask(ctx, member, kindGraph, id, func(member string, answer []byte, err error) {
		if err != nil {
			return // it may not know it
		}
		n, err := parse(answer)
		if err == nil && (found == nil || n.Host == member) {
			found = n.node() // who ran it knows best
		}
	})
	if found != nil {
		return found, nil
	}
	n, err := c.read(ctx, id)
	if err != nil {
		return nil, err
	}
	return n.node(), nil
}

// complete asks those members that still run parts of a graph what these have chained, and
// notes those that do not say.
func (c *Cluster) complete(ctx context.Context, n *scheduler.Node, missing map[string]bool) {
	var there *scheduler.Node
	err := scheduler.ErrUnknown
	switch {
	case n.Result != nil || n.Host == "" || missing[n.Host]:
	case n.Host != c.cfg.Host:
		if there, err = c.graphElsewhere(ctx, n.ID, n.Host); err != nil {
			missing[n.Host] = true
		}
	case n.Worker < 0: // the graph is another's, who has this member run it
		there, err = c.cfg.Scheduler.Graph(n.ID)
	}
	if err == nil {
		n.Status, n.Worker, n.Chained = there.Status, there.Worker, there.Chained
	}
	for _, m := range n.Chained {
		c.complete(ctx, m, missing)
	}
}

// waiting is a question for an invocation.
type waiting struct {
	ID   scheduler.ID  `json:"id"`
	Wait time.Duration `json:"wait_ns"` // for its end, at most
}

// askFor asks the other members for an invocation, and has who knows it wait for its end.
func (c *Cluster) askFor(ctx context.Context, id scheduler.ID, wait time.Duration) (scheduler.Invocation, bool) {
	ctx, cancel := context.WithTimeout(ctx, usualAsk+wait)
	defer cancel()
	var found *node
	c.Ask(ctx, "", kindWait, waiting{id, wait}, func(member string, answer []byte, err error) {
		if err != nil {
			return // it may not know it
		}
		n, err := parse(answer)
		if err == nil && (found == nil || n.Host == member) {
			found = n
		}
	})
	if found == nil {
		return scheduler.Invocation{}, false
	}
	return found.invocation(), true
}

// waitEnd is how long a member waits for an invocation's end before it says that there is
// none.
const waitEnd = 5 * time.Second

// waitElsewhere waits until an invocation that only other members know has ended or the
// context does.
func (c *Cluster) waitElsewhere(ctx context.Context, id scheduler.ID) (scheduler.Invocation, error) {
	for {
		i, ok := c.askFor(ctx, id, waitEnd)
		switch {
		case ok && (i.Result != nil || ctx.Err() != nil):
			return i, nil
		case !ok && ctx.Err() != nil:
			return i, ctx.Err()
		case !ok:
			return i, scheduler.ErrUnknown
		}
	}
}

// answerWait tells another member how an invocation ended, or how far it has come.
func (c *Cluster) answerWait(ctx context.Context, body []byte) ([]byte, error) {
	var q waiting
	if err := json.Unmarshal(body, &q); err != nil {
		return nil, fmt.Errorf("it is no invocation's number: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, q.Wait)
	defer cancel()
	i, err := c.cfg.Scheduler.Wait(ctx, q.ID)
	if err != nil {
		return nil, err
	}
	return json.Marshal(invocationNode(&i))
}

// answerGraph tells another member what is known here of an invocation's graph.
func (c *Cluster) answerGraph(_ context.Context, body []byte) ([]byte, error) {
	var id scheduler.ID
	if err := json.Unmarshal(body, &id); err != nil {
		return nil, fmt.Errorf("it is no invocation's number: %w", err)
	}
	n, err := c.cfg.Scheduler.Graph(id)
	if err != nil {
		return nil, err
	}
	return json.Marshal(nodeOf(n))
}
