package scheduler

import (
	"context"
	"slices"
)

// Invocation is what is known of an invocation at one moment.
type Invocation struct {
	ID      ID
	Parent  ID     // 0 if it was not chained
	Host    string // that runs it
	Worker  int    // which of the host's workers ran it last; -1 if none did
	Request *Request
	Status  Status
	Times   Times
	Result  *Result // nil until it is done
	Chained []ID
}

// Get tells what is known of an invocation. The error is ErrUnknown.
func (s *Scheduler) Get(id ID) (Invocation, error) {
	s.mu.Lock()
	r := s.records.get(id)
	s.mu.Unlock()
	if r == nil {
		return Invocation{}, ErrUnknown
	}
	return s.snapshot(r), nil
}

// Wait waits until an invocation has ended or the context does, and tells what is known
// then. The error is ErrUnknown.
func (s *Scheduler) Wait(ctx context.Context, id ID) (Invocation, error) {
	s.mu.Lock()
	r := s.records.get(id)
	var done <-chan struct{}
	if r != nil {
		done = r.ended()
	}
	s.mu.Unlock()
	if r == nil {
		return Invocation{}, ErrUnknown
	}
	select {
	case <-done:
	case <-ctx.Done():
	}
	return s.snapshot(r), nil
}

// Cancel ends an invocation and all that it chained. It reports whether it had not ended
// before; the error is ErrUnknown.
func (s *Scheduler) Cancel(id ID) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.records.get(id)
	if r == nil {
		return false, ErrUnknown
	}
	if r.live == 0 {
		return false, nil
	}
	r.life.cancel(ErrCancelled)
	return true, nil
}

// List tells what is known of all invocations that have not ended, the oldest first.
func (s *Scheduler) List() []Invocation {
	s.mu.Lock()
	var open []*record
	for r := range s.records.all() {
		if r.result == nil {
			open = append(open, r)
		}
	}
	s.mu.Unlock()
	all := make([]Invocation, len(open))
	for i, r := range open {
		all[i] = s.snapshot(r)
	}
	slices.SortFunc(all, func(a, b Invocation) int { return a.Times.Queued.Compare(b.Times.Queued) })
	return all
}

// Busy reports whether no worker is free.
func (s *Scheduler) Busy() bool { return len(s.permits) == 0 }

// Stats are how much a scheduler has to do.
type Stats struct {
	Workers int // guests that may run at a time
	Running int
	Waiting int // have started, and wait for one that they chained
	Queued  int // have not started
	Lent    int // are run by other hosts
	Kept    int // results that have not expired
}

// Stats tells how much there is to do now.
func (s *Scheduler) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := Stats{Workers: s.cfg.Workers, Running: s.cfg.Workers - len(s.permits), Waiting: s.awaiting, Lent: s.lent, Kept: s.kept.count + s.answered.count}
	// One that has just been given a worker may not be counted out yet.
	st.Queued = max(s.open-st.Running-st.Waiting-st.Lent, 0)
	return st
}

// Node is an invocation with those that it chained.
type Node struct {
	Invocation
	Chained []*Node // in the order in which they were chained
}

// Graph tells who called whom, from an invocation down. The error is ErrUnknown.
func (s *Scheduler) Graph(id ID) (*Node, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.records.get(id)
	if r == nil {
		return nil, ErrUnknown
	}
	return s.node(r), nil
}

// node is the graph from r down. The scheduler's lock is held. Chains are at most
// Config.MaxDepth deep.
func (s *Scheduler) node(r *record) *Node {
	n := &Node{Invocation: s.invocation(r)}
	for _, c := range r.children {
		n.Chained = append(n.Chained, s.node(c))
	}
	return n
}

func (s *Scheduler) snapshot(r *record) Invocation {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.invocation(r)
}

// invocation is what is known now. The scheduler's lock is held.
func (s *Scheduler) invocation(r *record) Invocation {
	i := Invocation{ID: r.id, Host: s.cfg.Host, Worker: r.worker, Request: r.request, Status: Status(r.status.Load()), Times: r.times, Result: r.result}
	if r.result != nil {
		i.Status = Done
	}
	if r.host != "" {
		i.Host = r.host
	}
	switch {
	case r.parent != nil:
		i.Parent = r.parent.id
	case r.errand != nil && len(r.errand.Ancestors) > 0:
		i.Parent = r.errand.Ancestors[0]
	}
	for _, c := range r.children {
		i.Chained = append(i.Chained, c.id)
	}
	return i
}
