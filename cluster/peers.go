package cluster

import (
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"time"
)

// announcement is what members tell one another of themselves.
type announcement struct {
	ID      string `json:"id"` // under which it is asked
	Name    string `json:"name"`
	Workers int    `json:"workers"`
	Idle    int    `json:"idle"`
	Gone    bool   `json:"gone,omitempty"`
}

// peer is another member.
type peer struct {
	announcement
	heard time.Time
	free  int // workers that are believed to be
}

// peers are the other members, as far as they were heard of.
type peers struct {
	changed chan struct{} // has one element when something changed since it was looked at

	mu   sync.Mutex
	all  map[string]*peer // by ID
	lost map[string]*peer // likewise: those that were forgotten and have not said that they leave
}

func newPeers() *peers {
	return &peers{changed: make(chan struct{}, 1), all: make(map[string]*peer), lost: make(map[string]*peer)}
}

// tell says that something changed.
func (p *peers) tell() {
	select {
	case p.changed <- struct{}{}:
	default:
	}
}

// hear takes an announcement. It reports whether its member is new.
func (p *peers) hear(a announcement, now time.Time) (first bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	defer p.tell()
	delete(p.lost, a.ID)
	if a.Gone {
		delete(p.all, a.ID)
		return false
	}
	known := p.all[a.ID]
	if known == nil {
		known = &peer{}
		p.all[a.ID] = known
		first = true
	}
	known.announcement, known.heard, known.free = a, now, a.Idle
	return first
}

// freest is the member with the most free workers.
func (p *peers) freest() (announcement, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	var best *peer
	for _, m := range p.all {
		if m.free > 0 && (best == nil || m.free > best.free) {
			best = m
		}
	}
	if best == nil {
		return announcement{}, false
	}
	return best.announcement, true
}

// take counts a worker of a member as taken.
func (p *peers) take(id string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if m := p.all[id]; m != nil {
		m.free--
	}
}

// free notes how many workers of a member are free.
func (p *peers) free(id string, workers int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if m := p.all[id]; m != nil {
		m.free = workers
		p.tell()
	}
}

// forget forgets a member that does not answer. If it is there, it will be heard again.
func (p *peers) forget(id string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.lose(id)
}

// lose forgets a member. The lock is held.
func (p *peers) lose(id string) {
	if m := p.all[id]; m != nil {
		p.lost[id] = m
		delete(p.all, id)
	}
}

// lostSince are the names of those that were lost and last heard of since, sorted.
func (p *peers) lostSince(since time.Time) []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var names []string
	for id, m := range p.lost {
		if m.heard.Before(since) {
			delete(p.lost, id)
		} else {
			names = append(names, m.Name)
		}
	}
	slices.Sort(names)
	return names
}

// forgetSilent forgets those that were not heard of since.
func (p *peers) forgetSilent(since time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for id, m := range p.all {
		if m.heard.Before(since) {
			p.lose(id)
		}
	}
}

// list are the other members, sorted by name.
func (p *peers) list() []announcement {
	p.mu.Lock()
	defer p.mu.Unlock()
	var all []announcement
	for _, m := range p.all {
		all = append(all, m.announcement)
	}
	slices.SortFunc(all, func(a, b announcement) int { return strings.Compare(a.Name+a.ID, b.Name+b.ID) })
	return all
}

// Members are the names of the other members that are known, sorted.
func (c *Cluster) Members() []string {
	var names []string
	for _, a := range c.peers.list() {
		names = append(names, a.Name)
	}
	return names
}

// Lost are the names of members that have ended without saying so, as long as the queue may
// wait for them: what they had of it goes to others within that time.
func (c *Cluster) Lost() []string {
	return c.peers.lostSince(time.Now().Add(-c.cfg.Bus.AckWait()))
}

// How often members announce themselves, in checks, and after how many they are forgotten.
const (
	announceChecks = 1
	silentChecks   = 10
)

// pulse is how often a member looks whether its number of free workers changed.
const pulse = 20 * time.Millisecond

// announceAll tells the others what they have to know, until the member leaves: all of it
// once a check, and when a worker is free or none is any more.
func (c *Cluster) announceAll() {
	defer c.running.Done()
	tick := time.NewTicker(min(pulse, c.cfg.Check))
	defer tick.Stop()
	var said announcement
	var last time.Time
	for {
		select {
		case <-c.left:
			c.announce(announcement{ID: c.id, Name: c.cfg.Host, Gone: true})
			return
		case <-tick.C:
		case <-c.hello:
			last = time.Time{}
		}
		now := time.Now()
		a := announcement{ID: c.id, Name: c.cfg.Host, Workers: c.cfg.Scheduler.Stats().Workers, Idle: c.idle()}
		if c.cfg.AtOnce == 0 {
			a.Workers = 0
		}
		if now.Sub(last) >= announceChecks*c.cfg.Check {
			c.peers.forgetSilent(now.Add(-silentChecks * c.cfg.Check))
			c.cancelOrphans(now)
		} else if a == said {
			continue
		}
		c.announce(a)
		said, last = a, now
	}
}

func (c *Cluster) announce(a announcement) {
	b, err := json.Marshal(a)
	if err == nil {
		err = c.cfg.Bus.Announce(b)
	}
	if err != nil {
		c.cfg.Log.Warn("the other members do not hear of this one", "error", err)
	}
}

// idle is how many workers are free for errands.
func (c *Cluster) idle() int {
	if c.cfg.AtOnce == 0 || c.closing.Load() {
		return 0
	}
	s := c.cfg.Scheduler.Stats()
	return max(s.Workers-s.Running-s.Queued, 0)
}

// hearNews takes what is announced.
func (c *Cluster) hearNews(b []byte) {
	var a announcement
	if json.Unmarshal(b, &a) != nil || a.ID == c.id || a.ID == "" {
		return
	}
	if c.peers.hear(a, time.Now()) {
		select {
		case c.hello <- struct{}{}: // it has not heard of this one
		default:
		}
	}
}
