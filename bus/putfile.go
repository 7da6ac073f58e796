package bus

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/nats-io/nuid"
)

// PutFile makes what a reader has, from where it is on, the newest content of a shared file,
// when it has read it to its end. What begins with the content that there is has only the
// rest sent; for that it is read twice.
func (b *Bus) PutFile(ctx context.Context, path string, r io.ReadSeeker) (digest string, err error) {
	begin, err := r.Seek(0, io.SeekCurrent)
	for err == nil {
		var done bool
		if digest, done, err = b.putFile(ctx, path, r); done {
			return digest, nil
		}
		if err == nil {
			_, err = r.Seek(begin, io.SeekStart)
		}
	}
	return "", fmt.Errorf("store the file %q on the bus: %w", path, err)
}

// putFile is PutFile unless somebody else was faster; then it is not done.
func (b *Bus) putFile(ctx context.Context, path string, r io.ReadSeeker) (digest string, done bool, err error) {
	old, revision, err := b.fileEntry(ctx, path)
	if err != nil {
		return "", false, err
	}
	kept, h, err := keptParts(old, r)
	if err != nil {
		return "", false, err
	}
	part := filePart{Name: nuid.Next()}
	replaced := false
	if part.Size, err = b.putPart(ctx, part.Name, h, r); err == nil {
		e := fileEntry{Parts: kept, Digest: hex.EncodeToString(h.Sum(nil))}
		part.Digest = e.Digest
		if part.Size > 0 {
			e.Parts = append(kept[:len(kept):len(kept)], part)
		}
		for _, p := range e.Parts {
			e.Size += p.Size
		}
		digest = e.Digest
		replaced, err = b.replaceEntry(ctx, path, revision, e)
		for !replaced && err == nil && len(kept) == 0 {
			// All of it is new, whatever somebody else has made of the file.
			if old, revision, err = b.fileEntry(ctx, path); err == nil {
				replaced, err = b.replaceEntry(ctx, path, revision, e)
			}
		}
	}
	if !replaced {
		b.dropParts(ctx, []filePart{part})
		return "", false, err
	}
	b.dropParts(ctx, old.Parts[len(kept):])
	return digest, true, nil
}

// keptParts are those of a content that need not be sent again, because what a reader has
// begins with that content, and the hash of what is in them. The reader is then behind
// them. They are not all: a last part no larger than what comes is sent again with it, and
// so on, so that there are few however often a little is appended, and each byte is sent a
// few times.
func keptParts(old fileEntry, r io.ReadSeeker) (kept []filePart, h hash.Hash, err error) {
	begin, err := r.Seek(0, io.SeekCurrent)
	if err != nil {
		return nil, nil, err
	}
	end, err := r.Seek(0, io.SeekEnd)
	if err != nil {
		return nil, nil, err
	}
	kept = old.Parts
	keep := old.Size
	fresh := end - begin - keep
	for n := len(kept); n > 0 && kept[n-1].Size <= fresh; n-- {
		fresh, keep, kept = fresh+kept[n-1].Size, keep-kept[n-1].Size, kept[:n-1]
	}
	none := func() ([]filePart, hash.Hash, error) {
		_, err := r.Seek(begin, io.SeekStart)
		return nil, sha256.New(), err
	}
	if fresh < 0 || len(kept) == 0 {
		return none()
	}
	if _, err := r.Seek(begin, io.SeekStart); err != nil {
		return nil, nil, err
	}
	all := sha256.New()
	if _, err = io.CopyN(all, r, keep); err == nil {
		h, err = all.(hash.Cloner).Clone()
	}
	if err == nil {
		_, err = io.CopyN(all, r, old.Size-keep)
	}
	switch {
	case errors.Is(err, io.EOF):
		return none() // it became shorter meanwhile
	case err != nil:
		return nil, nil, err
	}
	if hex.EncodeToString(all.Sum(nil)) != old.Digest {
		return none()
	}
	_, err = r.Seek(begin+keep, io.SeekStart)
	return kept, h, err
}

// putPart stores what a reader has, and tells its size.
func (b *Bus) putPart(ctx context.Context, name string, h hash.Hash, r io.Reader) (size int64, err error) {
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
