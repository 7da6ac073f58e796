package symbol

import (
	"fmt"
	"sync/atomic"
)

// scope is a function, or a copy of one that the compiler placed inside another.
type scope struct {
	entry  uint32 // its offset in .debug_info
	parent int32  // the scope that it is inlined into; none for a function itself
	// Where it was called; for a copy only. The file counts as in the line table.
	callFile, callLine, callColumn uint32

	inlined bool
}

// body is what a unit says about the code that it covers.
type body struct {
	unit     *unit // which the scopes are in: a split unit, or the unit itself
	scopes   []scope
	segments []segment
	funcs    []atomic.Pointer[funcInfo] // of scopes, as they are asked for
	lines    *lineTable                 // nil if there is none
	err      error                      // the first damage in entries
	lineErr  error                      // the first damage in lines
}

// scopeWalk reads a unit's entries and collects the functions with code.
type scopeWalk struct {
	*unit
	c      cursor
	scopes []scope
	spans  []owned
	parts  []span // of the entry at hand
	open   []openEntry
}

// openEntry is an entry whose children are being read.
type openEntry struct {
	scope
	index    int32 // in scopes, or none while there is no need for it
	function bool
}

// readScopes reads all entries of the unit. What it returns beside an error is what
// stands before the damage.
func (u *unit) readScopes() ([]scope, []segment, error) {
	w := &scopeWalk{unit: u, c: cursor{b: u.img.info[:u.end], pos: int(u.root)}}
	err := w.walk()
	if budget := u.img.memory.spend(40*len(w.scopes) + 8*2*len(w.spans)); budget != nil {
		return nil, nil, fmt.Errorf("unit at 0x%x: %w", u.start, budget)
	}
	return w.scopes, flatten(w.spans, innermost), err
}

func (w *scopeWalk) walk() error {
	for w.c.more() {
		start := w.c.pos
		code := w.c.uleb()
		if code == 0 {
			if len(w.open) <= 1 {
				return nil
			}
			w.open = w.open[:len(w.open)-1]
			continue
		}
		s := w.abbrevs.find(code)
		if s == nil {
			return fmt.Errorf(".debug_info at 0x%x: abbreviation %d is unknown", start, code)
		}
		e := openEntry{index: none}
		if s.tag == tagSubprogram || s.tag == tagInlinedSubroutine {
			if err := w.function(&e, s, uint32(start)); err != nil {
				return err
			}
		} else {
			w.abbrevs.skip(&w.c, w.encoding, s)
		}
		if s.children {
			w.open = append(w.open, e)
		} else if len(w.open) == 0 {
			break // a root without children
		}
	}
	if w.c.failed {
		return fmt.Errorf(".debug_info: the unit at 0x%x is cut off", w.start)
	}
	return nil
}

// function reads a function's or an inlined copy's entry.
func (w *scopeWalk) function(e *openEntry, s *shape, start uint32) error {
	e.function, e.entry, e.inlined = true, start, s.tag == tagInlinedSubroutine
	var low, high, ranges value
	for _, spec := range w.abbrevs.of(s) {
		switch spec.name {
		case attrLowPC:
			low = w.abbrevs.read(&w.c, w.encoding, spec)
		case attrHighPC:
			high = w.abbrevs.read(&w.c, w.encoding, spec)
		case attrRanges:
			ranges = w.abbrevs.read(&w.c, w.encoding, spec)
		case attrCallFile:
			e.callFile = clamp32(w.abbrevs.read(&w.c, w.encoding, spec).u)
		case attrCallLine:
			e.callLine = clamp32(w.abbrevs.read(&w.c, w.encoding, spec).u)
		case attrCallColumn:
			e.callColumn = clamp32(w.abbrevs.read(&w.c, w.encoding, spec).u)
		default:
			if spec.size >= 0 {
				w.c.skip(uint64(spec.size))
			} else {
				w.encoding.skip(&w.c, spec.form)
			}
		}
	}
	if w.c.failed || low.form == 0 && ranges.form == 0 {
		return nil
	}
	parts, err := w.unit.spans(w.parts[:0], low, high, ranges)
	if err != nil {
		return fmt.Errorf(".debug_info at 0x%x: %w", start, err)
	}
	w.parts = parts
	if len(parts) == 0 {
		return nil
	}
	w.place(e)
	for _, p := range parts {
		p, _ = w.img.code.fit(p)
		w.spans = append(w.spans, owned{p, e.index})
	}
	return nil
}

// place gives an entry, which stands within the open ones, its index in scopes.
// What it is inlined into gets one first, if it has no code of its own.
func (w *scopeWalk) place(e *openEntry) {
	e.parent = none
	if e.inlined {
		for i := len(w.open) - 1; i >= 0; i-- {
			o := &w.open[i]
			if !o.function {
				continue
			}
			if o.index == none {
				w.placeWithin(i)
			}
			e.parent = o.index
			break
		}
	}
	e.index = int32(len(w.scopes))
	w.scopes = append(w.scopes, e.scope)
}

// placeWithin places the open entry i, and those that it is inlined into.
func (w *scopeWalk) placeWithin(i int) {
	outer := i
	for w.open[outer].inlined {
		next := outer - 1
		for next >= 0 && !w.open[next].function {
			next--
		}
		if next < 0 || w.open[next].index != none {
			break
		}
		outer = next
	}
	for ; outer <= i; outer++ {
		o := &w.open[outer]
		if !o.function || o.index != none {
			continue
		}
		o.parent = none
		if o.inlined {
			for k := outer - 1; k >= 0; k-- {
				if w.open[k].function {
					o.parent = w.open[k].index
					break
				}
			}
		}
		o.index = int32(len(w.scopes))
		w.scopes = append(w.scopes, o.scope)
	}
}

func clamp32(v uint64) uint32 { return uint32(min(v, 1<<32-1)) }

// load reads the unit's scopes and lines, once.
func (u *unit) load(t *dwarfData) *body {
	u.once.Do(func() {
		b := &body{unit: u}
		u.body = b
		if u.hasLines {
			b.lines, b.lineErr = t.linesOf(u)
		}
		if u.dwoName != "" {
			split, err := t.split.open(u)
			if err != nil {
				b.err = err
				return
			}
			b.unit = split
		}
		b.scopes, b.segments, b.err = b.unit.readScopes()
		b.funcs = make([]atomic.Pointer[funcInfo], len(b.scopes))
	})
	return u.body
}
