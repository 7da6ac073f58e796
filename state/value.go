package state

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
)

// Value is a value on this host. Its methods may be called from any goroutine.
type Value struct {
	key    Key
	size   int64
	global Global

	mu    sync.Mutex // held while chunks move, so that they move once
	mem   memory
	here  []bool         // by chunk: fetched, or written as a whole
	stale map[int64]bool // of those, which are to be fetched again
	dirty dirtySet
	users int // sessions that have it
	gone  bool
	wrong bool // the global tier was found to have another size: who asks next gets that
}

func newValue(g Global, k Key, size int64) (*Value, error) {
	if size == 0 {
		return nil, fmt.Errorf("state %s: a value needs at least one byte", k)
	}
	mem, err := newMemory(k.String(), size)
	if err != nil {
		return nil, err
	}
	return &Value{key: k, size: size, global: g, mem: mem, here: make([]bool, (size+ChunkSize-1)/ChunkSize), stale: make(map[int64]bool), dirty: make(dirtySet)}, nil
}

// Size is the value's size in bytes.
func (v *Value) Size() int64 { return v.size }

// hold keeps the value's memory until release. It is false if that is gone.
func (v *Value) hold() bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.gone {
		return false
	}
	v.users++
	return true
}

func (v *Value) release() {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.users--; v.users == 0 && v.gone {
		v.mem.free()
	}
}

// drop frees the memory when nobody holds it.
func (v *Value) drop() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.gone = true
	if v.users == 0 {
		v.mem.free()
	}
}

// dropIfIdle drops the value if nobody has it and it holds nothing that is not in the
// global tier.
func (v *Value) dropIfIdle() bool {
	if !v.mu.TryLock() {
		return false
	}
	defer v.mu.Unlock()
	if v.users > 0 || len(v.dirty) > 0 {
		return false
	}
	v.gone = true
	v.mem.free()
	return true
}

// errGone is the use of a value that was deleted or flushed.
var errGone = errors.New("it was deleted meanwhile")

// use locks the value for an operation on n bytes from an offset on.
func (v *Value) use(offset, n int64) (unlock func(), err error) {
	if err := checkRange(v.key, v.size, offset, int(n)); err != nil {
		return nil, err
	}
	v.mu.Lock()
	if v.gone && v.users == 0 {
		v.mu.Unlock()
		return nil, fmt.Errorf("state %s: %w", v.key, errGone)
	}
	return v.mu.Unlock, nil
}

// Read copies bytes from an offset on, fetching the chunks that are not here.
func (v *Value) Read(ctx context.Context, offset int64, buf []byte) error {
	unlock, err := v.use(offset, int64(len(buf)))
	if err != nil {
		return err
	}
	defer unlock()
	if err := v.fetch(ctx, offset, int64(len(buf))); err != nil {
		return err
	}
	copy(buf, v.mem.bytes[offset:])
	return nil
}

// Write writes bytes from an offset on; they are dirty from then on.
func (v *Value) Write(offset int64, data []byte) error {
	unlock, err := v.use(offset, int64(len(data)))
	if err != nil {
		return err
	}
	defer unlock()
	copy(v.mem.bytes[offset:], data)
	v.markDirty(offset, int64(len(data)))
	return nil
}

// MarkDirty says that bytes were written by way of a mapping.
func (v *Value) MarkDirty(offset, n int64) error {
	unlock, err := v.use(offset, n)
	if err != nil {
		return err
	}
	defer unlock()
	v.markDirty(offset, n)
	return nil
}

func (v *Value) markDirty(offset, n int64) {
	v.dirty.mark(offset, n)
	end := offset + n
	for c := (offset + ChunkSize - 1) / ChunkSize; c*ChunkSize < end && min((c+1)*ChunkSize, v.size) <= end; c++ {
		v.here[c] = true
		delete(v.stale, c)
	}
}

// Fetch sees to it that bytes are here, for one who maps them.
func (v *Value) Fetch(ctx context.Context, offset, n int64) error {
	unlock, err := v.use(offset, n)
	if err != nil {
		return err
	}
	defer unlock()
	return v.fetch(ctx, offset, n)
}

// File is what a guest maps: the value's bytes from its start on. It is valid while a
// session has the value.
func (v *Value) File() (fd int) { return v.mem.fd }

// fetch fetches the chunks of a range that are not here. The lock is held.
func (v *Value) fetch(ctx context.Context, offset, n int64) error {
	for c := offset / ChunkSize; n > 0 && c*ChunkSize < offset+n; c++ {
		if v.here[c] && !v.stale[c] {
			continue
		}
		if err := v.fetchChunk(ctx, c); err != nil {
			return err
		}
		v.here[c] = true
	}
	return nil
}

// fetchChunk reads a chunk into memory, but for its dirty bytes. What the global tier
// does not have is zero.
func (v *Value) fetchChunk(ctx context.Context, c int64) error {
	if err := v.readChunk(ctx, c); err != nil {
		return err
	}
	delete(v.stale, c)
	return nil
}

func (v *Value) readChunk(ctx context.Context, c int64) error {
	start := c * ChunkSize
	into := v.mem.bytes[start:min(start+ChunkSize, v.size)]
	dirty := v.dirty.runs(c, v.size)
	if len(dirty) == 0 {
		return v.readGlobal(ctx, start, into)
	}
	fresh := make([]byte, len(into))
	if err := v.readGlobal(ctx, start, fresh); err != nil {
		return err
	}
	for _, r := range dirty {
		copy(fresh[r.offset-start:], into[r.offset-start:r.offset-start+r.n])
	}
	copy(into, fresh)
	return nil
}

