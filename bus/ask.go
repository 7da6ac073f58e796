package bus

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go"
)

// ErrNobody is that nobody hears what is asked there.
var ErrNobody = errors.New("nobody answers there")

// Subjects of what is said and not stored.
const (
	newsSubject  = "faaslens.members"
	memberPrefix = "faaslens.member."
)

// Announce tells all processes something. It is not stored.
func (b *Bus) Announce(news []byte) error {
	if err := b.conn.Publish(newsSubject, news); err != nil {
		return fmt.Errorf("announce to the other members: %w", err)
	}
	return nil
}

// HearNews calls f with all that is announced, also by this process, one after the other,
// until stop is called.
func (b *Bus) HearNews(f func(news []byte)) (stop func(), err error) {
	return b.subscribe(newsSubject, func(m *nats.Msg) { f(m.Data) })
}

// Question is what somebody asked.
type Question struct {
	Text []byte
	bus  *Bus
	to   string
}

// HearQuestions calls f with what is asked of that name, one after the other, until stop
// is called. A name has letters and digits.
func (b *Bus) HearQuestions(name string, f func(*Question)) (stop func(), err error) {
	return b.subscribe(memberPrefix+name, func(m *nats.Msg) { f(&Question{Text: m.Data, bus: b, to: m.Reply}) })
}

func (b *Bus) subscribe(subject string, f nats.MsgHandler) (stop func(), err error) {
	s, err := b.conn.Subscribe(subject, f)
	if err == nil {
		err = b.conn.Flush() // who asks from now on is heard
	}
	if err != nil {
		return nil, fmt.Errorf("hear what is said at %s: %w", subject, err)
	}
	return func() { _ = s.Unsubscribe() }, nil // the connection may have gone first
}

// An answer goes in parts, each behind one of these.
const (
	lastPart  = 0
	morePart  = 1
	partSize  = 256 << 10
	maxAnswer = 256 << 20
)

// Answer answers a question, as often as need be.
func (q *Question) Answer(text []byte) error {
	if q.to == "" {
		return nil // nobody wants to know
	}
	for {
		part, mark := text, byte(lastPart)
		if len(part) > partSize {
			part, mark = part[:partSize], morePart
		}
		text = text[len(part):]
		if err := q.bus.conn.Publish(q.to, append([]byte{mark}, part...)); err != nil {
			return fmt.Errorf("answer another member: %w", err)
		}
		if mark == lastPart {
			return nil
		}
	}
}

// Tell says something to that name and wants no answer. It is not stored.
func (b *Bus) Tell(name string, text []byte) error {
	if err := b.conn.Publish(memberPrefix+name, text); err != nil {
		return fmt.Errorf("tell the member %s: %w", name, err)
	}
	return nil
}

// Ask asks that name and calls each with every answer until it returns false or the
// context ends. The error is ErrNobody where nobody hears it.
func (b *Bus) Ask(ctx context.Context, name string, text []byte, each func(answer []byte) bool) error {
	if most := b.conn.MaxPayload(); int64(len(text)) > most {
		return fmt.Errorf("ask the member %s: the question has %d bytes, and NATS takes %d at most", name, len(text), most)
	}
	inbox := b.conn.NewInbox()
	parts, over := make(chan *nats.Msg), make(chan struct{})
	defer close(over)
	// A subscription of the other kind takes half a megabyte.
	s, err := b.conn.Subscribe(inbox, func(m *nats.Msg) {
		select {
		case parts <- m:
		case <-over:
		}
	})
	if err != nil {
		return fmt.Errorf("ask the member %s: %w", name, err)
	}
	defer s.Unsubscribe()
	if err := s.SetPendingLimits(-1, -1); err != nil { // they are bounded below
		return fmt.Errorf("ask the member %s: %w", name, err)
	}
	if err := b.conn.PublishRequest(memberPrefix+name, inbox, text); err != nil {
		return fmt.Errorf("ask the member %s: %w", name, err)
	}
	var answer bytes.Buffer
	for {
		var m *nats.Msg
		select {
		case m = <-parts:
		case <-ctx.Done():
			return fmt.Errorf("wait for the answer of the member %s: %w", name, ctx.Err())
		}
		switch {
		case len(m.Data) == 0 && m.Header.Get("Status") == noResponders:
			return ErrNobody
		case len(m.Data) == 0 || answer.Len()+len(m.Data) > maxAnswer:
			return fmt.Errorf("wait for the answer of the member %s: it is none", name)
		}
		answer.Write(m.Data[1:])
		if m.Data[0] == morePart {
			continue
		}
		if !each(answer.Bytes()) {
			return nil
		}
		answer = bytes.Buffer{}
	}
}

// noResponders is what the server says where nobody hears a question.
const noResponders = "503"
