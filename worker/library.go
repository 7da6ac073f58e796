package worker

import (
	"context"
	"errors"
	"io"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/scheduler"
	"github.com/faaslens/faaslens/store"
)

// Library keeps functions ready, each in its newest version, for a scheduler. A new
// version takes effect at the next Acquire; what runs goes on with the old one, which is
// closed when nothing uses it any more.
type Library struct {
	worker *Worker
	max    int
	// Stdout and Stderr take what functions write there, beside what a result keeps of
	// it. They are used by several goroutines at once. May be nil; not to be changed
	// once a function was acquired.
	Stdout, Stderr io.Writer

	calls sync.Pool // of *bookCall

	mu    sync.Mutex
	books map[guest.Name]*book
	clock uint64         // of uses, to find the one that was not used for longest
	open  sync.WaitGroup // versions that are open, or about to be
}

// NewLibrary makes a library of the worker's functions. Of those that nobody uses it
// keeps up to max ready.
func NewLibrary(w *Worker, max int) *Library {
	l := &Library{worker: w, max: max, books: make(map[guest.Name]*book)}
	l.calls.New = func() any { return newBookCall() }
	return l
}

// book is one version of a function.
type book struct {
	library  *Library
	version  version
	ready    chan struct{} // closed when function or err is there
	function *Function
	err      error

	// Guarded by the library's lock.
	readers int
	used    uint64
	seen    time.Time // when version was last found to be the newest
	old     bool      // closed when its last reader goes
}

// version identifies the content of a function's file: the kernel notes every change of
// it, and adding a function makes a new file.
type version struct {
	inode, size uint64
	changed     int64
}

// versionOf is a function's version on disk, or zero if there is none to be seen: why
// not, opening it tells.
func (l *Library) versionOf(name guest.Name) version {
	var st syscall.Stat_t
	path := filepath.Join(l.worker.cfg.Store.Dir(), "wasm", name.User, name.Function, "function.wasm")
	if name.Validate() != nil || syscall.Lstat(path, &st) != nil {
		return version{}
	}
	return version{st.Ino, uint64(st.Size), st.Ctim.Nano()}
}

// Acquire implements scheduler.Functions.
func (l *Library) Acquire(ctx context.Context, name guest.Name) (scheduler.Function, bool, error) {
	now := time.Now()
	l.mu.Lock()
	b := l.books[name]
	cold := b == nil
	if cold || now.Sub(b.seen) > believed {
		l.mu.Unlock()
		v := l.versionOf(name)
		l.mu.Lock()
		if b = l.books[name]; b != nil && b.version == v {
			b.seen = now
		}
		cold = b == nil || b.version != v
		if cold {
			b = l.replace(name, v, now)
		}
	}
	b.readers++
	l.clock++
	b.used = l.clock
	l.shrink()
	l.mu.Unlock()
	return b.await(ctx, cold)
}

// believed is how long a version is taken for the newest without a look at the disk, which
// costs more than a function's start: less than any process takes to start that could ask
// for what another has just stored. What this library is told of counts at once.
const believed = time.Millisecond

// replace opens another version in place of any that there is. The lock is held.
func (l *Library) replace(name guest.Name, v version, now time.Time) *book {
	b := l.enter(name, v, now)
	go b.open(name)
	return b
}

// enter puts a version that is not ready in place of any that there is. The lock is held.
func (l *Library) enter(name guest.Name, v version, now time.Time) *book {
	if b := l.books[name]; b != nil {
		l.retire(name, b)
	}
	b := &book{library: l, version: v, seen: now, ready: make(chan struct{})}
	l.books[name] = b
	l.open.Add(1)
	return b
}

// await waits until the function can be run.
func (b *book) await(ctx context.Context, cold bool) (scheduler.Function, bool, error) {
	select {
	case <-b.ready:
	default:
		select {
		case <-b.ready:
		case <-ctx.Done():
			b.Release()
			return nil, cold, context.Cause(ctx)
		}
	}
	if b.err != nil {
		b.Release()
		if errors.Is(b.err, store.ErrNotFound) {
			return nil, cold, &noFunction{b.err}
		}
		return nil, cold, b.err
	}
	return b, cold, nil
}

