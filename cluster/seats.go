package cluster

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/faaslens/faaslens/bus"
	"github.com/faaslens/faaslens/scheduler"
)

// Seats gives a scheduler the free workers of other members. It is made before both the
// scheduler and the Cluster, which fills it.
type Seats struct {
	free chan scheduler.Seat
}

// NewSeats makes seats of which there are none until a Cluster is opened with them.
func NewSeats() *Seats { return &Seats{make(chan scheduler.Seat)} }

// Seats implements scheduler.Others.
func (s *Seats) Seats() <-chan scheduler.Seat { return s.free }

// usher offers the free workers of other members until the member leaves.
func (c *Cluster) usher() {
	defer c.running.Done()
	for {
		var free chan scheduler.Seat
		var offer seat
		if p, ok := c.peers.freest(); ok {
			free, offer = c.cfg.Seats.free, seat{c, p}
		}
		select {
		case free <- offer:
			c.peers.take(offer.peer.ID)
		case <-c.peers.changed:
		case <-c.left:
			return
		}
	}
}

// seat is a free worker of another member.
type seat struct {
	cluster *Cluster
	peer    announcement
}

// Host implements scheduler.Seat.
func (s seat) Host() string { return s.peer.Name }

// Run implements scheduler.Seat.
func (s seat) Run(ctx context.Context, e *scheduler.Errand, report func(*scheduler.Node)) error {
	question, err := question(kindErrand, errandOf(e))
	if err != nil {
		return err
	}
	l := &loan{seat: s, id: e.ID, report: report, sent: time.Now(), answers: make(chan *errandAnswer), failed: make(chan error, 1), probes: make(chan probe)}
	var asking context.Context
	asking, l.quit = context.WithCancel(context.WithoutCancel(ctx))
	defer l.quit()
	go func() {
		l.failed <- s.cluster.cfg.Bus.Ask(asking, s.peer.ID, question, func(b []byte) bool { return l.hear(asking, b) })
	}()
	return l.follow(ctx, asking)
}

// loan is an invocation that another member runs, on the side of who gave it away.
//
// Its goroutines hear answers and ask whether it still runs; both end with follow, which
// owns everything.
type loan struct {
	seat    seat
	id      scheduler.ID
	report  func(*scheduler.Node)
	sent    time.Time
	came    bool // the invocation has ended
	strikes int  // how often in a row the member did not say whether it has
	missed  int  // how often in a row it said so and its end is not here
	answers chan *errandAnswer
	failed  chan error
	probes  chan probe
	quit    context.CancelFunc
}

// hear passes an answer on. It reports whether there will be more.
func (l *loan) hear(ctx context.Context, b []byte) bool {
	a, err := readAnswer(b)
	if err != nil {
		a = &errandAnswer{Refused: err.Error()}
	}
	a.asked, a.heard = l.sent, time.Now()
	select {
	case l.answers <- a:
	case <-ctx.Done():
	}
	return a.Node != nil && a.Open
}

// probe is what came of asking whether an invocation is still run.
type probe struct {
	answer *errandAnswer // nil if none came
}

// maxStrikes is how often in a row a member may not answer before it is given up, and how
// often it may say that it has told of an end before it is asked for that again.
const maxStrikes = 3

// How long a member has to say whether an invocation runs, in checks, and to say again how
// it ended.
const (
	probeChecks = 3
	againTime   = time.Minute
)

// follow follows an invocation until nothing more of it is to come.
func (l *loan) follow(ctx, asking context.Context) error {
	tick := time.NewTicker(l.seat.cluster.cfg.Check)
	defer tick.Stop()
	cancelled := ctx.Done()
	probing := false
	for {
		select {
		case a := <-l.answers:
			if over, err := l.take(a); over {
				return err
			}
		case err := <-l.failed:
			// It may have been heard: until that is known, it is asked about.
			if errors.Is(err, bus.ErrNobody) {
				l.seat.cluster.peers.forget(l.seat.peer.ID)
				return scheduler.ErrBusy
			}
			if err != nil && asking.Err() == nil && !l.came {
				return err
			}
		case <-tick.C:
			if !probing {
				probing = true
				go l.probe(asking, l.missed >= maxStrikes)
			}
		case p := <-l.probes:
			probing = false
			if over, err := l.judge(p.answer); over {
				return err
			}
		case <-cancelled:
			cancelled = nil
			if err := l.seat.cluster.tell(l.seat.peer.ID, kindCancel, l.id); err != nil {
				l.seat.cluster.cfg.Log.Warn("another member is not told that an invocation is cancelled", "invocation", uint32(l.id), "error", err)
			}
		}
	}
}

// judge takes what came of a probe, nil for nothing. It reports whether nothing more is to
// come.
func (l *loan) judge(a *errandAnswer) (over bool, err error) {
	if a == nil {
		if l.strikes++; l.strikes == maxStrikes {
			l.seat.cluster.peers.forget(l.seat.peer.ID)
			return true, scheduler.ErrLost
		}
		return false, nil
	}
	l.strikes = 0
	switch {
	case a.Ended && !(l.came && a.Open):
		l.missed++
		return false, nil
	case a.Ended || a.Running:
		l.missed = 0
		return false, nil
	}
	return l.take(a)
}

// take takes an answer. It reports whether that is the last.
func (l *loan) take(a *errandAnswer) (over bool, err error) {
	if a.Node == nil {
		l.seat.cluster.peers.free(l.seat.peer.ID, 0)
		switch a.Refused {
		case refusedBusy, refusedDraining:
			return true, scheduler.ErrBusy
		}
		return true, fmt.Errorf("%w: %s", scheduler.ErrLost, a.Refused)
	}
	if !l.came {
		l.seat.cluster.peers.free(l.seat.peer.ID, a.Idle)
	}
	if !l.came || !a.Open {
		l.came = true
		a.Node.shift(a.ahead())
		l.report(a.Node.node())
	}
	return !a.Open, nil
}

// probe asks whether the invocation still runs or, again, how it ended.
func (l *loan) probe(ctx context.Context, again bool) {
	kind, within := kindAbout, probeChecks*l.seat.cluster.cfg.Check
	if again {
		kind, within = kindAgain, againTime
	}
	bounded, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	var p probe
	asked := time.Now()
	question, err := question(kind, l.id)
	if err == nil {
		err = l.seat.cluster.cfg.Bus.Ask(bounded, l.seat.peer.ID, question, func(b []byte) bool {
			if a, err := readAnswer(b); err == nil {
				a.asked, a.heard = asked, time.Now()
				p.answer = a
			}
			return false
		})
	}
	if err != nil {
		p.answer = nil
	}
	select {
	case l.probes <- p:
	case <-ctx.Done():
	}
}
