package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"runtime"
	"time"

	"github.com/spf13/cobra"

	"github.com/faaslens/faaslens/guest"
)

// defaultListen is where a service listens, and where clients look for it.
const defaultListen = "127.0.0.1:7070"

// serveFlags is what the command line says about a service.
type serveFlags struct {
	data, listen, faasmListen     string
	workers, instances            int
	keep, drain                   time.Duration
	timeout, maxTimeout           time.Duration
	memory, maxMemory             sizeFlag
	maxModule, maxInput, maxWrite sizeFlag
	maxState                      sizeFlag
	logLevel, logFormat           string
	nats, natsListen, role, name  string
	sharedRoot                    bool
}

func (s *session) serveCommand() *cobra.Command {
	f := serveFlags{maxModule: 64 << 20, maxInput: 64 << 20, maxWrite: 64 << 20, maxState: 1 << 30, memory: 1 << 30, maxMemory: 4 << 30}
	cmd := &cobra.Command{
		Use:   "serve [flags]",
		Short: "Serve functions over HTTP",
		Long: `Serves the functions in the data directory over HTTP, and takes new ones. When it is
ready, it prints so with its URL. /openapi.json describes what it answers; 'faaslens
invoke', 'status', 'ps', 'top', 'graph', 'stack' and 'logs' are its clients.

SIGTERM or SIGINT drains it: it takes no more work, finishes what it has within
--drain-timeout and exits 0. A second signal ends it at once.

It listens on this machine only unless --listen says otherwise; there is no
authentication.`,
		Example: `  faaslens serve
  faaslens serve --data /srv/functions --listen :7070 --workers 8
  faaslens serve --faasm-listen 127.0.0.1:8080
  faaslens serve --nats nats://10.0.0.1:4222 --role worker --listen 127.0.0.1:0`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if f.workers < 1 || f.instances < f.workers {
				return misuse("--workers %d, --max-instances %d: want a worker or more, and no fewer instances", f.workers, f.instances)
			}
			if err := f.checkLimits(cmd.Flags().Changed); err != nil {
				return err
			}
			if err := f.checkBus(); err != nil {
				return err
			}
			ctx, release := interruptible(cmd.Context())
			defer release()
			return s.serve(ctx, &f)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.data, "data", "", "the data `DIR`ectory, in place of FAASLENS_DIR")
	flags.StringVar(&f.listen, "listen", defaultListen, "answer at that `ADDRESS`; port 0 is any")
	flags.StringVar(&f.faasmListen, "faasm-listen", "", "answer Faasm's clients at that `ADDRESS`")
	flags.IntVar(&f.workers, "workers", runtime.NumCPU(), "functions that run at a time")
	flags.IntVar(&f.instances, "max-instances", 2048, "functions that have started, with those that wait for others")
	flags.DurationVar(&f.keep, "keep", 10*time.Minute, "how long results are kept")
	flags.DurationVar(&f.drain, "drain-timeout", 30*time.Second, "how long to finish work when told to end")
	flags.DurationVar(&f.timeout, "timeout", time.Minute, "deadline of an invocation that asks for none")
	flags.DurationVar(&f.maxTimeout, "max-timeout", time.Hour, "longest that it may ask for")
	flags.Var(&f.memory, "memory", "memory of an invocation that asks for none: `SIZE`")
	flags.Var(&f.maxMemory, "max-memory", "most that it may ask for: `SIZE`")
	flags.Var(&f.maxModule, "max-module", "largest module that is taken: `SIZE`")
	flags.Var(&f.maxInput, "max-input", "largest input that is taken: `SIZE`")
	flags.Var(&f.maxState, "max-state", "largest value of state, or shared file, that is taken: `SIZE`")
	flags.Var(&f.maxWrite, "output-limit", "most that an invocation may write: `SIZE`")
	flags.StringVar(&f.logLevel, "log-level", "info", "least that is logged: `LEVEL` debug (every invocation), info, warn or error")
	flags.StringVar(&f.logFormat, "log-format", "text", "`FORMAT` of the log on stderr: text or json")
	flags.StringVar(&f.nats, "nats", "", "share queue, results, functions and state with others by the NATS server at that `URL`")
	flags.StringVar(&f.natsListen, "nats-listen", "", "let others share by the server inside, at that `ADDRESS`")
	flags.StringVar(&f.role, "role", roleBoth, "`ROLE` among those: gateway takes requests, worker runs functions, both does")
	flags.StringVar(&f.name, "name", "", "`NAME` of this process among those (default: the machine's name and, where it shares, the process's number)")
	flags.BoolVar(&f.sharedRoot, "shared-root", false, "functions share one file system, as Faasm's do")
	return cmd
}

