package scheduler

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// execute takes an invocation to its end.
func (s *Scheduler) execute(r *record) Invocation {
	defer s.running.Done()
	return s.finish(r, s.perform(r))
}

// perform waits for a worker and runs the invocation.
func (s *Scheduler) perform(r *record) Result {
	if r.parent == nil {
		select {
		case s.roots <- struct{}{}:
			defer func() { <-s.roots }()
		case <-r.ctx.Done():
			s.leaveQueue()
			return neverRan(r)
		}
	}
	if !s.takeInstance(r) {
		return Result{ReturnValue: 1, Failure: &Failure{Kind: "limit", Code: "instances",
			Message: fmt.Sprintf("%d invocations have started and not ended, which is as many as may: fewer should wait for one another", s.cfg.MaxInstances)}}
	}
	if !s.takePermit(r) {
		return neverRan(r)
	}
	defer s.givePermit(r)
	started := time.Now()
	f, cold, err := s.cfg.Functions.Acquire(r.ctx, r.request.Function)
	s.mu.Lock()
	r.times.Started, r.times.Ready, r.times.Cold = started, time.Since(started), cold
	r.worker = r.permit
	s.mu.Unlock()
	if err != nil {
		if r.ctx.Err() != nil {
			return neverRan(r)
		}
		return neverFound(err)
	}
	defer f.Release()
	r.status.Store(uint32(Running))
	r.chain = chain{scheduler: s, record: r, names: f}
	return f.Invoke(r.ctx, r.id, r.request, &r.chain)
}

// neverFound is the result of an invocation whose function could not be made ready.
func neverFound(err error) Result {
	f := &Failure{Kind: "error", Code: "cannot run", Message: err.Error()}
	if errors.Is(err, ErrNoFunction) {
		f.Code = "not found"
	}
	return Result{ReturnValue: 1, Failure: f}
}

// neverRan is the result of an invocation that ended before it could run.
func neverRan(r *record) Result {
	f := &Failure{Kind: "limit", Code: "cancelled", Message: fmt.Sprintf("it never ran: %v", context.Cause(r.ctx))}
	if errors.Is(context.Cause(r.ctx), context.DeadlineExceeded) {
		f.Code = "deadline"
	}
	return Result{ReturnValue: 1, Failure: f}
}

func (s *Scheduler) leaveQueue() {
	s.mu.Lock()
	s.queued--
	s.mu.Unlock()
}

// takePermit takes a worker for an invocation.
func (s *Scheduler) takePermit(r *record) bool {
	select {
	case r.permit = <-s.permits:
		return true
	default:
	}
	select {
	case r.permit = <-s.permits:
		return true
	case <-r.ctx.Done():
		return false
	}
}

func (s *Scheduler) givePermit(r *record) { s.permits <- r.permit }

// takeInstance counts an invocation that starts. Roots have their own bound.
func (s *Scheduler) takeInstance(r *record) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.parent != nil && s.instances >= s.cfg.MaxInstances {
		return false
	}
	if r.parent == nil {
		s.queued--
	}
	s.instances++
	r.holds = true
	return true
}

// finish keeps the result and wakes who waits for it.
func (s *Scheduler) finish(r *record, result Result) Invocation {
	s.mu.Lock()
	s.open--
	if r.holds {
		s.instances--
	}
	r.chain = chain{}
	r.status.Store(uint32(Done))
	r.first = result
	r.result = &r.first
	r.times.Finished = time.Now()
	if f := result.Failure; f != nil && f.Kind == "limit" {
		r.cancel(fmt.Errorf("the invocation %d that chained it was stopped: %s", r.id, f.Message))
	}
	for p := r; p != nil; p = p.parent {
		if p.live--; p.live == 0 {
			p.cancel(nil) // nothing is left that it could reach
			p.ctx, p.cancel = nil, nil
		}
	}
	s.keep(r)
	i := s.invocation(r)
	if r.done != nil {
		close(r.done)
	}
	s.mu.Unlock()
	if s.cfg.Ended != nil {
		s.cfg.Ended(&i)
	}
	return i
}
