package faasm

import (
	"bytes"
	"slices"
	"strings"
	"testing"
)

func TestMappingsAreWholePagesOfZeroesAndReuseWhatFellFree(t *testing.T) {
	r := newRig(t, Config{})
	a := r.must("mmap", 0, 1, 3, 0x22, failed, 0)
	b := r.must("mmap", 0, pageSize+1, 3, 0x22, failed, 0)
	c := r.must("mmap", 0, pageSize, 3, 0x22, failed, 0)
	if a != pageSize || b != 2*pageSize || c != 4*pageSize {
		t.Fatalf("mappings at 0x%x, 0x%x and 0x%x, want them one behind the other", a, b, c)
	}
	for i := range r.guest.mem[pageSize:] {
		r.guest.mem[pageSize+i] = 0xff
	}
	if r.must("munmap", uint64(b), pageSize+1) != 0 {
		t.Fatal("munmap of the one in the middle failed")
	}
	if got := r.must("mmap", 0, pageSize, 3, 0x22, failed, 0); got != b {
		t.Errorf("a mapping that fits the hole is at 0x%x, want 0x%x", got, b)
	}
	r.must("munmap", uint64(c), pageSize)
	if got := r.must("__sbrk", 0); got != 3*pageSize {
		t.Errorf("the break is 0x%x after the last mapping went, want it to fall through the hole before to 0x30000", got)
	}
	if got := r.must("mmap", 0, 2*pageSize, 3, 0x22, failed, 0); got != 3*pageSize {
		t.Errorf("the next mapping is at 0x%x, want it at the break", got)
	}
	if len(r.guest.mem) != 5*pageSize {
		t.Errorf("memory has %d bytes, want it not to have grown again", len(r.guest.mem))
	}
	if !bytes.Equal(r.guest.mem[2*pageSize:], make([]byte, 3*pageSize)) {
		t.Error("memory that was handed out again is not zero")
	}
}

func TestMmapRefusesWhatItCannotDo(t *testing.T) {
	tests := []struct {
		name string
		args []uint64
	}{
		{"a length of zero", []uint64{0, 0, 3, 0x22, failed, 0}},
		{"an address that must be met", []uint64{pageSize, 10, 3, 0x32, failed, 0}},
		{"a descriptor that is not open", []uint64{0, 10, 3, 2, 7, 0}},
		{"a negative offset", []uint64{0, 10, 3, 2, 3, 1 << 63}},
		{"more than the module's maximum", []uint64{0, 64 * pageSize, 3, 0x22, failed, 0}},
		{"more than an address space", []uint64{0, 0xffffffff, 3, 0x22, failed, 0}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t, Config{Files: fakeFiles{3: "content"}})
			if got := r.must("mmap", tt.args...); got != failed {
				t.Errorf("got 0x%x, want MAP_FAILED", got)
			}
			if got := r.must("__sbrk", 0); got != pageSize {
				t.Errorf("the break moved to 0x%x", got)
			}
		})
	}
}

func TestMmapReadsAFileFromTheOffset(t *testing.T) {
	content := strings.Repeat("0123456789", 10_000)
	r := newRig(t, Config{Files: fakeFiles{3: content}})
	at := r.must("mmap", 0, 70_000, 1, 2, 3, 40_000)
	got := r.guest.mem[at : at+2*pageSize]
	want := append([]byte(content[40_000:]), make([]byte, 2*pageSize-60_000)...)
	if !bytes.Equal(got, want) {
		t.Error("the mapping is not the file's content from the offset and zeroes behind its end")
	}
	anonymous := r.must("mmap", 0, 10, 1, 0x22, 3, 0)
	if !bytes.Equal(r.guest.mem[anonymous:anonymous+10], make([]byte, 10)) {
		t.Error("an anonymous mapping has a file's content")
	}
}

func TestMunmapRefusesBadArguments(t *testing.T) {
	r := newRig(t, Config{})
	r.must("mmap", 0, 10, 3, 0x22, failed, 0)
	for _, args := range [][]uint64{{pageSize + 1, 10}, {pageSize, 2 * pageSize}, {0xffff0000, 0xffffffff}} {
		if got := r.must("munmap", args...); got != failed {
			t.Errorf("munmap(0x%x, %d) = %d, want -1", args[0], args[1], int32(got))
		}
	}
	if got := r.must("munmap", 0, pageSize); got != 0 {
		t.Errorf("munmap of the module's own memory = %d, want it ignored", int32(got))
	}
	if got := r.must("mmap", 0, 10, 3, 0x22, failed, 0); got == 0 {
		t.Error("the module's own memory was handed out")
	}
}

