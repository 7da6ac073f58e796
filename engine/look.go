package engine

import (
	"runtime"
	"time"

	"github.com/faaslens/faaslens/engine/internal/wasmtime"
	"github.com/faaslens/faaslens/guest"
)

// maxLook bounds the frames of a stack that is taken while its guest runs on.
const maxLook = 1 << 14

// LiveStack is the stack of an invocation that runs.
type LiveStack struct {
	Module  *Module
	Tag     uint64 // the Run's
	Elapsed time.Duration
	// Call is the host call that the guest is in, as "MODULE.NAME"; "the engine"
	// for a call into the engine's runtime such as memory.fill; else empty.
	Call string
	// Frames are the guest's, innermost first; Depth is their number, which may be
	// more than there are frames.
	Frames []guest.Frame
	Depth  int
	// Inner are the host's calls inside of Call, innermost first, and Outer those by
	// which the guest was run. AddHost gives them.
	Inner, Outer []HostFrame

	slot       *slot
	generation uint64
}

// Stacks takes the stack of every running invocation. The guests are not stopped:
// each is interrupted for a few microseconds. One that ends meanwhile is left out.
func (e *Engine) Stacks() []LiveStack {
	e.looking.Lock()
	defer e.looking.Unlock()
	if e.looker == nil {
		e.looker = wasmtime.NewLooker(maxLook)
	}
	var stacks []LiveStack
	for _, sh := range e.shards {
		for _, s := range *sh.slots.Load() {
			if l, ok := s.look(e.looker); ok {
				stacks = append(stacks, l)
			}
		}
	}
	return stacks
}

// look takes the stack of a slot's invocation. The engine's lock for looking is held.
func (s *slot) look(l *wasmtime.Looker) (LiveStack, bool) {
	generation := s.generation.Load()
	started, tag, m := s.started.Load(), s.tag.Load(), s.module.Load()
	if generation%2 == 0 || m == nil || !m.hold() {
		return LiveStack{}, false
	}
	defer m.release()
	if s.generation.Load() != generation {
		return LiveStack{}, false
	}
	m.setBodies(s.shard)
	stack, ok := s.native.Look(l, generation, s.awaitLook(generation))
	if !ok {
		return LiveStack{}, false
	}
	live := LiveStack{
		Module:  m,
		Tag:     tag,
		Elapsed: time.Duration(s.engine.watcher.now() - started),
		Frames:  m.framesOf(s.shard, stack.PCs),
		Depth:   stack.Depth,

		slot:       s,
		generation: generation,
	}
	switch stack.Place {
	case wasmtime.InHost:
		spec := m.specs[stack.Call]
		live.Call = spec.Module + "." + spec.Name
	case wasmtime.InRuntime:
		live.Call = "the engine"
	}
	return live, true
}

// awaitLook is how one waits for a look at a generation: the first moments attentively,
// and then with pauses, in which a guest gets on that many signals would hold up.
func (s *slot) awaitLook(generation uint64) func(attempt int) bool {
	return func(attempt int) bool {
		if attempt < 100 {
			runtime.Gosched()
		} else {
			time.Sleep(50 * time.Microsecond)
		}
		return attempt < 500 && s.generation.Load() == generation
	}
}

// framesOf turns addresses in compiled code into frames.
func (m *Module) framesOf(sh *shard, pcs []uintptr) []guest.Frame {
	var frames []guest.Frame
	for _, pc := range pcs {
		if f, ok := m.frameAt(sh, pc); ok {
			frames = append(frames, f)
		}
	}
	return frames
}

// Frames implements hostcall.Guest.
func (s *slot) Frames() []guest.Frame {
	m := s.module.Load()
	m.setBodies(s.shard)
	const first = 256
	stack := s.native.HostStack(first)
	if stack.Depth > first {
		stack = s.native.HostStack(stack.Depth)
	}
	return m.framesOf(s.shard, stack.PCs)
}

// MixStacks makes the frames of all guests part of Go's own stacks, in profiles and in
// runtime.Callers, for the rest of the process's life; FrameAt names them. Until then
// host calls do nothing for it. Of more than the 32 frames that Go has room for, those in
// the middle are left out; the address 16 stands in their place.
func MixStacks() { wasmtime.MixStacks() }

// FrameAt says which guest frame an address is that runtime.Callers or a profile
// gave. It is not ok for one that is in no open module.
func (e *Engine) FrameAt(pc uintptr) (m *Module, f guest.Frame, ok bool) {
	e.open.Range(func(key, _ any) bool {
		m = key.(*Module)
		for _, sh := range e.shards {
			if f, ok = m.frameIn(sh, pc); ok {
				return false
			}
		}
		return true
	})
	if !ok {
		return nil, guest.Frame{}, false
	}
	return m, f, true
}

// frameIn is frameAt for an address that may be in another module.
func (m *Module) frameIn(sh *shard, pc uintptr) (guest.Frame, bool) {
	if !m.hold() {
		return guest.Frame{}, false
	}
	defer m.release()
	n := m.loaded[sh.index].Load()
	if n == nil {
		return guest.Frame{}, false
	}
	if base := n.Base(); pc < base || pc >= base+uintptr(len(n.Image())) {
		return guest.Frame{}, false
	}
	return m.frameAt(sh, pc)
}
