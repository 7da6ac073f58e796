package gateway

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/faaslens/faaslens/scheduler"
)

// Accepted is what was accepted to be run by any member and has not ended.
type Accepted interface {
	// Unfinished are their numbers, sorted; none of them where there are many.
	Unfinished(ctx context.Context) ([]scheduler.ID, error)
	// Stored tells what is known of one without asking the members. The error may be
	// scheduler.ErrUnknown.
	Stored(ctx context.Context, id scheduler.ID) (scheduler.Invocation, error)
}

// maxUnclaimed bounds how many are listed that no member has.
const maxUnclaimed = 100

// listInvocations lists those that have not ended, of all members. One that a member has
// another run is known to both: what that other says of it counts. What was accepted and no
// member has is in the list as queued: it waits for its turn, or for being given to another
// member than the one that had it.
func (g *Gateway) listInvocations(w http.ResponseWriter, r *http.Request) {
	// Before the members are asked: what ends meanwhile is known to have.
	unfinished := g.unfinished(r)
	all, p := gather(g, w, r, askInvocations, struct{}{}, func(context.Context, struct{}) []*Invocation { return g.invocationsHere() })
	if p != nil {
		fail(w, p)
		return
	}
	nameMembers(w, HeaderLost, g.cfg.Members.Lost())
	list := []*Invocation{}
	at := make(map[scheduler.ID]int)
	for _, s := range all {
		for _, i := range s.answer {
			k, twice := at[i.ID]
			switch {
			case !twice:
				at[i.ID] = len(list)
				list = append(list, i)
			case i.Host == s.member:
				list[k] = i
			}
		}
	}
	unfinished = slices.DeleteFunc(unfinished, func(id scheduler.ID) bool { _, claimed := at[id]; return claimed })
	list = append(list, g.unclaimed(r.Context(), unfinished)...)
	slices.SortStableFunc(list, func(a, b *Invocation) int { return a.Queued.Compare(b.Queued) })
	answer(w, http.StatusOK, list)
}

// unfinished is what was accepted, if the request is about all members.
func (g *Gateway) unfinished(r *http.Request) []scheduler.ID {
	if g.cfg.Accepted == nil || r.URL.Query().Get("member") != "" {
		return nil
	}
	ids, err := g.cfg.Accepted.Unfinished(r.Context())
	if err != nil {
		g.cfg.Log.Warn("the list of invocations is without those that no member has", "error", err)
	}
	return ids
}

// unclaimed tells of invocations that no member has, as far as they have not ended.
func (g *Gateway) unclaimed(ctx context.Context, ids []scheduler.ID) []*Invocation {
	var list []*Invocation
	now := time.Now()
	for _, id := range ids[:min(len(ids), maxUnclaimed)] {
		if i, err := g.cfg.Accepted.Stored(ctx, id); err == nil && i.Result == nil {
			list = append(list, invocationOf(&i, now))
		}
	}
	return list
}

func (g *Gateway) invocationsHere() []*Invocation {
	now := time.Now()
	list := []*Invocation{}
	for _, i := range g.cfg.Scheduler.List() {
		list = append(list, invocationOf(&i, now))
	}
	return list
}
