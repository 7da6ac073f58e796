package gateway

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/faaslens/faaslens/scheduler"
)

// Stack is where a running invocation is.
type Stack struct {
	ID       scheduler.ID      `json:"id"`
	Function string            `json:"function"`
	Host     string            `json:"host"` // that runs it
	Elapsed  time.Duration     `json:"elapsed_ns"`
	Call     string            `json:"call,omitempty"` // the host call that it is in
	Depth    int               `json:"depth"`          // may be more than there are frames
	Frames   []scheduler.Frame `json:"frames"`         // innermost first
}

// stacks shows where all running invocations are, on all members.
func (g *Gateway) stacks(w http.ResponseWriter, r *http.Request) {
	list, p := g.gatherStacks(w, r)
	if p != nil {
		fail(w, p)
		return
	}
	answer(w, http.StatusOK, list)
}

func (g *Gateway) gatherStacks(w http.ResponseWriter, r *http.Request) ([]Stack, *Problem) {
	all, p := gather(g, w, r, askStacks, struct{}{}, func(context.Context, struct{}) []Stack { return g.stacksHere() })
	list := []Stack{}
	for _, s := range all {
		list = append(list, s.answer...)
	}
	return list, p
}

func (g *Gateway) stacksHere() []Stack {
	list := []Stack{}
	for _, s := range g.cfg.Functions.Stacks() {
		list = append(list, Stack{s.ID, s.Function.String(), g.cfg.Host, s.Elapsed, s.Call, s.Depth, s.Frames})
	}
	return list
}

// stack shows where one is.
func (g *Gateway) stack(w http.ResponseWriter, r *http.Request) {
	id, p := invocationID(r)
	if p != nil {
		fail(w, p)
		return
	}
	is := func(s Stack) bool { return s.ID == id }
	list := g.stacksHere()
	if !slices.ContainsFunc(list, is) {
		if list, p = g.gatherStacks(w, r); p != nil {
			fail(w, p)
			return
		}
	}
	if k := slices.IndexFunc(list, is); k >= 0 {
		answer(w, http.StatusOK, list[k])
		return
	}
	i, err := g.cfg.Queue.Get(r.Context(), id)
	if err != nil {
		fail(w, unknownInvocation(id.String()))
		return
	}
	fail(w, &Problem{Status: http.StatusConflict, Error: "invocation " + id.String() + " is not running: it is " + i.Status.String(),
		Hint: "GET /v1/invocations lists those that have not ended"})
}
