package gateway

import (
	"context"
	"math"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/faaslens/faaslens/scheduler"
)

// totals are the metrics about invocations that have ended.
type totals struct {
	invocations *prometheus.CounterVec
	seconds     *prometheus.HistogramVec
	cold        *prometheus.CounterVec
	queue       prometheus.Histogram
}

func newTotals(r *prometheus.Registry) totals {
	// From a tenth of a millisecond to about two minutes.
	buckets := prometheus.ExponentialBuckets(0.0001, 4, 11)
	t := totals{
		invocations: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "faaslens_invocations_total", Help: "Invocations that have ended, by function and outcome.",
		}, []string{"function", "outcome"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "faaslens_invocation_seconds", Help: "Time from an invocation's acceptance to its end.", Buckets: buckets,
		}, []string{"function"}),
		cold: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "faaslens_cold_starts_total", Help: "Invocations for which their function had to be loaded or compiled.",
		}, []string{"function"}),
		queue: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "faaslens_queue_seconds", Help: "Time from an invocation's acceptance until it had a worker.",
			Buckets: prometheus.ExponentialBuckets(0.00001, 4, 11),
		}),
	}
	r.MustRegister(t.invocations, t.seconds, t.cold, t.queue,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return t
}

// series makes the metrics of a function.
func (t *totals) series(name string) *series {
	s := &series{name: name, seconds: t.seconds.WithLabelValues(name), cold: t.cold.WithLabelValues(name)}
	for k, outcome := range outcomeNames {
		s.outcomes[k] = t.invocations.WithLabelValues(name, outcome)
	}
	return s
}

// metrics answers with all metrics in the Prometheus text format.
func (l *Ledger) metrics(s *scheduler.Scheduler, f Functions, backlog func(context.Context) (uint64, error)) http.HandlerFunc {
	state := stateOf(s)
	if backlog != nil {
		state.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "faaslens_backlog", Help: "Invocations of all members that were started asynchronously and whose results are not stored.",
		}, func() float64 { return countWithin(backlog) }))
	}
	all := prometheus.Gatherers{l.registry, state, waysOf(f)}
	h := promhttp.HandlerFor(all, promhttp.HandlerOpts{})
	return h.ServeHTTP
}

// countWithin asks for a count, for a second; it is not a number where there is none.
func countWithin(ask func(context.Context) (uint64, error)) float64 {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	n, err := ask(ctx)
	if err != nil {
		return math.NaN()
	}
	return float64(n)
}

// waysOf gathers how functions have their instances.
func waysOf(f Functions) *prometheus.Registry {
	r := prometheus.NewRegistry()
	for _, way := range []string{"fresh", "sticky", "scan", "copy", "measured"} {
		r.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "faaslens_functions_ready", ConstLabels: prometheus.Labels{"instances": way},
			Help: "Functions that are ready, by how they have their instances: fresh, or kept and put back in a way that is measured.",
		}, func() float64 { return float64(f.Instances()[way]) }))
	}
	return r
}

// stateOf gathers how much a scheduler has to do.
func stateOf(s *scheduler.Scheduler) *prometheus.Registry {
	r := prometheus.NewRegistry()
	gauge := func(name, help string, value func(scheduler.Stats) int) {
		r.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, func() float64 {
			return float64(value(s.Stats()))
		}))
	}
	gauge("faaslens_workers", "Functions that may run at a time.", func(s scheduler.Stats) int { return s.Workers })
	gauge("faaslens_running", "Functions that run.", func(s scheduler.Stats) int { return s.Running })
	gauge("faaslens_waiting", "Functions that have started and wait for others that they chained.", func(s scheduler.Stats) int { return s.Waiting })
	gauge("faaslens_elsewhere", "Chained invocations that other members run.", func(s scheduler.Stats) int { return s.Lent })
	gauge("faaslens_queued", "Invocations that have not started.", func(s scheduler.Stats) int { return s.Queued })
	gauge("faaslens_instances", "Instances of functions, running or waiting.", func(s scheduler.Stats) int { return s.Running + s.Waiting })
	gauge("faaslens_results_kept", "Results that have not expired.", func(s scheduler.Stats) int { return s.Kept })
	return r
}
