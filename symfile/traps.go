package symfile

import (
	"cmp"
	"debug/elf"
	"encoding/binary"
	"slices"
)

// trapSize is how many bytes are made the home of a trap: those of its instruction on
// amd64.
const trapSize = 2

// trapJumps finds, for each trap instruction that stands apart from the code that it
// guards, the one conditional jump that leads to it: there, every variable is where it
// is at the jump. Addresses count from base on.
//
// They come by the jump's address, ascending.
//
// The engine puts these traps behind a function's code, and jumps to each with the long
// form of a conditional jump: 0f 80 to 0f 8f and a distance of four bytes.
func trapJumps(m elf.Machine, text, traps []byte, base uint64) []trapJump {
	if m != elf.EM_X86_64 || len(traps) < 4 {
		return nil
	}
	const jumpSize = 6
	places := make(map[uint64]int) // number of jumps to each
	n := min(uint64(binary.LittleEndian.Uint32(traps)), uint64(len(traps)-4)/4)
	for i := range n {
		at := uint64(binary.LittleEndian.Uint32(traps[4+4*i:]))
		if at+trapSize <= uint64(len(text)) && text[at] == 0x0f && text[at+1] == 0x0b {
			places[at] = 0
		}
	}
	var jumps []trapJump
	for at := 0; at+jumpSize <= len(text); at++ {
		if text[at] != 0x0f || text[at+1]&0xf0 != 0x80 {
			continue
		}
		to := uint64(int64(at+jumpSize) + int64(int32(binary.LittleEndian.Uint32(text[at+2:]))))
		if _, ok := places[to]; ok {
			places[to]++
			jumps = append(jumps, trapJump{base + uint64(at), base + to})
		}
	}
	return slices.DeleteFunc(jumps, func(j trapJump) bool { return places[j.trap-base] > 1 })
}

// trapJump is where a jump to a trap is, and where the trap.
type trapJump struct{ at, trap uint64 }

// within are the jumps in a span of addresses.
func within(jumps []trapJump, start, end uint64) []trapJump {
	find := func(at uint64) int {
		i, _ := slices.BinarySearchFunc(jumps, at, func(j trapJump, at uint64) int { return cmp.Compare(j.at, at) })
		return i
	}
	if end < start {
		return nil
	}
	return jumps[find(start):find(end)]
}
