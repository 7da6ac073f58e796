package scheduler

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/hostcall/faasm"
)

// Functions are what can be invoked.
type Functions interface {
	// Acquire makes the newest version of a function ready. The caller releases it.
	// Cold is whether it had to be loaded. The error is ErrNoFunction, in the sense of
	// errors.Is, if there is no function of that name.
	Acquire(ctx context.Context, name guest.Name) (f Function, cold bool, err error)
}

// Function is one version of a function, ready to run.
type Function interface {
	// Invoke runs it on the calling goroutine, as the invocation id.
	Invoke(ctx context.Context, id ID, r *Request, chain faasm.Chain) Result
	Namer
	Release()
}

// Namer names the calls of a function's stack, innermost first.
type Namer interface {
	Backtrace(stack []guest.Frame) []Frame
}

// Config shapes a scheduler. Its zero value, but for Functions, has good defaults.
type Config struct {
	Functions Functions
	// Host is what the graphs call this machine.
	Host string
	// Workers is how many guests run at a time. Default: 2.
	Workers int
	// MaxQueued is how many invocations that nobody chained may wait for a worker;
	// more are refused. Default: 10,000.
	MaxQueued int
	// MaxRoots is how many invocations that nobody chained may have started and not
	// ended; more wait. Default: 1,024.
	MaxRoots int
	// MaxInstances is how many invocations in all may have started and not ended; a
	// chained one beyond fails. Default: 4,096.
	MaxInstances int
	// MaxDepth is how deep chains may be. Default: 1,200.
	MaxDepth int
	// MaxChildren is how many invocations one may chain, and MaxTree how many it and
	// all that it chained. Default: 10,000 and 50,000.
	MaxChildren, MaxTree int
	// AwaitTimeout is how long a guest waits for one that it chained. Default: 5
	// minutes, as in Faasm.
	AwaitTimeout time.Duration
	// Keep is how long a result is kept; KeepBytes and KeepCount bound what all kept
	// results take. Default: 10 minutes, 256 MiB, 100,000.
	Keep      time.Duration
	KeepBytes int
	KeepCount int
	// KeepAnswered is how many of these may be trees of invocations that were run by Run,
	// whose callers have the results. They are forgotten before others. Default: 10,000.
	KeepAnswered int
	Log          *slog.Logger
	// Others run chained invocations for which no worker here came free within
	// Patience. Default: nobody; 1 millisecond.
	Others   Others
	Patience time.Duration
	// Ended is told of every invocation that ended here, on its goroutine. May be nil.
	Ended func(Invocation)
}

