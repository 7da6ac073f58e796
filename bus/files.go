package bus

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// StatFile tells the SHA-256 of a shared file's newest content in hex, or when it was
// deleted; neither if it was never there.
func (b *Bus) StatFile(ctx context.Context, path string) (digest string, deleted time.Time, err error) {
	info, err := b.files.GetInfo(ctx, path, jetstream.GetObjectInfoShowDeleted())
	switch {
	case errors.Is(err, jetstream.ErrObjectNotFound):
		return "", time.Time{}, nil
	case err != nil:
		return "", time.Time{}, fmt.Errorf("look for the file %q on the bus: %w", path, err)
	case info.Deleted:
		return "", info.ModTime, nil
	}
	digest, err = objectDigest(info)
	return digest, time.Time{}, err
}

// GetFile writes a shared file's newest content, and returns its digest. The error wraps
// fs.ErrNotExist if there is none.
func (b *Bus) GetFile(ctx context.Context, path string, w io.Writer) (digest string, err error) {
	o, err := b.files.Get(ctx, path)
	if errors.Is(err, jetstream.ErrObjectNotFound) {
		return "", fmt.Errorf("read the file %q from the bus: %w", path, fs.ErrNotExist)
	}
	var info *jetstream.ObjectInfo
	if err == nil {
		defer o.Close()
		info, err = o.Info()
	}
	if err == nil {
		_, err = io.Copy(w, o) // which compares the digest at its end
	}
	if err != nil {
		return "", fmt.Errorf("read the file %q from the bus: %w", path, err)
	}
	return objectDigest(info)
}

// PutFile makes what a reader has the newest content of a shared file, when it has read it
// to its end.
func (b *Bus) PutFile(ctx context.Context, path string, r io.Reader) (digest string, err error) {
	info, err := b.files.Put(ctx, jetstream.ObjectMeta{Name: path}, r)
	if err != nil {
		return "", fmt.Errorf("store the file %q on the bus: %w", path, err)
	}
	return objectDigest(info)
}

// DeleteFile removes a shared file; no error if there is none.
func (b *Bus) DeleteFile(ctx context.Context, path string) error {
	if err := b.files.Delete(ctx, path); err != nil && !errors.Is(err, jetstream.ErrObjectNotFound) {
		return fmt.Errorf("delete the file %q on the bus: %w", path, err)
	}
	return nil
}

// objectDigest is an object's digest, "SHA-256=" and base64, in hex.
func objectDigest(info *jetstream.ObjectInfo) (string, error) {
	s, ok := strings.CutPrefix(info.Digest, "SHA-256=")
	sum, err := base64.URLEncoding.DecodeString(s)
	if !ok || err != nil || len(sum) == 0 {
		return "", fmt.Errorf("the file %q on the bus has the digest %q, which is none", info.Name, info.Digest)
	}
	return hex.EncodeToString(sum), nil
}