// serve serves until ctx ends, and then drains.
func (s *session) serve(ctx context.Context, f *serveFlags) error {
	log, err := s.serviceLog(f)
	if err != nil {
		return err
	}
	v, err := s.newService(f, log)
	if err != nil {
		return err
	}
	defer v.close()
	defer s.answerStacks(v.worker)()
	s.tuneCollector()
	failed := make(chan error, 2)
	url, err := v.listen(f.listen, v.gateway.Handler(), failed)
	if err != nil {
		return err
	}
	faasm := ""
	if f.faasmListen != "" {
		if faasm, err = v.listen(f.faasmListen, v.planner.Handler(), failed); err != nil {
			return err
		}
	}
	fmt.Fprintf(s.stdout, "ready: %s\n", url)
	if faasm != "" {
		fmt.Fprintf(s.stdout, "ready for Faasm's clients: %s\n", faasm)
	}
	if f.natsListen != "" {
		fmt.Fprintf(s.stdout, "ready for other members: %s\n", v.bus.URL())
	}
	log.Info("ready", "url", url, "faasm_url", faasm, "data", v.store.Dir(), "workers", f.workers, "pid", os.Getpid())
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	log.Info("draining", "reason", context.Cause(ctx).Error(), "at_most", f.drain.String())
	v.drain(f.drain)
	log.Info("ended")
	return nil
}

// listen serves at an address until the service is drained. It owns a goroutine, which
// ends with the server.
func (v *service) listen(address string, h http.Handler, failed chan<- error) (url string, err error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return "", fmt.Errorf("serve: %w: give another address with --listen or --faasm-listen", err)
	}
	server := newServer(h, v.log)
	v.servers = append(v.servers, server)
	go func() {
		if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			failed <- fmt.Errorf("serve at %s: %w", address, err)
		}
	}()
	return "http://" + l.Addr().String(), nil
}

func (s *session) serviceLog(f *serveFlags) (*slog.Logger, error) {
	var level slog.Level
	if err := level.UnmarshalText([]byte(f.logLevel)); err != nil {
		return nil, misuse("--log-level %q: want debug, info, warn or error", f.logLevel)
	}
	options := &slog.HandlerOptions{Level: level}
	switch f.logFormat {
	case "text":
		return slog.New(slog.NewTextHandler(s.stderr, options)), nil
	case "json":
		return slog.New(slog.NewJSONHandler(s.stderr, options)), nil
	}
	return nil, misuse("--log-format %q: want text or json", f.logFormat)
}

// checkLimits checks that an invocation that asks for nothing gets no more than one may ask
// for. Where only the most is given, what is given by default is no more than that.
func (f *serveFlags) checkLimits(given func(flag string) bool) error {
	if f.timeout > f.maxTimeout {
		if given("timeout") {
			return misuse("--timeout %v is more than --max-timeout %v: raise that, too", f.timeout, f.maxTimeout)
		}
		f.timeout = f.maxTimeout
	}
	if f.memory > f.maxMemory {
		if given("memory") {
			return misuse("--memory %s is more than --max-memory %s: raise that, too", flagSize(uint64(f.memory)), flagSize(uint64(f.maxMemory)))
		}
		f.memory = f.maxMemory
	}
	return nil
}

// limits are those of invocations, and the most that they may ask for.
func (f *serveFlags) limits() (usual, most guest.Limits) {
	usual = guest.Limits{Timeout: f.timeout, Memory: uint64(f.memory), Output: uint64(f.maxWrite)}
	most = guest.Limits{Timeout: f.maxTimeout, Memory: uint64(f.maxMemory), Output: uint64(f.maxWrite)}
	return usual, most
}
