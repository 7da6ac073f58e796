package scheduler

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/faaslens/faaslens/guest"
)

// execute takes an invocation to its end.
func (s *Scheduler) execute(r *record) Invocation {
	defer s.running.Done()
	result, here := s.perform(r)
	if !here {
		return s.snapshot(r)
	}
	return s.finish(r, result)
}

// perform waits for a worker and runs the invocation, unless another host does: then it
// has been finished.
func (s *Scheduler) perform(r *record) (_ Result, here bool) {
	if r.parent == nil && r.errand == nil {
		if !s.takeRoot(r) {
			s.leaveQueue()
			return neverRan(r), true
		}
		defer func() { <-s.roots }()
	}
	for r.errand == nil { // which came to a worker that was free
		if !s.takeInstance(r) {
			return Result{ReturnValue: 1, Failure: &Failure{Kind: "limit", Code: "instances",
				Message: fmt.Sprintf("%d invocations have started and not ended, which is as many as may: fewer should wait for one another", s.cfg.MaxInstances)}}, true
		}
		seat, ok := s.takeWorker(r)
		if !ok {
			return neverRan(r), true
		}
		if seat == nil {
			break
		}
		if s.lend(r, seat) {
			return Result{}, false
		}
	}
	return s.run(r), true
}

// takeRoot counts an invocation that nobody chained among those that have started.
func (s *Scheduler) takeRoot(r *record) bool {
	select {
	case s.roots <- struct{}{}:
		return true
	default:
	}
	select {
	case s.roots <- struct{}{}:
		return true
	case <-r.life.Done():
		return false
	}
}

// run runs an invocation that has a worker, and gives that back.
func (s *Scheduler) run(r *record) Result {
	defer s.givePermit(r)
	started := r.now()
	f, cold, err := s.cfg.Functions.Acquire(&r.life, r.request.Function)
	ready := time.Since(started)
	s.mu.Lock()
	r.times.Started, r.times.Ready, r.times.Cold = started, ready, cold
	r.worker = r.permit
	s.mu.Unlock()
	if err != nil {
		if r.life.Err() != nil {
			return neverRan(r)
		}
		return neverFound(r.request.Function, err)
	}
	defer f.Release()
	r.status.Store(uint32(Running))
	r.chain = chain{scheduler: s, record: r, names: f}
	return f.Invoke(&r.life, r.id, r.request, &r.chain)
}

// neverFound is the result of an invocation whose function could not be made ready.
func neverFound(name guest.Name, err error) Result {
	f := &Failure{Kind: "error", Code: "cannot run", Message: err.Error()}
	if errors.Is(err, ErrNoFunction) {
		// Where it was looked for is nothing for who asks from elsewhere.
		f.Code, f.Message = "not found", name.String()+": no such function"
	}
	return Result{ReturnValue: 1, Failure: f}
}

// neverRan is the result of an invocation that ended before it could run.
func neverRan(r *record) Result {
	f := &Failure{Kind: "limit", Code: "cancelled", Message: fmt.Sprintf("it never ran: %v", context.Cause(&r.life))}
	if errors.Is(context.Cause(&r.life), context.DeadlineExceeded) {
		f.Code = "deadline"
	}
	return Result{ReturnValue: 1, Failure: f}
}

func (s *Scheduler) leaveQueue() {
	s.mu.Lock()
	s.queued--
	s.mu.Unlock()
}

// takeWorker takes a worker for an invocation: one here or, where a chained one has waited
// for that for long enough, a seat elsewhere, which then is not nil.
func (s *Scheduler) takeWorker(r *record) (Seat, bool) {
	select {
	case r.permit = <-s.permits:
		return nil, true
	default:
	}
	var patience <-chan time.Time
	var seats <-chan Seat
	if s.cfg.Others != nil && r.parent != nil && !r.stays {
		timer := time.NewTimer(s.cfg.Patience)
		defer timer.Stop()
		patience = timer.C
	}
	for {
		select {
		case r.permit = <-s.permits:
			return nil, true
		case <-patience:
			seats = s.cfg.Others.Seats()
		case seat := <-seats:
			return seat, true
		case <-r.life.Done():
			return nil, false
		}
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
	finished := r.now()
	s.mu.Lock()
	s.open--
	if r.holds {
		s.instances--
	}
	r.chain = chain{}
	r.status.Store(uint32(Done))
	r.first = result
	r.result = &r.first
	if !r.lent || r.times.Finished.IsZero() {
		r.times.Finished = finished
	}
	if f := result.Failure; f != nil && f.Kind == "limit" {
		r.life.cancel(fmt.Errorf("the invocation %d that chained it was stopped: %s", r.id, f.Message))
	}
	s.keep(r)
	s.leave(r)
	s.makeRoom(r)
	i, here := s.invocation(r), !r.lent
	if r.done != nil {
		close(r.done)
	}
	s.mu.Unlock()
	if s.cfg.Ended != nil && here { // others count what they run
		s.cfg.Ended(i)
	}
	return i
}
