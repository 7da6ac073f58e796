package gateway

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/scheduler"
)

var errDraining = scheduler.ErrDraining

// invoke runs the function that a path names.
func (g *Gateway) invoke(w http.ResponseWriter, r *http.Request) {
	name, p := functionName(r)
	if p != nil {
		fail(w, p)
		return
	}
	g.invokeFunction(w, r, name)
}

// invokeFunction runs a function and answers with its result.
func (g *Gateway) invokeFunction(w http.ResponseWriter, r *http.Request, name guest.Name) {
	req, p := g.request(w, r, name)
	if p == nil && g.cfg.Scheduler.Busy() && !g.cfg.Functions.Has(req.Function) {
		p = g.unknownFunction(req.Function) // it need not wait for a worker to learn that
	}
	if p != nil {
		fail(w, p)
		return
	}
	run := g.cfg.Scheduler.Run
	if g.cfg.Elsewhere {
		run = g.runElsewhere
	}
	i, err := run(r.Context(), req)
	if err != nil {
		fail(w, refusal(err))
		return
	}
	g.writeResult(w, r, &i)
}

// RunElsewhere has others run an invocation, and cancels it if the client goes.
func RunElsewhere(ctx context.Context, q Queue, req *scheduler.Request) (scheduler.Invocation, error) {
	id, err := q.Start(ctx, req)
	if err != nil {
		return scheduler.Invocation{}, err
	}
	i, err := q.Wait(ctx, id)
	if err == nil && i.Result == nil {
		_, _ = q.Cancel(context.WithoutCancel(ctx), id) // nobody waits for it
		err = ctx.Err()
	}
	return i, err
}

func (g *Gateway) runElsewhere(ctx context.Context, req *scheduler.Request) (scheduler.Invocation, error) {
	return RunElsewhere(ctx, g.cfg.Queue, req)
}

// start accepts an invocation that goes on without the client.
func (g *Gateway) start(w http.ResponseWriter, r *http.Request) {
	name, p := functionName(r)
	if p != nil {
		fail(w, p)
		return
	}
	req, p := g.request(w, r, name)
	if p == nil && !g.cfg.Functions.Has(req.Function) {
		p = g.unknownFunction(req.Function)
	}
	if p != nil {
		fail(w, p)
		return
	}
	id, err := g.cfg.Queue.Start(r.Context(), req)
	if err != nil {
		fail(w, refusal(err))
		return
	}
	now := time.Now()
	i := scheduler.Invocation{ID: id, Worker: -1, Request: req, Times: scheduler.Times{Queued: now}}
	text := id.String()
	w.Header().Set("Location", "/v1/invocations/"+text)
	w.Header().Set(HeaderInvocation, text)
	answer(w, http.StatusAccepted, invocationOf(&i, now))
}

func (g *Gateway) showInvocation(w http.ResponseWriter, r *http.Request) {
	i, p := g.awaited(r)
	if p != nil {
		fail(w, p)
		return
	}
	answer(w, http.StatusOK, invocationOf(&i, time.Now()))
}

// result answers as invoke does or, while there is none, with 202 and what is known.
func (g *Gateway) result(w http.ResponseWriter, r *http.Request) {
	i, p := g.awaited(r)
	switch {
	case p != nil:
		fail(w, p)
	case i.Result == nil:
		w.Header().Set("Retry-After", "1")
		answer(w, http.StatusAccepted, invocationOf(&i, time.Now()))
	default:
		g.writeResult(w, r, &i)
	}
}

// awaited is the invocation that a path names, when it has ended or the client has waited
// for as long as it wants to.
func (g *Gateway) awaited(r *http.Request) (scheduler.Invocation, *Problem) {
	id, p := invocationID(r)
	if p != nil {
		return scheduler.Invocation{}, p
	}
	wait, p := waitOf(r)
	if p != nil {
		return scheduler.Invocation{}, p
	}
	var i scheduler.Invocation
	var err error
	if wait > 0 {
		ctx, cancel := context.WithTimeout(r.Context(), wait)
		defer cancel()
		i, err = g.cfg.Queue.Wait(ctx, id)
	} else {
		i, err = g.cfg.Queue.Get(r.Context(), id)
	}
	if errors.Is(err, scheduler.ErrUnknown) {
		return i, unknownInvocation(id.String())
	}
	if err != nil {
		return i, refusal(err)
	}
	return i, nil
}

// Cancelled is the answer to a request to cancel.
type Cancelled struct {
	ID scheduler.ID `json:"id"`
	// Cancelled is whether it, or one that it chained, had not ended before.
	Cancelled bool `json:"cancelled"`
}

func (g *Gateway) cancel(w http.ResponseWriter, r *http.Request) {
	id, p := invocationID(r)
	if p != nil {
		fail(w, p)
		return
	}
	live, err := g.cfg.Queue.Cancel(r.Context(), id)
	if errors.Is(err, scheduler.ErrUnknown) {
		fail(w, unknownInvocation(id.String()))
		return
	}
	if err != nil {
		fail(w, refusal(err))
		return
	}
	answer(w, http.StatusOK, Cancelled{ID: id, Cancelled: live})
}

func invocationID(r *http.Request) (scheduler.ID, *Problem) {
	s := r.PathValue("id")
	n, err := strconv.ParseUint(s, 10, 32)
	if err != nil {
		return 0, badRequest("give the number of the header "+HeaderInvocation, "%q is no invocation's number", s)
	}
	return scheduler.ID(n), nil
}

func unknownInvocation(id string) *Problem {
	return &Problem{Status: http.StatusNotFound, Error: "invocation " + id + ": it never was, or its result has expired",
		Hint: "results are kept for a while, see 'faaslens serve --keep'"}
}
