package engine

import (
	"github.com/faaslens/faaslens/snapshot"
	"github.com/faaslens/faaslens/wasm"
)

// warmth is what a module needs so that its instances can be kept: after an invocation an
// instance is put back to the state of a fresh one and waits, in its slot, for the
// module's next invocation. An instance whose invocation did not end by itself, or whose
// memory grew, is dropped instead.
type warmth struct {
	globals []string     // the mutable ones, by a name each is exported by
	parked  []chan *slot // by shard: slots that keep an instance of the module
	tuner   *tuner
}

const (
	// maxParked is how many instances of a module a shard keeps.
	maxParked = 32
	// maxWarmMemory bounds the memory of instances that are kept.
	maxWarmMemory = 256 << 20
)

// prepareWarmth decides whether instances can be kept.
func (m *Module) prepareWarmth() {
	if !m.options.Warm || m.greedy || m.hard || !m.mapped || m.memory == "" || m.parsed.Start != nil || m.minMemory() > maxWarmMemory {
		return
	}
	globals, ok := mutableGlobals(m.parsed)
	if !ok {
		return
	}
	// A table, or a segment that is dropped, is not put back. In case of doubt there is one.
	if changes, err := snapshot.ChangesOf(m.parsed); err != nil || changes.Any() {
		return
	}
	m.warm = &warmth{globals: globals, tuner: newTuner(m.engine.cfg.Reset, m.least)}
	for _, sh := range m.engine.shards {
		m.warm.parked = append(m.warm.parked, make(chan *slot, min(sh.max, maxParked)))
	}
}

// mutableGlobals are the module's globals that can change, by names that they are
// exported by. It is not ok if one is not exported or holds a reference.
func mutableGlobals(m *wasm.Module) (names []string, ok bool) {
	exported := make(map[int]string)
	for _, x := range m.Exports {
		if x.Kind == wasm.KindGlobal {
			exported[int(x.Index)] = x.Name
		}
	}
	for i, g := range m.Globals {
		if !g.Mutable {
			continue
		}
		name, is := exported[i]
		if !is || g.Type.IsRef() {
			return nil, false
		}
		names = append(names, name)
	}
	return names, true
}

// takeParked takes a slot that keeps an instance of the module.
func (m *Module) takeParked(first int) *slot {
	if m.warm == nil {
		return nil
	}
	for i := range m.warm.parked {
		select {
		case s := <-m.warm.parked[(first+i)%len(m.warm.parked)]:
			return s
		default:
		}
	}
	return nil
}

// park puts a slot aside for the module's next invocation, if it keeps an instance and
// nobody waits for a slot.
func (m *Module) park(s *slot) bool {
	if m.warm == nil {
		return false
	}
	if !s.native.IsWarm() {
		return false
	}
	if s.shard.free.waiting.Load() == 0 && !m.closed.Load() {
		select {
		case m.warm.parked[s.shard.index] <- s:
			// Who began to wait meanwhile has not seen this slot.
			if s.shard.free.waiting.Load() > 0 {
				s.shard.evict(m)
			}
			return true
		default:
		}
	}
	s.native.DropWarm()
	return false
}

// evict has one of the module's parked slots of the shard serve others. It reports
// whether there was one.
func (sh *shard) evict(m *Module) bool {
	if m.warm == nil {
		return false
	}
	select {
	case s := <-m.warm.parked[sh.index]:
		s.native.DropWarm()
		s.module.Store(nil)
		sh.free.put(s)
		return true
	default:
		return false
	}
}

// evictAny frees a slot of the shard that keeps an instance of any module.
func (e *Engine) evictAny(sh *shard) {
	e.open.Range(func(key, _ any) bool { return !sh.evict(key.(*Module)) })
}

// coolDown drops the instances that are kept. No invocation of the module runs, or will.
func (m *Module) coolDown() {
	for _, sh := range m.engine.shards {
		for sh.evict(m) {
		}
	}
}
