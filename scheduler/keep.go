package scheduler

import "time"

// keptList is trees of invocations that have ended, in the order in which they did. A tree
// is forgotten as a whole, so that graphs have no holes.
type keptList struct {
	trees []keptTree
	first int // of trees that is still kept
	bytes int
	count int
}

// keptTree is a tree of which no invocation is alive. It has what forgetting one takes that
// has no children: to look at a record after so long takes longer than all the rest.
type keptTree struct {
	root  *record
	id    ID
	alone bool // the root has no children
	size  int  // of the root
}

// oldest is the root of the tree that ended first; nil if there is none.
func (k *keptList) oldest() *record {
	if k.first == len(k.trees) {
		return nil
	}
	return k.trees[k.first].root
}

// add adds the tree of an invocation. Where half of the list has been forgotten, the rest
// moves down before the list grows.
func (k *keptList) add(r *record) {
	if k.first > len(k.trees)/2 && len(k.trees) == cap(k.trees) {
		n := copy(k.trees, k.trees[k.first:])
		clear(k.trees[n:])
		k.trees, k.first = k.trees[:n], 0
	}
	k.trees = append(k.trees, keptTree{root: r, id: r.id, alone: len(r.children) == 0, size: r.size})
}

// listOf is where the tree of an invocation is kept once it has ended.
func (s *Scheduler) listOf(r *record) *keptList {
	if r.root().answered {
		return &s.answered
	}
	return &s.kept
}

// overhead is about what a record takes beside its input and output.
const overhead = 512

// keep accounts for an invocation that has ended. The lock is held.
func (s *Scheduler) keep(r *record) {
	k := s.listOf(r)
	r.size = r.footprint()
	k.bytes += r.size
	k.count++
}

// makeRoom forgets old trees where there are too many, but not that of an invocation that
// has just ended: whoever waits for it has not seen it yet. The lock is held.
func (s *Scheduler) makeRoom(r *record) {
	root := r.root()
	for k := s.crowded(root); k != nil; k = s.crowded(root) {
		s.forgetFirst(k)
	}
}

// crowded is the list whose oldest tree, other than but, is to be forgotten to make room;
// nil if there is enough. The lock is held.
func (s *Scheduler) crowded(but *record) *keptList {
	over := s.kept.bytes+s.answered.bytes > s.cfg.KeepBytes || s.kept.count+s.answered.count > s.cfg.KeepCount
	has := func(k *keptList) bool { o := k.oldest(); return o != nil && o != but }
	switch {
	case (over || len(s.answered.trees)-s.answered.first > s.cfg.KeepAnswered) && has(&s.answered):
		return &s.answered
	case over && has(&s.kept):
		return &s.kept
	}
	return nil
}

// leave counts an invocation out of those of its tree that are alive. A tree of which none
// is may be forgotten. The lock is held.
func (s *Scheduler) leave(r *record) {
	for p := r; p != nil; p = p.parent {
		if p.live--; p.live > 0 {
			continue
		}
		p.life.release() // nothing is left that it could reach
		if p.settled != nil {
			close(p.settled)
		}
		if p.parent == nil {
			s.listOf(p).add(p)
		}
	}
}

// forgetFirst forgets the tree of a list that ended first. The lock is held.
func (s *Scheduler) forgetFirst(k *keptList) {
	t := k.trees[k.first]
	k.trees[k.first] = keptTree{}
	k.first++
	if !t.alone {
		s.forgetTree(k, t.root)
		return
	}
	s.records.remove(t.id, t.root)
	k.bytes -= t.size
	k.count--
}

func (s *Scheduler) forgetTree(k *keptList, r *record) {
	s.records.remove(r.id, r)
	k.bytes -= r.size
	k.count--
	for _, c := range r.children {
		s.forgetTree(k, c)
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
	for _, k := range []*keptList{&s.kept, &s.answered} {
		for k.oldest() != nil && k.oldest().times.Finished.Before(before) {
			s.forgetFirst(k)
		}
	}
}
