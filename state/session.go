package state

import (
	"context"
	"errors"
	"fmt"
)

// Session is one invocation's use of the state. It belongs to one goroutine. What it
// holds goes back with Close, however the invocation ends.
type Session struct {
	local  *Local
	user   string
	values map[string]*Value
	read   map[string]int // locks that it holds, and how often
	write  map[string]bool
}

// Open starts an invocation's use of a user's state.
func (l *Local) Open(user string) *Session {
	return &Session{local: l, user: user}
}

func (s *Session) key(name string) Key { return Key{s.user, name} }

// Value is Local.Value of the session's user. The value stays while the session does.
func (s *Session) Value(ctx context.Context, name string, size int64) (*Value, error) {
	if v := s.values[name]; v != nil && (size == 0 || size == v.size) && !v.isGone() {
		return v, nil
	}
	v, err := s.local.Value(ctx, s.key(name), size)
	if err != nil {
		return nil, err
	}
	if !v.hold() {
		return nil, fmt.Errorf("state %s: %w", v.key, errGone)
	}
	if old := s.values[name]; old != nil {
		old.release()
	}
	if s.values == nil {
		s.values = make(map[string]*Value)
	}
	s.values[name] = v
	return v, nil
}

// isGone reports whether it is to be taken anew.
func (v *Value) isGone() bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.gone || v.wrong
}

// Size returns how large a value is, or 0 if there is none.
func (s *Session) Size(ctx context.Context, name string) (int64, error) {
	v, err := s.Value(ctx, name, 0)
	if errors.Is(err, ErrNoSize) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	return v.size, nil
}

// Append, Appended and ClearAppended work on the list of a name.
func (s *Session) Append(ctx context.Context, name string, element []byte) error {
	return s.local.global.Append(ctx, s.key(name), element)
}

func (s *Session) Appended(ctx context.Context, name string, n int) ([][]byte, error) {
	return s.local.global.Appended(ctx, s.key(name), n)
}

func (s *Session) ClearAppended(ctx context.Context, name string) error {
	return s.local.global.ClearAppended(ctx, s.key(name))
}

// lock returns the lock of a key, for one who takes it or waits for it.
func (l *Local) lock(k Key) *lock {
	l.mu.Lock()
	defer l.mu.Unlock()
	one := l.locks[k]
	if one == nil {
		one = new(lock)
		l.locks[k] = one
	}
	one.refs++
	return one
}

// unlock gives a lock of a key back, held or not.
func (l *Local) unlock(k Key, held, write bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	one := l.locks[k]
	if held {
		one.release(write)
	}
	if one.refs--; one.refs == 0 {
		delete(l.locks, k)
	}
}

// Lock takes a value's lock among the functions of this host. A session that has it for
// writing and asks again waits for itself; that is an error.
func (s *Session) Lock(ctx context.Context, name string, write bool) error {
	if s.write[name] || write && s.read[name] > 0 {
		return fmt.Errorf("lock state %s: this invocation holds the lock already, and would wait for itself", s.key(name))
	}
	if err := s.local.lock(s.key(name)).acquire(ctx, write); err != nil {
		s.local.unlock(s.key(name), false, write)
		return err
	}
	if s.read == nil {
		s.read, s.write = make(map[string]int), make(map[string]bool)
	}
	if write {
		s.write[name] = true
	} else {
		s.read[name]++
	}
	return nil
}

// Unlock gives a lock back. It is an error if the session does not hold it.
func (s *Session) Unlock(name string, write bool) error {
	if write && !s.write[name] || !write && s.read[name] == 0 {
		return fmt.Errorf("unlock state %s: this invocation does not hold the lock", s.key(name))
	}
	if write {
		delete(s.write, name)
	} else {
		s.read[name]--
	}
	s.local.unlock(s.key(name), true, write)
	return nil
}

// HoldsLocks reports whether the session holds any.
func (s *Session) HoldsLocks() bool {
	for _, n := range s.read {
		if n > 0 {
			return true
		}
	}
	return len(s.write) > 0
}

// Close gives everything back.
func (s *Session) Close() {
	for name, n := range s.read {
		for range n {
			s.local.unlock(s.key(name), true, false)
		}
	}
	for name := range s.write {
		s.local.unlock(s.key(name), true, true)
	}
	for _, v := range s.values {
		v.release()
	}
	s.values, s.read, s.write = nil, nil, nil
}
