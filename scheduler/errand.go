package scheduler

import (
	"context"
	"errors"
	"time"
)

// Others are the hosts that run chained invocations for this one when it has no worker
// free.
type Others interface {
	// Seats gives each that asks a worker of another host that is believed to be free.
	Seats() <-chan Seat
}

// Seat is a worker of another host that is believed to be free.
type Seat interface {
	// Host is what that host is called.
	Host() string
	// Run has an errand run there and returns when nothing more of it is to come. It
	// calls report when the invocation has ended and, where others that it chained had
	// not, once more when these have. An error before the first report is that it did not
	// come to its end there, and is to be run again. When ctx ends, so shall the errand.
	Run(ctx context.Context, e *Errand, report func(*Node)) error
}

// Errand is a chained invocation that one host has another run.
type Errand struct {
	ID      ID
	Request *Request
	Depth   int // of the chain that leads to it
	Tree    int // how many its tree had, itself included, when it was given away
	// Ancestors are those that chained it, its parent first: it may wait for none of
	// them.
	Ancestors []ID
}

// ErrLost is that nothing more was heard of an invocation that another host ran.
var ErrLost = errors.New("the host that ran it is not heard of")

// lend has another host run an invocation. It reports whether that came to its end there;
// if it did not, it is to be run here.
func (s *Scheduler) lend(r *record, seat Seat) bool {
	e := s.giveAway(r, seat.Host())
	came := false
	err := seat.Run(&r.life, e, func(n *Node) {
		s.bring(r, n)
		if !came {
			came = true
			s.finish(r, *n.Result)
		}
	})
	wanted := r.life.Err() == nil
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case !came:
		s.takeBack(r)
		r.stays = err != nil && !errors.Is(err, ErrBusy)
	case err != nil:
		s.loseOpen(r)
	}
	s.leave(r)
	if errors.Is(err, ErrLost) && wanted {
		s.cfg.Log.Warn("a chained invocation that another host ran did not come to its end there", "invocation", uint32(r.id),
			"function", r.request.Function.String(), "host", seat.Host(), "error", err, "again", !came)
	}
	return came
}

// giveAway notes that an invocation is run by another host. Until leave is called for it,
// its tree counts as alive.
func (s *Scheduler) giveAway(r *record, host string) *Errand {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := &Errand{ID: r.id, Request: r.request, Depth: r.depth, Tree: r.root().tree}
	for p := r.parent; p != nil; p = p.parent {
		e.Ancestors = append(e.Ancestors, p.id)
		if p.errand != nil {
			e.Ancestors = append(e.Ancestors, p.errand.Ancestors...)
		}
	}
	for p := r; p != nil; p = p.parent {
		p.live++
	}
	r.host, r.lent, r.holds = host, true, false
	r.times.Started = time.Now()
	r.status.Store(uint32(Running))
	s.instances--
	s.lent++
	return e
}

// takeBack notes that an invocation is to be run here after all. The lock is held.
func (s *Scheduler) takeBack(r *record) {
	r.host, r.lent = "", false
	r.times.Started = time.Time{}
	r.status.Store(uint32(Queued))
	s.lent--
}

// bring takes over what another host tells of an invocation that it ran, and of those that
// this one chained.
func (s *Scheduler) bring(r *record, n *Node) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.result == nil {
		queued := r.times.Queued
		r.times, r.worker = n.Times, n.Worker
		r.times.Queued = queued
		s.lent--
	}
	grown := s.graft(r, n)
	for p := r; p != nil; p = p.parent {
		p.tree += grown
	}
}

// graft makes those that n chained children of r, or brings what is known of them up to
// date. It returns how many are new. The lock is held.
func (s *Scheduler) graft(r *record, n *Node) (grown int) {
	k, known := s.listOf(r), make(map[ID]*record, len(r.children))
	for _, c := range r.children {
		known[c.id] = c
	}
	for _, m := range n.Chained {
		c := known[m.ID]
		if c == nil {
			c = &record{id: m.ID, parent: r, depth: r.depth + 1, request: m.Request, lent: true, tree: 1, size: overhead}
			r.children = append(r.children, c)
			k.count++
			k.bytes += c.size
			grown++
		}
		if c.result == nil {
			c.host, c.worker, c.times, c.result = m.Host, m.Worker, m.Times, m.Result
			c.status.Store(uint32(m.Status))
			size := c.footprint()
			k.bytes += size - c.size
			c.size = size
		}
		below := s.graft(c, m)
		c.tree += below
		grown += below
	}
	return grown
}

// loseOpen ends those of r's tree of which another host should have told and did not. The
// lock is held.
func (s *Scheduler) loseOpen(r *record) {
	for _, c := range r.children {
		if c.result == nil {
			c.result = &Result{ReturnValue: 1, Failure: &Failure{Kind: "error", Code: "lost", Message: ErrLost.Error()}}
			c.times.Finished = time.Now()
			c.status.Store(uint32(Done))
		}
		s.loseOpen(c)
	}
}

// RunFor runs an errand of another host on the calling goroutine, as Seat.Run says. It does
// not wait for a worker: the error is ErrBusy where none is free, and ErrDraining where
// the scheduler is closed before the invocation has ended.
func (s *Scheduler) RunFor(ctx context.Context, e *Errand, report func(*Node)) error {
	r := &record{id: e.ID, request: e.Request, errand: e, answered: true, depth: e.Depth, live: 1, tree: max(e.Tree, 1), worker: -1, settled: make(chan struct{})}
	r.times.Queued = time.Now()
	select {
	case r.permit = <-s.permits:
	default:
		return ErrBusy
	}
	if err := s.admit(ctx, r); err != nil {
		s.permits <- r.permit
		return err
	}
	i := s.execute(r)
	if f := i.Result.Failure; f != nil && f.Code == "cancelled" && errors.Is(context.Cause(&r.life), ErrDraining) {
		return ErrDraining
	}
	for {
		s.mu.Lock()
		n, open := s.node(r), r.live > 0
		s.mu.Unlock()
		report(n)
		if !open {
			return nil
		}
		<-r.settled
	}
}

// admit takes an errand in that has a worker.
func (s *Scheduler) admit(ctx context.Context, r *record) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.draining:
		return ErrDraining
	case s.instances >= s.cfg.MaxInstances || s.records.get(r.id) != nil:
		return ErrBusy
	}
	s.instances++
	r.holds = true
	s.enter(ctx, r, false)
	return nil
}
