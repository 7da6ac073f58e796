package gateway

import (
	"encoding/json"
	"net/http"
	"strconv"

	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/scheduler"
)

// logs answers with the last invocations that ended, a LogEntry a line, and goes on with
// those that follow while the client wants.
func (g *Gateway) logs(w http.ResponseWriter, r *http.Request) {
	wanted, tail, p := logFilter(r)
	if p != nil {
		fail(w, p)
		return
	}
	w.Header().Set("Content-Type", "application/x-ndjson")
	follow := r.URL.Query().Has("follow")
	flush := http.NewResponseController(w)
	encoder := json.NewEncoder(w)
	var number uint64
	for first := true; ; first = false {
		lines, next, changed := g.cfg.Ledger.journal.since(number, wanted)
		if first && len(lines) > tail {
			lines = lines[len(lines)-tail:]
		}
		for k := range lines {
			if encoder.Encode(lines[k].entry()) != nil {
				return // the client has gone
			}
		}
		if !follow {
			return
		}
		if flush.Flush() != nil {
			return
		}
		number = next
		select {
		case <-changed:
		case <-r.Context().Done():
			return
		case <-g.closed:
			return
		}
	}
}

// logFilter says which entries a client wants, and how many of the old ones.
func logFilter(r *http.Request) (wanted func(*line) bool, tail int, p *Problem) {
	q := r.URL.Query()
	var id scheduler.ID
	var name guest.Name
	if s := q.Get("invocation"); s != "" {
		n, err := strconv.ParseUint(s, 10, 32)
		if err != nil {
			return nil, 0, badRequest("", "%q is no invocation's number", s)
		}
		id = scheduler.ID(n)
	}
	if s := q.Get("function"); s != "" {
		var err error
		if name, err = guest.ParseName(s); err != nil {
			return nil, 0, badRequest("", "%v", err)
		}
	}
	tail = maxEntries
	if s := q.Get("tail"); s != "" {
		var ok bool
		if tail, ok = parseCount(s); !ok {
			return nil, 0, badRequest("give a number of entries", "tail %q: it is none", s)
		}
	}
	return func(l *line) bool {
		return (id == 0 || l.id == id || l.parent == id) && (name == guest.Name{} || l.function == name)
	}, tail, nil
}

func parseCount(s string) (int, bool) {
	n, err := strconv.Atoi(s)
	return n, err == nil && n >= 0
}
