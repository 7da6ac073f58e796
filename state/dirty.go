package state

import "math/bits"

// ChunkSize is the unit in which values move between the tiers, in bytes.
const ChunkSize = 64 << 10

// dirtySet says which bytes of a value were written and not pushed: for each chunk
// nothing, all of it, or a bit for each byte.
type dirtySet map[int64]*[ChunkSize / 64]uint64

// allDirty stands for a chunk of which every byte is dirty.
var allDirty = new([ChunkSize / 64]uint64)

// mark marks n bytes from an offset on.
func (d dirtySet) mark(offset, n int64) {
	for n > 0 {
		chunk, from := offset/ChunkSize, offset%ChunkSize
		length := min(n, ChunkSize-from)
		offset, n = offset+length, n-length
		b := d[chunk]
		switch {
		case b == allDirty:
			continue
		case length == ChunkSize:
			d[chunk] = allDirty
			continue
		case b == nil:
			b = new([ChunkSize / 64]uint64)
			d[chunk] = b
		}
		setBits(b, int(from), int(length))
	}
}

// setBits sets n bits from one on.
func setBits(b *[ChunkSize / 64]uint64, from, n int) {
	for n > 0 {
		word, bit := from/64, from%64
		length := min(n, 64-bit)
		b[word] |= (^uint64(0) >> (64 - length)) << bit
		from, n = from+length, n-length
	}
}

// run is bytes that lie side by side.
type run struct{ offset, n int64 }

// runs returns the dirty bytes of a chunk of a value of that size, as the longest runs.
func (d dirtySet) runs(chunk, size int64) []run {
	start := chunk * ChunkSize
	end := min(start+ChunkSize, size)
	switch b := d[chunk]; b {
	case nil:
		return nil
	case allDirty:
		return []run{{start, end - start}}
	default:
		var all []run
		for at := 0; at < int(end-start); {
			first := nextBit(b, at, true)
			if first >= int(end-start) {
				break
			}
			last := min(nextBit(b, first, false), int(end-start))
			all = append(all, run{start + int64(first), int64(last - first)})
			at = last
		}
		return all
	}
}

// nextBit is the first bit from one on that is set, or is not; ChunkSize if there is
// none.
func nextBit(b *[ChunkSize / 64]uint64, from int, set bool) int {
	for from < ChunkSize {
		w := b[from/64]
		if !set {
			w = ^w
		}
		if w >>= from % 64; w != 0 {
			return from + bits.TrailingZeros64(w)
		}
		from = (from/64 + 1) * 64
	}
	return ChunkSize
}
