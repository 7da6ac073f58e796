package gateway

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/scheduler"
)

// Headers of requests that bound an invocation; each is a query parameter, too.
const (
	HeaderTimeout = "Faaslens-Timeout"      // ?timeout=
	HeaderMemory  = "Faaslens-Memory"       // ?memory=
	HeaderOutput  = "Faaslens-Output-Limit" // ?output-limit=
)

// request makes an invocation of a function of what a client asks for.
func (g *Gateway) request(w http.ResponseWriter, r *http.Request, name guest.Name) (*scheduler.Request, *Problem) {
	if g.draining.Load() {
		return nil, refusal(errDraining)
	}
	req := &scheduler.Request{Function: name}
	p := g.readOptions(req, r)
	if p != nil {
		return nil, p
	}
	req.KeepStdout = int(req.Limits.Output)
	if req.Input, p = ReadBody(w, r, g.cfg.MaxInput, g.cfg.BodyTimeout); p != nil {
		return nil, p
	}
	return req, nil
}

// readOptions reads limits and arguments out of the query and the headers.
func (g *Gateway) readOptions(req *scheduler.Request, r *http.Request) *Problem {
	var query url.Values
	if r.URL.RawQuery != "" {
		var err error
		if query, err = url.ParseQuery(r.URL.RawQuery); err != nil {
			return unreadableQuery(err)
		}
	}
	for name, values := range query {
		switch name {
		case "arg":
		case "timeout", "memory", "output-limit", "cmdline", "raw":
			if p := onlyOnce(name, values); p != nil {
				return p
			}
		default:
			return badRequest("there are timeout, memory, output-limit, arg, cmdline and raw", "the parameter %q is not known", name)
		}
	}
	var err error
	l, most := g.cfg.Limits, g.cfg.MaxLimits
	if s := option(query, "timeout", r.Header, HeaderTimeout); s != "" {
		if l.Timeout, err = time.ParseDuration(s); err != nil || l.Timeout <= 0 {
			return badRequest("give a duration such as 500ms, 2s or 1m30s", "timeout %q: it is none", s)
		}
	}
	if s := option(query, "memory", r.Header, HeaderMemory); s != "" {
		if l.Memory, err = guest.ParseBytes(s); err != nil {
			return badRequest("", "memory: %v", err)
		}
	}
	if s := option(query, "output-limit", r.Header, HeaderOutput); s != "" {
		if l.Output, err = guest.ParseBytes(s); err != nil {
			return badRequest("", "output-limit: %v", err)
		}
	}
	switch {
	case l.Timeout > most.Timeout:
		return badRequest("ask for less, or raise the server's --max-timeout", "timeout %v: the server allows %v at most", l.Timeout, most.Timeout)
	case l.Memory > most.Memory:
		return badRequest("ask for less, or raise the server's --max-memory", "memory %s: the server allows %s at most", guest.FormatBytes(l.Memory), guest.FormatBytes(most.Memory))
	case l.Output > most.Output:
		return badRequest("ask for less, or raise the server's --output-limit", "output-limit %s: the server allows %s at most", guest.FormatBytes(l.Output), guest.FormatBytes(most.Output))
	}
	req.Limits = l
	if s := query.Get("cmdline"); s != "" {
		req.Args = strings.Split(s, " ") // as Faasm does
	}
	req.Args = append(req.Args, query["arg"]...)
	for _, a := range req.Args {
		if strings.IndexByte(a, 0) >= 0 {
			return badRequest("", "the argument %q has a zero byte", a)
		}
	}
	return nil
}

// onlyOnce is the problem of a parameter that is there several times; nil if it is not.
func onlyOnce(name string, values []string) *Problem {
	if len(values) < 2 {
		return nil
	}
	return badRequest("give it once", "the parameter %q is there %d times", name, len(values))
}

func unreadableQuery(err error) *Problem {
	return badRequest("encode it as URLs have it", "the query cannot be read: %v", err)
}

func option(query url.Values, name string, h http.Header, header string) string {
	if v := query[name]; len(v) > 0 {
		return v[0]
	}
	if v := h[header]; len(v) > 0 {
		return v[0]
	}
	return ""
}

// maxWait bounds a long poll.
const maxWait = time.Minute

// waitOf is how long a client is ready to wait.
func waitOf(r *http.Request) (time.Duration, *Problem) {
	s := r.URL.Query().Get("wait")
	if s == "" {
		return 0, nil
	}
	d, err := time.ParseDuration(s)
	if err != nil || d < 0 {
		return 0, badRequest(fmt.Sprintf("give a duration up to %v, such as 30s", maxWait), "wait %q: it is none", s)
	}
	return min(d, maxWait), nil
}
