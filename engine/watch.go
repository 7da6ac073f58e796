package engine

import (
	"math"
	"sync/atomic"
	"time"
)

// How often the watcher looks at running guests' memory, and how long it waits
// before it signals a guest again that has been asked to stop.
const (
	lookEvery = 10 * time.Millisecond
	kickEvery = time.Millisecond
)

// watcher ends invocations whose time is up. It owns one goroutine, which sleeps
// while nothing runs, or has run lately, and until stop. While something runs, it wakes every ten
// milliseconds, or when a deadline falls due, to
//
//   - ask invocations that are past their deadline to stop,
//   - follow the contexts of those that are no longer young,
//   - signal those that have been asked, again and again until they have ended, and
//   - signal those with a memory limit, so that the handler compares.
//
// An invocation that starts has only to store its deadline and to compare it with
// the time at which the watcher will wake.
type watcher struct {
	engine *Engine
	base   time.Time
	next   atomic.Int64 // when it will wake; math.MaxInt64 for not by itself
	wake   chan struct{}
	quit   chan struct{}
	done   chan struct{}
}

func startWatcher(e *Engine) *watcher {
	w := &watcher{
		engine: e,
		base:   time.Now(),
		wake:   make(chan struct{}, 1),
		quit:   make(chan struct{}),
		done:   make(chan struct{}),
	}
	w.next.Store(math.MaxInt64)
	go w.loop()
	return w
}

// now is nanoseconds on the watcher's clock.
func (w *watcher) now() int64 { return int64(time.Since(w.base)) }

// begun is told that an invocation with this deadline has started.
func (w *watcher) begun(deadline int64) {
	if deadline < w.next.Load() {
		w.poke()
	}
}

func (w *watcher) poke() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

func (w *watcher) stop() {
	close(w.quit)
	<-w.done
}

func (w *watcher) loop() {
	defer close(w.done)
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		// Invocations that start during the scan poke: it may miss them.
		w.next.Store(math.MaxInt64)
		next := w.scan()
		w.next.Store(next)
		var due <-chan time.Time
		if next != math.MaxInt64 {
			timer.Reset(time.Duration(max(next-w.now(), 0)))
			due = timer.C
		}
		select {
		case <-w.wake:
		case <-due:
		case <-w.quit:
			return
		}
	}
}

// scan does what is due and returns when to scan again.
func (w *watcher) scan() int64 {
	next := int64(math.MaxInt64)
	now := w.now()
	for _, sh := range w.engine.shards {
		for _, s := range *sh.slots.Load() {
			if at, ok := w.look(s, now); ok {
				next = min(next, at)
			}
		}
	}
	return next
}

// look does what is due for one slot and returns when to look again, if it is to: something
// runs there, or has since the last look.
func (w *watcher) look(s *slot, now int64) (next int64, again bool) {
	generation := s.generation.Load()
	before := s.looked
	s.looked = generation
	if generation%2 == 0 {
		// Where short ones follow one another, not each shall have to wake the watcher.
		return now + int64(followAfter), generation != before
	}
	deadline, started, soft := s.deadline.Load(), s.started.Load(), s.soft.Load()
	m := s.module.Load()
	if s.generation.Load() != generation || m == nil {
		return now, true // it changed under our eyes
	}
	if now >= deadline {
		s.requestStop(generation, stopDeadline)
	}
	if s.stopReason(generation) != 0 {
		w.kick(s, m)
		return now + int64(kickEvery), true
	}
	// A debugger would stop at each signal, and callgrind fail. There, memory is looked
	// at in host calls.
	if soft != 0 && !w.engine.cfg.DebugInfo && !w.engine.cfg.Emulated && now-started >= int64(lookEvery) {
		w.kick(s, m)
	}
	if follow := started + int64(followAfter); now >= follow {
		s.follow(generation)
	} else if s.isUnfollowed() {
		return min(deadline, follow), true
	}
	return min(deadline, now+int64(lookEvery)), true
}

// kick signals the guest. The error is ignored on purpose: the only one there is says
// that the thread is gone, and then so is the invocation.
func (w *watcher) kick(s *slot, m *Module) {
	m.setBodies(s.shard)
	_ = s.native.Kick()
}
