package bus

import (
	"context"
	"encoding/base32"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// A file's key is the names in its path in base32, with dots between: those of a directory
// begin alike.
var fileNames = base32.HexEncoding.WithPadding(base32.NoPadding)

func fileKey(path string) string {
	parts := strings.Split(path, "/")
	for i, p := range parts {
		parts[i] = fileNames.EncodeToString([]byte(p))
	}
	return strings.Join(parts, ".")
}

// fileOf is the path that has a key; "" if none has.
func fileOf(key string) string {
	parts := strings.Split(key, ".")
	for i, p := range parts {
		name, err := fileNames.DecodeString(p)
		if err != nil {
			return ""
		}
		parts[i] = string(name)
	}
	return strings.Join(parts, "/")
}

// ListFiles tells of the shared files below a directory, "." for all, in no order, until
// there is no more or it is told that it is enough: its path, and when it was deleted, which
// is zero if it is there.
func (b *Bus) ListFiles(ctx context.Context, dir string, each func(path string, deleted time.Time) (more bool)) error {
	below := ">"
	if dir != "." {
		below = fileKey(dir) + ".>"
	}
	w, err := b.files.Watch(ctx, below)
	if err != nil {
		return fmt.Errorf("list the files of %q on the bus: %w", dir, err)
	}
	defer w.Stop()
	for {
		select {
		case <-ctx.Done():
			return fmt.Errorf("list the files of %q on the bus: %w", dir, context.Cause(ctx))
		case e, ok := <-w.Updates():
			if !ok || e == nil {
				return nil // from here on it would tell what changes
			}
			var entry fileEntry
			if e.Operation() != jetstream.KeyValuePut || json.Unmarshal(e.Value(), &entry) != nil {
				continue
			}
			deleted := time.Time{}
			if entry.Digest == "" {
				deleted = entry.Changed
			}
			if path := fileOf(e.Key()); path != "" && !each(path, deleted) {
				return nil
			}
		}
	}
}
