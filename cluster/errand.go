package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/faaslens/faaslens/bus"
	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/hostcall/faasm"
	"github.com/faaslens/faaslens/scheduler"
)

// message is an invocation on the bus.
type message struct {
	ID       scheduler.ID `json:"id"`
	Function guest.Name   `json:"function"`
	Input    []byte       `json:"input,omitempty"`
	Args     []string     `json:"args,omitempty"`
	Python   faasm.Python `json:"python,omitzero"`
	Limits   guest.Limits `json:"limits"`
	Pointer  *uint32      `json:"pointer,omitempty"`
	Keep     int          `json:"keep_stdout,omitempty"`
	Queued   time.Time    `json:"queued,omitzero"`
}

func messageOf(r *scheduler.Request) message {
	return message{ID: r.ID, Function: r.Function, Input: r.Input, Args: r.Args, Python: r.Python, Limits: r.Limits,
		Pointer: r.Pointer, Keep: r.KeepStdout, Queued: r.Queued}
}

func (m *message) request() *scheduler.Request {
	return &scheduler.Request{ID: m.ID, Function: m.Function, Input: m.Input, Args: m.Args, Python: m.Python, Limits: m.Limits,
		Pointer: m.Pointer, KeepStdout: m.Keep, Queued: m.Queued}
}

// errand is a chained invocation that another member is to run.
type errand struct {
	message
	Depth     int            `json:"depth"`
	Tree      int            `json:"tree"`
	Ancestors []scheduler.ID `json:"ancestors"`
}

func errandOf(e *scheduler.Errand) *errand {
	v := &errand{message: messageOf(e.Request), Depth: e.Depth, Tree: e.Tree, Ancestors: e.Ancestors}
	v.ID = e.ID
	return v
}

// errandAnswer is what a member says of an errand.
type errandAnswer struct {
	Node     *node     `json:"node,omitempty"`    // how it ended; nil if it has not, or that is not told
	Open     bool      `json:"open,omitempty"`    // others that it chained have not
	Running  bool      `json:"running,omitempty"` // it has not
	Ended    bool      `json:"ended,omitempty"`   // it has, and that was told
	Refused  string    `json:"refused,omitempty"` // why it was not run, or not to its end
	Idle     int       `json:"idle,omitempty"`    // workers that are free
	Received time.Time `json:"received,omitzero"`
	Answered time.Time `json:"answered,omitzero"`

	asked, heard time.Time // by the clock of who asked
}

// readAnswer reads an answer.
func readAnswer(b []byte) (*errandAnswer, error) {
	a := new(errandAnswer)
	if err := json.Unmarshal(b, a); err != nil {
		return nil, fmt.Errorf("read what another member says of an invocation: %w", err)
	}
	if a.Node == nil {
		return a, nil
	}
	if a.Node.Result == nil {
		return nil, errors.New("read what another member says of an invocation: it ended without a result")
	}
	return a, a.Node.check()
}

// Why an errand is refused.
const (
	refusedBusy     = "busy"
	refusedDraining = "draining"
	refusedUnknown  = "it is not known there"
)

// ahead is by how much the clock of who answered is ahead of that of who asked, as the
// Network Time Protocol finds it (RFC 5905, section 8); 0 where that is within what the
// network's delay leaves open.
func (a *errandAnswer) ahead() time.Duration {
	there, back := a.Received.Sub(a.asked), a.Answered.Sub(a.heard)
	offset, open := (there+back)/2, (there-back)/2
	if offset.Abs() <= open {
		return 0
	}
	return offset
}

// orphaned is after how many checks that did not come an errand is cancelled.
const orphaned = 10

// guestErrands are the errands that run here, and when somebody last asked about each.
type guestErrands map[scheduler.ID]time.Time

