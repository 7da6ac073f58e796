package symbol

import (
	"cmp"
	"fmt"
	"sort"
	"strings"
	"sync"

	"github.com/faaslens/faaslens/wasm"
)

// image is the DWARF of one file: of a module, or of a split file (.dwo).
type image struct {
	info, abbrev, strOffsets, addr, ranges, rnglists, line []byte

	// strings are .debug_str and .debug_line_str. They are copied once, so that a
	// name is a part of them and no name needs memory of its own.
	strings func() (str, lineStr string)

	split bool
	code  codeLayout

	units  []*unit // in the order of their offsets
	tables abbrevCache
	funcs  sync.Map // *funcInfo by uint32, the offset of an entry

	memory *budget // of the whole Table
	reread *budget // of bytes in abbreviations, lines and ranges
}

// The sections may be read twice over, for lists that are shared, and a bit more
// where they are small. Real files share almost nothing.
const (
	rereadFactor = 2
	rereadFloor  = 1 << 16
)

func newImage(m *wasm.Module, code codeLayout, split bool, memory *budget) *image {
	suffix := ""
	if split {
		suffix = ".dwo"
	}
	section := func(name string) []byte {
		s, _ := m.Custom(name + suffix)
		return s.Payload
	}
	img := &image{
		info: section(".debug_info"), abbrev: section(".debug_abbrev"), strOffsets: section(".debug_str_offsets"),
		addr: section(".debug_addr"), ranges: section(".debug_ranges"), rnglists: section(".debug_rnglists"),
		line: section(".debug_line"), split: split, code: code, memory: memory,
	}
	img.strings = sync.OnceValues(func() (str, lineStr string) {
		return string(section(".debug_str")), string(section(".debug_line_str"))
	})
	img.reread = newBudget(int64(rereadFactor*(len(img.abbrev)+len(img.line)+len(img.ranges)+len(img.rnglists)) + rereadFloor))
	img.tables.tables = make(map[abbrevKey]*abbrevs)
	return img
}

// abbrevCache keeps the tables of abbreviations, which units may share.
type abbrevCache struct {
	sync.Mutex
	tables map[abbrevKey]*abbrevs
}

type abbrevKey struct {
	offset uint64
	encoding
}

func (img *image) abbrevsAt(offset uint64, e encoding) (*abbrevs, error) {
	key := abbrevKey{offset, encoding{min(max(e.version, 2), 3), e.addrSize, e.offsetSize}} // what sizes depend on
	img.tables.Lock()
	defer img.tables.Unlock()
	if a := img.tables.tables[key]; a != nil {
		return a, nil
	}
	a, size, err := readAbbrevs(img.abbrev, offset, e)
	if err != nil {
		return nil, err
	}
	if err := cmp.Or(img.reread.spend(size), img.memory.spend(5*size)); err != nil {
		return nil, fmt.Errorf(".debug_abbrev: %w", err)
	}
	img.tables.tables[key] = a
	return a, nil
}

// unitOf returns the unit that holds an offset in .debug_info; nil if none does.
func (img *image) unitOf(offset uint64) *unit {
	i := sort.Search(len(img.units), func(i int) bool { return uint64(img.units[i].start) > offset }) - 1
	if i < 0 || offset >= uint64(img.units[i].end) {
		return nil
	}
	return img.units[i]
}

// textAt returns the string at an offset of a string section; "" outside of it.
func textAt(section string, offset uint64) string {
	if offset >= uint64(len(section)) {
		return ""
	}
	s, _, ok := strings.Cut(section[offset:], "\x00")
	if !ok {
		return ""
	}
	return s
}
