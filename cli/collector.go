package cli

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

// The heap of a service grows by collectAt percent before it is collected: what a request
// leaves behind is small beside the memory of functions, which the collector does not see.
// A heap that is large, because much state goes through it, grows by collectGrowth bytes
// at most, or to twice its size.
const (
	collectAt     = 400 // percent
	collectGrowth = 256 << 20
)

// growthOf is how much a heap of which so many bytes live may grow, in percent.
func growthOf(live uint64) int {
	return int(min(max(collectGrowth*100/max(live, 1), 100), collectAt))
}

// tuneCollector has the heap collected as seldom as may be. It looks anew after each
// collection, on the runtime's own goroutine, as long as the process lives.
func (s *session) tuneCollector() {
	if s.env.get("GOGC") != "" {
		return
	}
	debug.SetGCPercent(collectAt)
	(&collector{percent: collectAt}).watch()
}

// collector is how the heap is collected now.
type collector struct{ percent int }

// watch has tune called after the next collection.
func (c *collector) watch() {
	runtime.AddCleanup(new([16]byte), func(c *collector) { c.tune(); c.watch() }, c)
}

func (c *collector) tune() {
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(live)
	if percent := growthOf(live[0].Value.Uint64()); percent != c.percent {
		c.percent = percent
		debug.SetGCPercent(percent)
	}
}
