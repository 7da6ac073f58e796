package state

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
)

// Memory is a global tier for one process: values live as long as it does. Of a large
// value only the chunks that were written take memory.
type Memory struct {
	// Limit bounds the bytes of all values and lists together; 0 is no bound.
	Limit int64

	mu     sync.Mutex
	values map[Key]*sparse
	lists  map[Key][][]byte
	used   int64
}

// sparse is a value whose chunks are nil where they are zero.
type sparse struct {
	size   int64
	chunks map[int64][]byte
}

// Size implements Global.
func (m *Memory) Size(_ context.Context, k Key) (int64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	v := m.values[k]
	if v == nil {
		return 0, fmt.Errorf("state %s: %w", k, ErrNoValue)
	}
	return v.size, nil
}

// Read implements Global.
func (m *Memory) Read(_ context.Context, k Key, offset int64, buf []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	v := m.values[k]
	if v == nil {
		return fmt.Errorf("state %s: %w", k, ErrNoValue)
	}
	if err := checkRange(k, v.size, offset, len(buf)); err != nil {
		return err
	}
	for len(buf) > 0 {
		n := min(len(buf), int(ChunkSize-offset%ChunkSize))
		if c := v.chunks[offset/ChunkSize]; c != nil {
			copy(buf[:n], c[offset%ChunkSize:])
		} else {
			clear(buf[:n])
		}
		buf, offset = buf[n:], offset+int64(n)
	}
	return nil
}

// Write implements Global.
func (m *Memory) Write(_ context.Context, k Key, size int64, ranges []Range) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	v := m.values[k]
	if v == nil || v.size != size {
		if v != nil {
			m.used -= ChunkSize * int64(len(v.chunks))
		}
		v = &sparse{size: size, chunks: make(map[int64][]byte)}
		if m.values == nil {
			m.values = make(map[Key]*sparse)
		}
		m.values[k] = v
	}
	for _, r := range ranges {
		if err := checkRange(k, size, r.Offset, len(r.Data)); err != nil {
			return err
		}
		for data, offset := r.Data, r.Offset; len(data) > 0; {
			i := offset / ChunkSize
			if v.chunks[i] == nil {
				if err := m.take(ChunkSize); err != nil {
					return fmt.Errorf("state %s: %w", k, err)
				}
				v.chunks[i] = make([]byte, ChunkSize)
			}
			n := copy(v.chunks[i][offset%ChunkSize:], data)
			data, offset = data[n:], offset+int64(n)
		}
	}
	return nil
}

// take accounts for memory that a value needs. The lock is held.
func (m *Memory) take(n int64) error {
	if m.Limit != 0 && m.used+n > m.Limit {
		return fmt.Errorf("the state of all functions together may take %d bytes, and has", m.Limit)
	}
	m.used += n
	return nil
}

// Delete implements Global.
func (m *Memory) Delete(ctx context.Context, k Key) error {
	m.mu.Lock()
	if v := m.values[k]; v != nil {
		m.used -= ChunkSize * int64(len(v.chunks))
		delete(m.values, k)
	}
	m.mu.Unlock()
	return m.ClearAppended(ctx, k)
}

// List implements Global.
func (m *Memory) List(_ context.Context, user string) ([]Key, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var keys []Key
	for k := range m.values {
		if k.User == user {
			keys = append(keys, k)
		}
	}
	slices.SortFunc(keys, func(a, b Key) int { return strings.Compare(a.Name, b.Name) })
	return keys, nil
}

// Append implements Global.
func (m *Memory) Append(_ context.Context, k Key, element []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.take(int64(len(element))); err != nil {
		return fmt.Errorf("append to state %s: %w", k, err)
	}
	if m.lists == nil {
		m.lists = make(map[Key][][]byte)
	}
	m.lists[k] = append(m.lists[k], bytes.Clone(element))
	return nil
}

// Appended implements Global.
func (m *Memory) Appended(_ context.Context, k Key, n int) ([][]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	l := m.lists[k]
	return slices.Clone(l[:min(n, len(l))]), nil
}

// ClearAppended implements Global.
func (m *Memory) ClearAppended(_ context.Context, k Key) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, e := range m.lists[k] {
		m.used -= int64(len(e))
	}
	delete(m.lists, k)
	return nil
}

func checkRange(k Key, size, offset int64, n int) error {
	if offset < 0 || offset > size || int64(n) > size-offset {
		return fmt.Errorf("state %s: %d bytes from %d on are not within its %d", k, n, offset, size)
	}
	return nil
}
