package bus

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// Publish puts an invocation into the queue. When it returns, the invocation is stored.
// One with an ID that was published in the last two minutes is not stored again.
func (b *Bus) Publish(ctx context.Context, id string, invocation []byte) error {
	if len(invocation) > MaxMessage {
		return fmt.Errorf("queue the invocation: it has %d bytes with its input, at most %d are queued: put the input into state, or invoke it synchronously", len(invocation), MaxMessage)
	}
	if _, err := b.js.Publish(ctx, queuePrefix+id, invocation, jetstream.WithMsgID(id)); err != nil {
		if lost := b.Ready(); lost != nil {
			err = fmt.Errorf("%w: %w", lost, err)
		}
		return fmt.Errorf("queue the invocation: %w", err)
	}
	return nil
}

// Pending returns an invocation that is in the queue or is being run. The error may be
// ErrNoResult.
func (b *Bus) Pending(ctx context.Context, id string) ([]byte, error) {
	m, err := b.pending(ctx, id)
	if err != nil {
		return nil, err
	}
	return m.Data, nil
}

func (b *Bus) pending(ctx context.Context, id string) (*jetstream.RawStreamMsg, error) {
	m, err := b.queue.GetLastMsgForSubject(ctx, queuePrefix+id)
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return nil, ErrNoResult
	}
	if err != nil {
		return nil, fmt.Errorf("look for the invocation %s in the queue: %w", id, err)
	}
	return m, nil
}

// Withdraw takes an invocation out of the queue. One that is being run is not stopped. The
// error may be ErrNoResult.
func (b *Bus) Withdraw(ctx context.Context, id string) error {
	m, err := b.pending(ctx, id)
	if err != nil {
		return err
	}
	err = b.queue.DeleteMsg(ctx, m.Sequence)
	if err == nil || errors.Is(err, jetstream.ErrMsgNotFound) {
		return nil
	}
	// The server says no more than that it could not, also where the invocation has just
	// ended.
	if _, gone := b.pending(ctx, id); errors.Is(gone, ErrNoResult) {
		return gone
	}
	return fmt.Errorf("take the invocation %s out of the queue: %w", id, err)
}

// Queued is how many invocations wait or run.
func (b *Bus) Queued(ctx context.Context) (uint64, error) {
	info, err := b.queue.Info(ctx)
	if err != nil {
		return 0, fmt.Errorf("ask for the queue's length: %w", err)
	}
	return info.State.Msgs, nil
}

// Unfinished are the IDs of the invocations that wait or run, in no order; none of them if
// there are more than so many.
func (b *Bus) Unfinished(ctx context.Context, most int) (ids []string, err error) {
	n, err := b.Queued(ctx)
	if err != nil || n > uint64(most) {
		return nil, err
	}
	info, err := b.queue.Info(ctx, jetstream.WithSubjectFilter(queuePrefix+">"))
	if err != nil {
		return nil, fmt.Errorf("ask what is in the queue: %w", err)
	}
	for subject := range info.State.Subjects {
		ids = append(ids, strings.TrimPrefix(subject, queuePrefix))
	}
	return ids, nil
}

// Job is an invocation out of the queue.
type Job struct {
	Invocation []byte
	// Attempt is 1 the first time. Before another, a worker took it and was not heard
	// of again.
	Attempt int
	Queued  time.Time
}

// Verdict is what becomes of a job.
type Verdict int

const (
	Finished Verdict = iota // its result is stored
	HandBack                // another worker takes it at once
)

// Consumer takes jobs out of the queue and has them handled, until it is stopped.
type Consumer struct {
	stop    context.CancelFunc
	running sync.WaitGroup
}

