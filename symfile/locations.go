package symfile

import (
	"encoding/binary"
	"math"
)

// locations rewrites .debug_loc (DWARF 4, section 7.7.3): each list gets entries for the
// traps that its entries lead to, and expressions are as translate has them; arguments are in
// their registers from the function's first instruction on. It returns the new section and where each list is in it, by where it was; nil if the section is not as
// the engine writes it.
func locations(old []byte, jumps []trapJump, args *arguments, translate func([]byte) []byte) (section []byte, moved map[uint64]uint64) {
	moved = make(map[uint64]uint64)
	c := cursor{b: old}
	for c.at < len(old) {
		from, to := uint64(c.at), uint64(len(section))
		moved[from] = to
		var covered []span
		var more []byte
		lost := make(map[string]uint64) // where registers got other values, by expressions
		for {
			start, end := c.number(8), c.number(8)
			if c.short {
				return nil, nil
			}
			if start == 0 && end == 0 {
				break
			}
			if start == math.MaxUint64 {
				return nil, nil // a new base: the engine writes none
			}
			expr := translate(c.take(c.number(2)))
			if c.short {
				return nil, nil
			}
			if at, gone := lost[string(expr)]; gone && !args.comesBack(at, start, expr) {
				continue
			}
			if at := args.until(start, end, expr); at < end {
				end, lost[string(expr)] = at, at
			}
			if from := args.from(start, expr); len(withoutCovered(appendLocation(nil, from, start, nil), covered)) > 0 {
				start = from
			}
			section = appendLocation(section, start, end, expr)
			covered = append(covered, span{start, end})
			for _, j := range within(jumps, start, end) {
				more = appendLocation(more, j.trap, j.trap+trapSize, expr)
			}
		}
		section = append(section, withoutCovered(more, covered)...)
		section = append(section, make([]byte, 16)...)
	}
	return section, moved
}

type span struct{ start, end uint64 }

func appendLocation(b []byte, start, end uint64, expr []byte) []byte {
	b = binary.LittleEndian.AppendUint64(b, start)
	b = binary.LittleEndian.AppendUint64(b, end)
	b = binary.LittleEndian.AppendUint16(b, uint16(len(expr)))
	return append(b, expr...)
}

// withoutCovered leaves out the entries for traps of which the list knows already.
func withoutCovered(entries []byte, covered []span) []byte {
	var kept []byte
	c := cursor{b: entries}
	for c.at < len(entries) {
		start, end := c.number(8), c.number(8)
		expr := c.take(c.number(2))
		known := false
		for _, s := range covered {
			known = known || start < s.end && s.start < end
		}
		if !known {
			kept = appendLocation(kept, start, end, expr)
		}
	}
	return kept
}
