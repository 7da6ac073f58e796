package bus

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/nats-io/nuid"
)

// PutBatch adds a batch to those of an application. When it returns, the batch is stored, for
// as long as results are.
//
// It is kept as APP.NAME, where NAME is unique; its first byte tells, as of results, whether
// it is here or in the store of large ones.
func (b *Bus) PutBatch(ctx context.Context, app int32, batch []byte) error {
	name := nuid.Next()
	value := append([]byte{0}, batch...)
	if len(batch) > largeResult {
		if _, err := b.large.PutBytes(ctx, batchName(name), batch); err != nil {
			return fmt.Errorf("store a batch of the application %d: %w", app, err)
		}
		value = []byte{1}
	}
	if _, err := b.apps.Put(ctx, fmt.Sprintf("%d.%s", app, name), value); err != nil {
		return fmt.Errorf("store a batch of the application %d: %w", app, err)
	}
	return nil
}

func batchName(name string) string { return "batch." + name }

// Batches are an application's, in the order in which they were added; none if it is not
// known.
func (b *Bus) Batches(ctx context.Context, app int32) ([][]byte, error) {
	var all [][]byte
	err := b.eachBatch(ctx, strconv.Itoa(int(app))+".*", func(_ int32, batch []byte) { all = append(all, batch) })
	return all, err
}

// EachBatch calls f with every batch of every application.
func (b *Bus) EachBatch(ctx context.Context, f func(app int32, batch []byte)) error {
	return b.eachBatch(ctx, ">", f)
}

// eachBatch asks for the names first and then for each batch. A watcher would wait for ever
// for one that expires between the two.
func (b *Bus) eachBatch(ctx context.Context, keys string, f func(app int32, batch []byte)) error {
	stream, err := b.js.Stream(ctx, "KV_"+appsName)
	if err != nil {
		return fmt.Errorf("read the batches: %w", err)
	}
	prefix := "$KV." + appsName + "."
	info, err := stream.Info(ctx, jetstream.WithSubjectFilter(prefix+keys))
	if err != nil {
		return fmt.Errorf("read the batches: %w", err)
	}
	var entries []jetstream.KeyValueEntry
	for subject := range info.State.Subjects {
		e, err := b.apps.Get(ctx, strings.TrimPrefix(subject, prefix))
		if errors.Is(err, jetstream.ErrKeyNotFound) {
			continue // it has expired
		}
		if err != nil {
			return fmt.Errorf("read the batches: %w", err)
		}
		entries = append(entries, e)
	}
	slices.SortFunc(entries, func(a, b jetstream.KeyValueEntry) int { return cmp.Compare(a.Revision(), b.Revision()) })
	for _, e := range entries {
		if err := b.readBatch(ctx, e, f); err != nil {
			return err
		}
	}
	return nil
}

// readBatch calls f with a batch, unless it is somebody else's or has expired.
func (b *Bus) readBatch(ctx context.Context, e jetstream.KeyValueEntry, f func(app int32, batch []byte)) error {
	number, name, _ := strings.Cut(e.Key(), ".")
	app, err := strconv.ParseInt(number, 10, 32)
	if err != nil || len(e.Value()) == 0 {
		return nil
	}
	batch := e.Value()[1:]
	if e.Value()[0] != 0 {
		batch, err = b.large.GetBytes(ctx, batchName(name))
	}
	if errors.Is(err, jetstream.ErrObjectNotFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read a batch of the application %d: %w", app, err)
	}
	f(int32(app), batch)
	return nil
}

// ForgetBatches forgets the batches of all applications; what they have started goes on.
func (b *Bus) ForgetBatches(ctx context.Context) error {
	s, err := b.js.Stream(ctx, "KV_"+appsName)
	if err == nil {
		err = s.Purge(ctx)
	}
	if err != nil {
		return fmt.Errorf("forget the batches: %w", err)
	}
	return nil
}