// Consume takes up to atOnce jobs at a time. Handle is called on a goroutine for each.
// A job stays in the queue until it is handled, so that what a worker leaves behind that
// dies is done by another.
func (b *Bus) Consume(ctx context.Context, atOnce int, handle func(Job) Verdict) (*Consumer, error) {
	consumer, err := b.queue.CreateOrUpdateConsumer(ctx, jetstream.ConsumerConfig{
		Durable: "workers", AckPolicy: jetstream.AckExplicitPolicy, AckWait: b.cfg.AckWait,
		MaxDeliver: -1, MaxAckPending: 1 << 16,
	})
	if err != nil {
		return nil, fmt.Errorf("take part in the queue: %w", err)
	}
	running, stop := context.WithCancel(context.WithoutCancel(ctx))
	c := &Consumer{stop: stop}
	c.running.Add(1)
	go func() {
		defer c.running.Done()
		c.take(running, b, consumer, atOnce, handle)
	}()
	return c, nil
}

// take takes jobs, as many as there is room for.
func (c *Consumer) take(ctx context.Context, b *Bus, consumer jetstream.Consumer, atOnce int, handle func(Job) Verdict) {
	room := make(chan struct{}, atOnce)
	for ctx.Err() == nil {
		select {
		case room <- struct{}{}:
		case <-ctx.Done():
			return
		}
		free := 1
		for more := true; more && free < atOnce; {
			select {
			case room <- struct{}{}:
				free++
			default:
				more = false
			}
		}
		batch, err := fetch(ctx, consumer, free)
		if err == nil {
			for m := range batch.Messages() {
				free--
				c.running.Add(1)
				go func() {
					defer c.running.Done()
					b.work(m, func(j Job) Verdict {
						defer func() { <-room }() // another may run before the queue knows of this end
						return handle(j)
					})
				}()
			}
			err = batch.Error()
		}
		for range free {
			<-room
		}
		if err != nil && ctx.Err() == nil {
			b.cfg.Log.Warn("the queue cannot be read and is tried again", "error", err)
			select {
			case <-time.After(time.Second):
			case <-ctx.Done():
			}
		}
	}
}

// fetch takes what is there, and waits for the first where there is nothing.
func fetch(ctx context.Context, consumer jetstream.Consumer, n int) (jetstream.MessageBatch, error) {
	waiting, cancel := context.WithTimeout(ctx, 5*time.Second)
	context.AfterFunc(waiting, cancel)
	return consumer.Fetch(n, jetstream.FetchContext(waiting))
}

// work has a job handled, and says meanwhile that it is alive.
func (b *Bus) work(m jetstream.Msg, handle func(Job) Verdict) {
	job := Job{Invocation: m.Data(), Attempt: 1}
	if meta, err := m.Metadata(); err == nil {
		job.Attempt, job.Queued = int(meta.NumDelivered), meta.Timestamp
	}
	handled := make(chan struct{})
	// Most jobs have ended before that begins.
	alive := time.AfterFunc(b.cfg.AckWait/3, func() { b.stayAlive(m, handled) })
	v := handle(job)
	alive.Stop()
	close(handled)
	var err error
	if v == HandBack {
		err = m.Nak()
	} else {
		ctx, cancel := context.WithTimeout(context.Background(), b.cfg.AckWait)
		err = m.DoubleAck(ctx)
		cancel()
	}
	if err != nil {
		b.cfg.Log.Warn("the queue was not told of an invocation's end, which may be run again", "error", err)
	}
}

// stayAlive says that a job goes on until it has been handled.
func (b *Bus) stayAlive(m jetstream.Msg, handled <-chan struct{}) {
	tick := time.NewTicker(b.cfg.AckWait / 3)
	defer tick.Stop()
	for {
		if err := m.InProgress(); err != nil {
			b.cfg.Log.Warn("the queue was not told that an invocation goes on", "error", err)
		}
		select {
		case <-handled:
			return
		case <-tick.C:
		}
	}
}

// Leave takes no more jobs. It does not wait and may be called twice.
func (c *Consumer) Leave() { c.stop() }

// Stop takes no more jobs, and waits for those that are being handled. It may be called
// twice.
func (c *Consumer) Stop() {
	c.Leave()
	c.running.Wait()
}
