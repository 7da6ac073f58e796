package planner

import (
	"encoding/json"
	"net/http"
	"time"

	"github.com/faaslens/faaslens/execgraph"
	"github.com/faaslens/faaslens/scheduler"
)

// workerMessage is what Faasm's workers took until 2023. Its input is text, where a
// planner's is base64.
type workerMessage struct {
	ID             int32  `json:"id"`
	Type           int32  `json:"type"`
	User           string `json:"user"`
	Function       string `json:"function"`
	Input          string `json:"input_data"`
	Cmdline        string `json:"cmdline"`
	IsPython       bool   `json:"python"`
	PythonUser     string `json:"py_user"`
	PythonFunction string `json:"py_func"`
	PythonEntry    string `json:"py_entry"`
	Async          bool   `json:"async"`
	Status         bool   `json:"status"`
	Graph          bool   `json:"exec_graph"`
}

// flushMessage is the type of a message that asks to flush.
const flushMessage = 3

func (p *Planner) workerMessage(w http.ResponseWriter, r *http.Request, body []byte) {
	var m workerMessage
	if err := json.Unmarshal(body, &m); err != nil {
		say(w, http.StatusBadRequest, "Bad JSON in request body")
		return
	}
	switch {
	case m.Type == flushMessage:
		p.cfg.Functions.Flush()
		say(w, http.StatusOK, "Flush sent")
	case m.Status:
		p.workerStatus(w, r, m.ID)
	case m.Graph:
		p.graph(w, r, string(body))
	default:
		p.workerCall(w, r, &m)
	}
}

// workerCall runs a function, and waits for it unless it shall not.
func (p *Planner) workerCall(w http.ResponseWriter, r *http.Request, m *workerMessage) {
	req, err := p.request(&execgraph.Message{
		User: m.User, Function: m.Function, Input: []byte(m.Input), Cmdline: m.Cmdline,
		IsPython: m.IsPython, PythonUser: m.PythonUser, PythonFunction: m.PythonFunction, PythonEntry: m.PythonEntry,
	})
	if err != nil {
		say(w, http.StatusBadRequest, err.Error())
		return
	}
	if m.Async {
		id, err := p.cfg.Queue.Start(r.Context(), req)
		if err != nil {
			say(w, http.StatusServiceUnavailable, "No available hosts")
			return
		}
		say(w, http.StatusOK, id.String())
		return
	}
	i, status := p.run(r.Context(), req)
	if status != http.StatusOK {
		say(w, status, "No available hosts")
		return
	}
	if i.Result.ReturnValue != 0 {
		status = http.StatusInternalServerError
	}
	say(w, status, string(scheduler.FaasmOutput(i.ID, i.Result)))
}

func (p *Planner) workerStatus(w http.ResponseWriter, r *http.Request, id int32) {
	i, err := p.cfg.Queue.Get(r.Context(), scheduler.ID(max(id, 0)))
	switch {
	case err != nil:
		say(w, http.StatusInternalServerError, "FAILED: "+err.Error())
	case i.Result == nil:
		say(w, http.StatusOK, "RUNNING")
	case i.Result.ReturnValue != 0:
		say(w, http.StatusInternalServerError, "FAILED: "+string(scheduler.FaasmOutput(i.ID, i.Result)))
	default:
		tell(w, execgraph.MessageOf(&i, int32(i.ID), time.Now()))
	}
}
