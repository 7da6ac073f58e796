package scheduler

import "context"

// Close refuses new invocations, waits for those that were accepted until the context
// ends, cancels what is left then and waits for that. It may be called twice.
func (s *Scheduler) Close(ctx context.Context) {
	s.mu.Lock()
	s.draining = true
	s.mu.Unlock()
	stop := context.AfterFunc(ctx, func() { s.cancelAll() })
	defer stop()
	s.waitForRecords()
	s.stop(ErrDraining)
	s.running.Wait()
}

// waitForRecords returns when all invocations have ended.
func (s *Scheduler) waitForRecords() {
	for {
		var r *record
		s.mu.Lock()
		for one := range s.records.all() {
			if one.result == nil {
				r = one
				break
			}
		}
		var done <-chan struct{}
		if r != nil {
			done = r.ended()
		}
		s.mu.Unlock()
		if r == nil {
			return
		}
		<-done
	}
}

func (s *Scheduler) cancelAll() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for r := range s.records.all() {
		if r.live > 0 {
			r.life.cancel(ErrDraining)
		}
	}
}
