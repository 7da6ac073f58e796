package planner

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/faaslens/faaslens/execgraph"
	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/hostcall/faasm"
	"github.com/faaslens/faaslens/scheduler"
)

// batch is faabric's BatchExecuteRequest, as far as it counts here.
type batch struct {
	AppID    int32               `json:"appId"`
	User     string              `json:"user"`
	Function string              `json:"function"`
	Messages []execgraph.Message `json:"messages"`
}

// valid is faabric's isBatchExecRequestValid.
func (b *batch) valid() bool {
	if len(b.Messages) == 0 || b.User == "" || b.Function == "" {
		return false
	}
	return !slices.ContainsFunc(b.Messages, func(m execgraph.Message) bool {
		return m.User != b.User || m.Function == "" || m.AppID != b.AppID
	})
}

// app is the invocations that have an application's number in common.
type app struct {
	ids []scheduler.ID
}

// maxApps is how many applications are known. Beyond it, those of which results have
// expired are forgotten, and then any.
const maxApps = 10_000

// request makes an invocation of a message.
func (p *Planner) request(m *execgraph.Message) (*scheduler.Request, error) {
	r := &scheduler.Request{
		ID: scheduler.ID(max(m.ID, 0)), Function: guest.Name{User: m.User, Function: m.Function}, Input: m.Input, Limits: p.cfg.Limits,
	}
	if err := r.Function.Validate(); err != nil {
		return nil, err
	}
	if m.Cmdline != "" {
		r.Args = strings.Split(m.Cmdline, " ")
	}
	if m.IsPython {
		r.Python = faasm.Python{User: m.PythonUser, Function: m.PythonFunction, Entry: m.PythonEntry}
	}
	if m.Pointer > 0 {
		at := uint32(m.Pointer)
		r.Pointer = &at
	}
	return r, nil
}

// execute starts a batch.
func (p *Planner) execute(w http.ResponseWriter, payload string) {
	var b batch
	if err := json.Unmarshal([]byte(payload), &b); err != nil {
		say(w, http.StatusBadRequest, "Bad JSON in body's payload")
		return
	}
	if !b.valid() {
		say(w, http.StatusBadRequest, "Bad BatchExecRequest")
		return
	}
	var requests []*scheduler.Request
	for k := range b.Messages {
		r, err := p.request(&b.Messages[k])
		if err != nil {
			say(w, http.StatusBadRequest, "Bad BatchExecRequest: "+err.Error())
			return
		}
		requests = append(requests, r)
	}
	var ids []scheduler.ID
	for _, r := range requests {
		id, err := p.cfg.Scheduler.Start(r)
		if err != nil {
			for _, started := range ids {
				_, _ = p.cfg.Scheduler.Cancel(started) // it may have ended
			}
			say(w, http.StatusInternalServerError, "No available hosts")
			return
		}
		ids = append(ids, id)
	}
	p.register(b.AppID, ids)
	tell(w, status{AppID: b.AppID})
}

// register adds invocations to an application.
func (p *Planner) register(id int32, ids []scheduler.ID) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.apps) >= maxApps {
		p.sweep()
	}
	a := p.apps[id]
	if a == nil {
		a = &app{}
		p.apps[id] = a
	}
	a.ids = append(a.ids, ids...)
}

// sweep makes room for another application. The lock is held.
func (p *Planner) sweep() {
	for id, a := range p.apps {
		if _, err := p.cfg.Scheduler.Get(a.ids[0]); err != nil {
			delete(p.apps, id)
		}
	}
	for id := range p.apps {
		if len(p.apps) < maxApps {
			return
		}
		delete(p.apps, id)
	}
}

func (p *Planner) forgetApps() {
	p.mu.Lock()
	defer p.mu.Unlock()
	clear(p.apps)
}

// idsOf are an application's invocations.
func (p *Planner) idsOf(id int32) []scheduler.ID {
	p.mu.Lock()
	defer p.mu.Unlock()
	if a := p.apps[id]; a != nil {
		return slices.Clone(a.ids)
	}
	return nil
}

// status is faabric's BatchExecuteRequestStatus. Unlike other defaults, finished is always
// there: clients look for it.
type status struct {
	AppID    int32                `json:"appId,omitempty"`
	Finished bool                 `json:"finished"`
	Results  []*execgraph.Message `json:"messageResults,omitempty"`
	Expected int                  `json:"expectedNumMessages,omitempty"`
}

// batchStatus tells which messages of an application have ended, and how.
func (p *Planner) batchStatus(w http.ResponseWriter, payload string) {
	var asked status
	if err := json.Unmarshal([]byte(payload), &asked); err != nil {
		say(w, http.StatusBadRequest, "Bad JSON in request body")
		return
	}
	ids := p.idsOf(asked.AppID)
	s := status{AppID: asked.AppID, Expected: len(ids)}
	now := time.Now()
	for _, id := range ids {
		i, err := p.cfg.Scheduler.Get(id)
		if err != nil {
			ids = nil // its results have expired
			break
		}
		if i.Result != nil {
			s.Results = append(s.Results, execgraph.MessageOf(&i, asked.AppID, now))
		}
	}
	if len(ids) == 0 {
		say(w, http.StatusInternalServerError, "App not registered in results")
		return
	}
	s.Finished = len(s.Results) == len(ids)
	tell(w, s)
}

// graph tells whom a message chained.
func (p *Planner) graph(w http.ResponseWriter, payload string) {
	var m execgraph.Message
	if err := json.Unmarshal([]byte(payload), &m); err != nil {
		say(w, http.StatusBadRequest, "Bad JSON in request body")
		return
	}
	root, err := p.cfg.Scheduler.Graph(scheduler.ID(max(m.ID, 0)))
	if err != nil {
		say(w, http.StatusInternalServerError, "Failed getting exec. graph!")
		return
	}
	w.Header().Set("Content-Type", "text/plain")
	_ = execgraph.WriteFaasm(w, root, m.AppID, time.Now()) // the client may have gone
}

// inFlight are the applications that have not ended.
func (p *Planner) inFlight() any {
	type inFlightApp struct {
		AppID int32    `json:"appId"`
		Size  int      `json:"size"`
		Hosts []string `json:"hostIps"`
	}
	list := struct {
		Apps []inFlightApp `json:"apps,omitempty"`
	}{}
	open := make(map[scheduler.ID]bool)
	for _, i := range p.cfg.Scheduler.List() {
		open[i.ID] = true
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for id, a := range p.apps {
		one := inFlightApp{AppID: id, Size: len(a.ids)}
		for _, i := range a.ids {
			if open[i] {
				one.Hosts = append(one.Hosts, p.cfg.Host)
			}
		}
		if len(one.Hosts) > 0 {
			list.Apps = append(list.Apps, one)
		}
	}
	slices.SortFunc(list.Apps, func(a, b inFlightApp) int { return int(a.AppID) - int(b.AppID) })
	return list
}

// run runs an invocation to its end.
func (p *Planner) run(ctx context.Context, r *scheduler.Request) (scheduler.Invocation, int) {
	i, err := p.cfg.Scheduler.Run(ctx, r)
	switch {
	case errors.Is(err, scheduler.ErrDraining), errors.Is(err, scheduler.ErrBusy):
		return i, http.StatusServiceUnavailable
	case err != nil:
		return i, http.StatusInternalServerError
	}
	return i, http.StatusOK
}
