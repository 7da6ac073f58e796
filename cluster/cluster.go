package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/faaslens/faaslens/bus"
	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/hostcall/faasm"
	"github.com/faaslens/faaslens/scheduler"
)

// Config shapes a cluster's member.
type Config struct {
	Bus       *bus.Bus
	Scheduler *scheduler.Scheduler
	Host      string // what this process is called
	// AtOnce is how many invocations it takes out of the queue at a time; 0 takes none.
	AtOnce int
	// Attempts is how often an invocation is tried whose workers die. Default: 5.
	Attempts int
	Log      *slog.Logger
}

// Cluster is a member of a cluster.
type Cluster struct {
	cfg      Config
	consumer *bus.Consumer // nil if it takes nothing
	deaf     func()        // stops hearing of cancellations
	closing  atomic.Bool
}

// Open joins the cluster.
func Open(ctx context.Context, cfg Config) (*Cluster, error) {
	if cfg.Attempts == 0 {
		cfg.Attempts = 5
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	c := &Cluster{cfg: cfg}
	var err error
	if c.deaf, err = cfg.Bus.HearCancels(func(id uint32) {
		_, _ = cfg.Scheduler.Cancel(scheduler.ID(id)) // most run elsewhere
	}); err != nil {
		return nil, err
	}
	if cfg.AtOnce > 0 {
		if c.consumer, err = cfg.Bus.Consume(ctx, cfg.AtOnce, c.work); err != nil {
			c.deaf()
			return nil, err
		}
	}
	return c, nil
}

// Leave takes nothing more out of the queue; what runs and is cut off from now on is handed
// back. It does not wait and may be called twice.
func (c *Cluster) Leave() {
	c.closing.Store(true)
	if c.consumer != nil {
		c.consumer.Leave()
	}
}

// Close leaves and waits for what runs. It may be called twice.
func (c *Cluster) Close() {
	c.Leave()
	if c.consumer != nil {
		c.consumer.Stop()
	}
	c.deaf()
}

// message is an invocation in the queue.
type message struct {
	ID       scheduler.ID `json:"id"`
	Function guest.Name   `json:"function"`
	Input    []byte       `json:"input,omitempty"`
	Args     []string     `json:"args,omitempty"`
	Python   faasm.Python `json:"python,omitzero"`
	Limits   guest.Limits `json:"limits"`
	Keep     int          `json:"keep_stdout,omitempty"`
	Queued   time.Time    `json:"queued"`
}

// record is what is known of an invocation on the bus.
type record struct {
	ID       scheduler.ID      `json:"id"`
	Function guest.Name        `json:"function"`
	Host     string            `json:"host,omitempty"`
	Status   scheduler.Status  `json:"status"`
	Times    scheduler.Times   `json:"times"`
	Result   *scheduler.Result `json:"result,omitempty"`
	Chained  []scheduler.ID    `json:"chained,omitempty"`
}

func key(id scheduler.ID) string { return fmt.Sprint(uint32(id)) }

// Start accepts an invocation: when it returns, the invocation is stored and will be run.
func (c *Cluster) Start(ctx context.Context, req *scheduler.Request) (scheduler.ID, error) {
	m := message{Function: req.Function, Input: req.Input, Args: req.Args, Python: req.Python, Limits: req.Limits, Keep: req.KeepStdout, Queued: time.Now()}
	for {
		m.ID = scheduler.ID(rand.Uint32() &^ (1<<31 | 1))
		if m.ID == 0 {
			continue
		}
		first, err := json.Marshal(record{ID: m.ID, Function: m.Function, Times: scheduler.Times{Queued: m.Queued}})
		if err != nil {
			return 0, err
		}
		err = c.cfg.Bus.Create(ctx, key(m.ID), first)
		if errors.Is(err, bus.ErrTaken) {
			continue
		}
		if err != nil {
			return 0, err
		}
		break
	}
	b, err := json.Marshal(m)
	if err != nil {
		return 0, err
	}
	if err := c.cfg.Bus.Publish(ctx, key(m.ID), b); err != nil {
		return 0, err
	}
	return m.ID, nil
}

// work runs an invocation out of the queue.
func (c *Cluster) work(j bus.Job) bus.Verdict {
	var m message
	if err := json.Unmarshal(j.Invocation, &m); err != nil {
		c.cfg.Log.Error("what is in the queue is no invocation and is dropped", "error", err)
		return bus.Finished
	}
	ctx := context.Background()
	known, err := c.read(ctx, m.ID)
	if err == nil && known.Status == scheduler.Done {
		return bus.Finished // it was cancelled, or ended before its worker could say so
	}
	r := record{ID: m.ID, Function: m.Function, Host: c.cfg.Host, Status: scheduler.Running, Times: scheduler.Times{Queued: m.Queued}}
	if j.Attempt > c.cfg.Attempts {
		r.Status = scheduler.Done
		r.Result = &scheduler.Result{ReturnValue: 1, Failure: &scheduler.Failure{Kind: "error", Code: "lost",
			Message: fmt.Sprintf("%d workers that took it were not heard of again", j.Attempt-1)}}
		return c.store(&r)
	}
	i, err := c.cfg.Scheduler.Run(ctx, &scheduler.Request{
		ID: m.ID, Function: m.Function, Input: m.Input, Args: m.Args, Python: m.Python, Limits: m.Limits, KeepStdout: m.Keep, Queued: m.Queued,
	})
	if err != nil {
		return bus.HandBack // it is being shut down, or has too much to do
	}
	if f := i.Result.Failure; f != nil && f.Code == "cancelled" && c.closing.Load() {
		return bus.HandBack // it was cut off with the process
	}
	r.Status, r.Times, r.Result, r.Chained = scheduler.Done, i.Times, i.Result, i.Chained
	return c.store(&r)
}

// store stores what is known of an invocation that has ended.
func (c *Cluster) store(r *record) bus.Verdict {
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

func (c *Cluster) read(ctx context.Context, id scheduler.ID) (*record, error) {
	b, err := c.cfg.Bus.Get(ctx, key(id))
	if errors.Is(err, bus.ErrNoResult) {
		return nil, scheduler.ErrUnknown
	}
	if err != nil {
		return nil, err
	}
	return parse(b)
}

func parse(b []byte) (*record, error) {
	var r record
	if err := json.Unmarshal(b, &r); err != nil {
		return nil, fmt.Errorf("read what is known of an invocation: %w", err)
	}
	return &r, nil
}

func (r *record) invocation() scheduler.Invocation {
	return scheduler.Invocation{
		ID: r.ID, Host: r.Host, Worker: -1, Request: &scheduler.Request{ID: r.ID, Function: r.Function},
		Status: r.Status, Times: r.Times, Result: r.Result, Chained: r.Chained,
	}
}

// Get tells what is known of an invocation, here or anywhere. The error may be
// scheduler.ErrUnknown.
func (c *Cluster) Get(ctx context.Context, id scheduler.ID) (scheduler.Invocation, error) {
	if i, err := c.cfg.Scheduler.Get(id); err == nil {
		return i, nil
	}
	r, err := c.read(ctx, id)
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
	if err != nil || r.Status == scheduler.Done {
		return false, err
	}
	if err := c.cfg.Bus.Cancel(uint32(id)); err != nil {
		return false, err
	}
	if r.Status == scheduler.Queued {
		// If it starts at this moment, its own end replaces this.
		r.Status = scheduler.Done
		r.Times.Finished = time.Now()
		r.Result = &scheduler.Result{ReturnValue: 1, Failure: &scheduler.Failure{Kind: "limit", Code: "cancelled", Message: "it never ran: it was cancelled"}}
		c.store(r)
	}
	return true, nil
}
