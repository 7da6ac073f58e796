package symbol

import "fmt"

// span is a range of addresses: from low up to, but without, high.
type span struct{ low, high uint32 }

// spans appends the addresses that an entry with these attributes covers. Code that
// the linker dropped is not among them: its addresses are all ones, or one less in
// lists (wasm-ld), or start at zero (old linkers), where the code section has the
// number of its functions.
func (u *unit) spans(to []span, low, high, ranges value) ([]span, error) {
	if ranges.form != 0 {
		return u.rangeList(to, ranges)
	}
	start, ok := u.address(low)
	if !ok || high.form == 0 {
		return to, nil
	}
	end, ok := u.address(high)
	if !ok {
		end = start + high.u
	}
	return u.img.appendSpan(to, start, end), nil
}

func (img *image) appendSpan(to []span, low, high uint64) []span {
	if low == 0 || low >= img.code.size || high <= low {
		return to
	}
	return append(to, span{uint32(low), uint32(min(high, img.code.size))})
}

func (u *unit) rangeList(to []span, v value) ([]span, error) {
	if u.version < 5 {
		offset := v.u
		if u.img.split || u.gnuRangesBase != 0 {
			offset += u.gnuRangesBase
		}
		return u.readRanges(to, offset)
	}
	offset := v.u
	if v.form == formRnglistx {
		relative, ok := indexed(u.img.rnglists, u.rnglistsBase, v.u, int(u.offsetSize))
		if !ok {
			return to, fmt.Errorf(".debug_rnglists has no list %d", v.u)
		}
		offset = u.rnglistsBase + relative
	}
	return u.readRnglist(to, offset)
}

// readRanges reads a list of .debug_ranges (DWARF 4, section 2.17.3).
func (u *unit) readRanges(to []span, offset uint64) ([]span, error) {
	section := u.img.ranges
	c := at(section, offset)
	base := u.low
	escape := uint64(1)<<(8*u.addrSize) - 1
	for {
		low, high := c.uint(int(u.addrSize)), c.uint(int(u.addrSize))
		if c.failed {
			return to, fmt.Errorf(".debug_ranges: the list at 0x%x is cut off", offset)
		}
		if err := u.img.reread.spend(2 * int(u.addrSize)); err != nil {
			return to, fmt.Errorf(".debug_ranges: %w", err)
		}
		switch {
		case low == 0 && high == 0:
			return to, nil
		case low == escape:
			base = high
		default:
			to = u.img.appendSpan(to, base+low, base+high)
		}
	}
}

// readRnglist reads a list of .debug_rnglists (DWARF 5, section 7.25).
func (u *unit) readRnglist(to []span, offset uint64) ([]span, error) {
	c := at(u.img.rnglists, offset)
	base := u.low
	for {
		start := c.pos
		kind := c.u8()
		var low, high uint64
		switch kind {
		case rleEndOfList:
			if c.failed {
				return to, fmt.Errorf(".debug_rnglists: the list at 0x%x is cut off", offset)
			}
			return to, nil
		case rleBaseAddressx:
			base, _ = u.addressAt(c.uleb())
		case rleStartxEndx:
			low, _ = u.addressAt(c.uleb())
			high, _ = u.addressAt(c.uleb())
		case rleStartxLength:
			low, _ = u.addressAt(c.uleb())
			high = low + c.uleb()
		case rleOffsetPair:
			low, high = base+c.uleb(), base+c.uleb()
		case rleBaseAddress:
			base = c.uint(int(u.addrSize))
		case rleStartEnd:
			low, high = c.uint(int(u.addrSize)), c.uint(int(u.addrSize))
		case rleStartLength:
			low = c.uint(int(u.addrSize))
			high = low + c.uleb()
		default:
			return to, fmt.Errorf(".debug_rnglists at 0x%x: entry kind %d is unknown", start, kind)
		}
		if c.failed {
			return to, fmt.Errorf(".debug_rnglists: the list at 0x%x is cut off", offset)
		}
		if err := u.img.reread.spend(c.pos - start); err != nil {
			return to, fmt.Errorf(".debug_rnglists: %w", err)
		}
		if kind != rleBaseAddressx && kind != rleBaseAddress {
			to = u.img.appendSpan(to, low, high)
		}
	}
}
