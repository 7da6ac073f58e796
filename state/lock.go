package state

import (
	"context"
	"sync"
)

// lock is held by any number of readers or by one writer. Writers come before readers
// that ask later.
type lock struct {
	refs int // who hold it or wait for it; guarded by the lock of Local

	mu      sync.Mutex
	readers int
	writer  bool
	writers int           // that wait
	changed chan struct{} // closed when it may have become free
}

// acquire takes the lock, or gives up with the context's error.
func (l *lock) acquire(ctx context.Context, write bool) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if write {
		l.writers++
		defer func() { l.writers-- }()
	}
	for l.writer || write && l.readers > 0 || !write && l.writers > 0 {
		if l.changed == nil {
			l.changed = make(chan struct{})
		}
		changed := l.changed
		l.mu.Unlock()
		select {
		case <-changed:
			l.mu.Lock()
		case <-ctx.Done():
			l.mu.Lock()
			l.wake()
			return context.Cause(ctx)
		}
	}
	if write {
		l.writer = true
	} else {
		l.readers++
	}
	return nil
}

func (l *lock) release(write bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if write {
		l.writer = false
	} else {
		l.readers--
	}
	l.wake()
}

// wake has all who wait look again.
func (l *lock) wake() {
	if l.changed != nil {
		close(l.changed)
		l.changed = nil
	}
}
