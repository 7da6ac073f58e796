package symbol

import (
	"iter"

	"github.com/faaslens/faaslens/guest"
)

// Row is one row of a line table (DWARF 5, section 6.2.2).
type Row struct {
	Offset        guest.CodeOffset
	File          string
	Line, Column  int
	Discriminator int
	Stmt          bool // a good place for a breakpoint
	BasicBlock    bool
	PrologueEnd   bool
	EpilogueBegin bool
	End           bool // no code, but the end of the sequence of rows before it
}

// Rows returns the rows of all line tables, in the order of the tables, without
// those of code that the linker dropped. They are read anew each time, and none is
// kept. Each table that is damaged gives an error in place of its other rows.
func (t *Table) Rows() iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		debug, _ := t.debug()
		if debug == nil {
			return
		}
		seen := make(map[uint64]bool)
		for i := range debug.img.units {
			u := debug.img.units[i]
			if !u.hasLines || seen[u.lineOffset] {
				continue
			}
			seen[u.lineOffset] = true
			if !u.rows(yield) {
				return
			}
		}
	}
}

// rows yields the rows of the unit's line table; it is false if yield was.
func (u *unit) rows(yield func(Row, error) bool) bool {
	h, err := readLineHeader(u)
	if err != nil {
		return yield(Row{}, err)
	}
	fresh, dead, going := true, false, true
	var file string
	last := ^uint64(0)
	err = h.run(func(s *lineState) bool {
		if fresh {
			dead = s.address == 0 || s.address >= u.img.code.size
		}
		fresh = s.end
		if dead || s.address > u.img.code.size {
			return true
		}
		if s.file != last {
			file, _ = h.path(s.file, u.compDir)
			last = s.file
		}
		going = yield(Row{
			Offset: guest.CodeOffset(s.address), File: file, Line: int(s.line), Column: int(clamp32(s.column)),
			Discriminator: int(clamp32(s.discriminator)), Stmt: s.stmt, BasicBlock: s.basicBlock,
			PrologueEnd: s.prologueEnd, EpilogueBegin: s.epilogueBegin, End: s.end,
		}, nil)
		return going
	})
	if going && err != nil {
		return yield(Row{}, err)
	}
	return going
}