func TestSbrkMovesTheBreakAndNotBelowTheModule(t *testing.T) {
	r := newRig(t, Config{})
	minus := func(n int32) uint64 { return uint64(uint32(-n)) }
	steps := []struct {
		increment uint64
		want      uint32
	}{
		{0, pageSize},
		{100, pageSize},
		{0, pageSize + 100},
		{pageSize, pageSize + 100},
		{minus(pageSize), 2*pageSize + 100},
		{0, pageSize + 100},
		{minus(101), failed},
		{minus(100), pageSize + 100},
		{0, pageSize},
		{0x7fffffff, failed},
		{0x80000000, failed},
		{63 * pageSize, pageSize},
		{1, failed},
	}
	for i, s := range steps {
		if got := r.must("__sbrk", s.increment); got != s.want {
			t.Fatalf("step %d: sbrk(%d) = 0x%x, want 0x%x", i, int32(s.increment), got, s.want)
		}
	}
}

func TestABreakThatRisesAgainHasZeroes(t *testing.T) {
	r := newRig(t, Config{})
	at := r.must("__sbrk", 1000)
	for i := range 1000 {
		r.guest.mem[at+uint32(i)] = 0xff
	}
	r.must("__sbrk", uint64(uint32(0xffffffff-499))) // -500
	r.must("__sbrk", 500)
	want := append(bytes.Repeat([]byte{0xff}, 500), make([]byte, 500)...)
	if got := r.guest.mem[at : at+1000]; !bytes.Equal(got, want) {
		t.Error("want what stayed below the break to be kept, and what was above it to be zero")
	}
}

func TestMemoryThatTheGuestGrewByItselfIsNotHandedOut(t *testing.T) {
	r := newRig(t, Config{})
	r.must("mmap", 0, 2*pageSize, 3, 0x22, failed, 0)
	r.must("__sbrk", uint64(uint32(0xffffffff-pageSize+1))) // one page free, at 0x20000
	r.guest.Grow(2)
	own := r.guest.mem[3*pageSize : 5*pageSize]
	for i := range own {
		own[i] = 0xff
	}
	if got := r.must("__sbrk", pageSize); got != 5*pageSize {
		t.Errorf("the break went on at 0x%x, want it behind the guest's own memory", got)
	}
	if got := r.must("mmap", 0, pageSize, 3, 0x22, failed, 0); got != 2*pageSize {
		t.Errorf("the next mapping is at 0x%x, want it in the page that was free", got)
	}
	if got := r.must("__sbrk", uint64(uint32(0xffffffff-2*pageSize+1))); got != failed {
		t.Error("the break fell into the guest's own memory")
	}
	for i := range 6 {
		r.must("mmap", 0, uint64(i+1), 3, 0x22, failed, 0)
	}
	if !bytes.Equal(r.guest.mem[3*pageSize:5*pageSize], bytes.Repeat([]byte{0xff}, 2*pageSize)) {
		t.Error("the guest's own memory was written")
	}
}

func TestABreakThatFallsThroughHolesForgetsThem(t *testing.T) {
	r := newRig(t, Config{})
	minus := func(n int32) uint64 { return uint64(uint32(-n)) }
	for range 5 {
		r.must("mmap", 0, pageSize, 3, 0x22, failed, 0) // at 0x10000 to 0x60000
	}
	r.must("munmap", 2*pageSize, 2*pageSize)
	r.must("munmap", 4*pageSize, 1)
	if got := r.must("__sbrk", minus(3*pageSize-100)); got != 6*pageSize {
		t.Fatalf("the break was 0x%x", got)
	}
	checkHoles(t, &r.inv.heap)
	// The break is 100 bytes into the hole's second page, whose first is free still.
	if got := r.must("mmap", 0, pageSize, 3, 0x22, failed, 0); got != 2*pageSize {
		t.Errorf("the next mapping is at 0x%x, want it in the hole below the break", got)
	}
	if got := r.must("mmap", 0, pageSize, 3, 0x22, failed, 0); got != 4*pageSize {
		t.Errorf("the one after is at 0x%x, want it in the first page above the break", got)
	}
	r.must("__sbrk", minus(4*pageSize))
	if got := r.must("mmap", 0, 2*pageSize, 3, 0x22, failed, 0); got != pageSize {
		t.Errorf("after the break fell to its floor, a mapping is at 0x%x", got)
	}
}

