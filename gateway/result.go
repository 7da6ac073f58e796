package gateway

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/faaslens/faaslens/execgraph"
	"github.com/faaslens/faaslens/scheduler"
)

// Headers of responses.
const (
	HeaderInvocation = "Faaslens-Invocation" // its ID
	HeaderExitCode   = "Faaslens-Exit-Code"  // if it ended by itself
)

// writeResult answers with what an invocation that has ended gave: the function's output
// or, if it wrote none, its stdout. What failed is a Problem, unless the client asks for
// that output as it is.
func (g *Gateway) writeResult(w http.ResponseWriter, r *http.Request, i *scheduler.Invocation) {
	h := w.Header()
	values := headerValues(i)
	h[HeaderInvocation], h["Server-Timing"] = values[0:1:1], values[1:2:2]
	status := http.StatusOK
	result := i.Result
	if result.Failure == nil {
		h[HeaderExitCode] = values[2:3:3]
	}
	if result.Failure != nil || result.ReturnValue != 0 {
		p := g.failureOf(r.Context(), i)
		if !wantsRaw(r) {
			fail(w, p)
			return
		}
		status = p.Status
	}
	body := result.Output
	if len(body) == 0 {
		body = result.Stdout
	}
	// Browsers make no page of either type, whatever it looks like.
	if utf8.Valid(body) {
		h["Content-Type"] = plainText
	} else {
		h["Content-Type"] = anyBytes
	}
	if status != http.StatusOK {
		w.WriteHeader(status)
	}
	_, _ = w.Write(body) // the client may have gone
}

var (
	plainText = []string{"text/plain; charset=utf-8"}
	anyBytes  = []string{"application/octet-stream"}
)

// wantsRaw reports whether a client wants what the function wrote though it failed.
func wantsRaw(r *http.Request) bool {
	if r.URL.RawQuery != "" && r.URL.Query().Has("raw") {
		return true
	}
	return len(r.Header["Accept"]) > 0 && strings.HasPrefix(r.Header["Accept"][0], anyBytes[0])
}

// headerValues are an invocation's number, its phases and its exit code, in one piece of
// memory: every answer has them.
func headerValues(i *scheduler.Invocation) *[3]string {
	b := strconv.AppendUint(make([]byte, 0, 112), uint64(i.ID), 10)
	id := len(b)
	b = appendTiming(b, i)
	timing := len(b)
	b = strconv.AppendInt(b, int64(i.Result.ReturnValue), 10)
	text := string(b)
	return &[3]string{text[:id], text[id:timing], text[timing:]}
}

// appendTiming appends an invocation's phases in milliseconds, in the form of the W3C's
// Server Timing.
func appendTiming(b []byte, i *scheduler.Invocation) []byte {
	p := execgraph.PhasesOf(i, i.Times.Finished)
	start := "start"
	if p.Cold {
		start = "cold_start"
	}
	for k, t := range [...]struct {
		name string
		time time.Duration
	}{{"queue", p.Queue}, {start, p.Ready}, {"run", p.Run}, {"wait", p.Wait}} {
		if k > 0 {
			b = append(b, ", "...)
		}
		b = append(append(b, t.name...), ";dur="...)
		us := t.time.Microseconds()
		b = append(strconv.AppendInt(b, us/1000, 10), '.', byte('0'+us/100%10), byte('0'+us/10%10), byte('0'+us%10))
	}
	return b
}

// How much of what a failed invocation wrote its problem has.
const (
	problemText = 64 << 10
	maxFailures = 16
)

// failureOf is the problem of an invocation that ended otherwise than well.
func (g *Gateway) failureOf(ctx context.Context, i *scheduler.Invocation) *Problem {
	result, f := i.Result, i.Result.Failure
	p := &Problem{
		Status: http.StatusInternalServerError, Invocation: invocationOf(i, i.Times.Finished),
		Output: textOf(result.Output, problemText, int64(len(result.Output))),
		Stdout: textOf(result.Stdout, problemText, result.StdoutSize),
		Stderr: textOf(result.Stderr, problemText, result.StderrSize),
	}
	p.Failures, p.Invocation.Failure = g.failures(ctx, i), nil
	name := i.Request.Function
	if f == nil {
		p.Error = fmt.Sprintf("%s exited with %d", name, result.ReturnValue)
		return p
	}
	p.Error = name.String() + ": " + f.Message
	switch f.Kind + " " + f.Code {
	case "limit deadline":
		p.Status, p.Hint = http.StatusGatewayTimeout, "allow it more time with "+HeaderTimeout
	case "limit memory":
		p.Hint = "allow it more with " + HeaderMemory
	case "limit output":
		p.Hint = "allow it more with " + HeaderOutput
	case "limit cancelled":
		p.Status = http.StatusConflict
	case "limit instances":
		p.Status, p.Hint = http.StatusServiceUnavailable, "try again later"
	case "error not found":
		return g.unknownFunction(name)
	}
	return p
}

// failures are those of the invocation and of those that it chained and waited for.
func (g *Gateway) failures(ctx context.Context, i *scheduler.Invocation) []Failed {
	if len(i.Chained) == 0 {
		if i.Result.Failure == nil {
			return nil
		}
		return []Failed{{i.ID, i.Request.Function.String(), i.Result.Failure}}
	}
	root, _, err := g.cfg.Queue.Graph(ctx, i.ID)
	if err != nil {
		return nil // it has expired meanwhile
	}
	var all []Failed
	open := []*scheduler.Node{root}
	for len(open) > 0 && len(all) < maxFailures {
		n := open[len(open)-1]
		open = append(open[:len(open)-1], n.Chained...)
		if n.Result == nil || n.Result.Failure == nil {
			continue
		}
		f := n.Result.Failure
		// Of one that is so deep that not all callers are told, it is not known whom it reached.
		if n == root || len(f.Callers) > 0 && f.Callers[len(f.Callers)-1].ID == i.ID || len(f.Callers) == scheduler.MaxCallers {
			all = append(all, Failed{n.ID, n.Request.Function.String(), f})
		}
	}
	return all
}
