package scheduler

import (
	"slices"
	"time"
)

// keptList is trees of invocations that have ended, in the order in which they did. A tree
// is forgotten as a whole, so that graphs have no holes.
type keptList struct {
	chunks []*keptChunk
	first  int // of the first chunk that is still kept
	end    int // behind the last of the last chunk
	trees  int
	bytes  int
	count  int // of invocations
}

// keptChunk is some trees of a list, which so becomes longer without being copied.
type keptChunk [256]keptTree

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
	if k.trees == 0 {
		return nil
	}
	return k.chunks[0][k.first].root
}

// add adds the tree of an invocation.
func (k *keptList) add(r *record) {
	if len(k.chunks) == 0 || k.end == len(keptChunk{}) {
		k.chunks, k.end = append(k.chunks, new(keptChunk)), 0
	}
	k.chunks[len(k.chunks)-1][k.end] = keptTree{root: r, id: r.id, alone: len(r.children) == 0, size: r.size}
	k.end++
	k.trees++
}

// take takes the tree out that ended first. There must be one.
func (k *keptList) take() keptTree {
	c := k.chunks[0]
	t := c[k.first]
	c[k.first] = keptTree{}
	k.first++
	k.trees--
	if k.first == len(c) {
		k.chunks, k.first = slices.Delete(k.chunks, 0, 1), 0
	}
	return t
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
	case (over || s.answered.trees > s.cfg.KeepAnswered) && has(&s.answered):
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
	t := k.take()
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
