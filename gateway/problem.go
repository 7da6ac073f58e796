package gateway

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/hostcall/faasm"
	"github.com/faaslens/faaslens/scheduler"
	"github.com/faaslens/faaslens/spelling"
	"github.com/faaslens/faaslens/store"
)

// Problem is an error as clients see it: RFC 9457's problem details, with members of our
// own.
type Problem struct {
	Status int    `json:"status"`         // HTTP's
	Title  string `json:"title"`          // HTTP's words for it
	Error  string `json:"error"`          // what went wrong with what
	Hint   string `json:"hint,omitempty"` // what to do about it
	// Of a name that is not known: those that are near, the nearest first.
	Near []string `json:"near,omitempty"`
	// Of an invocation that failed: what is known of it, how it failed, or those that it
	// waited for, and what it wrote until then.
	Invocation *Invocation `json:"invocation,omitempty"`
	Failures   []Failed    `json:"failures,omitempty"`
	Output     *Text       `json:"output,omitempty"`
	Stdout     *Text       `json:"stdout,omitempty"`
	Stderr     *Text       `json:"stderr,omitempty"`
}

// Failed is an invocation that failed, with the stacks of those that waited for it.
type Failed struct {
	ID       scheduler.ID       `json:"id"`
	Function string             `json:"function"`
	Failure  *scheduler.Failure `json:"failure"`
}

// Text is bytes as JSON can hold them.
type Text struct {
	Text     string `json:"text"`
	Encoding string `json:"encoding,omitempty"` // "base64", or nothing for UTF-8
	Size     int64  `json:"size"`               // bytes in all, of which these may be the first
}

// Bytes undoes it.
func (t *Text) Bytes() ([]byte, error) {
	if t == nil {
		return nil, nil
	}
	if t.Encoding == "base64" {
		return base64.StdEncoding.DecodeString(t.Text)
	}
	return []byte(t.Text), nil
}

// textOf is the first most bytes of b, of a text of that size; nil if it is empty.
func textOf(b []byte, most int, size int64) *Text {
	if size == 0 {
		return nil
	}
	b = b[:min(len(b), most)]
	if utf8.Valid(b) {
		return &Text{Text: string(b), Size: size}
	}
	return &Text{Text: base64.StdEncoding.EncodeToString(b), Encoding: "base64", Size: size}
}

// fail answers with a problem.
func fail(w http.ResponseWriter, p *Problem) {
	p.Title = http.StatusText(p.Status)
	if p.Status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "1")
	}
	w.Header().Set("Content-Type", "application/problem+json")
	writeBody(w, p.Status, p)
}

// answer answers with JSON.
func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	writeBody(w, status, v)
}

func writeBody(w http.ResponseWriter, status int, v any) {
	b, err := json.Marshal(v)
	if err != nil { // of our own types none does
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	b = append(b, '\n')
	w.Header().Set("Content-Length", strconv.Itoa(len(b)))
	w.WriteHeader(status)
	_, _ = w.Write(b) // the client may have gone
}

func badRequest(hint, format string, args ...any) *Problem {
	return &Problem{Status: http.StatusBadRequest, Error: fmt.Sprintf(format, args...), Hint: hint}
}

// refusal is the problem of a request that the scheduler did not take.
func refusal(err error) *Problem {
	switch {
	case errors.Is(err, scheduler.ErrDraining):
		return &Problem{Status: http.StatusServiceUnavailable, Error: "the service is being shut down", Hint: "try again, or another instance"}
	case errors.Is(err, scheduler.ErrBusy):
		return &Problem{Status: http.StatusServiceUnavailable, Error: err.Error(), Hint: "try again later"}
	case errors.Is(err, context.DeadlineExceeded):
		return &Problem{Status: http.StatusServiceUnavailable, Error: err.Error(),
			Hint: "what the members share, on NATS, does not answer in time: GET /readyz tells whether this member reaches it"}
	}
	return &Problem{Status: http.StatusInternalServerError, Error: err.Error()}
}

// moduleProblem is that of a module that is not taken.
func (g *Gateway) moduleProblem(name guest.Name, err error) *Problem {
	var invalid *guest.InvalidModule
	var link *guest.LinkError
	var limit *guest.Limit
	var unfit *faasm.UnfitModule
	var failure *guest.CompileFailure
	p := &Problem{Status: http.StatusInternalServerError, Error: err.Error()}
	switch {
	case errors.As(err, &invalid):
		p.Status, p.Hint = http.StatusUnprocessableEntity, "send a WebAssembly module, as 'faaslens build' and wasm-ld write them"
	case errors.As(err, &unfit):
		p.Status, p.Hint = http.StatusUnprocessableEntity, "build it as a program"
	case errors.As(err, &link):
		p.Status, p.Hint = http.StatusUnprocessableEntity, "build it for WASI preview 1 or for Faasm's interface"
	case errors.As(err, &failure):
		p.Status, p.Hint = http.StatusUnprocessableEntity, "build it with smaller functions, or allow the server's compiler more with FAASLENS_COMPILE_MEMORY and FAASLENS_COMPILE_TIME"
	case errors.As(err, &limit):
		p.Status, p.Hint = http.StatusUnprocessableEntity, "build it with less"
	case errors.Is(err, store.ErrNotFound):
		p = g.unknownFunction(name)
	}
	return p
}

func (g *Gateway) unknownFunction(name guest.Name) *Problem {
	p := &Problem{Status: http.StatusNotFound, Error: fmt.Sprintf("%s: no such function", name),
		Hint: "GET /v1/functions lists those there are; PUT /v1/functions/USER/FUNCTION takes a module"}
	if names, err := g.cfg.Store.Names(); err == nil {
		p.suggest(name.String(), names)
	}
	return p
}

// suggest names those that are near to one that is not known.
func (p *Problem) suggest(name string, known []string) {
	if p.Near = spelling.Nearest(name, known); len(p.Near) > 0 {
		p.Hint = "did you mean " + strings.Join(p.Near, " or ") + "? " + p.Hint
	}
}

// bodyProblem is that of a body that could not be read.
func bodyProblem(err error) *Problem {
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return &Problem{Status: http.StatusRequestEntityTooLarge, Error: fmt.Sprintf("the body has more than %s", guest.FormatBytes(uint64(tooLarge.Limit))),
			Hint: "send less, or raise the server's --max-input, --max-module or --max-state, whichever it is for"}
	case errors.Is(err, os.ErrDeadlineExceeded):
		return &Problem{Status: http.StatusRequestTimeout, Error: "the body did not arrive in time", Hint: "send it faster, or in one piece"}
	}
	return badRequest("", "read the body: %v", err)
}
