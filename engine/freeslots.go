package engine

import (
	"context"
	"sync/atomic"
)

// freeSlots are a shard's slots that nobody uses. The one that was used last is used next:
// what it touches is near, and so is its module.
type freeSlots struct {
	last    atomic.Pointer[slot]
	rest    chan *slot
	waiting atomic.Int32 // how many wait: while somebody does, there is no last
}

// take returns nil if there is none.
func (f *freeSlots) take() *slot {
	if s := f.takeLast(); s != nil {
		return s
	}
	select {
	case s := <-f.rest:
		return s
	default:
		return nil
	}
}

func (f *freeSlots) takeLast() *slot {
	if f.last.Load() == nil {
		return nil
	}
	return f.last.Swap(nil)
}

func (f *freeSlots) put(s *slot) {
	if f.waiting.Load() > 0 || !f.last.CompareAndSwap(nil, s) {
		f.rest <- s
		return
	}
	// Who began to wait meanwhile may not have seen it.
	if f.waiting.Load() > 0 && f.last.CompareAndSwap(s, nil) {
		f.rest <- s
	}
}

// wait takes one when there is one; nil if the context ends before. Between counting the
// caller in and waiting, makeRoom is called.
func (f *freeSlots) wait(ctx context.Context, makeRoom func()) *slot {
	f.waiting.Add(1)
	defer f.waiting.Add(-1)
	if s := f.takeLast(); s != nil {
		return s
	}
	makeRoom()
	select {
	case s := <-f.rest:
		return s
	case <-ctx.Done():
		return nil
	}
}

// count is how many there are, while nobody takes or puts one.
func (f *freeSlots) count() int {
	n := len(f.rest)
	if f.last.Load() != nil {
		n++
	}
	return n
}
