package bus

import (
	"io"
	"math/rand/v2"
	"runtime"
	"runtime/debug"
	"testing"

	"github.com/faaslens/faaslens/state"
)

// heapMeter is a reader, or a writer, that notes how large the heap was at most.
type heapMeter struct {
	io.Reader
	most uint64
}

func (m *heapMeter) look() {
	var now runtime.MemStats
	runtime.ReadMemStats(&now)
	m.most = max(m.most, now.HeapAlloc)
}

func (m *heapMeter) Read(p []byte) (int, error) {
	m.look()
	return m.Reader.Read(p)
}

// TestALargeValuePassesThroughABoundedHeap is with the collector as a service has it.
func TestALargeValuePassesThroughABoundedHeap(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(400))
	b := open(t, Config{})
	values := state.NewValues(state.NewLocal(b.State(), state.Limits{}), nil)
	key := state.Key{User: "test", Name: "large"}
	const size, allowed = 256 << 20, 200 << 20
	runtime.GC()
	idle := &heapMeter{}
	idle.look()
	put := &heapMeter{Reader: rand.NewChaCha8([32]byte{})}
	if err := values.Put(t.Context(), key, size, put); err != nil {
		t.Fatal(err)
	}
	value, err := values.Open(t.Context(), key, 0, size)
	if err != nil {
		t.Fatal(err)
	}
	get := &heapMeter{Reader: value}
	if n, err := io.Copy(io.Discard, get); err != nil || n != size {
		t.Fatalf("%d bytes were read, %v", n, err)
	}
	for what, m := range map[string]*heapMeter{"put": put, "got": get} {
		if m.most > idle.most+allowed {
			t.Errorf("while it was %s, the heap grew by %d MiB, more than %d", what, (m.most-idle.most)>>20, allowed>>20)
		}
	}
}
