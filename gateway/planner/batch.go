package planner

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/faaslens/faaslens/execgraph"
	"github.com/faaslens/faaslens/gateway"
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
func (p *Planner) execute(w http.ResponseWriter, r *http.Request, payload string) {
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
		one, err := p.request(&b.Messages[k])
		if err != nil {
			say(w, http.StatusBadRequest, "Bad BatchExecRequest: "+err.Error())
			return
		}
		requests = append(requests, one)
	}
	if err := p.cfg.Queue.StartBatch(r.Context(), b.AppID, requests); err != nil {
		p.cfg.Log.Warn("a batch was not accepted", "app", b.AppID, "error", err)
		say(w, http.StatusInternalServerError, "No available hosts")
		return
	}
	tell(w, status{AppID: b.AppID})
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
func (p *Planner) batchStatus(w http.ResponseWriter, r *http.Request, payload string) {
	var asked status
	if err := json.Unmarshal([]byte(payload), &asked); err != nil {
		say(w, http.StatusBadRequest, "Bad JSON in request body")
		return
	}
	all, err := p.cfg.Queue.Batch(r.Context(), asked.AppID)
	if err != nil {
		if !errors.Is(err, scheduler.ErrUnknown) {
			p.cfg.Log.Warn("a batch's status cannot be told", "app", asked.AppID, "error", err)
		}
		say(w, http.StatusInternalServerError, "App not registered in results")
		return
	}
	s := status{AppID: asked.AppID, Expected: len(all)}
	now := time.Now()
	for k := range all {
		if all[k].Result != nil {
			s.Results = append(s.Results, execgraph.MessageOf(&all[k], asked.AppID, now))
		}
	}
	s.Finished = len(s.Results) == len(all)
	tell(w, s)
}

// graph tells whom a message chained.
func (p *Planner) graph(w http.ResponseWriter, r *http.Request, payload string) {
	var m execgraph.Message
	if err := json.Unmarshal([]byte(payload), &m); err != nil {
		say(w, http.StatusBadRequest, "Bad JSON in request body")
		return
	}
	root, _, err := p.cfg.Queue.Graph(r.Context(), scheduler.ID(max(m.ID, 0)))
	if err != nil {
		say(w, http.StatusInternalServerError, "Failed getting exec. graph!")
		return
	}
	w.Header().Set("Content-Type", "text/plain")
	_ = execgraph.WriteFaasm(w, root, m.AppID, time.Now()) // the client may have gone
}

// inFlight tells the applications that have not ended.
func (p *Planner) inFlight(w http.ResponseWriter, r *http.Request) {
	type inFlightApp struct {
		AppID int32    `json:"appId"`
		Size  int      `json:"size"`
		Hosts []string `json:"hostIps"`
	}
	list := struct {
		Apps []inFlightApp `json:"apps,omitempty"`
	}{}
	apps, err := p.cfg.Queue.Apps(r.Context())
	if err != nil {
		say(w, http.StatusInternalServerError, err.Error())
		return
	}
	for id, all := range apps {
		one := inFlightApp{AppID: id, Size: len(all)}
		for k := range all {
			if all[k].Result == nil {
				one.Hosts = append(one.Hosts, cmp.Or(all[k].Host, p.cfg.Host))
			}
		}
		if len(one.Hosts) > 0 {
			list.Apps = append(list.Apps, one)
		}
	}
	slices.SortFunc(list.Apps, func(a, b inFlightApp) int { return cmp.Compare(a.AppID, b.AppID) })
	tell(w, list)
}

// run runs an invocation to its end.
func (p *Planner) run(ctx context.Context, r *scheduler.Request) (scheduler.Invocation, int) {
	run := p.cfg.Scheduler.Run
	if p.cfg.Elsewhere {
		run = func(ctx context.Context, r *scheduler.Request) (scheduler.Invocation, error) {
			return gateway.RunElsewhere(ctx, p.cfg.Queue, r)
		}
	}
	i, err := run(ctx, r)
	switch {
	case errors.Is(err, scheduler.ErrDraining), errors.Is(err, scheduler.ErrBusy):
		return i, http.StatusServiceUnavailable
	case err != nil:
		return i, http.StatusInternalServerError
	}
	return i, http.StatusOK
}
