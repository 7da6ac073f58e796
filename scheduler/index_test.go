package scheduler

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// TestTheIndexFindsWhatAMapFinds enters and removes more than the ring holds, numbers from
// elsewhere among them that lie where the index is about to give its own.
func TestTheIndexFindsWhatAMapFinds(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	x, want := newIndex(), make(map[ID]*record)
	x.next = 1<<30 - ringSize // so that numbers begin anew meanwhile
	var known []*record
	for range 4 * ringSize {
		r := &record{id: ID(x.next<<1 + random.Uint32N(64))}
		numbered := random.IntN(8) > 0 || want[r.id] != nil
		if numbered {
			r.id = x.number()
		}
		if want[r.id] != nil || numbered && (r.id>>31 != 0 || r.id%2 == 0) {
			t.Fatalf("the number %d has been given, is negative or even", r.id)
		}
		x.enter(r, numbered)
		want[r.id], known = r, append(known, r)
		if random.IntN(3) == 0 {
			k := random.IntN(len(known))
			gone := known[k]
			known = slices.Delete(known, k, k+1)
			delete(want, gone.id)
			x.remove(gone.id, gone)
			x.remove(gone.id, gone) // which is not there any more
		}
	}
	for id, r := range want {
		if x.get(id) != r {
			t.Fatalf("%d is not found", id)
		}
		x.remove(id, &record{id: id}) // which is another
	}
	if x.n != len(want) {
		t.Errorf("there are %d, want %d", x.n, len(want))
	}
	for r := range x.all() {
		if want[r.id] != r {
			t.Fatalf("%d is listed, and is not there or was before", r.id)
		}
		delete(want, r.id)
	}
	if len(want) > 0 {
		t.Errorf("%d are not listed", len(want))
	}
}

func TestTheIndexMovesOnWhereANumberIsTaken(t *testing.T) {
	x := newIndex()
	taken := ID(x.next<<1&^(1<<31) | 1)
	x.enter(&record{id: taken}, false)
	if id := x.number(); id == taken {
		t.Errorf("%d was given twice", id)
	}
	if x.get(taken) == nil || x.get(taken+1) != nil {
		t.Errorf("%d is not found, or its neighbour is", taken)
	}
}
