package bus

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/nats-io/nuid"
)

// A shared file's content is the messages of a subject of its own, faaslens.file.NAME, each a
// piece of up to filePiece bytes. What a path has as its newest content is in a bucket, where
// the path in base32 is a fileEntry in JSON. The bus's object store is of the same kind, but
// sends without bound what it has not been told of that it is stored, and waits for pieces
// that were removed.

// filePiece is how much of a file is in one message, and filePending how many are sent before
// the first is known to be stored.
const (
	filePiece   = 128 << 10
	filePending = 32
)

// maxFilePath bounds a path, in bytes.
const maxFilePath = 1024

// fileEntry is what is known of a file.
type fileEntry struct {
	Name    string    `json:"name,omitempty"` // of its content; "" if it was deleted
	Size    int64     `json:"size"`
	Digest  string    `json:"digest,omitempty"` // SHA-256 in hex
	Changed time.Time `json:"changed"`          // when it became so
}

// fileEntry reads what is known of a path, with its revision; 0 if it was never there.
func (b *Bus) fileEntry(ctx context.Context, path string) (fileEntry, uint64, error) {
	if path == "" || len(path) > maxFilePath {
		return fileEntry{}, 0, fmt.Errorf("the file's path has %d bytes: %w: want 1 to %d", len(path), fs.ErrInvalid, maxFilePath)
	}
	e, err := b.files.Get(ctx, encode(path))
	if errors.Is(err, jetstream.ErrKeyNotFound) {
		return fileEntry{}, 0, nil
	}
	var entry fileEntry
	if err == nil {
		err = json.Unmarshal(e.Value(), &entry)
	}
	if err != nil {
		return fileEntry{}, 0, fmt.Errorf("look for the file %q on the bus: %w", path, err)
	}
	return entry, e.Revision(), nil
}

// StatFile tells the SHA-256 of a shared file's newest content in hex, or when it was
// deleted; neither if it was never there.
func (b *Bus) StatFile(ctx context.Context, path string) (digest string, deleted time.Time, err error) {
	e, revision, err := b.fileEntry(ctx, path)
	if err == nil && revision != 0 && e.Name == "" {
		return "", e.Changed, nil
	}
	return e.Digest, time.Time{}, err
}

// GetFile writes a shared file's newest content, and returns its digest. The error wraps
// fs.ErrNotExist if there is none. If the file changes meanwhile, that is an error.
func (b *Bus) GetFile(ctx context.Context, path string, w io.Writer) (digest string, err error) {
	e, _, err := b.fileEntry(ctx, path)
	if err != nil {
		return "", err
	}
	if e.Name == "" {
		return "", fmt.Errorf("read the file %q from the bus: %w", path, fs.ErrNotExist)
	}
	h := sha256.New()
	var size int64
	for next := uint64(1); size < e.Size; {
		m, err := b.pieces.GetMsg(ctx, next, jetstream.WithGetMsgSubject(filePrefix+e.Name))
		if err != nil {
			return "", fmt.Errorf("read the file %q from the bus, %d bytes of %d: %w", path, size, e.Size, err)
		}
		b.passed(len(m.Data))
		if _, err := io.MultiWriter(h, w).Write(m.Data); err != nil {
			return "", err
		}
		size, next = size+int64(len(m.Data)), m.Sequence+1
	}
	if sum := hex.EncodeToString(h.Sum(nil)); sum != e.Digest {
		return "", fmt.Errorf("read the file %q from the bus: its digest is %s, want %s", path, sum, e.Digest)
	}
	return e.Digest, nil
}

// PutFile makes what a reader has the newest content of a shared file, when it has read it
// to its end.
func (b *Bus) PutFile(ctx context.Context, path string, r io.Reader) (digest string, err error) {
	if _, _, err := b.fileEntry(ctx, path); err != nil {
		return "", err
	}
	e := fileEntry{Name: nuid.Next()}
	h := sha256.New()
	if e.Size, err = b.putPieces(ctx, e.Name, h, r); err == nil {
		e.Digest = hex.EncodeToString(h.Sum(nil))
		err = b.replaceEntry(ctx, path, e)
	}
	if err != nil {
		b.dropContent(ctx, e.Name)
		return "", fmt.Errorf("store the file %q on the bus: %w", path, err)
	}
	return e.Digest, nil
}

// putPieces stores what a reader has, and tells its size.
func (b *Bus) putPieces(ctx context.Context, name string, h hash.Hash, r io.Reader) (size int64, err error) {
	var pending []jetstream.PubAckFuture
	settle := func(most int) error {
		for len(pending) > most {
			select {
			case <-pending[0].Ok():
			case err := <-pending[0].Err():
				return err
			case <-ctx.Done():
				return context.Cause(ctx)
			}
			pending = pending[1:]
		}
		return nil
	}
	for {
		piece := make([]byte, filePiece) // it is the bus's until it is stored
		n, readErr := fill(r, piece)
		if n > 0 {
			h.Write(piece[:n])
			size += int64(n)
			f, err := b.js.PublishAsync(filePrefix+name, piece[:n], jetstream.WithStallWait(flushTimeout))
			if err != nil {
				return 0, err
			}
			pending = append(pending, f)
			if err := settle(filePending); err != nil {
				return 0, err
			}
		}
		switch readErr {
		case nil:
		case io.EOF:
			return size, settle(0)
		default:
			return 0, readErr
		}
	}
}

// fill reads until a buffer is full, or the reader says why not.
func fill(r io.Reader, buf []byte) (n int, err error) {
	for n < len(buf) && err == nil {
		var k int
		k, err = r.Read(buf[n:])
		n += k
	}
	return n, err
}

// replaceEntry makes an entry the newest of its path, and removes the content that it
// replaces.
func (b *Bus) replaceEntry(ctx context.Context, path string, e fileEntry) error {
	for {
		old, revision, err := b.fileEntry(ctx, path)
		if err != nil {
			return err
		}
		e.Changed = time.Now()
		text, err := json.Marshal(e)
		if err != nil {
			return err
		}
		if revision == 0 {
			_, err = b.files.Create(ctx, encode(path), text)
		} else {
			_, err = b.files.Update(ctx, encode(path), text, revision)
		}
		switch {
		case err == nil:
			b.dropContent(ctx, old.Name)
			return nil
		case !errors.Is(err, jetstream.ErrKeyExists) && !isWrongRevision(err):
			return err
		}
	}
}

// dropContent removes a content that no file has any more.
func (b *Bus) dropContent(ctx context.Context, name string) {
	if name == "" {
		return
	}
	if err := b.pieces.Purge(context.WithoutCancel(ctx), jetstream.WithPurgeSubject(filePrefix+name)); err != nil {
		b.cfg.Log.Warn("a file's old content stays on the bus", "content", name, "error", err)
	}
}

// DeleteFile removes a shared file; no error if there is none.
func (b *Bus) DeleteFile(ctx context.Context, path string) error {
	e, revision, err := b.fileEntry(ctx, path)
	if err != nil || revision == 0 || e.Name == "" {
		return err
	}
	if err := b.replaceEntry(ctx, path, fileEntry{}); err != nil {
		return fmt.Errorf("delete the file %q on the bus: %w", path, err)
	}
	return nil
}
