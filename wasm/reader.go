package wasm

import (
	"fmt"
	"unicode/utf8"

	"github.com/faaslens/faaslens/guest"
)

// reader walks b[pos:end] and keeps the first error; after one, every read
// returns zero and moves nothing. Positions are offsets in the module.
type reader struct {
	b        []byte
	pos, end int
	where    string // what is being read, for messages: "import section"
	err      *guest.InvalidModule
}

func (r *reader) ok() bool   { return r.err == nil }
func (r *reader) left() int  { return r.end - r.pos }
func (r *reader) more() bool { return r.err == nil && r.pos < r.end }

// failAt keeps the first error, at offset off of the module.
func (r *reader) failAt(off int, format string, args ...any) {
	if r.err == nil {
		r.err = &guest.InvalidModule{Offset: int64(off), Reason: r.where + ": " + fmt.Sprintf(format, args...)}
	}
}

func (r *reader) truncated(what string) {
	r.failAt(r.pos, "ends in the middle of %s", what)
}

func (r *reader) byte(what string) byte {
	if r.err != nil {
		return 0
	}
	if r.pos >= r.end {
		r.truncated(what)
		return 0
	}
	c := r.b[r.pos]
	r.pos++
	return c
}

// peek returns the next byte without taking it; 0 at the end.
func (r *reader) peek() byte {
	if r.err != nil || r.pos >= r.end {
		return 0
	}
	return r.b[r.pos]
}

// take returns the next n bytes as a subslice.
func (r *reader) take(n uint64, what string) []byte {
	if r.err != nil {
		return nil
	}
	if n > uint64(r.left()) {
		r.failAt(r.pos, "%s takes %d bytes, %d are left", what, n, r.left())
		return nil
	}
	s := r.b[r.pos : r.pos+int(n) : r.pos+int(n)]
	r.pos += int(n)
	return s
}

// uleb reads an unsigned LEB128 number of at most bits bits (section 5.2.2).
func (r *reader) uleb(bits uint, what string) uint64 {
	if r.err != nil {
		return 0
	}
	if r.pos < r.end && r.b[r.pos] < 0x80 { // most are one byte
		r.pos++
		return uint64(r.b[r.pos-1])
	}
	start := r.pos
	var v uint64
	for shift := uint(0); ; shift += 7 {
		if r.pos >= r.end {
			r.failAt(start, "ends in the middle of %s", what)
			return 0
		}
		c := r.b[r.pos]
		r.pos++
		if shift+7 > bits && c>>(bits-shift) != 0 {
			if c&0x80 != 0 {
				r.failAt(start, "%s: LEB128 number is longer than %d bytes", what, (bits+6)/7)
			} else {
				r.failAt(start, "%s: LEB128 number does not fit in %d bits", what, bits)
			}
			return 0
		}
		v |= uint64(c&0x7f) << shift
		if c&0x80 == 0 {
			return v
		}
	}
}

func (r *reader) u32(what string) uint32 { return uint32(r.uleb(32, what)) }

// sleb reads a signed LEB128 number of at most bits bits.
func (r *reader) sleb(bits uint, what string) int64 {
	if r.err != nil {
		return 0
	}
	if r.pos < r.end && r.b[r.pos] < 0x80 {
		r.pos++
		return int64(int8(r.b[r.pos-1]<<1)) >> 1
	}
	start := r.pos
	var v int64
	for shift := uint(0); ; shift += 7 {
		if r.pos >= r.end {
			r.failAt(start, "ends in the middle of %s", what)
			return 0
		}
		c := r.b[r.pos]
		r.pos++
		if shift+7 >= bits {
			if c&0x80 != 0 {
				r.failAt(start, "%s: LEB128 number is longer than %d bytes", what, (bits+6)/7)
				return 0
			}
			// The bits above the number's own must repeat its sign.
			spare := int8(c<<1) >> (bits - shift) // sign bit of the 7 moved to bit 7
			if spare != 0 && spare != -1 {
				r.failAt(start, "%s: LEB128 number does not fit in %d bits", what, bits)
				return 0
			}
		}
		v |= int64(c&0x7f) << shift
		if c&0x80 == 0 {
			if shift+7 < 64 && c&0x40 != 0 {
				v |= -1 << (shift + 7)
			}
			return v
		}
	}
}

// count reads the length of a vector whose elements take at least size bytes
// each, so that a claim which the rest cannot hold is refused before anything is
// allocated for it.
func (r *reader) count(what string, size, limit int) int {
	start := r.pos
	n := r.u32(what)
	if r.err != nil {
		return 0
	}
	if uint64(n)*uint64(size) > uint64(r.left()) {
		r.failAt(start, "claims %d %s, but only %d bytes are left", n, what, r.left())
		return 0
	}
	if int64(n) > int64(limit) {
		r.failAt(start, "has %d %s; engines take at most %d", n, what, limit)
		return 0
	}
	return int(n)
}

// nameBytes reads a name and checks that it is UTF-8 (section 5.2.4).
func (r *reader) nameBytes(what string) []byte {
	start := r.pos
	n := r.u32(what)
	if n > maxNameBytes {
		r.failAt(start, "%s is %d bytes long; engines take at most %d", what, n, maxNameBytes)
		return nil
	}
	s := r.take(uint64(n), what)
	if r.err == nil && !utf8.Valid(s) {
		r.failAt(start, "%s is not UTF-8", what)
		return nil
	}
	return s
}

func (r *reader) name(what string) string { return string(r.nameBytes(what)) }

// index reads an index into a space of n entries.
func (r *reader) index(what string, n int) uint32 {
	start := r.pos
	i := r.u32(what)
	if r.err == nil && uint64(i) >= uint64(n) {
		r.failAt(start, "%s %d does not exist: there are %d", what, i, n)
		return 0
	}
	return i
}
