package state

// Changed takes note that somebody else than a function changed a value in the global
// tier. What is here of a value of the same size is fetched again when it is next read;
// until then, functions that have it mapped see what they saw. Bytes that were written here
// and not pushed stay. A value of another size, or one that was deleted, is forgotten here;
// functions that have it mapped keep what they see.
func (l *Local) Changed(c Change) {
	l.mu.Lock()
	v := l.values[c.Key]
	l.mu.Unlock()
	switch {
	case v == nil:
	case v.size != c.Size:
		l.forget(func(k Key) bool { return k == c.Key })
	default:
		v.expire()
	}
}

// expire has all chunks that are here fetched before they are read again.
func (v *Value) expire() {
	v.mu.Lock()
	defer v.mu.Unlock()
	for c, here := range v.here {
		if here {
			v.stale[int64(c)] = true
		}
	}
}
