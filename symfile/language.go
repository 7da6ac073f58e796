package symfile

import (
	"encoding/binary"
)

// Numbers of DWARF 4, sections 7.5 and 7.12.
const (
	attrLanguage = 0x13

	langC89, langC, langC99, langC11, langC17 = 0x01, 0x02, 0x0c, 0x1d, 0x2c
	langCxx, langRust                         = 0x04, 0x1c
)

// speakCxx says of units in C and Rust that they are in C++: the engine makes a structure
// with operators of each pointer, which debuggers apply in C++ only. (gdb 13 dies of a
// slice in Rust whose pointer is none.)
func speakCxx(info, abbrevs []byte) {
	for len(info) > 4 {
		size := uint64(binary.LittleEndian.Uint32(info)) + 4
		if size > uint64(len(info)) || size < 12 {
			return
		}
		unit := cursor{b: info[:size], at: 4}
		version, table := unit.number(2), unit.number(4)
		addressSize := unit.number(1)
		if version != 4 || addressSize != 8 {
			return // not as the engine writes it
		}
		if at, n := findLanguage(unit, abbrevs, table); n > 0 && isOther(unit.b[at]) {
			unit.b[at] = langCxx
		}
		info = info[size:]
	}
}

func isOther(language byte) bool {
	switch language {
	case langC89, langC, langC99, langC11, langC17, langRust:
		return true
	}
	return false
}

// findLanguage finds the bytes of a unit's language, whose first entry the cursor is
// at; n is 0 if there are none.
func findLanguage(unit cursor, abbrevs []byte, table uint64) (at, n int) {
	code := unit.leb()
	a := cursor{b: abbrevs, at: int(min(table, uint64(len(abbrevs))))}
	for !a.short && a.leb() != code {
		a.leb()   // tag
		a.take(1) // whether it has children
		for !a.short {
			name, form := a.leb(), a.leb()
			if name == 0 && form == 0 {
				break
			}
		}
	}
	a.leb()
	a.take(1)
	for !a.short && !unit.short {
		name, form := a.leb(), a.leb()
		if name == 0 && form == 0 {
			break
		}
		from := unit.at
		if !unit.skip(form) {
			break
		}
		if name == attrLanguage && !unit.short {
			return from, unit.at - from
		}
	}
	return 0, 0
}
