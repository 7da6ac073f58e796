package scheduler

import "time"

// keptList is the trees of invocations that have ended, in the order in which they did.
// A tree is forgotten as a whole, so that graphs have no holes.
type keptList struct {
	roots []*record
	first int // of roots that is still kept
	bytes int
	count int
}

// overhead is about what a record takes beside its input and output.
const overhead = 512

// keep accounts for an invocation that has ended, and forgets old trees where there are
// too many. The lock is held.
func (s *Scheduler) keep(r *record) {
	r.size = r.footprint()
	s.kept.bytes += r.size
	s.kept.count++
	root := r.root()
	for s.kept.first < len(s.kept.roots) && (s.kept.bytes > s.cfg.KeepBytes || s.kept.count > s.cfg.KeepCount) {
		if s.kept.roots[s.kept.first] == root {
			break // whoever waits for it has not seen it yet
		}
		s.forgetFirst()
	}
}

// leave counts an invocation out of those of its tree that are alive. A tree of which none
// is may be forgotten. The lock is held.
func (s *Scheduler) leave(r *record) {
	for p := r; p != nil; p = p.parent {
		if p.live--; p.live > 0 {
			continue
		}
		p.cancel(nil) // nothing is left that it could reach
		p.ctx, p.cancel = nil, nil
		if p.settled != nil {
			close(p.settled)
		}
		if p.parent == nil {
			s.kept.roots = append(s.kept.roots, p)
		}
	}
}

// forgetFirst forgets the tree that ended first. The lock is held.
func (s *Scheduler) forgetFirst() {
	k := &s.kept
	root := k.roots[k.first]
	k.roots[k.first] = nil
	if k.first++; k.first > len(k.roots)/2 && k.first > 64 {
		k.roots = append(k.roots[:0:0], k.roots[k.first:]...)
		k.first = 0
	}
	s.forgetTree(root)
}

func (s *Scheduler) forgetTree(r *record) {
	if s.records[r.id] == r {
		delete(s.records, r.id)
	}
	s.kept.bytes -= r.size
	s.kept.count--
	for _, c := range r.children {
		s.forgetTree(c)
	}
}

// forget forgets what is older than it may be, until the scheduler ends.
func (s *Scheduler) forget() {
	defer s.running.Done()
	tick := time.NewTicker(max(s.cfg.Keep/10, 10*time.Millisecond))
	defer tick.Stop()
	for {
		select {
		case <-s.base.Done():
			return
		case <-tick.C:
			s.forgetOld(time.Now().Add(-s.cfg.Keep))
		}
	}
}

func (s *Scheduler) forgetOld(before time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.kept.first < len(s.kept.roots) && s.kept.roots[s.kept.first].times.Finished.Before(before) {
		s.forgetFirst()
	}
}