func (c *Config) setDefaults() {
	set := func(v *int, to int) {
		if *v == 0 {
			*v = to
		}
	}
	set(&c.Workers, 2)
	set(&c.MaxQueued, 10_000)
	set(&c.MaxRoots, 1024)
	set(&c.MaxInstances, 4096)
	set(&c.MaxDepth, 1200)
	set(&c.MaxChildren, 10_000)
	set(&c.MaxTree, 50_000)
	set(&c.KeepBytes, 256<<20)
	set(&c.KeepCount, 100_000)
	set(&c.KeepAnswered, 10_000)
	if c.AwaitTimeout == 0 {
		c.AwaitTimeout = 5 * time.Minute
	}
	if c.Keep == 0 {
		c.Keep = 10 * time.Minute
	}
	if c.Patience == 0 {
		c.Patience = time.Millisecond
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
}

// Scheduler runs invocations. Its methods may be called from any goroutine.
type Scheduler struct {
	cfg     Config
	permits chan int // the numbers of the workers that are free
	roots   chan struct{}
	base    context.Context
	stop    context.CancelCauseFunc
	running sync.WaitGroup // invocations, and the goroutine that forgets

	mu        sync.Mutex
	records   index
	instances int // have started and not ended
	queued    int // of those that nobody chained, how many have not started
	open      int // have been accepted and not ended
	awaiting  int // have started and wait for one that they chained
	lent      int // are run by other hosts
	draining  bool
	kept      keptList
	answered  keptList
}

var (
	// ErrDraining is a request to a scheduler that is being closed.
	ErrDraining = errors.New("it is being shut down")
	// ErrBusy is a request to a scheduler that has as many waiting as it may.
	ErrBusy = errors.New("too many invocations are waiting")
	// ErrNoFunction is that there is no function of a name.
	ErrNoFunction = errors.New("no such function")
	// ErrUnknown is an invocation that never was, or whose result has been
	// forgotten.
	ErrUnknown = errors.New("no such invocation: it never was, or its result has expired")
	// ErrCancelled is why an invocation ended that somebody cancelled.
	ErrCancelled = errors.New("it was cancelled")
)

// New starts a scheduler.
func New(cfg Config) *Scheduler {
	cfg.setDefaults()
	s := &Scheduler{
		cfg:     cfg,
		permits: make(chan int, cfg.Workers),
		roots:   make(chan struct{}, cfg.MaxRoots),
		records: newIndex(),
	}
	for n := range cfg.Workers {
		s.permits <- n
	}
	s.base, s.stop = context.WithCancelCause(context.Background())
	s.running.Add(1)
	go s.forget()
	return s
}

// Run runs an invocation on the calling goroutine, and to its end: it is cancelled when
// the context ends.
func (s *Scheduler) Run(ctx context.Context, req *Request) (Invocation, error) {
	r, err := s.accept(ctx, req, nil)
	if err != nil {
		return Invocation{}, err
	}
	r.answered = true
	return s.execute(r), nil
}

// Start runs an invocation on a goroutine of its own.
func (s *Scheduler) Start(req *Request) (ID, error) {
	r, err := s.accept(s.base, req, nil)
	if err != nil {
		return 0, err
	}
	go s.execute(r)
	return r.id, nil
}

// Adopt takes an invocation that runs elsewhere as the first of a chain: what it chains
// runs here. Names names its frames. End must be called when it has ended.
func (s *Scheduler) Adopt(ctx context.Context, req *Request, names Namer) (id ID, c faasm.Chain, end func(Result), err error) {
	r, err := s.accept(ctx, req, nil)
	if err != nil {
		return 0, nil, nil, err
	}
	r.permit = <-s.permits
	s.mu.Lock()
	s.queued--
	r.times.Started, r.worker = time.Now(), r.permit
	s.mu.Unlock()
	r.status.Store(uint32(Running))
	return r.id, &chain{scheduler: s, record: r, names: names}, func(result Result) {
		s.givePermit(r)
		s.finish(r, result)
		s.running.Done()
	}, nil
}

// accept makes an invocation's record. Whoever accepts it executes it.
func (s *Scheduler) accept(ctx context.Context, req *Request, parent *record) (*record, error) {
	r := &record{request: req, parent: parent, live: 1, tree: 1, worker: -1}
	r.times.Queued = req.Queued
	if r.times.Queued.IsZero() {
		r.times.Queued = time.Now()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if parent != nil {
		r.depth = parent.depth + 1
		switch {
		case r.depth > s.cfg.MaxDepth:
			return nil, fmt.Errorf("%d invocations have chained one another, which is as deep as it may be", s.cfg.MaxDepth)
		case len(parent.children) >= s.cfg.MaxChildren:
			return nil, fmt.Errorf("it has chained %d invocations, which is as many as it may", s.cfg.MaxChildren)
		case parent.root().tree >= s.cfg.MaxTree:
			return nil, fmt.Errorf("there are %d invocations that chained one another, which is as many as may be", s.cfg.MaxTree)
		}
	} else {
		switch {
		case s.draining:
			return nil, ErrDraining
		case s.queued >= s.cfg.MaxQueued:
			return nil, ErrBusy
		}
		s.queued++
	}
	r.id = req.ID
	numbered := r.id == 0 || s.records.get(r.id) != nil
	if numbered {
		r.id = s.records.number()
	}
	if parent != nil {
		parent.children = append(parent.children, r)
		for p := parent; p != nil; p = p.parent {
			p.live++
			p.tree++
		}
	}
	s.enter(ctx, r, numbered)
	return r, nil
}

// enter makes an invocation known; numbered is whether it got its number here. The lock is
// held.
func (s *Scheduler) enter(ctx context.Context, r *record, numbered bool) {
	r.life.parent = ctx
	s.records.enter(r, numbered)
	s.open++
	s.running.Add(1)
}