// takeErrand runs an errand of another member. It does not wait for its end.
func (c *Cluster) takeErrand(q *bus.Question, body []byte) {
	received := time.Now()
	var e errand
	if err := json.Unmarshal(body, &e); err != nil {
		c.answer(q, &errandAnswer{Refused: fmt.Sprintf("it cannot be read: %v", err)})
		return
	}
	if c.closing.Load() || c.cfg.AtOnce == 0 {
		c.answer(q, &errandAnswer{Refused: refusedDraining})
		return
	}
	c.mu.Lock()
	_, twice := c.errands[e.ID]
	c.errands[e.ID] = received
	c.mu.Unlock()
	if twice {
		c.answer(q, &errandAnswer{Refused: refusedBusy})
		return
	}
	c.running.Add(1)
	go func() {
		defer c.running.Done()
		c.runErrand(q, &e, received)
	}()
}

func (c *Cluster) runErrand(q *bus.Question, e *errand, received time.Time) {
	defer func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		delete(c.errands, e.ID)
	}()
	asked := &scheduler.Errand{ID: e.ID, Request: e.request(), Depth: e.Depth, Tree: e.Tree, Ancestors: e.Ancestors}
	err := c.cfg.Scheduler.RunFor(context.Background(), asked, func(n *scheduler.Node) {
		a := c.answerOf(n)
		a.Received = received
		c.answer(q, a)
	})
	switch {
	case errors.Is(err, scheduler.ErrBusy):
		c.answer(q, &errandAnswer{Refused: refusedBusy})
	case err != nil:
		c.answer(q, &errandAnswer{Refused: refusedDraining})
	}
}

// answerOf is the answer for an errand that has ended.
func (c *Cluster) answerOf(n *scheduler.Node) *errandAnswer {
	return &errandAnswer{Node: nodeOf(n), Open: open(n), Idle: c.idle(), Received: time.Now()}
}

// open reports whether an invocation of the tree has not ended.
func open(n *scheduler.Node) bool {
	if n.Result == nil {
		return true
	}
	for _, m := range n.Chained {
		if open(m) {
			return true
		}
	}
	return false
}

func (c *Cluster) answer(q *bus.Question, a *errandAnswer) {
	a.Answered = time.Now()
	b, err := json.Marshal(a)
	if err == nil {
		err = q.Answer(b)
	}
	if err != nil {
		c.cfg.Log.Warn("another member was not told of its invocation's end, and will ask", "error", err)
	}
}

// tellAbout says how far an errand has come or, again, how it ended.
func (c *Cluster) tellAbout(q *bus.Question, body []byte, again bool) {
	var id scheduler.ID
	if json.Unmarshal(body, &id) != nil {
		return
	}
	c.mu.Lock()
	if _, ok := c.errands[id]; ok {
		c.errands[id] = time.Now()
	}
	c.mu.Unlock()
	n, err := c.cfg.Scheduler.Graph(id)
	switch {
	case err != nil || n.Result != nil && cutOff(n.Result) && c.closing.Load():
		c.answer(q, &errandAnswer{Refused: refusedUnknown})
	case n.Result == nil:
		c.answer(q, &errandAnswer{Running: true})
	case again:
		c.answer(q, c.answerOf(n))
	default:
		c.answer(q, &errandAnswer{Ended: true, Open: open(n)})
	}
}

// cutOff reports whether a result may be that of an invocation that the end of its process
// ended.
func cutOff(r *scheduler.Result) bool { return r.Failure != nil && r.Failure.Code == "cancelled" }

// cancelOrphans cancels the errands that nobody has asked about for long.
func (c *Cluster) cancelOrphans(now time.Time) {
	c.mu.Lock()
	var orphans []scheduler.ID
	for id, asked := range c.errands {
		if now.Sub(asked) > orphaned*c.cfg.Check {
			orphans = append(orphans, id)
		}
	}
	c.mu.Unlock()
	for _, id := range orphans {
		c.cfg.Log.Warn("an invocation is cancelled: the member that it is run for is not heard of", "invocation", uint32(id))
		_, _ = c.cfg.Scheduler.Cancel(id) // it may have ended
	}
}
