package bus

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// ErrNoResult is an invocation that has no result, not yet or not any more.
var ErrNoResult = errors.New("there is no result")

// largeResult is from where on a result is kept apart, in bytes.
const largeResult = 512 << 10

// Put stores what is known of an invocation; a later Put replaces it.
func (b *Bus) Put(ctx context.Context, id string, result []byte) error {
	value := append([]byte{0}, result...)
	if len(result) > largeResult {
		if _, err := b.large.PutBytes(ctx, id, result); err != nil {
			return fmt.Errorf("store the result of %s: %w", id, err)
		}
		value = []byte{1}
	}
	if _, err := b.results.Put(ctx, id, value); err != nil {
		return fmt.Errorf("store the result of %s: %w", id, err)
	}
	return nil
}

// ErrTaken is a name that somebody else has reserved.
var ErrTaken = errors.New("it is reserved")

// Reserve reserves a name for this process, which may use it for as long as results are
// kept; nobody else can until long after. The error may be ErrTaken.
func (b *Bus) Reserve(ctx context.Context, name string) (time.Duration, error) {
	_, err := b.reserved.Create(ctx, name, nil)
	if errors.Is(err, jetstream.ErrKeyExists) {
		return 0, ErrTaken
	}
	if err != nil {
		return 0, fmt.Errorf("reserve %s: %w", name, err)
	}
	return b.cfg.Keep, nil
}

// asked marks a reservation that all who ask have together.
const asked = "asked"

// ReserveAsked reserves a name for all processes that ask by ReserveAsked, together. The error
// is ErrTaken if one has reserved it for itself.
func (b *Bus) ReserveAsked(ctx context.Context, name string) error {
	_, err := b.reserved.Create(ctx, name, []byte(asked))
	if errors.Is(err, jetstream.ErrKeyExists) {
		e, missing := b.reserved.Get(ctx, name)
		if err = missing; err == nil {
			if string(e.Value()) != asked {
				return ErrTaken
			}
			_, err = b.reserved.Update(ctx, name, []byte(asked), e.Revision()) // it counts from now
			if isWrongRevision(err) {
				err = nil // from somebody's now
			}
		}
	}
	if err != nil {
		return fmt.Errorf("reserve %s: %w", name, err)
	}
	return nil
}

// Get returns what was stored last. The error may be ErrNoResult.
func (b *Bus) Get(ctx context.Context, id string) ([]byte, error) {
	e, err := b.results.Get(ctx, id)
	if errors.Is(err, jetstream.ErrKeyNotFound) || errors.Is(err, jetstream.ErrInvalidKey) {
		return nil, ErrNoResult
	}
	if err != nil {
		return nil, fmt.Errorf("read the result of %s: %w", id, err)
	}
	return b.resultIn(ctx, id, e.Value())
}

func (b *Bus) resultIn(ctx context.Context, id string, value []byte) ([]byte, error) {
	if len(value) > 0 && value[0] == 0 {
		return value[1:], nil
	}
	result, err := b.large.GetBytes(ctx, id)
	if errors.Is(err, jetstream.ErrObjectNotFound) {
		return nil, ErrNoResult
	}
	if err != nil {
		return nil, fmt.Errorf("read the result of %s: %w", id, err)
	}
	return result, nil
}

// Watch calls f with what is stored of an invocation, now and whenever that changes,
// until f returns false or the context ends.
func (b *Bus) Watch(ctx context.Context, id string, f func(result []byte) bool) error {
	w, err := b.results.Watch(ctx, id)
	if err != nil {
		return fmt.Errorf("wait for the result of %s: %w", id, err)
	}
	defer w.Stop()
	for {
		select {
		case e, open := <-w.Updates():
			if !open {
				return ctx.Err()
			}
			if e == nil || e.Operation() != jetstream.KeyValuePut {
				continue
			}
			result, err := b.resultIn(ctx, id, e.Value())
			if err != nil {
				return err
			}
			if !f(result) {
				return nil
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
