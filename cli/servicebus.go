package cli

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/faaslens/faaslens/bus"
	"github.com/faaslens/faaslens/cluster"
	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/store"
	"github.com/faaslens/faaslens/worker"
)

// Roles of a process that serves.
const (
	roleBoth    = "both"
	roleGateway = "gateway" // takes requests and has others run them
	roleWorker  = "worker"  // runs what others took
)

// checkBus checks the flags that join processes.
func (f *serveFlags) checkBus() error {
	switch f.role {
	case roleBoth:
	case roleGateway, roleWorker:
		if f.nats == "" {
			return misuse("--role %s: with whom? give the others' NATS by --nats", f.role)
		}
	default:
		return misuse("--role %q: want %s, %s or %s", f.role, roleBoth, roleGateway, roleWorker)
	}
	if f.name != "" && !memberNames.MatchString(f.name) {
		return misuse("--name %q: want up to 64 letters, digits, dots, dashes and underscores", f.name)
	}
	if f.nats != "" && f.natsListen != "" {
		return misuse("--nats is another's server and --nats-listen is for the one inside: give one")
	}
	return nil
}

// memberNames are those that a process may be given.
var memberNames = regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`)

// memberName is what this process is called among those that share work.
func (f *serveFlags) memberName() (string, error) {
	if f.name != "" {
		return f.name, nil
	}
	host, err := os.Hostname()
	if err != nil {
		return "", fmt.Errorf("serve: what this machine is called: %w: give a name with --name", err)
	}
	if f.shared() {
		host = fmt.Sprintf("%s-%d", host, os.Getpid())
	}
	return host, nil
}

// openBus connects to what the processes of a service share.
func (v *service) openBus(ctx context.Context, f *serveFlags, dir string) (err error) {
	v.bus, err = bus.Open(ctx, bus.Config{
		URL: f.nats, Dir: filepath.Join(dir, "nats"), Listen: f.natsListen, Log: v.log,
		Keep: f.keep + f.maxTimeout, // from when an invocation is accepted
	})
	return err
}

// join takes part in the queue.
func (v *service) join(ctx context.Context, f *serveFlags, host string, seats *cluster.Seats) (err error) {
	atOnce := 4 * f.workers // some wait for others, and some for their function
	if f.role == roleGateway {
		atOnce = 0
	}
	v.cluster, err = cluster.Open(ctx, cluster.Config{
		Bus: v.bus, Scheduler: v.scheduler, Seats: seats, Host: host, AtOnce: atOnce, Log: v.log,
	})
	return err
}

// shared reports whether other processes may be on the bus.
func (f *serveFlags) shared() bool { return f.nats != "" || f.natsListen != "" }

// sharedLibrary is a library whose functions are the same in all processes on a bus.
type sharedLibrary struct {
	*worker.Library
	store *store.Store
	bus   *bus.Bus
	limit int64
	told  func(format string, args ...any)

	mu sync.Mutex // held while a module of the bus is taken
}

// Publish makes a module a function here and then everywhere.
func (l *sharedLibrary) Publish(ctx context.Context, name guest.Name, module []byte, o store.AddOptions) (store.Function, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f, err := l.Library.Publish(ctx, name, module, o)
	if err != nil {
		return f, err
	}
	return f, l.bus.PutModule(ctx, name, module, o.WarmExport)
}

// Remove removes a function here and everywhere.
func (l *sharedLibrary) Remove(name guest.Name) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.Library.Remove(name); err != nil {
		return err
	}
	return l.bus.DeleteModule(context.Background(), name)
}

// follow takes the functions of the bus, and goes on with those that change, until the
// context ends. It returns when it has those that are there. It owns a goroutine.
func (l *sharedLibrary) follow(ctx context.Context) error {
	ready := make(chan struct{})
	ended := make(chan error, 1)
	go func() {
		ended <- l.bus.WatchModules(ctx, func(m bus.Module) { l.take(ctx, m) }, func() { close(ready) })
	}()
	select {
	case <-ready:
		return nil
	case err := <-ended:
		return err
	}
}

// take makes a module of the bus the function's version here, unless it is that already.
func (l *sharedLibrary) take(ctx context.Context, m bus.Module) {
	l.mu.Lock()
	defer l.mu.Unlock()
	have, err := l.store.Get(m.Function)
	switch {
	case m.Deleted && err == nil:
		if err := l.Library.Remove(m.Function); err != nil {
			l.told("remove %s, which was removed elsewhere: %v", m.Function, err)
		}
		return
	case m.Deleted, err == nil && have.SHA256 == hexDigest(m.Digest) && have.Meta.WarmExport == m.WarmExport:
		return
	}
	module, err := l.bus.GetModule(ctx, m.Function, l.limit)
	if err == nil {
		_, err = l.Library.Publish(ctx, m.Function, module, store.AddOptions{Origin: "the bus", WarmExport: m.WarmExport})
	}
	if err != nil {
		l.told("take %s from the bus: %v", m.Function, err)
	}
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

// busTimeout bounds the start of the bus.
const busTimeout = 30 * time.Second