func TestUnmappingAcrossTheGuestsOwnMemoryLeavesTheBreakBehindIt(t *testing.T) {
	r := newRig(t, Config{})
	r.must("mmap", 0, pageSize, 3, 0x22, failed, 0)
	r.guest.Grow(1)
	if got := r.must("mmap", 0, pageSize, 3, 0x22, failed, 0); got != 3*pageSize {
		t.Fatalf("the second mapping is at 0x%x", got)
	}
	r.must("munmap", pageSize, pageSize)
	r.must("munmap", 3*pageSize, pageSize)
	if got := r.must("__sbrk", 0); got != 3*pageSize {
		t.Errorf("the break is 0x%x, want it to stay behind the guest's own page", got)
	}
	if got := r.must("mmap", 0, pageSize, 3, 0x22, failed, 0); got != pageSize {
		t.Errorf("the third mapping is at 0x%x, want it where the first was", got)
	}
}

func TestUnmappingAcrossTheFloorLeavesAHoleBelowIt(t *testing.T) {
	r := newRig(t, Config{})
	r.must("mmap", 0, pageSize, 3, 0x22, failed, 0)
	r.must("getpwuid", 1000) // in the second page, and the break stays above it
	r.must("mmap", 0, pageSize, 3, 0x22, failed, 0)
	r.must("munmap", pageSize, 3*pageSize)
	if got := r.must("__sbrk", 0); got != 3*pageSize {
		t.Errorf("the break is 0x%x, want it at its floor", got)
	}
	if got := r.must("mmap", 0, 2*pageSize, 3, 0x22, failed, 0); got != pageSize {
		t.Errorf("the next mapping is at 0x%x, want it in the hole", got)
	}
}

func TestThePasswdEntryStaysWhereItIs(t *testing.T) {
	r := newRig(t, Config{})
	at := r.must("getpwuid", 1000)
	mem := r.guest.Memory()
	field := func(i uint32) uint32 {
		v, ok := mem.Uint32(at + 4*i)
		if !ok {
			t.Fatalf("passwd at 0x%x leads outside memory", at)
		}
		return v
	}
	if field(2) != 1000 || field(3) != 1000 {
		t.Errorf("uid %d, gid %d", field(2), field(3))
	}
	var got []string
	for _, i := range []uint32{0, 1, 4, 5, 6} {
		got = append(got, r.guest.cString(t, field(i)))
	}
	if want := []string{"faasm", "x", "", "/bin", "/bin/sh"}; !slices.Equal(got, want) {
		t.Errorf("strings %q, want %q", got, want)
	}
	if again := r.must("getpwuid", 1000); again != at {
		t.Errorf("the second entry is at 0x%x, the first at 0x%x", again, at)
	}
	if got := r.must("__sbrk", uint64(uint32(0xffffffff-pageSize+1))); got != failed {
		t.Error("the break fell below the entry")
	}
	if got := r.must("getpwuid", 0); got != 0 {
		t.Errorf("another user has an entry at 0x%x", got)
	}
	r.guest.put(0, "root")
	if got := r.must("getpwnam", 0); got != 0 {
		t.Errorf("root has an entry at 0x%x", got)
	}
}

// checkHoles holds what addHole and lower promise.
func checkHoles(t *testing.T, h *heap) {
	t.Helper()
	for k, hole := range h.holes {
		if hole.start >= hole.end || hole.end > h.brk || hole.start%pageSize != 0 || hole.end%pageSize != 0 ||
			k > 0 && h.holes[k-1].end >= hole.start {
			t.Fatalf("holes %x with the break at 0x%x", h.holes, h.brk)
		}
	}
}

