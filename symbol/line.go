package symbol

import (
	"cmp"
	"fmt"
	"slices"
	"sync/atomic"
)

// lineState is a row as the line number program makes it (DWARF 5, section 6.2.2).
type lineState struct {
	address       uint64
	opIndex       uint8
	file          uint64
	line          uint64
	column        uint64
	discriminator uint64
	stmt          bool
	basicBlock    bool
	end           bool
	prologueEnd   bool
	epilogueBegin bool
}

// run executes the program and calls yield with each row, until that returns false.
// The program is its own bound: every row takes one byte at least.
func (h *lineHeader) run(yield func(*lineState) bool) error {
	c := cursor{b: h.program}
	initial := lineState{file: 1, line: 1, stmt: h.defaultStmt}
	s := initial
	advance := func(by uint64) {
		if h.maxOps == 1 {
			s.address += by * uint64(h.minInstLength)
			return
		}
		by += uint64(s.opIndex)
		s.address += by / uint64(h.maxOps) * uint64(h.minInstLength)
		s.opIndex = uint8(by % uint64(h.maxOps))
	}
	row := func() bool {
		ok := yield(&s)
		s.basicBlock, s.prologueEnd, s.epilogueBegin, s.discriminator = false, false, false, 0
		return ok
	}
	for c.more() {
		op := c.u8()
		switch {
		case op >= h.opcodeBase:
			adjusted := op - h.opcodeBase
			advance(uint64(adjusted / h.lineRange))
			s.line = addLine(s.line, int64(h.lineBase)+int64(adjusted%h.lineRange))
			if !row() {
				return nil
			}
		case op == 0:
			size := c.uleb()
			args := cursor{b: c.take(size)}
			if c.failed {
				break
			}
			switch args.u8() {
			case lneEndSequence:
				s.end = true
				if !row() {
					return nil
				}
				s = initial
			case lneSetAddress:
				s.address, s.opIndex = args.uint(min(len(args.b)-1, 8)), 0
			case lneDefineFile:
				f := lineFile{name: string(args.text()), dir: args.uleb()}
				h.files = append(h.files, f)
			case lneSetDiscriminator:
				s.discriminator = args.uleb()
			}
		case op == lnsCopy:
			if !row() {
				return nil
			}
		case op == lnsAdvancePC:
			advance(c.uleb())
		case op == lnsAdvanceLine:
			s.line = addLine(s.line, c.sleb())
		case op == lnsSetFile:
			s.file = c.uleb()
		case op == lnsSetColumn:
			s.column = c.uleb()
		case op == lnsNegateStmt:
			s.stmt = !s.stmt
		case op == lnsSetBasicBlock:
			s.basicBlock = true
		case op == lnsConstAddPC:
			advance(uint64((255 - h.opcodeBase) / h.lineRange))
		case op == lnsFixedAdvancePC:
			s.address, s.opIndex = s.address+uint64(c.u16()), 0
		case op == lnsSetPrologueEnd:
			s.prologueEnd = true
		case op == lnsSetEpilogueBegin:
			s.epilogueBegin = true
		default: // lnsSetISA, and what later versions may add
			for range h.lengths[op-1] {
				c.uleb()
			}
		}
	}
	if c.failed {
		return fmt.Errorf(".debug_line: a line table's program is cut off")
	}
	return nil
}

// addLine moves a line; lines count modulo 2^32, as in every reader.
func addLine(line uint64, by int64) uint64 { return uint64(uint32(int64(line) + by)) }

// lineRow is where one source location's code starts. It lasts up to the next row.
type lineRow struct {
	address, line, file, column uint32
}

// sequence is a run of rows over code without gaps.
type sequence struct {
	span
	first, last int32 // in rows; last is behind it
}

// lineTable is a line number program's result, for lookups by address. It has one
// row of 16 bytes for each change of place.
type lineTable struct {
	header    *lineHeader
	compDir   string
	rows      []lineRow
	sequences []sequence
	segments  []segment // owned by sequences
	paths     []atomic.Pointer[string]
	memory    *budget
}

