package gateway

import (
	"net/http"
	"time"

	"github.com/faaslens/faaslens/execgraph"
	"github.com/faaslens/faaslens/scheduler"
)

// graph shows whom an invocation chained.
func (g *Gateway) graph(w http.ResponseWriter, r *http.Request) {
	id, p := invocationID(r)
	if p != nil {
		fail(w, p)
		return
	}
	root, err := g.cfg.Scheduler.Graph(id)
	if err != nil {
		fail(w, unknownInvocation(id.String()))
		return
	}
	now := time.Now()
	h := w.Header()
	// A write fails where the client has gone.
	switch format := r.URL.Query().Get("format"); format {
	case "", "json":
		h.Set("Content-Type", "application/json")
		_ = execgraph.WriteFaasm(w, root, int32(id), now)
	case "dot":
		h.Set("Content-Type", "text/vnd.graphviz; charset=utf-8")
		_ = execgraph.WriteDOT(w, root, now)
	case "svg":
		h.Set("Content-Type", "image/svg+xml")
		_ = execgraph.WriteSVG(w, root, now)
	case "text":
		h["Content-Type"] = plainText
		_ = execgraph.WriteText(w, root, now)
	default:
		fail(w, badRequest("there are json, dot, svg and text", "the format %q is not known", format))
	}
}

// Stack is where a running invocation is.
type Stack struct {
	ID       scheduler.ID      `json:"id"`
	Function string            `json:"function"`
	Elapsed  time.Duration     `json:"elapsed_ns"`
	Call     string            `json:"call,omitempty"` // the host call that it is in
	Depth    int               `json:"depth"`          // may be more than there are frames
	Frames   []scheduler.Frame `json:"frames"`         // innermost first
}

func stackOf(s *scheduler.Stack) Stack {
	return Stack{s.ID, s.Function.String(), s.Elapsed, s.Call, s.Depth, s.Frames}
}

// stacks shows where all running invocations are.
func (g *Gateway) stacks(w http.ResponseWriter, _ *http.Request) {
	list := []Stack{}
	for _, s := range g.cfg.Functions.Stacks() {
		list = append(list, stackOf(&s))
	}
	answer(w, http.StatusOK, list)
}

// stack shows where one is.
func (g *Gateway) stack(w http.ResponseWriter, r *http.Request) {
	id, p := invocationID(r)
	if p != nil {
		fail(w, p)
		return
	}
	for _, s := range g.cfg.Functions.Stacks() {
		if s.ID == id {
			answer(w, http.StatusOK, stackOf(&s))
			return
		}
	}
	i, err := g.cfg.Scheduler.Get(id)
	if err != nil {
		fail(w, unknownInvocation(id.String()))
		return
	}
	fail(w, &Problem{Status: http.StatusConflict, Error: "invocation " + id.String() + " is not running: it is " + i.Status.String(),
		Hint: "GET /v1/invocations lists those that have not ended"})
}

// Status is what a server is doing.
type Status struct {
	Host      string          `json:"host"`
	Version   string          `json:"version"`
	Started   time.Time       `json:"started"`
	Draining  bool            `json:"draining"`
	Workers   int             `json:"workers"` // functions that may run at a time
	Running   int             `json:"running"`
	Waiting   int             `json:"waiting"` // for others that they chained
	Queued    int             `json:"queued"`
	Kept      int             `json:"kept"` // results that have not expired
	Functions []FunctionCount `json:"functions"`
}

// FunctionCount is what became of a function's invocations since the start.
type FunctionCount struct {
	Function string  `json:"function"`
	Ended    uint64  `json:"ended"`
	Failed   uint64  `json:"failed"`
	Cold     uint64  `json:"cold_starts"`
	Seconds  float64 `json:"seconds"` // that they took, in all
	Longest  float64 `json:"longest"` // seconds
	Queue    float64 `json:"queue"`   // seconds, in all
}

func (g *Gateway) status(w http.ResponseWriter, _ *http.Request) {
	s := g.cfg.Scheduler.Stats()
	answer(w, http.StatusOK, Status{
		Host: g.cfg.Host, Version: g.cfg.Version, Started: g.started.UTC(), Draining: g.draining.Load(),
		Workers: s.Workers, Running: s.Running, Waiting: s.Waiting, Queued: s.Queued, Kept: s.Kept,
		Functions: g.cfg.Ledger.counts(),
	})
}

func (g *Gateway) healthy(w http.ResponseWriter, _ *http.Request) {
	w.Header()["Content-Type"] = plainText
	_, _ = w.Write([]byte("ok\n"))
}

// ready answers 503 once the service is being shut down.
func (g *Gateway) ready(w http.ResponseWriter, _ *http.Request) {
	if g.draining.Load() {
		fail(w, refusal(errDraining))
		return
	}
	if check := g.cfg.Check; check != nil {
		if err := check(); err != nil {
			fail(w, &Problem{Status: http.StatusServiceUnavailable, Error: err.Error(), Hint: "try again later"})
			return
		}
	}
	w.Header()["Content-Type"] = plainText
	_, _ = w.Write([]byte("ready\n"))
}
