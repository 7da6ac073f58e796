package cluster

import (
	"sync"
	"time"

	"github.com/faaslens/faaslens/scheduler"
)

// cancels are invocations that were cancelled lately: one may be on its way out of the
// queue, where nothing that runs can be cancelled yet.
type cancels struct {
	mu  sync.Mutex
	all map[scheduler.ID]time.Time
}

// How many are kept, and for how long where there are more.
const (
	manyCancels = 4096
	cancelTime  = time.Minute
)

func (c *cancels) add(id scheduler.ID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	if c.all == nil {
		c.all = make(map[scheduler.ID]time.Time)
	}
	if len(c.all) >= manyCancels {
		for old, at := range c.all {
			if now.Sub(at) > cancelTime {
				delete(c.all, old)
			}
		}
	}
	c.all[id] = now
}

// has reports whether an invocation was cancelled lately.
func (c *cancels) has(id scheduler.ID) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, ok := c.all[id]
	return ok
}
