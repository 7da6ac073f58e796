package bus

import (
	"runtime"
	"runtime/metrics"
	"sync/atomic"
)

// For each message that is read, the server inside reads the file of up to 8 MiB that it is
// in, and keeps that as long as the collector lets it: weakly. A heap that may grow by
// hundreds of megabytes before it is collected then holds as much of what was read once. So
// it is collected after so many bytes, or a part of what lives in it, whichever is more; of
// what is written, each has its copies too.
const (
	reclaimEvery = 16 << 20
	reclaimPart  = 4
)

// reclaimer counts what was read from the server inside, and written there.
type reclaimer struct{ bytes atomic.Int64 }

// passed notes that bytes were read from the server, or written.
func (b *Bus) passed(n int) {
	passed := b.reclaimer.bytes.Add(int64(n))
	if b.server == nil || passed < reclaimEvery || passed < liveHeap()/reclaimPart {
		return
	}
	if b.reclaimer.bytes.Swap(0) >= reclaimEvery {
		runtime.GC()
	}
}

// liveHeap is what lived in the heap when it was collected last, bytes.
func liveHeap() int64 {
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(live)
	return int64(live[0].Value.Uint64())
}
