package symbol

import (
	"cmp"
	"container/heap"
	"slices"
)

// owned is a span that belongs to something with an index.
type owned struct {
	span
	owner int32
}

// segment is where an owner's code starts; it ends where the next segment starts.
type segment struct {
	start uint32
	owner int32 // none for code that nothing owns
}

const none = -1

// innermost orders spans that may lie within each other: the one that starts last
// comes first, then the shorter one, then the later one.
func innermost(a, b owned) int {
	return cmp.Or(cmp.Compare(b.low, a.low), cmp.Compare(a.high, b.high), cmp.Compare(b.owner, a.owner))
}

// first orders spans that say the same by their owners.
func first(a, b owned) int { return cmp.Compare(a.owner, b.owner) }

// active is a heap of spans that cover an address, the one that owns it on top.
type active struct {
	spans []owned
	order func(a, b owned) int
}

func (h *active) Len() int           { return len(h.spans) }
func (h *active) Less(i, j int) bool { return h.order(h.spans[i], h.spans[j]) < 0 }
func (h *active) Swap(i, j int)      { h.spans[i], h.spans[j] = h.spans[j], h.spans[i] }
func (h *active) Push(s any)         { h.spans = append(h.spans, s.(owned)) }
func (h *active) Pop() any {
	last := h.spans[len(h.spans)-1]
	h.spans = h.spans[:len(h.spans)-1]
	return last
}

// flatten turns spans into segments in ascending order. Of several spans over an
// address the one that the order puts first owns it. It reorders spans.
func flatten(spans []owned, order func(a, b owned) int) []segment {
	if len(spans) == 0 {
		return nil
	}
	slices.SortFunc(spans, func(a, b owned) int { return cmp.Or(cmp.Compare(a.low, b.low), cmp.Compare(a.owner, b.owner)) })
	var segments []segment
	open := &active{order: order}
	for i, at := 0, spans[0].low; ; {
		for ; i < len(spans) && spans[i].low == at; i++ {
			heap.Push(open, spans[i])
		}
		for open.Len() > 0 && open.spans[0].high <= at {
			heap.Pop(open)
		}
		owner := int32(none)
		if open.Len() > 0 {
			owner = open.spans[0].owner
		}
		if n := len(segments); n == 0 || segments[n-1].owner != owner {
			segments = append(segments, segment{at, owner})
		}
		switch {
		case open.Len() > 0 && (i == len(spans) || open.spans[0].high < spans[i].low):
			at = open.spans[0].high
		case i < len(spans):
			at = spans[i].low
		default:
			return slices.Clip(segments)
		}
	}
}

// ownerAt returns the owner of an address, or none.
func ownerAt(segments []segment, address uint32) int32 {
	lo, hi := 0, len(segments)
	for lo < hi {
		if mid := int(uint(lo+hi) >> 1); segments[mid].start <= address {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	if lo == 0 {
		return none
	}
	return segments[lo-1].owner
}
