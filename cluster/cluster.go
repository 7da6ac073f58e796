package cluster

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"sync"
	"sync/atomic"
	"time"

	"github.com/faaslens/faaslens/bus"
	"github.com/faaslens/faaslens/scheduler"
)

// Config shapes a cluster's member.
type Config struct {
	Bus       *bus.Bus
	Scheduler *scheduler.Scheduler
	// Seats, which the scheduler has too, are filled with the free workers of other
	// members. Nil where there can be no others: then this one tells nobody of itself.
	Seats *Seats
	Host  string // what this process is called; no other should be
	// AtOnce is how many invocations it takes out of the queue at a time; 0 takes none.
	AtOnce int
	// Attempts is how often an invocation is tried whose workers die. Default: 5.
	Attempts int
	// Keep is how long after its end an invocation is known. Default: as long as the bus
	// keeps results, which may be longer where that counts from another moment.
	Keep time.Duration
	// Check is how often members tell that they are there, and ask after what others run
	// for them; who misses three is lost. Default: 1 second.
	Check time.Duration
	// Answers are questions of the other members that Answer would be told of: they are
	// answered as soon as the others know this member.
	Answers map[string]Answerer
	Log     *slog.Logger
}

// Cluster is a member of a cluster.
//
// Beside the bus's consumer it has goroutines that announce it and that offer the workers
// of others, which end when it leaves, and one for each question that it answers and each
// errand that it runs.
type Cluster struct {
	cfg       Config
	id        string        // under which others ask it
	consumer  *bus.Consumer // nil if it takes nothing
	deaf      []func()      // stop hearing
	closing   atomic.Bool
	peers     *peers
	numbers   numbers
	cancels   cancels
	hello     chan struct{} // asks for an announcement
	answering chan struct{} // has an element for each question that is being answered
	base      context.Context
	leave     context.CancelFunc
	left      <-chan struct{} // closed when the member leaves
	running   sync.WaitGroup

	mu        sync.Mutex
	errands   guestErrands
	answerers map[string]Answerer
}

// Open joins the cluster.
func Open(ctx context.Context, cfg Config) (*Cluster, error) {
	if cfg.Attempts == 0 {
		cfg.Attempts = 5
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Check == 0 {
		cfg.Check = time.Second
	}
	c := &Cluster{cfg: cfg, id: rand.Text(), peers: newPeers(), hello: make(chan struct{}, 1), answering: make(chan struct{}, maxQuestions),
		errands: make(guestErrands), answerers: make(map[string]Answerer)}
	c.numbers.bus = cfg.Bus
	c.base, c.leave = context.WithCancel(context.WithoutCancel(ctx))
	c.left = c.base.Done()
	maps.Copy(c.answerers, cfg.Answers)
	c.Answer(kindGraph, c.answerGraph)
	c.Answer(kindWait, c.answerWait)
	if err := c.join(ctx); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

// join takes part in all that members do together.
func (c *Cluster) join(ctx context.Context) error {
	hear := func(stop func(), err error) error {
		if err == nil {
			c.deaf = append(c.deaf, stop)
		}
		return err
	}
	if err := hear(c.cfg.Bus.HearCancels(func(id uint32) {
		c.cancels.add(scheduler.ID(id))
		_, _ = c.cfg.Scheduler.Cancel(scheduler.ID(id)) // most run elsewhere
	})); err != nil {
		return err
	}
	if c.cfg.Seats != nil {
		if err := hear(c.cfg.Bus.HearQuestions(c.id, c.hearQuestion)); err != nil {
			return err
		}
		if err := hear(c.cfg.Bus.HearNews(c.hearNews)); err != nil {
			return err
		}
		c.running.Add(2)
		go c.announceAll()
		go c.usher()
	}
	if c.cfg.AtOnce == 0 {
		return nil
	}
	var err error
	c.consumer, err = c.cfg.Bus.Consume(ctx, c.cfg.AtOnce, c.work)
	return err
}

// Leave takes nothing more out of the queue; what runs and is cut off from now on is handed
// back. It does not wait and may be called twice.
func (c *Cluster) Leave() {
	c.closing.Store(true)
	if c.consumer != nil {
		c.consumer.Leave()
	}
	c.leave()
}

// Close leaves and waits for what runs. It may be called twice.
func (c *Cluster) Close() {
	c.Leave()
	if c.consumer != nil {
		c.consumer.Stop()
	}
	c.running.Wait()
	for _, stop := range c.deaf {
		stop()
	}
}

func key(id scheduler.ID) string { return fmt.Sprint(uint32(id)) }

// Start accepts an invocation: when it returns, the invocation is stored and will be run.
func (c *Cluster) Start(ctx context.Context, req *scheduler.Request) (scheduler.ID, error) {
	id, err := c.numbers.draw(ctx)
	if err != nil {
		return 0, err
	}
	m := messageOf(req)
	m.ID, m.Queued = id, time.Now()
	if err := c.publish(ctx, &m); err != nil {
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
	if c.cancels.has(m.ID) {
		return bus.Finished
	}
	if j.Attempt > 1 {
		if b, err := c.cfg.Bus.Get(ctx, key(m.ID)); err == nil && len(b) > 0 {
			return bus.Finished // it ended, and the queue was not told
		}
	}
	if j.Attempt > c.cfg.Attempts {
		r := node{ID: m.ID, Function: m.Function, Host: c.cfg.Host, Worker: -1, Status: scheduler.Done, Times: scheduler.Times{Queued: m.Queued}}
		r.Result = &scheduler.Result{ReturnValue: 1, Failure: &scheduler.Failure{Kind: "error", Code: "lost",
			Message: fmt.Sprintf("%d workers that took it were not heard of again", j.Attempt-1)}}
		return c.store(&r)
	}
	i, err := c.cfg.Scheduler.Run(ctx, m.request())
	if err != nil {
		return bus.HandBack // it is being shut down, or has too much to do
	}
	if cutOff(i.Result) && c.closing.Load() {
		return bus.HandBack // it was cut off with the process
	}
	r := invocationNode(&i)
	if len(i.Chained) > 0 {
		if g, err := c.cfg.Scheduler.Graph(i.ID); err == nil {
			r = nodeOf(g) // for when this process is gone
		}
	}
	r.ID = m.ID // here it has another, if that is taken
	return c.store(r)
}
