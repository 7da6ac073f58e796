package bus

import (
	"encoding/binary"
	"fmt"

	"github.com/nats-io/nats.go"
)

const cancelSubject = "faaslens.cancel"

// Cancel tells all processes that an invocation is to be cancelled. It is not stored: who
// is not there to hear it has nothing to cancel.
func (b *Bus) Cancel(id uint32) error {
	if err := b.conn.Publish(cancelSubject, binary.LittleEndian.AppendUint32(nil, id)); err != nil {
		return fmt.Errorf("cancel the invocation %d: %w", id, err)
	}
	return nil
}

// HearCancels calls f with each invocation that any process cancels, until stop is
// called.
func (b *Bus) HearCancels(f func(id uint32)) (stop func(), err error) {
	s, err := b.conn.Subscribe(cancelSubject, func(m *nats.Msg) {
		if len(m.Data) == 4 {
			f(binary.LittleEndian.Uint32(m.Data))
		}
	})
	if err != nil {
		return nil, fmt.Errorf("hear of cancellations: %w", err)
	}
	return func() { _ = s.Unsubscribe() }, nil // the connection may have gone first
}
