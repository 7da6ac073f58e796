package state

import (
	"context"
	"errors"
	"fmt"
	"io"
)

// Values is the state as those see it who are no functions: what functions have pushed.
// What it changes, functions see that pull, and those that have not used the value yet;
// on a host that knows the value, its chunks are fetched anew when they are next read.
// Its methods may be called from any goroutine. Of two who write a value at the same time,
// each chunk is the work of one of them.
type Values struct {
	local *Local
	tell  func(Change)
}

// Change says that a value was changed in the global tier by who is no function.
type Change struct {
	Key  Key
	Size int64 // 0: it was deleted
}

// NewValues makes a view of what is behind a local tier. Tell tells other hosts of each
// change, so that they call Local.Changed; nil where there are none.
func NewValues(l *Local, tell func(Change)) *Values {
	if tell == nil {
		tell = func(Change) {}
	}
	return &Values{l, tell}
}

// maxKey bounds a key's name where others than functions give it, in bytes.
const maxKey = 1024

// ErrBadKey is a name that no value can have.
var ErrBadKey = errors.New("a key has 1 to 1,024 bytes")

// CheckKey reports what is wrong with a value's name, or nil.
func CheckKey(k Key) error {
	if k.Name == "" || len(k.Name) > maxKey {
		return fmt.Errorf("the key of %d bytes: %w", len(k.Name), ErrBadKey)
	}
	return nil
}

// Size is Global.Size.
func (s *Values) Size(ctx context.Context, k Key) (int64, error) { return s.local.global.Size(ctx, k) }

// Read is Global.Read. Only the chunks that the bytes are in are fetched.
func (s *Values) Read(ctx context.Context, k Key, offset int64, buf []byte) error {
	return s.local.global.Read(ctx, k, offset, buf)
}

// Open reads n bytes of a value from an offset on, a chunk at a time: the first of them now,
// so that the error tells what is wrong with the value, the others as they are asked for.
// What the reader says is no snapshot: others may write meanwhile.
func (s *Values) Open(ctx context.Context, k Key, offset, n int64) (io.Reader, error) {
	r := &valueReader{read: func(offset int64, buf []byte) error { return s.Read(ctx, k, offset, buf) }, offset: offset, left: n}
	if n == 0 {
		return r, nil
	}
	r.buf = make([]byte, min(n, ChunkSize))
	return r, r.fill()
}

// valueReader reads bytes of a value.
type valueReader struct {
	read   func(offset int64, buf []byte) error
	buf    []byte
	ready  []byte // of buf, what was not given yet
	offset int64  // of what comes behind that
	left   int64
}

// fill reads up to the next chunk's end.
func (r *valueReader) fill() error {
	piece := r.buf[:min(r.left, ChunkSize-r.offset%ChunkSize)]
	if err := r.read(r.offset, piece); err != nil {
		return err
	}
	r.ready, r.offset, r.left = piece, r.offset+int64(len(piece)), r.left-int64(len(piece))
	return nil
}

// Read implements io.Reader.
func (r *valueReader) Read(p []byte) (int, error) {
	if len(r.ready) == 0 {
		if r.left == 0 {
			return 0, io.EOF
		}
		if err := r.fill(); err != nil {
			return 0, err
		}
	}
	n := copy(p, r.ready)
	r.ready = r.ready[n:]
	return n, nil
}

// Listed is a value in a list.
type Listed struct {
	Key  string `json:"key"`
	Size int64  `json:"size"` // bytes
}

// List tells a user's values, sorted by key.
func (s *Values) List(ctx context.Context, user string) ([]Listed, error) {
	keys, err := s.local.global.List(ctx, user)
	if err != nil {
		return nil, err
	}
	all := []Listed{}
	for _, k := range keys {
		size, err := s.Size(ctx, k)
		if errors.Is(err, ErrNoValue) {
			continue // it was deleted meanwhile
		}
		if err != nil {
			return nil, err
		}
		all = append(all, Listed{k.Name, size})
	}
	return all, nil
}

// Names are the keys of a user's values, sorted.
func (s *Values) Names(ctx context.Context, user string) ([]string, error) {
	keys, err := s.local.global.List(ctx, user)
	var names []string
	for _, k := range keys {
		names = append(names, k.Name)
	}
	return names, err
}

// Put makes a value of what a reader has, which is that many bytes. It keeps no more of
// them in memory than are sent at once.
func (s *Values) Put(ctx context.Context, k Key, size int64, from io.Reader) error {
	if size < 1 || size > MaxValue {
		return fmt.Errorf("state %s: a value has 1 to %d bytes, not %d", k, int64(MaxValue), size)
	}
	return s.write(ctx, k, size, 0, size, from)
}

// PutAt writes n bytes of a reader's into a value that there is, from an offset on. The
// error wraps ErrNoValue if there is none, and ErrOutside if they are not all within it.
func (s *Values) PutAt(ctx context.Context, k Key, offset, n int64, from io.Reader) error {
	size, err := s.Size(ctx, k)
	if err != nil {
		return err
	}
	if offset < 0 || offset > size || n > size-offset {
		return fmt.Errorf("state %s: %d bytes from %d on: %w, which has %d", k, n, offset, ErrOutside, size)
	}
	return s.write(ctx, k, size, offset, n, from)
}

// ErrOutside is bytes that a value does not have.
var ErrOutside = errors.New("they are not within the value")

// write writes n bytes of a value of that size, some at a time and each time up to the end
// of a chunk.
func (s *Values) write(ctx context.Context, k Key, size, offset, n int64, from io.Reader) (err error) {
	// Also where it failed: some of it may be there.
	defer func() { s.changed(Change{k, size}) }()
	buf := make([]byte, min(n, maxPush))
	for end := offset + n; offset < end; {
		piece := buf[:min(end-offset, maxPush-offset%ChunkSize)]
		if _, err := io.ReadFull(from, piece); err != nil {
			return fmt.Errorf("write state %s: read what it shall be: %w", k, err)
		}
		if err := s.local.global.Write(ctx, k, size, []Range{{offset, piece}}); err != nil {
			return err
		}
		offset += int64(len(piece))
	}
	return nil
}

// Delete forgets a value in both tiers, and its list; no error if there is none.
func (s *Values) Delete(ctx context.Context, k Key) error {
	if err := s.local.Delete(ctx, k); err != nil {
		return err
	}
	s.changed(Change{Key: k}) // also what was fetched meanwhile
	return nil
}

func (s *Values) changed(c Change) {
	s.local.Changed(c)
	s.tell(c)
}
