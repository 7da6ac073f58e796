package scheduler

import (
	"math/rand/v2"
	"testing"
)

// TestWhatIsKeptIsForgottenInItsOrder lets a list run empty and grow by several chunks.
func TestWhatIsKeptIsForgottenInItsOrder(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	var k keptList
	var want []*record
	next := ID(1)
	for _, size := range []int{0, 1, 700, 0, 1500, 255, 256, 0, 3} {
		for len(want) != size || random.IntN(100) > 0 {
			if grow := len(want) < size || len(want) == 0; grow != (random.IntN(3) == 0) || len(want) == 0 {
				r := &record{id: next, size: int(next) * 2}
				next++
				k.add(r)
				want = append(want, r)
				continue
			}
			oldest, got := k.oldest(), k.take()
			if r := want[0]; oldest != r || got.root != r || got.id != r.id || got.size != r.size || !got.alone {
				t.Fatalf("%+v is taken, want %d", got, r.id)
			}
			want = want[1:]
		}
		if k.trees != len(want) || len(k.chunks) > len(want)/len(keptChunk{})+2 {
			t.Fatalf("%d trees in %d chunks, want %d trees", k.trees, len(k.chunks), len(want))
		}
	}
}
