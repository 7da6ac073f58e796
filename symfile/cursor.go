package symfile

import "encoding/binary"

// cursor reads bytes. Once there are too few, it is short, and what it reads is zero.
type cursor struct {
	b           []byte
	at          int
	short       bool
	addressSize uint64 // in bytes
}

func (c *cursor) take(n uint64) []byte {
	if c.short || n > uint64(len(c.b)-c.at) {
		c.short = true
		return nil
	}
	c.at += int(n)
	return c.b[c.at-int(n) : c.at]
}

// number reads a number of 1, 2, 4 or 8 bytes.
func (c *cursor) number(size uint64) uint64 {
	var whole [8]byte
	copy(whole[:], c.take(size))
	return binary.LittleEndian.Uint64(whole[:])
}

// leb reads an unsigned LEB128; of a signed one, only its end.
func (c *cursor) leb() uint64 {
	var v uint64
	for shift := 0; ; shift += 7 {
		b := c.take(1)
		if b == nil {
			return 0
		}
		if shift < 64 {
			v |= uint64(b[0]&0x7f) << shift
		}
		if b[0] < 0x80 {
			return v
		}
	}
}

// skip passes over a value of a form (DWARF 4, section 7.5.4) and reports whether it
// knows it.
func (c *cursor) skip(form uint64) bool {
	switch form {
	case 0x0b, 0x0c, 0x11: // data1, flag, ref1
		c.take(1)
	case 0x05, 0x12: // data2, ref2
		c.take(2)
	case 0x06, 0x13, 0x0e, 0x10, 0x17: // data4, ref4, strp, ref_addr, sec_offset
		c.take(4)
	case 0x01: // addr
		c.take(c.addressSize)
	case 0x07, 0x14, 0x20: // data8, ref8, ref_sig8
		c.take(8)
	case 0x0d, 0x0f, 0x15: // sdata, udata, ref_udata
		c.leb()
	case 0x08: // string
		for b := c.take(1); b != nil && b[0] != 0; {
			b = c.take(1)
		}
	case 0x0a: // block1
		c.take(c.number(1))
	case 0x03: // block2
		c.take(c.number(2))
	case 0x04: // block4
		c.take(c.number(4))
	case 0x09, 0x18: // block, exprloc
		c.take(c.leb())
	case 0x19: // flag_present
	default:
		return false
	}
	return true
}