func (v *Value) readGlobal(ctx context.Context, offset int64, buf []byte) error {
	size, err := v.global.Size(ctx, v.key)
	if err == nil && size != v.size {
		v.wrong = true
		return fmt.Errorf("state %s: it had %d bytes here and has %d elsewhere: read it anew", v.key, v.size, size)
	}
	if err == nil {
		err = v.global.Read(ctx, v.key, offset, buf)
	}
	if errors.Is(err, ErrNoValue) {
		clear(buf)
		return nil
	}
	return err
}

// maxPush bounds what goes to the global tier at once, in bytes.
const maxPush = 16 * ChunkSize

// Push makes the value in the global tier what it is here. It does nothing if no byte is
// dirty.
func (v *Value) Push(ctx context.Context) error {
	unlock, err := v.use(0, 0)
	if err != nil {
		return err
	}
	defer unlock()
	if len(v.dirty) == 0 {
		return nil
	}
	return v.push(ctx, func(c int64) []run {
		start := c * ChunkSize
		if v.here[c] && !v.stale[c] {
			return []run{{start, min(start+ChunkSize, v.size) - start}}
		}
		return v.dirty.runs(c, v.size)
	})
}

// PushPartial sends the dirty bytes alone, and then fetches what others changed if all
// of the value is here.
func (v *Value) PushPartial(ctx context.Context) error {
	return v.pushPartial(ctx, nil)
}

// PushPartialMask is PushPartial for the bytes whose counterparts in the mask, a value of
// the same size, are not zero.
func (v *Value) PushPartialMask(ctx context.Context, mask *Value) error {
	if mask.size != v.size {
		return fmt.Errorf("state %s: it has %d bytes, and its mask %s has %d", v.key, v.size, mask.key, mask.size)
	}
	chunks := make([]*[ChunkSize]byte, len(v.here)) // nil where the mask is zero
	buf := new([ChunkSize]byte)
	for c := range chunks {
		start := int64(c) * ChunkSize
		n := min(ChunkSize, mask.size-start)
		if err := mask.Read(ctx, start, buf[:n]); err != nil {
			return err
		}
		if bytes.Trim(buf[:n], "\x00") != nil {
			chunks[c], buf = buf, new([ChunkSize]byte)
		}
	}
	return v.pushPartial(ctx, func(c int64) []run {
		if chunks[c] == nil {
			return nil
		}
		return maskRuns(chunks[c][:min(ChunkSize, v.size-c*ChunkSize)], c*ChunkSize)
	})
}

// maskRuns are the runs of bytes that are not zero.
func maskRuns(mask []byte, start int64) []run {
	var all []run
	for i := 0; i < len(mask); i++ {
		if mask[i] == 0 {
			continue
		}
		first := i
		for i < len(mask) && mask[i] != 0 {
			i++
		}
		all = append(all, run{start + int64(first), int64(i - first)})
	}
	return all
}

func (v *Value) pushPartial(ctx context.Context, runs func(c int64) []run) error {
	unlock, err := v.use(0, 0)
	if err != nil {
		return err
	}
	defer unlock()
	if len(v.dirty) == 0 {
		return nil
	}
	if runs == nil {
		runs = func(c int64) []run { return v.dirty.runs(c, v.size) }
	}
	if err := v.push(ctx, runs); err != nil {
		return err
	}
	for _, here := range v.here {
		if !here {
			return nil
		}
	}
	return v.refetch(ctx)
}

// push sends runs of all chunks, some at a time. When it has sent all, nothing is dirty.
// The lock is held.
func (v *Value) push(ctx context.Context, runs func(c int64) []run) error {
	var ranges []Range
	var n int64
	send := func() error {
		err := v.global.Write(ctx, v.key, v.size, ranges)
		ranges, n = ranges[:0], 0
		return err
	}
	for c := range v.here {
		for _, r := range runs(int64(c)) {
			ranges = append(ranges, Range{r.offset, v.mem.bytes[r.offset : r.offset+r.n]})
			n += r.n
		}
		if n >= maxPush {
			if err := send(); err != nil {
				return err
			}
		}
	}
	if err := send(); err != nil {
		return err
	}
	clear(v.dirty)
	return nil
}

// Pull makes the value here what it is in the global tier; what was not pushed is lost.
// What nobody used here is not fetched before somebody does. A value that nobody has
// pushed yet stays as it is.
func (v *Value) Pull(ctx context.Context) error {
	unlock, err := v.use(0, 0)
	if err != nil {
		return err
	}
	defer unlock()
	if _, err := v.global.Size(ctx, v.key); errors.Is(err, ErrNoValue) {
		return nil
	}
	for c := range v.dirty {
		v.here[c] = true // its bytes are to be replaced
	}
	clear(v.dirty)
	return v.refetch(ctx)
}

// refetch fetches all chunks that are here. The lock is held.
func (v *Value) refetch(ctx context.Context) error {
	for c, here := range v.here {
		if !here {
			continue
		}
		if err := v.fetchChunk(ctx, int64(c)); err != nil {
			return err
		}
	}
	return nil
}
