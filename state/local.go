package state

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"golang.org/x/sys/unix"
)

// MaxValue bounds the size of a value: what guests can address.
const MaxValue = 1<<32 - 1

// ErrNoSize is the use of a value that nobody has given a size yet.
var ErrNoSize = errors.New("it has no size yet: write it first, or say its size")

// Limits bound what the local tier takes. Beyond them, values that no invocation uses
// and that are not dirty make room.
type Limits struct {
	Values int   // default: 1,000
	Bytes  int64 // of all values together; default: 8 GiB
}

// Local is the tier of one host. Its methods may be called from any goroutine.
type Local struct {
	global Global
	limits Limits

	mu     sync.Mutex
	values map[Key]*Value
	bytes  int64 // of values
	locks  map[Key]*lock
}

// NewLocal makes an empty local tier before a global one.
func NewLocal(g Global, limits Limits) *Local {
	if limits.Values == 0 {
		limits.Values = 1000
	}
	if limits.Bytes == 0 {
		limits.Bytes = 8 << 30
	}
	return &Local{global: g, limits: limits, values: make(map[Key]*Value), locks: make(map[Key]*lock)}
}

// Global is the tier behind it.
func (l *Local) Global() Global { return l.global }

// Value returns a value. A size of 0 is the size that it has; another makes the value
// if there is none. The error wraps ErrNoSize if there is none and none is made.
func (l *Local) Value(ctx context.Context, k Key, size int64) (*Value, error) {
	if size < 0 || size > MaxValue {
		return nil, fmt.Errorf("state %s: a value cannot have %d bytes", k, size)
	}
	l.mu.Lock()
	v := l.values[k]
	l.mu.Unlock()
	if v != nil && v.isGone() {
		l.forgetOne(v)
		v = nil
	}
	if v == nil {
		if size == 0 {
			n, err := l.global.Size(ctx, k)
			if errors.Is(err, ErrNoValue) {
				return nil, fmt.Errorf("state %s: %w", k, ErrNoSize)
			}
			if err != nil {
				return nil, err
			}
			size = n
		}
		var err error
		if v, err = l.add(k, size); err != nil {
			return nil, err
		}
	}
	if size != 0 && size != v.size {
		return nil, fmt.Errorf("state %s: it has %d bytes, not %d", k, v.size, size)
	}
	return v, nil
}

// add makes a value, unless another goroutine just did.
func (l *Local) add(k Key, size int64) (*Value, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if v := l.values[k]; v != nil {
		return v, nil
	}
	if err := l.makeRoom(size); err != nil {
		return nil, fmt.Errorf("state %s: %w", k, err)
	}
	v, err := newValue(l.global, k, size)
	if err != nil {
		return nil, err
	}
	l.values[k] = v
	l.bytes += size
	return v, nil
}

// makeRoom lets values go until there is room for another of that size. The lock is
// held.
func (l *Local) makeRoom(size int64) error {
	fits := func() bool { return len(l.values) < l.limits.Values && l.bytes+size <= l.limits.Bytes }
	for k, v := range l.values {
		if fits() {
			return nil
		}
		if v.dropIfIdle() {
			delete(l.values, k)
			l.bytes -= v.size
		}
	}
	if !fits() {
		return fmt.Errorf("this host has no room for another value of %d bytes: it has %d values of %d bytes together, and may have %d of %d",
			size, len(l.values), l.bytes, l.limits.Values, l.limits.Bytes)
	}
	return nil
}

// Delete forgets a value in both tiers. Functions that have it mapped keep what they
// see.
func (l *Local) Delete(ctx context.Context, k Key) error {
	l.forget(func(o Key) bool { return o == k })
	return l.global.Delete(ctx, k)
}

// Flush forgets all values here, pushed or not; the global tier keeps its own.
func (l *Local) Flush() { l.forget(func(Key) bool { return true }) }

// forgetOne forgets a value, unless it has been already.
func (l *Local) forgetOne(v *Value) {
	l.forget(func(k Key) bool { return k == v.key && l.values[k] == v })
}

func (l *Local) forget(which func(Key) bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for k, v := range l.values {
		if which(k) {
			delete(l.values, k)
			l.bytes -= v.size
			v.drop()
		}
	}
}

// memory is a piece of memory that guests can map.
type memory struct {
	fd    int
	bytes []byte
}

// newMemory makes zeroed memory of whole chunks. What is not used of it takes none.
func newMemory(name string, size int64) (memory, error) {
	size = (size + ChunkSize - 1) / ChunkSize * ChunkSize
	fd, err := unix.MemfdCreate(name, unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING)
	if err != nil {
		return memory{}, fmt.Errorf("make memory for state: %w", err)
	}
	if err := unix.Ftruncate(fd, size); err != nil {
		unix.Close(fd)
		return memory{}, fmt.Errorf("make memory for state: %w", err)
	}
	// Whoever maps it must not be hurt by its getting shorter.
	if _, err := unix.FcntlInt(uintptr(fd), unix.F_ADD_SEALS, unix.F_SEAL_SHRINK|unix.F_SEAL_GROW|unix.F_SEAL_SEAL); err != nil {
		unix.Close(fd)
		return memory{}, fmt.Errorf("make memory for state: %w", err)
	}
	b, err := unix.Mmap(fd, 0, int(size), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		unix.Close(fd)
		return memory{}, fmt.Errorf("make memory for state: %w", err)
	}
	return memory{fd, b}, nil
}

func (m memory) free() {
	unix.Munmap(m.bytes)
	unix.Close(m.fd)
}
