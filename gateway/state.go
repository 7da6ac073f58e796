package gateway

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/url"
	"strconv"

	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/state"
)

// Value is what is known of a value that functions share.
type Value struct {
	User string `json:"user"`
	state.Listed
}

// stateKey is the value that a path names.
func stateKey(r *http.Request) (state.Key, *Problem) {
	k := state.Key{User: r.PathValue("user"), Name: r.PathValue("key")}
	if p := checkUser(k.User); p != nil {
		return k, p
	}
	if err := state.CheckKey(k); err != nil {
		return k, badRequest("", "%v", err)
	}
	return k, nil
}

func checkUser(user string) *Problem {
	if err := (guest.Name{User: user, Function: "any"}).Validate(); err != nil {
		return badRequest("", "%v", err)
	}
	return nil
}

// stateProblem is that of a value that cannot be had.
func (g *Gateway) stateProblem(ctx context.Context, k state.Key, err error) *Problem {
	switch {
	case errors.Is(err, state.ErrNoValue):
		p := &Problem{Status: http.StatusNotFound, Error: fmt.Sprintf("%s/%s: there is no such value", k.User, k.Name),
			Hint: "GET /v1/state/USER lists those there are; what functions write is there once they push it"}
		if names, err := g.cfg.State.Names(ctx, k.User); err == nil {
			p.suggest(k.Name, names)
		}
		return p
	case errors.Is(err, state.ErrOutside):
		return outside(err)
	}
	return &Problem{Status: http.StatusInternalServerError, Error: err.Error()}
}

// outside is the problem of bytes that a value does not have.
func outside(err error) *Problem {
	return &Problem{Status: http.StatusRequestedRangeNotSatisfiable, Error: err.Error(), Hint: "a PUT without offset makes a value of another size"}
}

// takesNone is the problem of a request with parameters where there are none; nil if it has
// none.
func takesNone(r *http.Request, hint string) *Problem {
	if r.URL.RawQuery == "" {
		return nil
	}
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return unreadableQuery(err)
	}
	for name := range query {
		return badRequest(hint, "the parameter %q is not known", name)
	}
	return nil
}

func (g *Gateway) listState(w http.ResponseWriter, r *http.Request) {
	user := r.PathValue("user")
	p := checkUser(user)
	if p == nil {
		p = takesNone(r, "leave it out")
	}
	if p != nil {
		fail(w, p)
		return
	}
	all, err := g.cfg.State.List(r.Context(), user)
	if err != nil {
		fail(w, g.stateProblem(r.Context(), state.Key{User: user}, err))
		return
	}
	answer(w, http.StatusOK, all)
}

// getState answers with a value's bytes, or with those of a range.
func (g *Gateway) getState(w http.ResponseWriter, r *http.Request) {
	k, p := stateKey(r)
	if p == nil {
		p = takesNone(r, "ask for a part of a value with the header Range: bytes=FIRST-LAST")
	}
	if p != nil {
		fail(w, p)
		return
	}
	size, err := g.cfg.State.Size(r.Context(), k)
	if err != nil {
		fail(w, g.stateProblem(r.Context(), k, err))
		return
	}
	s, partial, err := parseRange(r.Header.Get("Range"), size)
	h := w.Header()
	h.Set("Accept-Ranges", "bytes")
	if err != nil {
		h.Set("Content-Range", fmt.Sprintf("bytes */%d", size))
		fail(w, &Problem{Status: http.StatusRequestedRangeNotSatisfiable, Error: fmt.Sprintf("%s/%s: %v: it has %d bytes", k.User, k.Name, err, size)})
		return
	}
	if !partial {
		s = span{0, size}
	}
	value, err := g.cfg.State.Open(r.Context(), k, s.offset, s.n)
	if err != nil {
		fail(w, g.stateProblem(r.Context(), k, err))
		return
	}
	h["Content-Type"] = anyBytes
	h.Set("Content-Length", strconv.FormatInt(s.n, 10))
	status := http.StatusOK
	if partial {
		status = http.StatusPartialContent
		h.Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", s.offset, s.offset+s.n-1, size))
	}
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = io.Copy(w, value) // the client, which sees that it is short, may have gone
	}
}