// FuzzHeap maps, unmaps and moves the break at random, and keeps account of who has
// which byte: nothing is handed out twice, and all of it reads as zero.
func FuzzHeap(f *testing.F) {
	f.Add([]byte{0, 1, 0, 2, 0, 1, 1, 1, 0, 1, 1, 0, 3, 4, 2, 200, 3, 100, 0, 9})
	f.Add([]byte{2, 255, 3, 255, 4, 1, 2, 9, 0, 3, 4, 2, 1, 0, 0, 1, 0, 1})
	f.Add([]byte{0, 1, 0, 2, 0, 1, 1, 1, 4, 250, 0, 3, 2, 7, 4, 10, 0, 2})
	f.Add([]byte{2, 9, 0, 1, 0, 2, 3, 1, 0, 1, 1, 0, 1, 0, 4, 90, 2, 50, 0, 4})
	f.Fuzz(func(t *testing.T, program []byte) {
		r := newRig(t, Config{})
		r.observer = nil
		var maps, held []extent
		brk := uint64(0) // bytes that sbrk gave and holds, contiguous, from low
		low := uint64(0)
		claim := func(e extent) {
			t.Helper()
			if e.end > uint64(len(r.guest.mem)) {
				t.Fatalf("0x%x-0x%x leads outside memory", e.start, e.end)
			}
			for _, m := range slices.Concat(maps, held, []extent{{0, pageSize}, {low, low + brk}}) {
				if e.start < m.end && m.start < e.end && m.start < m.end {
					t.Fatalf("0x%x-0x%x overlaps 0x%x-0x%x", e.start, e.end, m.start, m.end)
				}
			}
			b := r.guest.mem[e.start:e.end]
			if bytes.Count(b, []byte{0}) != len(b) {
				t.Fatalf("0x%x-0x%x is not zero", e.start, e.end)
			}
			for i := range b {
				b[i] = 0xaa
			}
		}
		for i := 0; i+1 < len(program) && i < 200; i += 2 {
			n := uint64(program[i+1])
			switch program[i] % 5 {
			case 0:
				size := n%5*pageSize + n
				if at := r.must("mmap", 0, size, 3, 0x22, failed, 0); at != failed {
					e := extent{uint64(at), uint64(at) + pageUp(size)}
					claim(e)
					maps = append(maps, e)
				}
			case 1:
				if len(maps) > 0 {
					// A mapping may be whatever the break left whole, too.
					k := int(n) % len(maps)
					m := maps[k]
					maps = slices.Delete(maps, k, k+1)
					if r.must("munmap", m.start, m.end-m.start) != 0 {
						t.Fatalf("munmap of 0x%x-0x%x failed", m.start, m.end)
					}
				}
			case 2:
				if at := r.must("__sbrk", n*300); at != failed && n > 0 {
					if low+brk != uint64(at) {
						// Other memory lies between: what came before is
						// held for good.
						if brk > 0 {
							held = append(held, extent{low, low + brk})
						}
						low, brk = uint64(at), 0
					}
					claim(extent{low + brk, low + brk + n*300})
					brk += n * 300
				}
			case 3:
				grown := uint64(len(r.guest.mem))
				if _, ok := r.guest.Grow(uint32(n % 3)); ok && n%3 > 0 {
					e := extent{grown, uint64(len(r.guest.mem))}
					claim(e)
					// The guest keeps it; unmapping it would be its
					// own mistake, so that it is nobody's to unmap.
					for j := e.start; j < e.end; j += pageSize {
						r.guest.mem[j] = 0xbb
					}
					defer func() {
						for j := e.start; j < e.end; j += pageSize {
							if r.guest.mem[j] != 0xbb {
								t.Errorf("the guest's own byte at 0x%x was written", j)
							}
						}
					}()
				}
			}
			h := &r.inv.heap
			if program[i]%5 == 4 {
				to := uint64(r.must("__sbrk", 0))
				if r.must("__sbrk", uint64(uint32(-int32(n*700)))) == failed {
					continue
				}
				to -= n * 700
				// What the break fell below is gone, and what it cut
				// through cannot be unmapped any more.
				cut := append(maps, held...)
				maps, held = nil, nil
				for _, m := range cut {
					if m.end <= to && m.start%pageSize == 0 && m.end%pageSize == 0 {
						maps = append(maps, m)
					} else if m.start < to {
						held = append(held, extent{m.start, min(m.end, to)})
					}
				}
				brk = min(low+brk, max(low, to)) - low
			}
			checkHoles(t, h)
		}
	})
}
