package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"time"

	"github.com/faaslens/faaslens/bus"
	"github.com/faaslens/faaslens/cluster"
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
	var used *bus.InUse
	if errors.As(err, &used) {
		return fmt.Errorf("serve: %w: stop that, give another --data, or have this one join it with --nats URL, where that has --nats-listen", err)
	}
	return err
}

// join takes part in the queue.
func (v *service) join(ctx context.Context, f *serveFlags, host string, seats *cluster.Seats, shared *sharedLibrary) (err error) {
	atOnce := 4 * f.workers // some wait for others, and some for their function
	if f.role == roleGateway {
		atOnce = 0
	}
	cfg := cluster.Config{Bus: v.bus, Scheduler: v.scheduler, Seats: seats, Host: host, AtOnce: atOnce, Keep: f.keep, Log: v.log}
	if shared != nil {
		cfg.Answers = map[string]cluster.Answerer{kindFunction: shared.hear}
	}
	if v.cluster, err = cluster.Open(ctx, cfg); err == nil && shared != nil {
		shared.cluster = v.cluster
	}
	return err
}

// shared reports whether other processes may be on the bus.
func (f *serveFlags) shared() bool { return f.nats != "" || f.natsListen != "" }

// busTimeout bounds the start of the bus.
const busTimeout = 30 * time.Second
