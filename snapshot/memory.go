package snapshot

import "encoding/binary"

// run is a piece of memory, with its end.
type run struct{ start, end int }

const (
	// maxRuns bounds the data segments that are made of one memory.
	maxRuns = 4096
	// firstGap is how many zero bytes end a run at first: a segment takes about ten.
	firstGap = 64
	// An engine makes an image of memory, which all instances share until they write, if
	// its data lies within smallImage bytes or takes half of the bytes from its first to
	// its last. Else it copies all segments into each instance.
	smallImage = 16 << 20
	// maxPadding is how many zeroes are written for that.
	maxPadding = 64 << 20
	hostPage   = 4096
)

// findRuns finds what is not zero. Pieces with few zeroes between them are one; the runs
// are few enough, and dense enough for an image where that is not too dear.
func findRuns(memory []byte) []run {
	runs := nonZero(memory)
	for gap := firstGap * 2; len(runs) > maxRuns; gap *= 2 {
		runs = join(runs, gap)
	}
	if len(runs) == 0 {
		return nil
	}
	extent := (runs[len(runs)-1].end-1)/hostPage*hostPage + hostPage - runs[0].start/hostPage*hostPage
	if extent < smallImage || extent/2-sizeOf(runs) > maxPadding {
		return runs
	}
	for gap := firstGap * 2; extent >= sizeOf(runs)*2; gap *= 2 {
		runs = join(runs, gap)
	}
	return runs
}

func sizeOf(runs []run) int {
	n := 0
	for _, r := range runs {
		n += r.end - r.start
	}
	return n
}

// join joins runs with fewer zeroes than gap between them.
func join(runs []run, gap int) []run {
	joined := runs[:0]
	for _, r := range runs {
		if n := len(joined); n > 0 && r.start-joined[n-1].end < gap {
			joined[n-1].end = r.end
		} else {
			joined = append(joined, r)
		}
	}
	return joined
}

// nonZero finds what is not zero, in words of eight bytes, without gaps of fewer than
// firstGap bytes.
func nonZero(memory []byte) []run {
	var runs []run
	whole := len(memory) &^ 7
	for at := 0; at < whole; at += 8 {
		if binary.LittleEndian.Uint64(memory[at:]) != 0 {
			runs = extend(runs, at, at+8)
		}
	}
	for at := whole; at < len(memory); at++ {
		if memory[at] != 0 {
			runs = extend(runs, at, at+1)
		}
	}
	return runs
}

func extend(runs []run, start, end int) []run {
	if n := len(runs); n > 0 && start-runs[n-1].end < firstGap {
		runs[n-1].end = end
		return runs
	}
	return append(runs, run{start, end})
}
