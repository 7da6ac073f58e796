package planner

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/faaslens/faaslens/gateway"
	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/scheduler"
	"github.com/faaslens/faaslens/sharedfile"
	"github.com/faaslens/faaslens/state"
	"github.com/faaslens/faaslens/store"
)

// Config shapes a planner. All but Queue, Members, State and Log must be given.
type Config struct {
	Scheduler *scheduler.Scheduler
	// Queue takes what goes on without its client. Default: the scheduler alone.
	Queue Queue
	// Members tells of all processes that run functions. Default: this one alone.
	Members func(context.Context) []gateway.MemberStatus
	// Elsewhere has all invocations run by others, by way of the queue.
	Elsewhere bool
	Functions gateway.Functions
	// State is the values that functions share. Default: some that no function sees.
	State  *state.Values
	Files  *sharedfile.Files
	Store  *store.Store
	Host   string       // what this machine is called
	Limits guest.Limits // of each invocation
	// MaxBody bounds messages and modules, MaxState values and files, in bytes.
	MaxBody, MaxState int64
	// BodyTimeout is how long a body may take; of a value or a file, each MiB.
	BodyTimeout time.Duration
	Log         *slog.Logger
}

// Planner is the handlers and what they share.
type Planner struct {
	cfg Config

	mu     sync.Mutex
	policy string
}

// New makes a planner.
func New(cfg Config) *Planner {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Queue == nil {
		cfg.Queue = newLocalQueue(cfg.Scheduler)
	}
	if cfg.State == nil {
		cfg.State = state.NewValues(state.NewLocal(new(state.Memory), state.Limits{}), nil)
	}
	if cfg.Members == nil {
		cfg.Members = alone(&cfg, time.Now())
	}
	return &Planner{cfg: cfg, policy: "bin-pack"}
}

// Handler answers Faasm's paths.
func (p *Planner) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /{$}", p.message)
	mux.HandleFunc("GET /ping", func(w http.ResponseWriter, _ *http.Request) { say(w, http.StatusOK, "PONG") })
	mux.HandleFunc("PUT /f/{user}/{function}", p.uploadFunction)
	mux.HandleFunc("PUT /p/{user}/{function}", p.uploadPython)
	mux.HandleFunc("PUT /s/{user}/{key}", p.uploadState)
	mux.HandleFunc("GET /s/{user}/{key}", p.sendState)
	mux.HandleFunc("PUT /file", p.uploadFile)
	mux.HandleFunc("GET /file", p.sendFile)
	mux.HandleFunc("OPTIONS /", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) })
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet || r.Method == http.MethodPut {
			say(w, http.StatusBadRequest, "Unrecognised "+r.Method+" request to "+strings.Trim(r.URL.Path, "/"))
			return
		}
		say(w, http.StatusBadRequest, "Unrecognised request method")
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Access-Control-Allow-Origin", "*")
		h.Set("Access-Control-Allow-Methods", "GET,POST,PUT,OPTIONS")
		h.Set("Access-Control-Allow-Headers", "User-Agent,Accept,Content-Type,FilePath")
		mux.ServeHTTP(w, r)
	})
}

// say answers with text, as Faasm does to everything.
func say(w http.ResponseWriter, status int, text string) {
	h := w.Header()
	h.Set("Content-Type", "text/plain")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text) // the client may have gone
}

// tell answers with JSON, which Faasm too calls text.
func tell(w http.ResponseWriter, v any) {
	b, err := json.Marshal(v)
	if err != nil {
		say(w, http.StatusInternalServerError, err.Error())
		return
	}
	say(w, http.StatusOK, string(b))
}

func (p *Planner) body(w http.ResponseWriter, r *http.Request) ([]byte, bool) {
	b, problem := gateway.ReadBody(w, r, p.cfg.MaxBody, p.cfg.BodyTimeout)
	if problem != nil {
		say(w, problem.Status, problem.Error+"\n")
		return nil, false
	}
	return b, true
}

// message answers what is posted to the root: a planner's message, or a worker's.
func (p *Planner) message(w http.ResponseWriter, r *http.Request) {
	b, ok := p.body(w, r)
	if !ok {
		return
	}
	if len(b) == 0 {
		say(w, http.StatusBadRequest, "Empty request")
		return
	}
	var m struct {
		Type    json.RawMessage `json:"http_type"`
		Payload string          `json:"payload"`
	}
	if err := json.Unmarshal(b, &m); err != nil {
		say(w, http.StatusBadRequest, "Bad JSON in request body")
		return
	}
	if m.Type == nil {
		p.workerMessage(w, r, b)
		return
	}
	kind, ok := parseKind(m.Type)
	if !ok {
		say(w, http.StatusBadRequest, "Unrecognised message type")
		return
	}
	p.answer(w, r, kind, m.Payload)
}

// answer answers a planner's message.
func (p *Planner) answer(w http.ResponseWriter, r *http.Request, k kind, payload string) {
	switch k {
	case reset:
		p.cfg.Functions.Flush()
		p.forgetApps(w, r, "Planner fully reset!")
	case flushHosts: // those that are gone are forgotten by themselves
		say(w, http.StatusOK, "Flushed available hosts!")
	case flushExecutors:
		p.cfg.Functions.Flush()
		say(w, http.StatusOK, "Flushed executors!")
	case flushState:
		p.forgetApps(w, r, "Flushed scheduling state!")
	case getHosts:
		tell(w, p.hosts(r.Context()))
	case getConfig:
		tell(w, map[string]any{"ip": p.cfg.Host, "hostTimeout": 5, "numThreadsHttpServer": 4})
	case getGraph:
		p.graph(w, r, payload)
	case getApps:
		p.inFlight(w, r)
	case executeBatch:
		p.execute(w, r, payload)
	case batchStatus:
		p.batchStatus(w, r, payload)
	case preloadDecision: // there is one machine to run on
		say(w, http.StatusOK, "Decision pre-loaded to planner")
	case setPolicy:
		p.setPolicy(w, payload)
	case getPolicy:
		p.mu.Lock()
		policy := p.policy
		p.mu.Unlock()
		say(w, http.StatusOK, policy)
	case setEvicted:
		say(w, http.StatusBadRequest, "no machine is evicted here: the policy spot is taken and makes no difference")
	}
}

// forgetApps forgets which messages belong to which application, everywhere.
func (p *Planner) forgetApps(w http.ResponseWriter, r *http.Request, done string) {
	if err := p.cfg.Queue.ForgetBatches(r.Context()); err != nil {
		say(w, http.StatusInternalServerError, err.Error())
		return
	}
	say(w, http.StatusOK, done)
}

// setPolicy takes any of Faasm's policies: on one machine they are the same.
func (p *Planner) setPolicy(w http.ResponseWriter, policy string) {
	switch policy {
	case "bin-pack", "compact", "spot":
	default:
		say(w, http.StatusBadRequest, fmt.Sprintf("Unrecognised policy %q: want bin-pack, compact or spot", policy))
		return
	}
	p.mu.Lock()
	p.policy = policy
	p.mu.Unlock()
	say(w, http.StatusOK, "Policy set correctly")
}
