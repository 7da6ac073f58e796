package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/faaslens/faaslens/bus"
	"github.com/faaslens/faaslens/scheduler"
)

// store stores what is known of an invocation that has ended.
func (c *Cluster) store(r *node) bus.Verdict {
	b, err := json.Marshal(r)
	if err == nil {
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		err = c.cfg.Bus.Put(ctx, key(r.ID), b)
	}
	if err != nil {
		c.cfg.Log.Error("an invocation's result cannot be stored and it is run again", "invocation", uint32(r.ID), "error", err)
		return bus.HandBack
	}
	return bus.Finished
}

// read tells what the bus knows of an invocation. The error may be scheduler.ErrUnknown.
func (c *Cluster) read(ctx context.Context, id scheduler.ID) (*node, error) {
	b, err := c.cfg.Bus.Get(ctx, key(id))
	if errors.Is(err, bus.ErrNoResult) {
		var m message
		queued, missing := c.cfg.Bus.Pending(ctx, key(id))
		if missing == nil && json.Unmarshal(queued, &m) == nil {
			return &node{ID: id, Function: m.Function, Worker: -1, Times: scheduler.Times{Queued: m.Queued}}, nil
		}
		if missing != nil && !errors.Is(missing, bus.ErrNoResult) {
			return nil, missing
		}
		b, err = c.cfg.Bus.Get(ctx, key(id)) // it may have ended just now
	}
	if errors.Is(err, bus.ErrNoResult) {
		return nil, scheduler.ErrUnknown
	}
	if err != nil {
		return nil, err
	}
	n, err := parse(b)
	if err == nil && c.cfg.Keep > 0 && n.Status == scheduler.Done && time.Since(n.Times.Finished) > c.cfg.Keep {
		return nil, scheduler.ErrUnknown
	}
	return n, err
}

// maxUnfinished bounds a queue that is looked through.
const maxUnfinished = 1000

// Unfinished are the invocations that were accepted to be run by any member and have not
// ended, sorted; none of them where the queue is long.
func (c *Cluster) Unfinished(ctx context.Context) (ids []scheduler.ID, err error) {
	texts, err := c.cfg.Bus.Unfinished(ctx, maxUnfinished)
	for _, t := range texts {
		if n, err := strconv.ParseUint(t, 10, 32); err == nil {
			ids = append(ids, scheduler.ID(n))
		}
	}
	slices.Sort(ids)
	return ids, err
}

// Stored tells what the queue and the results say of an invocation, without asking other
// members. The error may be scheduler.ErrUnknown.
func (c *Cluster) Stored(ctx context.Context, id scheduler.ID) (scheduler.Invocation, error) {
	r, err := c.read(ctx, id)
	if err != nil {
		return scheduler.Invocation{}, err
	}
	return r.invocation(), nil
}

func parse(b []byte) (*node, error) {
	var n node
	if err := json.Unmarshal(b, &n); err != nil {
		return nil, fmt.Errorf("read what is known of an invocation: %w", err)
	}
	return &n, n.check()
}

// Get tells what is known of an invocation, here or anywhere. The error may be
// scheduler.ErrUnknown.
func (c *Cluster) Get(ctx context.Context, id scheduler.ID) (scheduler.Invocation, error) {
	if i, err := c.cfg.Scheduler.Get(id); err == nil {
		return i, nil
	}
	r, err := c.read(ctx, id)
	if err == nil && r.Status == scheduler.Done {
		return r.invocation(), nil
	}
	if err != nil && !errors.Is(err, scheduler.ErrUnknown) {
		return scheduler.Invocation{}, err
	}
	if i, ok := c.askFor(ctx, id, 0); ok {
		return i, nil // one that runs, or that was not started by way of the queue
	}
	if err != nil {
		return scheduler.Invocation{}, err
	}
	return r.invocation(), nil
}

// Wait waits until an invocation has ended or the context does, and tells what is known
// then. The error may be scheduler.ErrUnknown.
func (c *Cluster) Wait(ctx context.Context, id scheduler.ID) (scheduler.Invocation, error) {
	if i, err := c.cfg.Scheduler.Wait(ctx, id); err == nil {
		return i, nil
	}
	last, err := c.read(ctx, id)
	if errors.Is(err, scheduler.ErrUnknown) {
		return c.waitElsewhere(ctx, id)
	}
	if err != nil {
		return scheduler.Invocation{}, err
	}
	if last.Status != scheduler.Done {
		err := c.cfg.Bus.Watch(ctx, key(id), func(b []byte) bool {
			if r, err := parse(b); err == nil {
				last = r
			}
			return last.Status != scheduler.Done
		})
		if err != nil && ctx.Err() == nil {
			return scheduler.Invocation{}, err
		}
	}
	return last.invocation(), nil
}

// Cancel ends an invocation wherever it runs, or keeps it from running. It reports
// whether it had not ended; the error may be scheduler.ErrUnknown.
func (c *Cluster) Cancel(ctx context.Context, id scheduler.ID) (bool, error) {
	if live, err := c.cfg.Scheduler.Cancel(id); err == nil {
		return live, nil
	}
	r, err := c.read(ctx, id)
	if errors.Is(err, scheduler.ErrUnknown) {
		if i, ok := c.askFor(ctx, id, 0); ok {
			return i.Result == nil, c.cfg.Bus.Cancel(uint32(id))
		}
	}
	if err != nil || r.Status == scheduler.Done {
		return false, err
	}
	if err := c.cfg.Bus.Cancel(uint32(id)); err != nil {
		return false, err
	}
	if r.Status == scheduler.Queued {
		if err := c.cfg.Bus.Withdraw(ctx, key(id)); err != nil && !errors.Is(err, bus.ErrNoResult) {
			return false, err
		}
		// If it runs, its own end replaces this.
		r.Status = scheduler.Done
		r.Times.Finished = time.Now()
		r.Result = &scheduler.Result{ReturnValue: 1, Failure: &scheduler.Failure{Kind: "limit", Code: "cancelled", Message: "it never ran: it was cancelled"}}
		c.store(r)
	}
	return true, nil
}