// noFunction is the store's error in the scheduler's terms.
type noFunction struct {
	error
}

func (e *noFunction) Is(target error) bool { return target == scheduler.ErrNoFunction }
func (e *noFunction) Unwrap() error        { return e.error }

// open gets the function ready. It goes on where who asked for it has given up: the
// next will ask again.
func (b *book) open(name guest.Name) {
	l := b.library
	b.function, b.err = l.worker.Open(context.Background(), name)
	l.mu.Lock()
	defer l.mu.Unlock()
	close(b.ready)
	if b.err != nil {
		l.open.Done()
		if l.books[name] == b {
			delete(l.books, name) // whoever asks next tries again
		}
	}
	b.closeIfUnused()
}

// retire takes a version out of use. The lock is held.
func (l *Library) retire(name guest.Name, b *book) {
	delete(l.books, name)
	b.old = true
	b.closeIfUnused()
}

// closeIfUnused closes an old version that nobody reads. The lock is held.
func (b *book) closeIfUnused() {
	select {
	case <-b.ready:
	default:
		return // open comes by again
	}
	if b.old && b.readers == 0 && b.function != nil {
		f := b.function
		b.function = nil
		go func() {
			defer b.library.open.Done()
			f.Close()
		}()
	}
}

// Release implements scheduler.Function.
func (b *book) Release() {
	b.library.mu.Lock()
	defer b.library.mu.Unlock()
	b.readers--
	b.closeIfUnused()
}

// shrink retires what has not been used for longest, while there is more than may be
// kept. The lock is held.
func (l *Library) shrink() {
	for len(l.books) > l.max {
		var oldest guest.Name
		var found *book
		for name, b := range l.books {
			if b.readers == 0 && (found == nil || b.used < found.used) {
				oldest, found = name, b
			}
		}
		if found == nil {
			return
		}
		l.retire(oldest, found)
	}
}

// Has reports whether there is a function of that name, fit to run or not. As Acquire, it
// believes for a while what was last found on the disk.
func (l *Library) Has(name guest.Name) bool {
	now := time.Now()
	l.mu.Lock()
	b := l.books[name]
	found := b != nil && b.version != version{} && now.Sub(b.seen) <= believed
	l.mu.Unlock()
	return found || l.versionOf(name) != version{}
}

// Remove removes a function. What runs goes on.
func (l *Library) Remove(name guest.Name) error {
	if err := l.worker.cfg.Store.Remove(name); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if b := l.books[name]; b != nil {
		l.retire(name, b)
	}
	return nil
}

// Flush lets go of every version, so that the next use of each opens it anew.
func (l *Library) Flush() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for name, b := range l.books {
		l.retire(name, b)
	}
}

// Close lets go of all functions and waits until nobody uses one any more.
func (l *Library) Close() {
	l.Flush()
	l.open.Wait()
}

// Instances tells how many functions that are ready have their instances in which way, by
// the names of engine.Reset.
func (l *Library) Instances() map[string]int {
	l.mu.Lock()
	defer l.mu.Unlock()
	ways := make(map[string]int)
	for _, b := range l.books {
		select {
		case <-b.ready:
			if b.function != nil {
				ways[b.function.module.Reset().String()]++
			}
		default: // it is being opened
		}
	}
	return ways
}

// Stacks tells where the invocations are that run, without stopping them.
func (l *Library) Stacks() []scheduler.Stack {
	var all []scheduler.Stack
	for _, s := range l.worker.Stacks() {
		all = append(all, scheduler.Stack{
			ID: scheduler.ID(s.Tag), Function: s.Function.Name, Elapsed: s.Elapsed, Call: s.Call,
			Frames: s.Function.PlainBacktrace(s.Frames), Depth: s.Depth,
		})
	}
	return all
}
