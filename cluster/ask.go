package cluster

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/faaslens/faaslens/bus"
	"github.com/faaslens/faaslens/scheduler"
)

// Kinds of what members say to one another. A question is its kind, a line's end and JSON.
const (
	kindErrand = "errand"
	kindAbout  = "about"
	kindAgain  = "again"
	kindCancel = "cancel"
	kindWait   = "wait"
	kindGraph  = "graph"
)

func question(kind string, body any) ([]byte, error) {
	b, err := json.Marshal(body)
	if err != nil {
		return nil, fmt.Errorf("ask another member: %w", err)
	}
	return append([]byte(kind+"\n"), b...), nil
}

func (c *Cluster) tell(to, kind string, body any) error {
	b, err := question(kind, body)
	if err != nil {
		return err
	}
	return c.cfg.Bus.Tell(to, b)
}

// Answerer answers questions of a kind, in JSON.
type Answerer = func(ctx context.Context, question []byte) ([]byte, error)

// Answer has f answer the questions of a kind that other members ask, each within a minute.
func (c *Cluster) Answer(kind string, f func(ctx context.Context, question []byte) ([]byte, error)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.answerers[kind] = f
}

// maxQuestions is how many questions are answered at a time; others wait.
const maxQuestions = 256

// hearQuestion has a question answered. It does not wait for that.
func (c *Cluster) hearQuestion(q *bus.Question) {
	kind, body, _ := bytes.Cut(q.Text, []byte("\n"))
	switch string(kind) {
	case kindErrand:
		c.takeErrand(q, body)
		return
	case kindAbout:
		c.tellAbout(q, body, false)
		return
	case kindAgain:
		c.running.Add(1)
		go func() {
			defer c.running.Done()
			c.tellAbout(q, body, true)
		}()
		return
	case kindCancel:
		var id scheduler.ID
		if json.Unmarshal(body, &id) == nil {
			_, _ = c.cfg.Scheduler.Cancel(id) // it may have ended
		}
		return
	}
	c.mu.Lock()
	f := c.answerers[string(kind)]
	c.mu.Unlock()
	if f == nil {
		c.reply(q, nil, fmt.Errorf("this member does not know what %q is", kind))
		return
	}
	c.running.Add(1)
	go func() {
		defer c.running.Done()
		select {
		case c.answering <- struct{}{}:
		case <-c.left:
			return
		}
		defer func() { <-c.answering }()
		ctx, cancel := context.WithTimeout(c.base, maxAsk)
		defer cancel()
		answer, err := f(ctx, body)
		c.reply(q, answer, err)
	}()
}

// An answer is one of these, and text.
const (
	answered   = '+'
	unanswered = '-'
)

func (c *Cluster) reply(q *bus.Question, answer []byte, err error) {
	text := append([]byte{answered}, answer...)
	if err != nil {
		text = append([]byte{unanswered}, err.Error()...)
	}
	if err := q.Answer(text); err != nil {
		c.cfg.Log.Warn("another member's question is not answered", "error", err)
	}
}

// How long members have for an answer: usually, and at most.
const (
	usualAsk = 2 * time.Second
	maxAsk   = time.Minute
)

// Ask asks the other members, or the one of that name, and waits for their answers until
// the context ends, or for two seconds where it has no deadline. It then calls each for
// every member that is known, one after the other; err is that it did not answer.
func (c *Cluster) Ask(ctx context.Context, only, kind string, body any, each func(member string, answer []byte, err error)) {
	text, err := question(kind, body)
	if err != nil {
		each(only, nil, err)
		return
	}
	if _, ok := ctx.Deadline(); !ok {
		bounded, cancel := context.WithTimeout(ctx, usualAsk)
		defer cancel()
		ctx = bounded
	}
	asked := c.peers.list()
	asked = slices.DeleteFunc(asked, func(a announcement) bool { return only != "" && a.Name != only })
	answers, errs := make([][]byte, len(asked)), make([]error, len(asked))
	var wg sync.WaitGroup
	for k, a := range asked {
		wg.Go(func() { answers[k], errs[k] = c.ask(ctx, a.ID, text) })
	}
	wg.Wait()
	for k, a := range asked {
		if errors.Is(errs[k], bus.ErrNobody) {
			c.peers.forget(a.ID) // it has no connection; if it has again, it will be heard
		}
		each(a.Name, answers[k], errs[k])
	}
}

func (c *Cluster) ask(ctx context.Context, id string, text []byte) (answer []byte, err error) {
	var said []byte
	if err := c.cfg.Bus.Ask(ctx, id, text, func(b []byte) bool { said = b; return false }); err != nil {
		return nil, err
	}
	switch {
	case len(said) > 0 && said[0] == answered:
		return said[1:], nil
	case len(said) > 0 && said[0] == unanswered:
		return nil, errors.New(string(said[1:]))
	}
	return nil, errors.New("its answer is none")
}
