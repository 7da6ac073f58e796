package bus

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/faaslens/faaslens/state"
)

// Notice is what one process tells all others about what they hold of what is shared.
type Notice struct {
	From string `json:"from"` // who tells it
	// Flush: let go of everything.
	Flush bool `json:"flush,omitempty"`
	// Changed is a value of state that was changed by who is no function.
	Changed *state.Change `json:"changed,omitempty"`
}

const noticeSubject = "faaslens.notice"

// flushTimeout is how long the server may take to have what was said.
const flushTimeout = 10 * time.Second

// Notify tells all other processes. It is not stored: who is not there to hear it holds
// nothing. It has left this process when Notify returns.
func (b *Bus) Notify(n Notice) error {
	n.From = b.name
	text, err := json.Marshal(n)
	if err == nil {
		err = b.conn.Publish(noticeSubject, text)
	}
	if err == nil {
		err = b.conn.FlushTimeout(flushTimeout)
	}
	if err != nil {
		return fmt.Errorf("tell the other members: %w", err)
	}
	return nil
}

// HearNotices calls f with what any other process tells, one after the other, until stop is
// called.
func (b *Bus) HearNotices(f func(Notice)) (stop func(), err error) {
	s, err := b.conn.Subscribe(noticeSubject, func(m *nats.Msg) {
		var n Notice
		if err := json.Unmarshal(m.Data, &n); err != nil {
			b.cfg.Log.Warn("another member tells what is no notice", "error", err)
			return
		}
		if n.From != b.name {
			f(n)
		}
	})
	if err == nil {
		err = b.conn.FlushTimeout(flushTimeout) // from now on nothing is missed
	}
	if err != nil {
		return nil, fmt.Errorf("hear of other members: %w", err)
	}
	return func() { _ = s.Unsubscribe() }, nil // the connection may have gone first
}
