package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/faaslens/faaslens/bus"
	"github.com/faaslens/faaslens/scheduler"
)

// claim draws a number for an invocation: the one that it asks for if that is free, else
// another.
func (c *Cluster) claim(ctx context.Context, asked scheduler.ID) (scheduler.ID, error) {
	if asked != 0 {
		err := c.numbers.reserve(ctx, asked)
		if !errors.Is(err, bus.ErrTaken) {
			return asked, err
		}
	}
	return c.numbers.draw(ctx)
}

// publish puts an invocation that has its number into the queue.
func (c *Cluster) publish(ctx context.Context, m *message) error {
	b, err := json.Marshal(m)
	if err != nil {
		return err
	}
	return c.cfg.Bus.Publish(ctx, key(m.ID), b)
}

// StartBatch accepts invocations as part of an application: when it returns, all of them are
// stored and will be run, by any member, and every member knows to which application they
// belong. They keep the numbers that they ask for, if those are free. With an error none is
// run that has not started.
func (c *Cluster) StartBatch(ctx context.Context, app int32, reqs []*scheduler.Request) (err error) {
	batch := make([]message, len(reqs))
	queued := 0
	defer func() {
		if err == nil {
			return
		}
		for _, m := range batch[:queued] {
			_, _ = c.Cancel(context.WithoutCancel(ctx), m.ID) // it may have ended
		}
	}()
	for k, r := range reqs {
		batch[k] = messageOf(r)
		batch[k].Queued = time.Now()
		if batch[k].ID, err = c.claim(ctx, r.ID); err != nil {
			return err
		}
		if err = c.publish(ctx, &batch[k]); err != nil {
			return err
		}
		queued++
	}
	b, err := json.Marshal(batch)
	if err != nil {
		return err
	}
	return c.cfg.Bus.PutBatch(ctx, app, b)
}

// known is what is known of an invocation that was queued, here or on the bus.
func (c *Cluster) known(ctx context.Context, m *message) (scheduler.Invocation, error) {
	i, err := c.cfg.Scheduler.Get(m.ID)
	if err != nil {
		r, err := c.read(ctx, m.ID)
		if err != nil {
			return scheduler.Invocation{}, err
		}
		i = r.invocation()
	}
	i.Request = m.request()
	return i, nil
}

// Batch tells what is known of the invocations of an application, in the order in which they
// were accepted. The error is scheduler.ErrUnknown if there are none, or the results of some
// have expired.
func (c *Cluster) Batch(ctx context.Context, app int32) ([]scheduler.Invocation, error) {
	batches, err := c.cfg.Bus.Batches(ctx, app)
	if err != nil {
		return nil, err
	}
	var all []scheduler.Invocation
	for _, b := range batches {
		messages, err := parseBatch(b)
		if err != nil {
			return nil, err
		}
		for k := range messages {
			i, err := c.known(ctx, &messages[k])
			if err != nil {
				return nil, err
			}
			all = append(all, i)
		}
	}
	if len(all) == 0 {
		return nil, scheduler.ErrUnknown
	}
	return all, nil
}

func parseBatch(b []byte) ([]message, error) {
	var messages []message
	if err := json.Unmarshal(b, &messages); err != nil {
		return nil, fmt.Errorf("read a batch: %w", err)
	}
	return messages, nil
}

// Apps tells what is known of the invocations of all applications, but for those whose
// results have expired.
func (c *Cluster) Apps(ctx context.Context) (map[int32][]scheduler.Invocation, error) {
	apps := make(map[int32][]scheduler.Invocation)
	var failed error
	err := c.cfg.Bus.EachBatch(ctx, func(app int32, b []byte) {
		messages, err := parseBatch(b)
		failed = errors.Join(failed, err)
		for k := range messages {
			i, err := c.known(ctx, &messages[k])
			switch {
			case err == nil:
				apps[app] = append(apps[app], i)
			case !errors.Is(err, scheduler.ErrUnknown):
				failed = errors.Join(failed, err)
			}
		}
	})
	return apps, errors.Join(err, failed)
}

// ForgetBatches has every member forget which invocations belong to which application; they
// go on.
func (c *Cluster) ForgetBatches(ctx context.Context) error { return c.cfg.Bus.ForgetBatches(ctx) }
