package scheduler

import (
	"iter"
	"math/rand/v2"
)

// index finds invocations by their numbers. Those that were numbered here lately are in a
// ring, in the order of their numbers: to enter one and to remove it touches memory next to
// what the ones before touched. A map looks in a random place each time, and in a busy
// server that is no longer in the processor's caches. The others are in a map.
type index struct {
	next uint32    // of the numbers that are given here, without their lowest bit
	ring []*record // of those that are numbered here, by the end of their numbers
	rest map[ID]*record
	n    int // in both
}

// ringSize is how many of the last numbers are found in the ring: more than results are
// kept that were answered.
const ringSize = 1 << 14

func newIndex() index {
	return index{next: rand.Uint32(), ring: make([]*record, ringSize), rest: make(map[ID]*record)}
}

// number is a number that nobody has. Those that are given here are odd, follow one another
// from one on that is random, and are positive where guests have them as an int.
func (x *index) number() ID {
	for {
		id := ID(x.next<<1&^(1<<31) | 1)
		x.next++
		if x.get(id) == nil {
			return id
		}
	}
}

// place is where an invocation is in the ring, if it is there.
func (x *index) place(id ID) **record { return &x.ring[id>>1%ringSize] }

// get is nil if there is none of that number.
func (x *index) get(id ID) *record {
	if r := *x.place(id); r != nil && r.id == id {
		return r
	}
	return x.rest[id]
}

// enter adds one whose number nobody has. One that was numbered here takes its place in the
// ring; who had that goes to the rest.
func (x *index) enter(r *record, numbered bool) {
	x.n++
	if !numbered {
		x.rest[r.id] = r
		return
	}
	at := x.place(r.id)
	if before := *at; before != nil {
		x.rest[before.id] = before
	}
	*at = r
}

// remove takes out the one of that number, if it is r.
func (x *index) remove(id ID, r *record) {
	switch at := x.place(id); {
	case *at == r:
		*at = nil
	case x.rest[id] == r:
		delete(x.rest, id)
	default:
		return
	}
	x.n--
}

// all are in no order.
func (x *index) all() iter.Seq[*record] {
	return func(yield func(*record) bool) {
		for _, r := range x.ring {
			if r != nil && !yield(r) {
				return
			}
		}
		for _, r := range x.rest {
			if !yield(r) {
				return
			}
		}
	}
}
