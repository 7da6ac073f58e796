package symbol

import (
	"bytes"
	"encoding/binary"
)

// cursor reads values out of a section. A read past the end sets failed and gives
// zero, as does every read after it.
type cursor struct {
	b      []byte
	pos    int
	failed bool
}

// at returns a cursor on b at an offset that may be anything.
func at(b []byte, offset uint64) cursor {
	if offset > uint64(len(b)) {
		return cursor{b: b, pos: len(b), failed: true}
	}
	return cursor{b: b, pos: int(offset)}
}

func (c *cursor) more() bool { return !c.failed && c.pos < len(c.b) }

func (c *cursor) fail() { c.failed, c.pos = true, len(c.b) }

// take returns the next n bytes, which alias the section; nil past the end.
func (c *cursor) take(n uint64) []byte {
	if c.failed || n > uint64(len(c.b)-c.pos) {
		c.fail()
		return nil
	}
	b := c.b[c.pos : c.pos+int(n)]
	c.pos += int(n)
	return b
}

func (c *cursor) skip(n uint64) { c.take(n) }

func (c *cursor) u8() uint8 {
	if b := c.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (c *cursor) u16() uint16 {
	if b := c.take(2); b != nil {
		return binary.LittleEndian.Uint16(b)
	}
	return 0
}

func (c *cursor) u32() uint32 {
	if b := c.take(4); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

func (c *cursor) u64() uint64 {
	if b := c.take(8); b != nil {
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}

// uint reads an unsigned number of 1 to 8 bytes.
func (c *cursor) uint(size int) uint64 {
	var v uint64
	for i, b := range c.take(uint64(size)) {
		v |= uint64(b) << (8 * i)
	}
	return v
}

// uleb reads an unsigned LEB128 number; bits above 64 are dropped.
func (c *cursor) uleb() uint64 {
	var v uint64
	for shift := uint(0); c.pos < len(c.b); shift += 7 {
		b := c.b[c.pos]
		c.pos++
		if shift < 64 {
			v |= uint64(b&0x7f) << shift
		}
		if b < 0x80 {
			return v
		}
	}
	c.fail()
	return 0
}

// sleb reads a signed LEB128 number; bits above 64 are dropped.
func (c *cursor) sleb() int64 {
	var v int64
	for shift := uint(0); c.pos < len(c.b); {
		b := c.b[c.pos]
		c.pos++
		if shift < 64 {
			v |= int64(b&0x7f) << shift
		}
		shift += 7
		if b < 0x80 {
			if shift < 64 && b&0x40 != 0 {
				v |= -1 << shift
			}
			return v
		}
	}
	c.fail()
	return 0
}

// text reads bytes up to a zero, which it skips.
func (c *cursor) text() []byte {
	if c.failed {
		return nil
	}
	n := bytes.IndexByte(c.b[c.pos:], 0)
	if n < 0 {
		c.fail()
		return nil
	}
	b := c.b[c.pos : c.pos+n]
	c.pos += n + 1
	return b
}

// unitLength reads an initial length (DWARF 5, section 7.4) and returns it with the
// size of offsets that it implies.
func (c *cursor) unitLength() (length uint64, offsetSize int) {
	length, offsetSize = uint64(c.u32()), 4
	switch {
	case length == 0xffffffff:
		return c.u64(), 8
	case length >= 0xfffffff0:
		c.fail() // reserved
	}
	return length, offsetSize
}
