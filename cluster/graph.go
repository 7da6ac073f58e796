package cluster

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/faaslens/faaslens/scheduler"
)

// Graph tells who called whom, from an invocation down, on all members. The error may be
// scheduler.ErrUnknown.
func (c *Cluster) Graph(ctx context.Context, id scheduler.ID) (*scheduler.Node, error) {
	n, err := c.cfg.Scheduler.Graph(id)
	if err != nil {
		if n, err = c.graphElsewhere(ctx, id, ""); err != nil {
			return nil, err
		}
	}
	ctx, cancel := context.WithTimeout(ctx, usualAsk)
	defer cancel()
	c.complete(ctx, n)
	return n, nil
}

// graphElsewhere is the graph as another member has it, or the bus.
func (c *Cluster) graphElsewhere(ctx context.Context, id scheduler.ID, member string) (*scheduler.Node, error) {
	var found *scheduler.Node
	for _, a := range c.Ask(ctx, member, kindGraph, id) {
		n, err := parse(a.Text)
		if a.Err != nil || err != nil {
			continue // it may not know it
		}
		if found == nil || n.Host == a.Member {
			found = n.node() // who ran it knows best
		}
	}
	if found != nil {
		return found, nil
	}
	n, err := c.read(ctx, id)
	if err != nil {
		return nil, err
	}
	return n.node(), nil
}

// complete asks those members that still run parts of a graph what these have chained.
func (c *Cluster) complete(ctx context.Context, n *scheduler.Node) {
	if n.Result == nil && n.Host != c.cfg.Host && n.Host != "" && ctx.Err() == nil {
		if there, err := c.graphElsewhere(ctx, n.ID, n.Host); err == nil {
			n.Status, n.Worker, n.Chained = there.Status, there.Worker, there.Chained
		}
	}
	for _, m := range n.Chained {
		c.complete(ctx, m)
	}
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
