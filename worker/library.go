package worker

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"sync"
	"syscall"

	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/hostcall/faasm"
	"github.com/faaslens/faaslens/scheduler"
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

	mu    sync.Mutex
	books map[guest.Name]*book
	clock uint64         // of uses, to find the one that was not used for longest
	open  sync.WaitGroup // versions that are open, or about to be
}

// NewLibrary makes a library of the worker's functions. Of those that nobody uses it
// keeps up to max ready.
func NewLibrary(w *Worker, max int) *Library {
	return &Library{worker: w, max: max, books: make(map[guest.Name]*book)}
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
	old     bool // closed when its last reader goes
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
	v := l.versionOf(name)
	l.mu.Lock()
	b := l.books[name]
	cold := b == nil || b.version != v
	if cold {
		if b != nil {
			l.retire(name, b)
		}
		b = &book{library: l, version: v, ready: make(chan struct{})}
		l.books[name] = b
		l.open.Add(1)
		go b.open(name)
	}
	b.readers++
	l.clock++
	b.used = l.clock
	l.shrink()
	l.mu.Unlock()
	select {
	case <-b.ready:
	case <-ctx.Done():
		b.Release()
		return nil, cold, context.Cause(ctx)
	}
	if b.err != nil {
		b.Release()
		return nil, cold, b.err
	}
	return b, cold, nil
}

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

// maxStream is how much of a stream of a function's is kept.
const maxStream = 256 << 10

// head keeps the first of what is written.
type head struct {
	bytes.Buffer
	dropped int
}

// Write implements io.Writer.
func (h *head) Write(p []byte) (int, error) {
	n := min(len(p), maxStream-h.Len())
	h.Buffer.Write(p[:n])
	h.dropped += len(p) - n
	return len(p), nil
}

// Invoke implements scheduler.Function. The input is what Faasm's interface reads and
// what is on stdin.
func (b *book) Invoke(ctx context.Context, r *scheduler.Request, chain faasm.Chain) scheduler.Result {
	var result scheduler.Result
	var stdout, stderr head
	inv := &Invocation{
		Input:   r.Input,
		Args:    append(faasm.Args(""), r.Args...),
		Stdin:   bytes.NewReader(r.Input),
		Stdout:  also(&stdout, b.library.Stdout),
		Stderr:  also(&stderr, b.library.Stderr),
		Limits:  r.Limits,
		Python:  r.Python,
		Chain:   chain,
		Pointer: r.Pointer,
		KeepOutput: func(output []byte) {
			result.Output = bytes.Clone(output)
		},
	}
	o, err := b.function.Invoke(ctx, inv)
	result.ReturnValue, result.Memory = o.Code, o.Memory
	result.Stdout, result.Stderr = stdout.Bytes(), stderr.Bytes()
	if err != nil {
		result.ReturnValue, result.Failure = 1, b.failure(ctx, err)
	}
	return result
}

// also writes to a second writer, if there is one.
func also(w, second io.Writer) io.Writer {
	if second == nil {
		return w
	}
	return io.MultiWriter(w, second)
}

// failure says in text why an invocation did not end by itself.
func (b *book) failure(ctx context.Context, err error) *scheduler.Failure {
	f := &scheduler.Failure{Kind: "error", Code: "cannot run", Message: err.Error()}
	var trap *guest.Trap
	var limit *guest.Limit
	switch {
	case errors.As(err, &trap):
		f.Kind, f.Code, f.Frames = "trap", trap.Code.String(), b.Backtrace(trap.Frames)
	case errors.As(err, &limit):
		f.Kind, f.Code, f.Frames = "limit", limit.Kind.String(), b.Backtrace(limit.Frames)
		if why := context.Cause(ctx); limit.Kind == guest.LimitCancelled && why != nil {
			f.Message = fmt.Sprintf("%v", why)
		}
	}
	return f
}

// Backtrace implements scheduler.Function.
func (b *book) Backtrace(stack []guest.Frame) []scheduler.Frame {
	return b.function.PlainBacktrace(stack)
}

// PlainBacktrace is Backtrace as schedulers keep it.
func (f *Function) PlainBacktrace(stack []guest.Frame) []scheduler.Frame {
	calls := f.Backtrace(stack)
	frames := make([]scheduler.Frame, len(calls))
	for i, c := range calls {
		frames[i] = scheduler.Frame{Function: c.Function, Index: uint32(c.Func), File: c.File, Line: c.Line, Column: c.Column, Inlined: c.Inlined, Offset: uint64(c.Code), Note: c.Note}
	}
	return frames
}
