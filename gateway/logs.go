package gateway

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/scheduler"
)

// logQuestion is what one gateway asks another about its log.
type logQuestion struct {
	Query string        `json:"query"` // as clients have it
	Since uint64        `json:"since"` // number of the first entry that is wanted
	Tail  bool          `json:"tail"`  // no more of them than the query says
	Wait  time.Duration `json:"wait_ns"`
}

// logAnswer is what that has.
type logAnswer struct {
	Entries []*LogEntry `json:"entries"`
	Next    uint64      `json:"next"` // number of the next
}

// logs answers with the last invocations that ended on all members, a LogEntry a line, and
// goes on with those that follow while the client wants.
func (g *Gateway) logs(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	_, tail, p := logFilter(q)
	var all []said[logAnswer]
	if p == nil {
		all, p = gather(g, w, r, askLogs, logQuestion{Query: r.URL.RawQuery, Tail: true}, g.logsHere)
	}
	if p != nil {
		fail(w, p)
		return
	}
	w.Header().Set("Content-Type", "application/x-ndjson")
	var first []*LogEntry
	for _, s := range all {
		first = append(first, s.answer.Entries...)
	}
	slices.SortStableFunc(first, func(a, b *LogEntry) int { return a.Time.Compare(b.Time) })
	f := &follower{gateway: g, encoder: json.NewEncoder(w), flush: http.NewResponseController(w).Flush, query: r.URL.RawQuery}
	if !f.write(first[max(len(first)-tail, 0):]) || !q.Has("follow") {
		return
	}
	f.follow(r.Context(), q.Get("member"), all)
}

// logsHere are the entries of this gateway's log, and waits for one if it shall.
func (g *Gateway) logsHere(ctx context.Context, q logQuestion) logAnswer {
	a := logAnswer{Entries: []*LogEntry{}, Next: q.Since}
	query, err := url.ParseQuery(q.Query)
	if err != nil {
		return a
	}
	wanted, tail, p := logFilter(query)
	if p != nil {
		return a
	}
	var wait <-chan time.Time
	if q.Wait > 0 {
		timer := time.NewTimer(q.Wait)
		defer timer.Stop()
		wait = timer.C
	}
	for {
		lines, next, changed := g.cfg.Ledger.journal.since(a.Next, wanted)
		a.Next = next
		if q.Tail {
			lines = lines[max(len(lines)-tail, 0):]
		}
		for k := range lines {
			e := lines[k].entry()
			e.Host = g.cfg.Host
			a.Entries = append(a.Entries, e)
		}
		if len(lines) > 0 || q.Wait == 0 {
			return a
		}
		select {
		case <-changed:
		case <-wait:
			return a
		case <-ctx.Done():
			return a
		case <-g.closed:
			return a
		}
	}
}

// follower passes on what members log. Each member has a goroutine that asks it, which ends
// with follow.
type follower struct {
	gateway *Gateway
	query   string
	encoder *json.Encoder
	flush   func() error
	entries chan []*LogEntry
}

// How long a member waits for an entry before it says that there is none, how long it may
// take to say so, and how often new members are looked for.
const (
	logWait   = 20 * time.Second
	logAsk    = 30 * time.Second
	lookAfter = 2 * time.Second
)

// follow goes on until the client or the gateway goes.
func (f *follower) follow(ctx context.Context, only string, seen []said[logAnswer]) {
	g := f.gateway
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	f.entries = make(chan []*LogEntry)
	type position struct {
		member string
		next   uint64
	}
	followed, next := make(map[string]bool), make(map[string]uint64)
	gone := make(chan position)
	begin := func(member string) {
		if followed[member] || only != "" && only != member {
			return
		}
		followed[member] = true
		since := next[member]
		go func() {
			select {
			case gone <- position{member, f.member(ctx, member, since)}:
			case <-ctx.Done():
			}
		}()
	}
	for _, s := range seen {
		if s.err == nil {
			next[s.member] = s.answer.Next
			begin(s.member)
		}
	}
	tick := time.NewTicker(lookAfter)
	defer tick.Stop()
	for {
		select {
		case all := <-f.entries:
			if !f.write(all) {
				return
			}
		case at := <-gone:
			delete(followed, at.member)
			next[at.member] = at.next
		case <-tick.C:
			for _, member := range g.cfg.Members.Members() {
				begin(member)
			}
		case <-ctx.Done():
			return
		case <-g.closed:
			return
		}
	}
}

// member passes on what one member logs, until that does not answer. It returns the number
// of the entry that comes next.
func (f *follower) member(ctx context.Context, name string, since uint64) uint64 {
	g := f.gateway
	for ctx.Err() == nil {
		q := logQuestion{Query: f.query, Since: since, Wait: logWait}
		var a logAnswer
		if name == g.cfg.Host {
			a = g.logsHere(ctx, q)
		} else {
			bounded, cancel := context.WithTimeout(ctx, logAsk)
			all := askOthers[logAnswer](g, bounded, name, askLogs, q)
			cancel()
			if len(all) == 0 || all[0].err != nil {
				return since
			}
			a = all[0].answer
		}
		since = a.Next
		if len(a.Entries) == 0 {
			continue
		}
		select {
		case f.entries <- a.Entries:
		case <-ctx.Done():
		}
	}
	return since
}

// write writes entries. It reports whether the client is still there.
func (f *follower) write(all []*LogEntry) bool {
	for _, e := range all {
		if f.encoder.Encode(e) != nil {
			return false
		}
	}
	return f.flush() == nil
}

// logFilter says which entries a client wants, and how many of the old ones.
func logFilter(q url.Values) (wanted func(*line) bool, tail int, p *Problem) {
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
