package cli

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/faaslens/faaslens/bus"
	"github.com/faaslens/faaslens/cluster"
	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/scheduler"
	"github.com/faaslens/faaslens/store"
	"github.com/faaslens/faaslens/worker"
)

// sharedLibrary is a library whose functions are the same in all processes on a bus. When
// a function was stored, the other members know so before that is acknowledged; each takes
// the new version from the bus at once, and holds back who asks for it until it has it.
type sharedLibrary struct {
	*worker.Library
	store   *store.Store
	bus     *bus.Bus
	cluster *cluster.Cluster // set before anything is stored
	limit   int64            // of a module's size
	log     *slog.Logger
	turns   turns

	mu    sync.Mutex
	stale map[guest.Name]int // how often those were changed elsewhere that were not taken since
}

// maxTakers is how many functions are taken from the bus at a time without being asked for.
const maxTakers = 4

// kindFunction tells the other members that a function was stored or removed.
const kindFunction = "function"

func newSharedLibrary(v *service, limit int64) *sharedLibrary {
	return &sharedLibrary{Library: v.library, store: v.store, bus: v.bus, limit: limit, log: v.log, stale: make(map[guest.Name]int)}
}

// Acquire implements scheduler.Functions.
func (l *sharedLibrary) Acquire(ctx context.Context, name guest.Name) (scheduler.Function, bool, error) {
	if l.isStale(name) {
		if err := l.await(ctx, name); err != nil {
			return nil, true, err
		}
	}
	f, cold, err := l.Library.Acquire(ctx, name)
	if errors.Is(err, scheduler.ErrNoFunction) && name.Validate() == nil {
		// Who stored it may be one that this process has not met yet.
		if taken := l.await(ctx, name); taken != nil {
			return nil, true, taken
		}
		return l.Library.Acquire(ctx, name)
	}
	return f, cold, err
}

// Has implements gateway.Functions.
func (l *sharedLibrary) Has(name guest.Name) bool {
	if l.Library.Has(name) {
		return true
	}
	if name.Validate() != nil {
		return false
	}
	ctx, cancel := context.WithTimeout(context.Background(), busTimeout)
	defer cancel()
	m, err := l.bus.FindModule(ctx, name)
	return err == nil && !m.Deleted
}

// Publish makes a module a function here and then everywhere.
func (l *sharedLibrary) Publish(ctx context.Context, name guest.Name, module []byte, o store.AddOptions) (store.Function, error) {
	f, err := l.publish(ctx, name, module, o)
	if err == nil {
		l.tell(ctx, name)
	}
	return f, err
}

func (l *sharedLibrary) publish(ctx context.Context, name guest.Name, module []byte, o store.AddOptions) (store.Function, error) {
	done, err := l.turns.take(ctx, name)
	if err != nil {
		return store.Function{}, err
	}
	defer done()
	f, err := l.Library.Publish(ctx, name, module, o)
	if err != nil {
		return f, err
	}
	return f, l.bus.PutModule(ctx, name, module, o.WarmExport)
}

// Remove removes a function here and everywhere.
func (l *sharedLibrary) Remove(name guest.Name) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	done, err := l.turns.take(ctx, name)
	if err != nil {
		return err
	}
	defer done()
	err = l.Library.Remove(name)
	if m, found := l.bus.FindModule(ctx, name); errors.Is(err, store.ErrNotFound) && found == nil && !m.Deleted {
		err = nil // it is another member's
	}
	if err != nil {
		return err
	}
	if err := l.bus.DeleteModule(ctx, name); err != nil {
		return err
	}
	l.tell(ctx, name)
	return nil
}

// tell has the other members look at a function before they use it again.
func (l *sharedLibrary) tell(ctx context.Context, name guest.Name) {
	l.cluster.Ask(ctx, "", kindFunction, name.String(), func(member string, _ []byte, err error) {
		if err != nil {
			l.log.Warn("another member may go on with an old version for a while", "member", member, "function", name.String(), "error", err)
		}
	})
}

// hear answers tell.
func (l *sharedLibrary) hear(_ context.Context, text []byte) ([]byte, error) {
	var s string
	if err := json.Unmarshal(text, &s); err != nil {
		return nil, err
	}
	name, err := guest.ParseName(s)
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.stale[name]++
	return nil, nil
}

func (l *sharedLibrary) isStale(name guest.Name) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.stale[name] > 0
}

