package faasm

import (
	"slices"

	"github.com/faaslens/faaslens/hostcall"
)

// pageSize is WebAssembly's, in which memory grows and mappings are counted.
const pageSize = 64 << 10

// maxBreak is Faasm's bound on memory: with one page less than 4 GiB, the break is
// always an address.
const maxBreak = 4<<30 - pageSize

// extent is a piece of memory.
type extent struct{ start, end uint64 }

// heap is the memory behind what the module started with: a break that rises and
// falls, as sbrk has it, and mappings that are placed at the break and may leave
// holes when they go. WebAssembly's memory only grows; what falls free stays, and is
// handed out again.
//
// A guest may also grow its memory by itself, as wasi-libc's malloc does. What lies
// behind the heap is then the guest's: the heap goes on behind that, and keeps
// what it had free as holes.
type heap struct {
	ready bool
	base  uint64 // the memory's size when the heap was first used
	floor uint64 // the break does not fall below
	brk   uint64
	end   uint64 // of the memory that the heap may use without growing it
	dirty uint64 // memory up to here may have been written since it was zero
	holes []extent
	// pinned is what must not be handed out again: memory that is shared with others.
	pinned []extent
}

// maxKeptHoles bounds the list that a pooled heap keeps for the next invocation.
const maxKeptHoles = 256

func (h *heap) reset() {
	holes := h.holes[:0]
	if cap(holes) > maxKeptHoles {
		holes = nil
	}
	*h = heap{holes: holes, pinned: h.pinned[:0]}
}

func pageUp(n uint64) uint64 { return (n + pageSize - 1) &^ (pageSize - 1) }

// follow takes note of the memory's size.
func (h *heap) follow(size uint64) {
	if !h.ready {
		*h = heap{ready: true, base: size, floor: size, brk: size, end: size, dirty: size, holes: h.holes, pinned: h.pinned}
		return
	}
	if size == h.end {
		return
	}
	if free := (extent{pageUp(h.brk), h.end}); free.start < free.end {
		h.addHole(free)
	}
	h.floor, h.brk, h.end, h.dirty = size, size, size, size
}

// raise moves the break up to at least to, growing the memory where needed.
func (h *heap) raise(g hostcall.Guest, to uint64) bool {
	if to > maxBreak {
		return false
	}
	if to > h.end {
		pages := pageUp(to-h.end) / pageSize
		before, ok := g.Grow(uint32(pages))
		if !ok || uint64(before)*pageSize != h.end {
			return false
		}
		h.end += pages * pageSize
	}
	h.brk = to
	return true
}

// stale is the part of fresh memory that has been used before and must be zeroed.
func (h *heap) stale(e extent) extent {
	s := extent{e.start, min(e.end, h.dirty)}
	h.dirty = max(h.dirty, e.end)
	if s.start >= s.end {
		return extent{}
	}
	return s
}

// move moves the break by delta, and returns where it was and what must be zeroed.
// It is not ok if the memory cannot grow, or the break would fall into memory
// that the heap did not get.
func (h *heap) move(g hostcall.Guest, delta int32) (old uint64, stale extent, ok bool) {
	old = h.brk
	if old > maxBreak {
		return 0, extent{}, false
	}
	if delta >= 0 {
		to := old + uint64(delta)
		if !h.raise(g, to) {
			return 0, extent{}, false
		}
		return old, h.stale(extent{old, to}), true
	}
	down := uint64(-int64(delta))
	if down > old-h.floor {
		return 0, extent{}, false
	}
	h.lower(old - down)
	return old, extent{}, true
}

// lower lets the break fall, and forgets the holes above it.
func (h *heap) lower(to uint64) {
	h.brk = to
	for n := len(h.holes); n > 0 && h.holes[n-1].end > to; n = len(h.holes) {
		if h.holes[n-1].start < to {
			h.holes[n-1].end = to &^ (pageSize - 1)
			if h.holes[n-1].start < h.holes[n-1].end {
				return
			}
		}
		h.holes = h.holes[:n-1]
	}
}

// place finds size bytes, whole pages, for a mapping: in the first hole with room,
// else at the break.
func (h *heap) place(g hostcall.Guest, size uint64) (start uint64, stale extent, ok bool) {
	for i := range h.holes {
		hole := &h.holes[i]
		if hole.end-hole.start < size {
			continue
		}
		start = hole.start
		if hole.start += size; hole.start == hole.end {
			h.holes = slices.Delete(h.holes, i, i+1)
		}
		return start, extent{start, start + size}, true
	}
	start = pageUp(h.brk)
	if !h.raise(g, start+size) {
		return 0, extent{}, false
	}
	return start, h.stale(extent{start, start + size}), true
}

// keep makes a mapping stay for good: the break does not fall below it.
func (h *heap) keep(e extent) {
	if e.end == h.brk {
		h.floor = e.end
	}
}

// pin makes a mapping stay as it is for good.
func (h *heap) pin(e extent) {
	h.floor = max(h.floor, min(e.end, h.brk))
	h.pinned = append(h.pinned, e)
}

// isPinned reports whether any of it is.
func (h *heap) isPinned(e extent) bool {
	for _, p := range h.pinned {
		if p.start < e.end && e.start < p.end {
			return true
		}
	}
	return false
}

// release takes back whole pages. Pages that the heap did not hand out stay as they
// are.
func (h *heap) release(e extent) {
	e.start, e.end = max(e.start, h.base), min(e.end, pageUp(h.brk))
	if e.start >= e.end {
		return
	}
	if e.end < h.brk {
		h.addHole(e)
		return
	}
	if e.start < h.floor {
		h.addHole(extent{e.start, h.floor})
		e.start = h.floor
	}
	h.lower(e.start)
	for n := len(h.holes); n > 0 && h.holes[n-1].end == h.brk && h.brk > h.floor; n = len(h.holes) {
		h.brk = max(h.holes[n-1].start, h.floor)
		if h.holes[n-1].end = h.brk; h.holes[n-1].start == h.brk {
			h.holes = h.holes[:n-1]
		}
	}
}

// addHole keeps holes sorted, apart and disjoint.
func (h *heap) addHole(e extent) {
	i, _ := slices.BinarySearchFunc(h.holes, e.start, func(x extent, at uint64) int {
		if x.end < at {
			return -1
		}
		return 1
	})
	j := i
	for ; j < len(h.holes) && h.holes[j].start <= e.end; j++ {
		e.start, e.end = min(e.start, h.holes[j].start), max(e.end, h.holes[j].end)
	}
	h.holes = slices.Replace(h.holes, i, j, e)
}
