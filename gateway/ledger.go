package gateway

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/scheduler"
)

// Ledger is told of every invocation that ended: it counts them for the metrics and keeps
// the last for the log. Its methods may be called from any goroutine.
type Ledger struct {
	log      *slog.Logger
	registry *prometheus.Registry
	totals   totals
	journal  journal

	mu        sync.RWMutex
	functions map[guest.Name]*series // those with a label of their own
	others    *series
}

// MaxCounted is how many functions have metrics of their own. The rest is counted together:
// each label costs the server, and whoever collects, memory for good.
const MaxCounted = 200

// OtherFunctions is what they are called, which no function can be.
const OtherFunctions = "(others)"

// NewLedger makes a ledger that also tells log of invocations that failed.
func NewLedger(log *slog.Logger) *Ledger {
	l := &Ledger{log: log, registry: prometheus.NewRegistry(), functions: make(map[guest.Name]*series)}
	l.totals = newTotals(l.registry)
	l.others = l.totals.series(OtherFunctions)
	l.journal.changed = make(chan struct{})
	return l
}

// Ended takes an invocation that has ended.
func (l *Ledger) Ended(i scheduler.Invocation) {
	l.seriesOf(i.Request.Function, i.Result).add(&i)
	l.totals.queue.Observe(queueTime(&i).Seconds())
	l.journal.add(&i)
	l.tell(&i)
}

func queueTime(i *scheduler.Invocation) time.Duration {
	if i.Times.Started.IsZero() {
		return i.Times.Finished.Sub(i.Times.Queued)
	}
	return i.Times.Started.Sub(i.Times.Queued)
}

// tell logs an invocation: one that failed as a warning, others for who debugs.
func (l *Ledger) tell(i *scheduler.Invocation) {
	level := slog.LevelDebug
	f := i.Result.Failure
	if f != nil {
		level = slog.LevelWarn
	}
	ctx := context.Background()
	if !l.log.Enabled(ctx, level) {
		return
	}
	attrs := []slog.Attr{
		slog.Uint64("invocation", uint64(i.ID)), slog.String("function", i.Request.Function.String()),
		slog.Duration("took", i.Times.Finished.Sub(i.Times.Queued)),
	}
	if i.Parent != 0 {
		attrs = append(attrs, slog.Uint64("parent", uint64(i.Parent)))
	}
	message := "invocation ended"
	if f != nil {
		message = "invocation failed"
		attrs = append(attrs, slog.String("kind", f.Kind), slog.String("code", f.Code), slog.String("error", f.Message))
		if len(f.Frames) > 0 {
			attrs = append(attrs, slog.String("at", f.Frames[0].Function), slog.String("file", f.Frames[0].File), slog.Int("line", f.Frames[0].Line))
		}
	} else {
		attrs = append(attrs, slog.Int("exit_code", int(i.Result.ReturnValue)))
	}
	l.log.LogAttrs(ctx, level, message, attrs...)
}

// seriesOf is where an invocation of a function is counted. Names that nobody has stored
// get no label.
func (l *Ledger) seriesOf(name guest.Name, r *scheduler.Result) *series {
	l.mu.RLock()
	s := l.functions[name]
	l.mu.RUnlock()
	if s != nil {
		return s
	}
	if f := r.Failure; f != nil && f.Kind == "error" {
		return l.others
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if s = l.functions[name]; s == nil {
		if len(l.functions) >= MaxCounted {
			return l.others
		}
		s = l.totals.series(name.String())
		l.functions[name] = s
	}
	return s
}

// counts are the functions' counts, sorted by name.
func (l *Ledger) counts() []FunctionCount {
	l.mu.RLock()
	defer l.mu.RUnlock()
	all := []FunctionCount{}
	for _, s := range l.functions {
		all = append(all, s.count())
	}
	if c := l.others.count(); c.Ended > 0 {
		all = append(all, c)
	}
	slices.SortFunc(all, func(a, b FunctionCount) int { return strings.Compare(a.Function, b.Function) })
	return all
}

// series is what is counted of one function.
type series struct {
	name                 string
	outcomes             [len(outcomeNames)]prometheus.Counter
	seconds              prometheus.Observer
	cold                 prometheus.Counter
	ended, failed, colds atomic.Uint64
	took, queued, most   atomic.Int64 // ns
}

// Outcomes, by which invocations are counted.
const (
	succeeded = iota
	exited    // with another code than 0
	trapped
	deadline
	cancelled
	limited // by another limit
	broken  // could not run
)

var outcomeNames = [...]string{"success", "exit", "trap", "deadline", "cancelled", "limit", "error"}

func outcomeOf(r *scheduler.Result) int {
	f := r.Failure
	switch {
	case f == nil && r.ReturnValue == 0:
		return succeeded
	case f == nil:
		return exited
	case f.Kind == "trap":
		return trapped
	case f.Kind == "limit" && f.Code == "deadline":
		return deadline
	case f.Kind == "limit" && f.Code == "cancelled":
		return cancelled
	case f.Kind == "limit":
		return limited
	}
	return broken
}

func (s *series) add(i *scheduler.Invocation) {
	outcome := outcomeOf(i.Result)
	s.outcomes[outcome].Inc()
	took := i.Times.Finished.Sub(i.Times.Queued)
	s.seconds.Observe(took.Seconds())
	s.ended.Add(1)
	if outcome != succeeded {
		s.failed.Add(1)
	}
	if i.Times.Cold {
		s.cold.Inc()
		s.colds.Add(1)
	}
	s.took.Add(int64(took))
	s.queued.Add(int64(queueTime(i)))
	for {
		most := s.most.Load()
		if int64(took) <= most || s.most.CompareAndSwap(most, int64(took)) {
			return
		}
	}
}

func (s *series) count() FunctionCount {
	seconds := func(v *atomic.Int64) float64 { return time.Duration(v.Load()).Seconds() }
	return FunctionCount{
		Function: s.name, Ended: s.ended.Load(), Failed: s.failed.Load(), Cold: s.colds.Load(),
		Seconds: seconds(&s.took), Longest: seconds(&s.most), Queue: seconds(&s.queued),
	}
}
