package cli

import (
	"context"
	"log/slog"
	"net/http"
	"runtime"
	"time"

	"github.com/faaslens/faaslens/bus"
	"github.com/faaslens/faaslens/cluster"
	"github.com/faaslens/faaslens/engine"
	"github.com/faaslens/faaslens/gateway"
	"github.com/faaslens/faaslens/gateway/planner"
	"github.com/faaslens/faaslens/scheduler"
	"github.com/faaslens/faaslens/sharedfile"
	"github.com/faaslens/faaslens/state"
	"github.com/faaslens/faaslens/store"
	"github.com/faaslens/faaslens/worker"
)

// service is all that serves functions, in one process.
type service struct {
	store     *store.Store
	worker    *worker.Worker
	library   *worker.Library
	scheduler *scheduler.Scheduler
	bus       *bus.Bus
	cluster   *cluster.Cluster
	files     *sharedfile.Files
	holdings  *cluster.Holdings
	unfollow  context.CancelFunc // of the functions on the bus
	gateway   *gateway.Gateway
	planner   *planner.Planner
	servers   []*http.Server
	log       *slog.Logger
}

// maxReady is how many functions that nobody uses are kept ready.
const maxReady = 256

// newService starts a service that does not listen yet.
func (s *session) newService(f *serveFlags, log *slog.Logger) (_ *service, err error) {
	dir := f.data
	if dir == "" {
		if dir, err = s.env.dataDir(); err != nil {
			return nil, err
		}
	}
	host, err := f.memberName()
	if err != nil {
		return nil, err
	}
	v := &service{log: log}
	defer func() {
		if err != nil {
			v.close()
		}
	}()
	if v.store, err = store.Open(dir); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), busTimeout)
	defer cancel()
	if err = v.openBus(ctx, f, dir); err != nil {
		return nil, err
	}
	debug, err := s.nativeDebug()
	if err != nil {
		return nil, err
	}
	compile, err := s.compileApart()
	if err != nil {
		return nil, err
	}
	shards, roots := runtime.GOMAXPROCS(0), max(f.instances/2, f.workers)
	local := state.NewLocal(v.bus.State(), state.Limits{})
	v.openFiles(f)
	v.worker, err = worker.New(worker.Config{
		Store: v.store, State: local, Files: v.files, SharedRoot: f.sharedRoot, Warm: true, Snapshots: true, Log: log,
		// A function that waits keeps its instance. Where there were none left for those
		// that it waits for, all would wait for ever.
		Engine: engine.Config{Shards: shards, DebugInfo: debug, Compile: compile, Slots: max(engine.DefaultSlots, (f.instances+roots+shards-1)/shards)},
	})
	if err != nil {
		return nil, err
	}
	v.library = worker.NewLibrary(v.worker, maxReady)
	if v.holdings, err = cluster.OpenHoldings(cluster.HoldingsConfig{Bus: v.bus, Functions: v.library, State: local, Files: v.files, Log: log}); err != nil {
		return nil, err
	}
	ledger := gateway.NewLedger(log)
	functions, acquired := gateway.Functions(v.library), scheduler.Functions(v.library)
	var shared *sharedLibrary
	if f.shared() {
		shared = newSharedLibrary(v, int64(f.maxModule))
		functions, acquired = shared, shared
	}
	schedule := scheduler.Config{
		Functions: acquired, Host: host, Workers: f.workers, MaxInstances: f.instances, MaxRoots: roots, Keep: f.keep, Log: log, Ended: ledger.Ended,
	}
	var seats *cluster.Seats
	if f.shared() {
		seats = cluster.NewSeats()
		schedule.Others = seats
	}
	v.scheduler = scheduler.New(schedule)
	if shared != nil {
		var following context.Context
		following, v.unfollow = context.WithCancel(context.Background())
		if err = shared.follow(following); err != nil {
			return nil, err
		}
	}
	if err = v.join(ctx, f, host, seats, shared); err != nil {
		return nil, err
	}
	functions = &heldFunctions{functions, v.holdings}
	values := state.NewValues(local, v.holdings.Changed)
	usual, most := f.limits()
	v.gateway = gateway.New(gateway.Config{
		Scheduler: v.scheduler, Queue: v.cluster, Members: v.cluster, Accepted: v.cluster, Backlog: v.bus.Queued, Elsewhere: f.role == roleGateway, Check: v.bus.Ready,
		Functions: functions, State: values, Store: v.store, Ledger: ledger, Host: host, Version: versions().Faaslens,
		Limits: usual, MaxLimits: most, MaxModule: int64(f.maxModule), MaxInput: int64(f.maxInput), MaxState: int64(f.maxState), Log: log,
	})
	v.planner = planner.New(planner.Config{
		Scheduler: v.scheduler, Queue: v.cluster, Members: v.gateway.Members, Elsewhere: f.role == roleGateway,
		Functions: functions, State: values, Files: v.files, Store: v.store, Host: host,
		Limits: usual, MaxBody: int64(max(f.maxModule, f.maxInput)), MaxState: int64(f.maxState), BodyTimeout: time.Minute, Log: log,
	})
	return v, nil
}

func newServer(h http.Handler, log *slog.Logger) *http.Server { return gateway.Server(h, log) }

// drain takes no more work, finishes what there is within that time, cancels what is left
// then, and stops answering.
func (v *service) drain(within time.Duration) {
	ctx, cancel := context.WithTimeout(context.Background(), within)
	defer cancel()
	v.gateway.Drain()
	v.cluster.Leave()
	v.scheduler.Close(ctx)
	v.cluster.Close()
	v.gateway.Close()
	// Clients have a moment to take their answers.
	last, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	for _, server := range v.servers {
		if server.Shutdown(last) != nil {
			server.Close()
		}
	}
}

// close frees everything; it cancels what still runs. What was not started is nil.
func (v *service) close() {
	now, cancel := context.WithCancel(context.Background())
	cancel()
	if v.unfollow != nil {
		v.unfollow()
	}
	if v.scheduler != nil {
		v.scheduler.Close(now)
	}
	if v.cluster != nil {
		v.cluster.Close()
	}
	if v.gateway != nil {
		v.gateway.Close()
	}
	for _, server := range v.servers {
		server.Close()
	}
	if v.library != nil {
		v.library.Close()
	}
	if v.worker != nil {
		v.worker.Close()
	}
	if v.files != nil {
		v.files.Close()
	}
	if v.holdings != nil {
		v.holdings.Close()
	}
	if v.bus != nil {
		v.bus.Close()
	}
	if v.store != nil {
		v.store.Close()
	}
}
