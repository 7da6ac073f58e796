package worker

import (
	"context"
	"fmt"
	"time"

	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/store"
	"github.com/faaslens/faaslens/wasm"
)

// Publish makes a module a function, or its new version. When it returns, the module has
// been compiled and initialised, is on the disk and is ready to be invoked; with an error, the
// version that was there before still runs. Errors are *guest.InvalidModule,
// *guest.CompileFailure, *guest.LinkError, or the store's.
func (l *Library) Publish(ctx context.Context, name guest.Name, module []byte, o store.AddOptions) (store.Function, error) {
	f, err := l.worker.prepare(ctx, name, module, o.WarmExport)
	if err != nil {
		return store.Function{}, err
	}
	kept, err := l.worker.cfg.Store.Add(name, module, o)
	if err != nil {
		f.Close()
		return store.Function{}, err
	}
	if l.take(name, f, kept.SHA256) {
		return kept, nil
	}
	f.Close()
	l.doubt(name)
	again, _, err := l.Acquire(ctx, name)
	if err != nil {
		return kept, err
	}
	again.Release()
	return kept, nil
}

// take makes a function that is ready the newest version of its name, if it is: what
// initialises it is not to run again. It is not where somebody else was faster, or where
// functions are compiled for debuggers, in their own way.
func (l *Library) take(name guest.Name, f *Function, sha256 string) bool {
	if l.worker.cfg.Engine.DebugInfo {
		return false
	}
	v := l.versionOf(name)
	if now, err := l.worker.cfg.Store.Get(name); err != nil || now.SHA256 != sha256 || l.versionOf(name) != v {
		return false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	b := l.enter(name, v, time.Now())
	b.function = f
	close(b.ready)
	l.clock++
	b.used = l.clock
	l.shrink()
	return true
}

// doubt has the next use of a function look for its newest version.
func (l *Library) doubt(name guest.Name) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if b := l.books[name]; b != nil {
		b.seen = time.Time{}
	}
}

// prepare compiles and initialises a module as a function that is not in the store yet,
// and keeps what that makes, or why it cannot be initialised once, where Open finds it.
func (w *Worker) prepare(ctx context.Context, name guest.Name, module []byte, warmExport string) (*Function, error) {
	dir, err := w.cfg.Store.ObjectDir(name)
	if err != nil {
		return nil, err
	}
	parsed, err := wasm.Parse(module)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return w.open(ctx, &Function{Name: name, original: parsed, retry: true}, dir, warmExport)
}
