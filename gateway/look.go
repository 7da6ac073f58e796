package gateway

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
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
	root, silent, err := g.cfg.Queue.Graph(r.Context(), id)
	if errors.Is(err, scheduler.ErrUnknown) {
		fail(w, unknownInvocation(id.String()))
		return
	}
	if err != nil {
		fail(w, refusal(err))
		return
	}
	nameSilent(w, silent)
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

// Status is what a service is doing: the sums over its members, and each of these.
type Status struct {
	Host      string          `json:"host"` // that answered
	Version   string          `json:"version"`
	Started   time.Time       `json:"started"` // of that
	Draining  bool            `json:"draining"`
	Workers   int             `json:"workers"` // functions that may run at a time
	Running   int             `json:"running"`
	Waiting   int             `json:"waiting"` // for others that they chained
	Queued    int             `json:"queued"`
	Kept      int             `json:"kept"` // results that have not expired
	Functions []FunctionCount `json:"functions"`
	Members   []MemberStatus  `json:"members"`
}

// MemberStatus is what one process is doing.
type MemberStatus struct {
	Host      string          `json:"host"`
	Silent    bool            `json:"silent,omitempty"` // it did not answer: nothing else is known
	Version   string          `json:"version,omitempty"`
	Started   time.Time       `json:"started,omitzero"`
	Draining  bool            `json:"draining,omitempty"`
	Workers   int             `json:"workers"`
	Running   int             `json:"running"`
	Waiting   int             `json:"waiting"`
	Queued    int             `json:"queued"`
	Elsewhere int             `json:"elsewhere"` // that it has other members run
	Kept      int             `json:"kept"`
	Functions []FunctionCount `json:"functions,omitempty"`
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

func (g *Gateway) status(w http.ResponseWriter, r *http.Request) {
	all, p := gather(g, w, r, askStatus, struct{}{}, func(context.Context, struct{}) MemberStatus { return g.statusHere() })
	if p != nil {
		fail(w, p)
		return
	}
	st := Status{Host: g.cfg.Host, Version: g.cfg.Version, Started: g.started.UTC(), Draining: g.draining.Load(), Functions: []FunctionCount{}}
	for _, m := range statuses(all) {
		st.Workers, st.Running, st.Waiting = st.Workers+m.Workers, st.Running+m.Running, st.Waiting+m.Waiting
		st.Queued, st.Kept = st.Queued+m.Queued, st.Kept+m.Kept
		st.Functions = addCounts(st.Functions, m.Functions)
		if len(all) == 1 {
			m.Functions = nil // they are in the sum
		}
		st.Members = append(st.Members, m)
	}
	answer(w, http.StatusOK, st)
}

// statuses are what members said, or that they are silent.
func statuses(all []said[MemberStatus]) []MemberStatus {
	var list []MemberStatus
	for _, s := range all {
		if s.err != nil {
			s.answer = MemberStatus{Host: s.member, Silent: true}
		}
		list = append(list, s.answer)
	}
	return list
}

// Members tells what this process and the others are doing, this one first.
func (g *Gateway) Members(ctx context.Context) []MemberStatus {
	return append([]MemberStatus{g.statusHere()}, statuses(askOthers[MemberStatus](g, ctx, "", askStatus, struct{}{}))...)
}

func (g *Gateway) statusHere() MemberStatus {
	s := g.cfg.Scheduler.Stats()
	if g.cfg.Elsewhere {
		s.Workers = 0 // they run nothing
	}
	return MemberStatus{
		Host: g.cfg.Host, Version: g.cfg.Version, Started: g.started.UTC(), Draining: g.draining.Load(),
		Workers: s.Workers, Running: s.Running, Waiting: s.Waiting, Queued: s.Queued, Elsewhere: s.Lent, Kept: s.Kept,
		Functions: g.cfg.Ledger.counts(),
	}
}

// addCounts adds counts to those of the same functions; all are sorted by name.
func addCounts(to, more []FunctionCount) []FunctionCount {
	for _, c := range more {
		k, known := slices.BinarySearchFunc(to, c.Function, func(f FunctionCount, name string) int { return strings.Compare(f.Function, name) })
		if !known {
			to = slices.Insert(to, k, c)
			continue
		}
		f := &to[k]
		f.Ended, f.Failed, f.Cold = f.Ended+c.Ended, f.Failed+c.Failed, f.Cold+c.Cold
		f.Seconds, f.Queue, f.Longest = f.Seconds+c.Seconds, f.Queue+c.Queue, max(f.Longest, c.Longest)
	}
	return to
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
