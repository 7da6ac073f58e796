package engine

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/faaslens/faaslens/engine/internal/wasmtime"
)

// tuner finds how one module's instances are best had: made anew for each invocation, or
// kept and put back in one of the ways that there are. It has a number of invocations run
// each way, one way after the other, and takes the way whose median cost was least. What
// the guest does in its own time does not count, so that invocations may differ.
type tuner struct {
	reset  atomic.Int32 // wasmtime.Reset of the next run
	trying atomic.Bool
	left   atomic.Int64 // runs until the next trial

	mu     sync.Mutex // guards what follows
	ways   []wasmtime.Reset
	way    int // index of the one that is tried
	tries  int // of it
	costs  [][]time.Duration
	fixed  bool
	trials int // that have ended
}

const (
	// samples are taken of each way, out of at most maxTries runs: only a run that follows
	// one of the same kind in the same slot shows what it costs.
	samples  = 9
	maxTries = 64
	// fewSamples are enough of a way that cost muchMore times as much as another in each.
	fewSamples = 3
	muchMore   = 4
	// trialEvery is after how many runs the ways are tried again.
	trialEvery = 20_000
	// faultCost is what a page fault in the guest takes (measured: 0.5 to 2 µs).
	faultCost = time.Microsecond
	// maxCopied is the largest memory that copying all of is tried for, in bytes.
	maxCopied = 64 << 20
)

// nativeResets are the binding's terms for ways that are given.
var nativeResets = map[Reset]wasmtime.Reset{
	ResetSticky: wasmtime.ResetSticky, ResetScan: wasmtime.ResetScan, ResetCopy: wasmtime.ResetCopy, ResetFresh: wasmtime.ResetFresh,
}

// newTuner makes what finds the way for a module with that much memory.
func newTuner(way Reset, memory uint64) *tuner {
	t := &tuner{}
	if way != ResetMeasured {
		t.fixed = true
		t.reset.Store(int32(nativeResets[way]))
		return t
	}
	t.ways = []wasmtime.Reset{wasmtime.ResetSticky, wasmtime.ResetScan, wasmtime.ResetFresh}
	if memory <= maxCopied {
		t.ways = append(t.ways, wasmtime.ResetCopy)
	}
	t.start()
	return t
}

// start begins a trial.
func (t *tuner) start() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.way, t.tries, t.costs = 0, 0, make([][]time.Duration, len(t.ways))
	t.reset.Store(int32(t.ways[0]))
	t.trying.Store(true)
}

// manner is how a run has its instance.
func (m *Module) manner(r *Run) wasmtime.Manner {
	if m.warm == nil {
		return wasmtime.Manner{Reset: wasmtime.ResetFresh, Capture: r.captured != nil, Files: r.Files}
	}
	t := m.warm.tuner
	if !t.fixed && !t.trying.Load() && t.left.Add(-1) == 0 {
		t.start()
	}
	return wasmtime.Manner{Reset: wasmtime.Reset(t.reset.Load()), Measure: t.trying.Load(), Files: r.Files}
}

// note takes what a run of a trial cost.
func (t *tuner) note(way wasmtime.Reset, c wasmtime.Cost) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.trying.Load() || way != t.ways[t.way] {
		return
	}
	t.tries++
	if c.Settled {
		t.costs[t.way] = append(t.costs[t.way], c.Time+time.Duration(c.Faults)*faultCost)
	}
	if len(t.costs[t.way]) < samples && t.tries < maxTries && !t.hopeless() {
		return
	}
	t.way, t.tries = t.way+1, 0
	if t.way < len(t.ways) {
		t.reset.Store(int32(t.ways[t.way]))
		return
	}
	t.reset.Store(int32(t.best()))
	t.left.Store(trialEvery)
	t.trials++
	t.trying.Store(false)
}

// hopeless reports whether the way that is tried has cost much more than another, in each
// of its first runs.
func (t *tuner) hopeless() bool {
	costs := t.costs[t.way]
	if len(costs) < fewSamples {
		return false
	}
	for _, others := range t.costs[:t.way] {
		if len(others) > 0 && slices.Min(costs) > muchMore*median(others) {
			return true
		}
	}
	return false
}

func median(costs []time.Duration) time.Duration {
	slices.Sort(costs)
	return costs[len(costs)/2]
}

// best is the way with the least median cost. One that no run has shown the cost of does
// not count; if there is no other, it is the first.
func (t *tuner) best() wasmtime.Reset {
	best, least := t.ways[0], time.Duration(-1)
	for i, costs := range t.costs {
		if len(costs) == 0 {
			continue
		}
		if m := median(costs); least < 0 || m < least {
			best, least = t.ways[i], m
		}
	}
	return best
}

// Kept reports whether the module's instances can be kept at all.
func (m *Module) Kept() bool { return m.warm != nil }

// Reset is how the module's instances are had at present: ResetFresh if none are kept, and
// ResetMeasured while the ways are being tried.
func (m *Module) Reset() Reset {
	if m.warm == nil {
		return ResetFresh
	}
	if m.warm.tuner.trying.Load() {
		return ResetMeasured
	}
	for r, n := range nativeResets {
		if int32(n) == m.warm.tuner.reset.Load() {
			return r
		}
	}
	return ResetFresh
}
