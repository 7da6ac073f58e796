package bus

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// A shared file's content is in parts, one behind the other: what was appended is a part of its
// own. A part is the messages of a subject of its own, faaslens.file.NAME, each a piece of up to
// filePiece bytes. What a path has as its newest content is in a bucket, where the path's
// fileKey has a fileEntry in JSON. The bus's object store is of the same kind, but
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
	Parts   []filePart `json:"parts,omitempty"`
	Size    int64      `json:"size"`             // of all parts
	Digest  string     `json:"digest,omitempty"` // SHA-256 in hex; "" if it was deleted
	Changed time.Time  `json:"changed"`          // when it became so
}

// filePart is a part of a content.
type filePart struct {
	Name   string `json:"name"`
	Size   int64  `json:"size"`
	Digest string `json:"digest"` // of the content up to its end, SHA-256 in hex
}

// fileEntry reads what is known of a path, with its revision; 0 if it was never there.
func (b *Bus) fileEntry(ctx context.Context, path string) (fileEntry, uint64, error) {
	if path == "" || len(path) > maxFilePath {
		return fileEntry{}, 0, fmt.Errorf("the file's path has %d bytes: %w: want 1 to %d", len(path), fs.ErrInvalid, maxFilePath)
	}
	e, err := b.files.Get(ctx, fileKey(path))
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
	if err == nil && revision != 0 && e.Digest == "" {
		return "", e.Changed, nil
	}
	return e.Digest, time.Time{}, err
}

// GetFile writes a shared file's newest content, and returns its digest. What have has at its
// beginning, an older content or nil, is not fetched. The error wraps fs.ErrNotExist if
// there is none. If the file changes meanwhile, that is an error.
func (b *Bus) GetFile(ctx context.Context, path string, have io.ReadSeeker, w io.Writer) (digest string, err error) {
	e, _, err := b.fileEntry(ctx, path)
	if err != nil {
		return "", err
	}
	if e.Digest == "" {
		return "", fmt.Errorf("read the file %q from the bus: %w", path, fs.ErrNotExist)
	}
	h := sha256.New()
	to := io.MultiWriter(h, w)
	missing, err := copyKnown(to, e.Parts, have)
	if err != nil {
		return "", fmt.Errorf("read the file %q: what is here of it: %w", path, err)
	}
	for _, p := range missing {
		if err := b.getPart(ctx, p, to); err != nil {
			return "", fmt.Errorf("read the file %q from the bus: %w", path, err)
		}
	}
	if sum := hex.EncodeToString(h.Sum(nil)); sum != e.Digest {
		return "", fmt.Errorf("read the file %q from the bus: its digest is %s, want %s", path, sum, e.Digest)
	}
	return e.Digest, nil
}

// copyKnown writes the parts that an older content begins with, and returns the others.
func copyKnown(w io.Writer, parts []filePart, have io.ReadSeeker) (missing []filePart, err error) {
	if have == nil {
		return parts, nil
	}
	h := sha256.New()
	var size int64
	missing = parts
	for i, p := range parts {
		_, err := io.CopyN(h, have, p.Size)
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, err
		}
		if err != nil || hex.EncodeToString(h.Sum(nil)) != p.Digest {
			break
		}
		size, missing = size+p.Size, parts[i+1:]
	}
	if _, err := have.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	_, err = io.CopyN(w, have, size)
	return missing, err
}

// getPart writes a part of a content.
func (b *Bus) getPart(ctx context.Context, p filePart, w io.Writer) error {
	var size int64
	for next := uint64(1); size < p.Size; {
		m, err := b.pieces.GetMsg(ctx, next, jetstream.WithGetMsgSubject(filePrefix+p.Name))
		if err != nil {
			return fmt.Errorf("%d bytes of %d: %w", size, p.Size, err)
		}
		b.passed(len(m.Data))
		if _, err := w.Write(m.Data); err != nil {
			return err
		}
		size, next = size+int64(len(m.Data)), m.Sequence+1
	}
	return nil
}

// DeleteFile removes a shared file; no error if there is none.
func (b *Bus) DeleteFile(ctx context.Context, path string) error {
	for {
		old, revision, err := b.fileEntry(ctx, path)
		if err != nil || revision == 0 || old.Digest == "" {
			return err
		}
		replaced, err := b.replaceEntry(ctx, path, revision, fileEntry{})
		if err != nil {
			return fmt.Errorf("delete the file %q on the bus: %w", path, err)
		}
		if replaced {
			b.dropParts(ctx, old.Parts)
			return nil
		}
	}
}

// replaceEntry makes an entry the newest of its path, unless somebody was faster.
func (b *Bus) replaceEntry(ctx context.Context, path string, revision uint64, e fileEntry) (bool, error) {
	e.Changed = time.Now()
	text, err := json.Marshal(e)
	if err != nil {
		return false, err
	}
	if revision == 0 {
		_, err = b.files.Create(ctx, fileKey(path), text)
	} else {
		_, err = b.files.Update(ctx, fileKey(path), text, revision)
	}
	if errors.Is(err, jetstream.ErrKeyExists) || isWrongRevision(err) {
		return false, nil
	}
	return err == nil, err
}

// dropParts removes parts that no file has any more.
func (b *Bus) dropParts(ctx context.Context, parts []filePart) {
	for _, p := range parts {
		if err := b.pieces.Purge(context.WithoutCancel(ctx), jetstream.WithPurgeSubject(filePrefix+p.Name)); err != nil {
			b.cfg.Log.Warn("a part of a file's old content stays on the bus", "part", p.Name, "error", err)
		}
	}
}
