package planner

import (
	"errors"
	"io"
	"net/http"
	"strconv"

	"github.com/faaslens/faaslens/gateway"
	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/state"
)

// stateKey is the value that a path names.
func stateKey(w http.ResponseWriter, r *http.Request) (state.Key, bool) {
	k := state.Key{User: r.PathValue("user"), Name: r.PathValue("key")}
	err := guest.Name{User: k.User, Function: "any"}.Validate()
	if err == nil {
		err = state.CheckKey(k)
	}
	if err != nil {
		say(w, http.StatusBadRequest, err.Error()+"\n")
		return k, false
	}
	return k, true
}

// spool receives a body that may be large.
func (p *Planner) spool(w http.ResponseWriter, r *http.Request) (*gateway.Spool, bool) {
	s, problem := gateway.SpoolBody(w, r, p.cfg.Store.Dir(), p.cfg.MaxState, p.cfg.BodyTimeout)
	if problem != nil {
		say(w, problem.Status, problem.Error+"\n")
		return nil, false
	}
	return s, true
}

// uploadState makes a value of the body, and pushes it. An empty one changes nothing, as in
// Faasm.
func (p *Planner) uploadState(w http.ResponseWriter, r *http.Request) {
	k, ok := stateKey(w, r)
	if !ok {
		return
	}
	body, ok := p.spool(w, r)
	if !ok {
		return
	}
	defer body.Close()
	if body.Size > 0 {
		if err := p.cfg.State.Put(r.Context(), k, body.Size, body); err != nil {
			say(w, http.StatusInternalServerError, err.Error()+"\n")
			return
		}
	}
	say(w, http.StatusOK, "State upload complete\n")
}

// sendState sends a value as it was pushed.
func (p *Planner) sendState(w http.ResponseWriter, r *http.Request) {
	k, ok := stateKey(w, r)
	if !ok {
		return
	}
	size, err := p.cfg.State.Size(r.Context(), k)
	var value io.Reader
	if err == nil {
		value, err = p.cfg.State.Open(r.Context(), k, 0, size)
	}
	switch {
	case errors.Is(err, state.ErrNoValue):
		say(w, http.StatusInternalServerError, "Empty response")
	case err != nil:
		say(w, http.StatusInternalServerError, err.Error()+"\n")
	default:
		send(w, value, size)
	}
}

// send answers with bytes, which Faasm too calls text.
func send(w http.ResponseWriter, from io.Reader, size int64) {
	h := w.Header()
	h.Set("Content-Type", "text/plain")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Length", strconv.FormatInt(size, 10))
	_, _ = io.Copy(w, from) // the client, which sees that it is short, may have gone
}
