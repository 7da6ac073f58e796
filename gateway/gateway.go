package gateway

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/scheduler"
	"github.com/faaslens/faaslens/state"
	"github.com/faaslens/faaslens/store"
)

// Functions are what can be invoked.
type Functions interface {
	// Publish makes a module a function, or its new version: compiled, kept and ready
	// when it returns.
	Publish(ctx context.Context, name guest.Name, module []byte, o store.AddOptions) (store.Function, error)
	Remove(name guest.Name) error
	Has(name guest.Name) bool
	// Flush lets go of what is ready, so that the next use of each function opens it
	// anew.
	Flush()
	// Stacks tells where the invocations are that run.
	Stacks() []scheduler.Stack
	// Instances tells how many functions that are ready have their instances in which way:
	// "fresh" ones for each invocation; kept and put back, by "sticky", "scan" or "copy"; or
	// "measured", while that is being found out.
	Instances() map[string]int
}

// Config shapes a gateway. Scheduler, Functions, Store and Ledger must be given; the rest
// has good defaults.
type Config struct {
	Scheduler *scheduler.Scheduler
	// Queue takes what is started asynchronously. Default: the scheduler alone.
	Queue Queue
	// Members are the others that share the work. Default: there are none.
	Members Members
	// Backlog tells how many invocations the queue has that have not come to their end.
	// May be nil.
	Backlog func(context.Context) (uint64, error)
	// Accepted is what was accepted to be run by any member. May be nil.
	Accepted Accepted
	// Elsewhere has synchronous invocations run by others, by way of the queue.
	Elsewhere bool
	// Check says why the server is not ready; nil, or a nil error, if it is. May be nil.
	Check     func() error
	Functions Functions
	Store     *store.Store
	Ledger    *Ledger
	// State is the values that functions share. Default: some that live as long as the
	// gateway, and that no function sees.
	State   *state.Values
	Host    string // what this process is called among the members
	Version string
	// Limits are those of an invocation that asks for none, MaxLimits the most that it
	// may ask for. A field that is zero is the default: of Limits a minute, 1 GiB of
	// memory and 64 MiB of output; of MaxLimits an hour, 4 GiB, and as much output.
	Limits, MaxLimits guest.Limits
	// MaxModule and MaxInput bound what is uploaded. Default: 64 MiB both.
	MaxModule, MaxInput int64
	// MaxState bounds a value of state. Default: 1 GiB. Functions can use up to
	// state.MaxValue.
	MaxState int64
	// BodyTimeout is how long a client may take to send a body, or of a value of state
	// each MiB. Default: a minute.
	BodyTimeout time.Duration
	Log         *slog.Logger
}

func (c *Config) setDefaults() {
	setLimits(&c.Limits, guest.Limits{Timeout: time.Minute, Memory: 1 << 30, Output: 64 << 20})
	setLimits(&c.MaxLimits, guest.Limits{Timeout: time.Hour, Memory: 4 << 30, Output: 64 << 20})
	// What is given by default may be asked for.
	c.MaxLimits.Timeout = max(c.MaxLimits.Timeout, c.Limits.Timeout)
	c.MaxLimits.Memory = max(c.MaxLimits.Memory, c.Limits.Memory)
	c.MaxLimits.Output = max(c.MaxLimits.Output, c.Limits.Output)
	if c.MaxModule == 0 {
		c.MaxModule = 64 << 20
	}
	if c.MaxInput == 0 {
		c.MaxInput = 64 << 20
	}
	if c.MaxState == 0 {
		c.MaxState = 1 << 30
	}
	c.MaxState = min(c.MaxState, state.MaxValue)
	if c.State == nil {
		c.State = state.NewValues(state.NewLocal(new(state.Memory), state.Limits{}), nil)
	}
	if c.Queue == nil {
		c.Queue = localQueue{c.Scheduler}
	}
	if c.Members == nil {
		c.Members = alone{}
	}
	if c.BodyTimeout == 0 {
		c.BodyTimeout = time.Minute
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
}

func setLimits(l *guest.Limits, to guest.Limits) {
	if l.Timeout == 0 {
		l.Timeout = to.Timeout
	}
	if l.Memory == 0 {
		l.Memory = to.Memory
	}
	if l.Output == 0 {
		l.Output = to.Output
	}
}

// Gateway is the handlers and what they share.
type Gateway struct {
	cfg      Config
	started  time.Time
	draining atomic.Bool
	closed   chan struct{} // closed when those who follow the log shall go
	close    sync.Once
}

// New makes a gateway.
func New(cfg Config) *Gateway {
	cfg.setDefaults()
	g := &Gateway{cfg: cfg, started: time.Now(), closed: make(chan struct{})}
	g.answerMembers()
	return g
}

// Drain has the gateway refuse new work and say that it is not ready. What was accepted
// can still be asked for.
func (g *Gateway) Drain() { g.draining.Store(true) }

// Close sends away who follows the log. It may be called twice.
func (g *Gateway) Close() { g.close.Do(func() { close(g.closed) }) }

// Server is an HTTP server for a handler with bounds on what clients may take.
func Server(h http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
}