// follow takes the functions of the bus, and goes on with those that change, until the
// context ends. It returns when it has those that are there. It owns a goroutine, and more
// while functions are taken.
func (l *sharedLibrary) follow(ctx context.Context) error {
	ready := make(chan struct{})
	ended := make(chan error, 1)
	takers := make(chan struct{}, maxTakers)
	var first sync.WaitGroup
	started := false // the watch's own
	go func() {
		ended <- l.bus.WatchModules(ctx, func(m bus.Module) {
			done := func() {}
			if !started {
				first.Add(1)
				done = first.Done
			}
			go func() {
				defer done()
				l.takeInTurn(ctx, m.Function, takers)
			}()
		}, func() { started = true; close(ready) })
	}()
	select {
	case <-ready:
		first.Wait()
		return nil
	case err := <-ended:
		return err
	}
}

// takeInTurn takes a function when fewer than maxTakers do.
func (l *sharedLibrary) takeInTurn(ctx context.Context, name guest.Name, takers chan struct{}) {
	select {
	case takers <- struct{}{}:
		defer func() { <-takers }()
	case <-ctx.Done():
		return
	}
	if err := l.take(ctx, name); err != nil && ctx.Err() == nil {
		l.log.Warn("take a function from the bus", "function", name.String(), "error", err)
	}
}

// await has the newest version of a function taken from the bus, and waits for that. It goes
// on where who waits has given up.
func (l *sharedLibrary) await(ctx context.Context, name guest.Name) error {
	taken := make(chan error, 1)
	go func() { taken <- l.take(context.WithoutCancel(ctx), name) }()
	select {
	case err := <-taken:
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// take makes what the bus has of a function the version here, unless it is that already.
func (l *sharedLibrary) take(ctx context.Context, name guest.Name) error {
	done, err := l.turns.take(ctx, name)
	if err != nil {
		return err
	}
	defer done()
	l.mu.Lock()
	changes := l.stale[name]
	l.mu.Unlock()
	if err := l.takeNow(ctx, name); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.stale[name] == changes { // what came later is to be looked at again
		delete(l.stale, name)
	}
	return nil
}

func (l *sharedLibrary) takeNow(ctx context.Context, name guest.Name) error {
	m, err := l.bus.FindModule(ctx, name)
	if errors.Is(err, bus.ErrNoModule) {
		return nil
	}
	if err != nil {
		return err
	}
	have, err := l.store.Get(name)
	switch {
	case m.Deleted && err == nil:
		return l.Library.Remove(name)
	case m.Deleted, err == nil && have.SHA256 == hexDigest(m.Digest) && have.Meta.WarmExport == m.WarmExport:
		return nil
	}
	module, err := l.bus.GetModule(ctx, name, l.limit)
	if err == nil {
		_, err = l.Library.Publish(ctx, name, module, store.AddOptions{Origin: "the bus", WarmExport: m.WarmExport})
	}
	return err
}

// hexDigest is a digest of the bus, "SHA-256=" and base64, in hex; "" if it is no such.
func hexDigest(s string) string {
	s, ok := strings.CutPrefix(s, "SHA-256=")
	b, err := base64.URLEncoding.DecodeString(s)
	if !ok || err != nil {
		return ""
	}
	return hex.EncodeToString(b)
}

// turns has those who change a function take turns, each function for itself.
type turns struct {
	mu    sync.Mutex
	taken map[guest.Name]*turn
}

// turn is one function's.
type turn struct {
	free  chan struct{} // has an element when nobody has the turn
	users int           // that have it or wait for it
}

// take waits for a function's turn. Done gives it back.
func (t *turns) take(ctx context.Context, name guest.Name) (done func(), err error) {
	t.mu.Lock()
	if t.taken == nil {
		t.taken = make(map[guest.Name]*turn)
	}
	one := t.taken[name]
	if one == nil {
		one = &turn{free: make(chan struct{}, 1)}
		one.free <- struct{}{}
		t.taken[name] = one
	}
	one.users++
	t.mu.Unlock()
	leave := func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		if one.users--; one.users == 0 {
			delete(t.taken, name)
		}
	}
	select {
	case <-one.free:
		return func() { one.free <- struct{}{}; leave() }, nil
	case <-ctx.Done():
		leave()
		return nil, context.Cause(ctx)
	}
}