// putState makes a value of the body, or writes it into one from ?offset= on. Nothing is
// written before all of the body is here.
func (g *Gateway) putState(w http.ResponseWriter, r *http.Request) {
	k, p := stateKey(r)
	offset, within, bad := offsetOf(r)
	switch {
	case p != nil:
	case bad != nil:
		p = bad
	case g.draining.Load():
		p = refusal(errDraining)
	}
	if p != nil {
		fail(w, p)
		return
	}
	body, p := SpoolBody(w, r, g.cfg.Store.Dir(), g.cfg.MaxState, g.cfg.BodyTimeout)
	if p != nil {
		fail(w, p)
		return
	}
	defer body.Close()
	if body.Size == 0 {
		fail(w, badRequest("send its bytes as the body; DELETE removes it", "%s/%s: a value has at least one byte", k.User, k.Name))
		return
	}
	size, status := body.Size, http.StatusOK
	old, err := g.cfg.State.Size(r.Context(), k)
	switch {
	case within && err == nil:
		size = old
		err = g.cfg.State.PutAt(r.Context(), k, offset, body.Size, body)
	case within:
	case err == nil, errors.Is(err, state.ErrNoValue):
		if err != nil {
			status = http.StatusCreated
		}
		err = g.cfg.State.Put(r.Context(), k, size, body)
	}
	if err != nil {
		fail(w, g.stateProblem(r.Context(), k, err))
		return
	}
	w.Header().Set("Location", "/v1/state/"+k.User+"/"+url.PathEscape(k.Name))
	answer(w, status, Value{k.User, state.Listed{Key: k.Name, Size: size}})
}

// offsetOf is where in a value a body is to be written; not within if it is to be all of it.
func offsetOf(r *http.Request) (offset int64, within bool, p *Problem) {
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return 0, false, unreadableQuery(err)
	}
	for name, values := range query {
		if name != "offset" {
			return 0, false, badRequest("there is offset", "the parameter %q is not known", name)
		}
		if p := onlyOnce(name, values); p != nil {
			return 0, false, p
		}
	}
	if r.Header.Get("Content-Range") != "" {
		// RFC 9110, 14.5: one who does not understand it must not take the body for all.
		return 0, false, badRequest("write a part of a value with ?offset=", "a body with the header Content-Range is not taken")
	}
	if !query.Has("offset") {
		return 0, false, nil
	}
	text := query.Get("offset")
	if offset, err = parseBytePos(text); err != nil {
		return 0, false, badRequest("give a number of bytes", "offset %q: it is none", text)
	}
	if offset == math.MaxInt64 {
		return 0, false, outside(fmt.Errorf("bytes from %s on: %w", text, state.ErrOutside))
	}
	return offset, true, nil
}

func (g *Gateway) removeState(w http.ResponseWriter, r *http.Request) {
	k, p := stateKey(r)
	if p == nil {
		p = takesNone(r, "leave it out: all of the value goes")
	}
	if p != nil {
		fail(w, p)
		return
	}
	_, missing := g.cfg.State.Size(r.Context(), k)
	if missing != nil && !errors.Is(missing, state.ErrNoValue) {
		fail(w, g.stateProblem(r.Context(), k, missing))
		return
	}
	// Where there is no value, there may be a list of that name.
	if err := g.cfg.State.Delete(r.Context(), k); err != nil {
		fail(w, g.stateProblem(r.Context(), k, err))
		return
	}
	if missing != nil {
		fail(w, g.stateProblem(r.Context(), k, missing))
		return
	}
	w.WriteHeader(http.StatusNoContent)
}