// readLines reads the line table that a unit names. With an error the table holds
// what stands before the damage; it is nil if that is nothing.
func readLines(u *unit) (*lineTable, error) {
	h, err := readLineHeader(u)
	if h == nil {
		return nil, err
	}
	t := &lineTable{header: h, compDir: u.compDir, memory: u.img.memory}
	if err == nil {
		err = u.img.reread.spend(h.size)
	}
	if err == nil {
		err = cmp.Or(t.build(u), u.img.memory.spend(64*len(h.files)+16*len(h.dirs)))
	}
	t.paths = make([]atomic.Pointer[string], len(h.files)+1)
	return t, err
}

// rowsAtOnce is how many rows are made before the budget is asked for more.
const rowsAtOnce = 1 << 10

func (t *lineTable) build(u *unit) error {
	var spans []owned
	first, charged := 0, 0
	fresh, dead := true, false // about the sequence at hand
	var overBudget error
	damage := t.header.run(func(s *lineState) bool {
		if len(t.rows) >= charged {
			if overBudget = u.img.memory.spend(16 * rowsAtOnce); overBudget != nil {
				return false
			}
			charged += rowsAtOnce
		}
		if fresh {
			fresh, dead = false, s.address == 0 || s.address >= u.img.code.size
		}
		if !s.end {
			if !dead {
				t.add(s, first, u.img.code.size)
			}
			return true
		}
		fresh = true
		if q, ok := t.closeSequence(first, s.address, u.img.code); ok {
			spans = append(spans, owned{q.span, int32(len(t.sequences))})
			t.sequences = append(t.sequences, q)
		} else {
			t.rows = t.rows[:first]
		}
		first = len(t.rows)
		return true
	})
	t.rows = slices.Clip(t.rows[:first])
	t.segments = flatten(spans, innermost)
	if overBudget != nil {
		overBudget = fmt.Errorf(".debug_line at 0x%x: %w", u.lineOffset, overBudget)
	}
	return cmp.Or(overBudget, damage)
}

// add appends a row, unless it is outside the code. Of rows at one address the last
// counts.
func (t *lineTable) add(s *lineState, first int, codeSize uint64) {
	if s.address >= codeSize {
		return
	}
	row := lineRow{uint32(s.address), clamp32(s.line), clamp32(s.file), clamp32(s.column)}
	if n := len(t.rows); n > first {
		last := &t.rows[n-1]
		if last.address == row.address {
			*last = row
			return
		}
		if last.file == row.file && last.line == row.line && last.column == row.column && last.address < row.address {
			return
		}
	}
	t.rows = append(t.rows, row)
}

// closeSequence ends the rows since first at an address. It is false if nothing
// remains of them: the code was dropped by the linker, or the addresses are wild.
func (t *lineTable) closeSequence(first int, end uint64, code codeLayout) (sequence, bool) {
	rows := t.rows[first:]
	byAddress := func(a, b lineRow) int { return cmp.Compare(a.address, b.address) }
	if !slices.IsSortedFunc(rows, byAddress) {
		slices.SortStableFunc(rows, byAddress)
	}
	if len(rows) == 0 || end <= uint64(rows[0].address) || end > code.size {
		return sequence{}, false
	}
	fitted, _ := code.fit(span{rows[0].address, uint32(end)})
	return sequence{fitted, int32(first), int32(len(t.rows))}, true
}

// find returns the row for an address; nil if the table does not cover it.
func (t *lineTable) find(address uint32) *lineRow {
	i := ownerAt(t.segments, address)
	if i == none {
		return nil
	}
	q := t.sequences[i]
	lo, hi := q.first, q.last
	for lo < hi {
		if mid := int32(uint32(lo+hi) >> 1); t.rows[mid].address <= address {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return &t.rows[lo-1]
}

// path returns a file's path by its number; "" if there is no such file.
func (t *lineTable) path(file uint32) string {
	if uint64(file) >= uint64(len(t.paths)) {
		return ""
	}
	if p := t.paths[file].Load(); p != nil {
		return *p
	}
	path, _ := t.header.path(uint64(file), t.compDir)
	if t.memory.spend(len(path)) != nil {
		return path
	}
	t.paths[file].Store(&path)
	return path
}
