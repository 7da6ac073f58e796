package scheduler

import (
	"bytes"
	"fmt"
	"time"

	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/hostcall"
	"github.com/faaslens/faaslens/hostcall/faasm"
)

// chain is what one invocation can do with others. It implements faasm.Chain.
type chain struct {
	scheduler *Scheduler
	record    *record
	names     Namer
}

// Start implements faasm.Chain. The child is cancelled with its parent and has at most
// the time that its parent has left; that the parent ends does not end it.
func (c *chain) Start(_ *hostcall.Call, t faasm.Target, input []byte) (uint32, error) {
	parent := c.record
	req := &Request{Function: parent.request.Function, Input: bytes.Clone(input), Limits: parent.request.Limits, Python: parent.request.Python}
	switch {
	case t.ByPointer:
		index := t.Pointer
		req.Pointer = &index
	case t.PythonEntry != "":
		req.Python.Entry = t.PythonEntry
	default:
		req.Function.Function = t.Function
	}
	req.Limits.Timeout = c.remaining()
	r, err := c.scheduler.accept(&parent.life, req, parent)
	if err != nil {
		return 0, &guest.Trap{Code: guest.TrapHost, Message: fmt.Sprintf("chain %s: %v", req.Function, err)}
	}
	go c.scheduler.execute(r)
	return uint32(r.id), nil
}

// remaining is how long the invocation may go on; 0 where it has no bound.
func (c *chain) remaining() time.Duration {
	limit := c.record.request.Limits.Timeout
	if limit <= 0 {
		return limit
	}
	c.scheduler.mu.Lock()
	started := c.record.times.Started
	c.scheduler.mu.Unlock()
	return max(limit-time.Since(started), time.Millisecond)
}

// Await implements faasm.Chain. While the guest waits, another may run.
func (c *chain) Await(call *hostcall.Call, id uint32) (faasm.Chained, bool, error) {
	s, r := c.scheduler, c.record
	s.mu.Lock()
	child := s.records.get(ID(id))
	s.mu.Unlock()
	switch {
	case r.isWithin(ID(id)):
		return faasm.Chained{}, false, &guest.Trap{Code: guest.TrapHost,
			Message: fmt.Sprintf("%s: invocation %d waits for this one to end: it would wait for itself", call.Spec.Name, id)}
	case child == nil:
		s.cfg.Log.Warn("a function waits for an invocation that is not known", "function", r.request.Function.String(), "invocation", id)
		return faasm.Chained{}, false, nil
	}
	ok := child.isDone()
	if !ok {
		ok = c.wait(call, child)
	}
	if err := call.Guest.Context().Err(); err != nil {
		return faasm.Chained{}, false, err
	}
	if !ok {
		return faasm.Chained{}, false, nil
	}
	s.mu.Lock()
	result := child.result
	s.mu.Unlock()
	if result.ReturnValue != 0 || result.Failure != nil {
		c.join(child, call)
	}
	return faasm.Chained{ReturnValue: result.ReturnValue, Output: FaasmOutput(child.id, result)}, true, nil
}

// wait waits for a child without a worker. It reports whether the child ended.
func (c *chain) wait(call *hostcall.Call, child *record) bool {
	s, r := c.scheduler, c.record
	began := time.Now()
	s.givePermit(r)
	r.status.Store(uint32(Waiting))
	s.mu.Lock()
	s.awaiting++
	done := child.ended()
	s.mu.Unlock()
	timer := time.NewTimer(s.cfg.AwaitTimeout)
	ok := false
	select {
	case <-done:
		ok = true
	case <-timer.C:
	case <-call.Guest.Context().Done():
	}
	timer.Stop()
	// The permit is taken back in any case: who runs the guest gives it.
	r.permit = <-s.permits
	r.status.Store(uint32(Running))
	s.mu.Lock()
	s.awaiting--
	r.worker = r.permit
	r.times.Waited += time.Since(began)
	s.mu.Unlock()
	return ok
}

// FaasmOutput is what Faasm gives as an ended invocation's output.
func FaasmOutput(id ID, r *Result) []byte {
	if r.Failure != nil {
		return fmt.Appendf(nil, "Task %d threw exception. What: %s", id, r.Failure.Message)
	}
	return faasm.Result(r.Output, r.ReturnValue)
}

// MaxCallers bounds the stacks that are joined to a failure's: those of the nearest callers.
const MaxCallers = 64

// join adds the stack at which the guest waited to the failures that made the child
// fail, its own or those of what it chained and waited for, so that the whole way to
// them can be told.
func (c *chain) join(child *record, call *hostcall.Call) {
	s := c.scheduler
	s.mu.Lock()
	failed := child.failedFor(nil)
	s.mu.Unlock()
	if len(failed) == 0 {
		return
	}
	caller := Caller{ID: c.record.id, Function: c.record.request.Function, Frames: c.names.Backtrace(call.Guest.Frames())}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range failed {
		joined, f := *r.result, *r.result.Failure
		if len(f.Callers) == MaxCallers || f.waiter(r) != child.id {
			continue // another that waited was faster
		}
		f.Callers = append(f.Callers[:len(f.Callers):len(f.Callers)], caller)
		joined.Failure = &f
		r.result = &joined
	}
}

// waiter is the last that the failure of r is known to have gone through.
func (f *Failure) waiter(r *record) ID {
	if n := len(f.Callers); n > 0 {
		return f.Callers[n-1].ID
	}
	return r.id
}

// failedFor appends those of r's tree whose failures r waited for, or r itself. The
// scheduler's lock is held.
func (r *record) failedFor(all []*record) []*record {
	open := []*record{r}
	for len(open) > 0 {
		one := open[len(open)-1]
		open = append(open[:len(open)-1], one.children...)
		if one.result != nil && one.result.Failure != nil && one.result.Failure.waiter(one) == r.id {
			all = append(all, one)
		}
	}
	return all
}
