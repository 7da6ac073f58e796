package callgrind

import (
	"cmp"
	"debug/dwarf"
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"sort"
)

// Code is compiled code that was in memory, and what an ELF file says of it.
type Code struct {
	Object     string // path of the ELF file
	Start, End uint64 // addresses in memory
	text       uint64 // address of its first byte in the file
	bytes      []byte
	machine    elf.Machine
	functions  []function // by start, ascending
	lines      []line     // by start, ascending
}

// function is a symbol, by addresses in memory.
type function struct {
	name, file string
	line       int // of its first instruction
	start, end uint64
}

// line is where the code from an address on comes from; no file means nobody knows.
type line struct {
	start uint64
	file  string
	line  int
}

// Open reads the symbols and lines of code whose section .text was in memory from
// start on.
func Open(object string, start uint64) (*Code, error) {
	f, err := elf.Open(object)
	if err != nil {
		return nil, fmt.Errorf("read the symbols of compiled code: %w", err)
	}
	defer f.Close()
	c, err := read(f, start)
	if err != nil {
		return nil, fmt.Errorf("read the symbols of compiled code: %s: %w", object, err)
	}
	c.Object = object
	return c, nil
}

func read(f *elf.File, start uint64) (*Code, error) {
	text := f.Section(".text")
	if text == nil {
		return nil, errors.New("it has no code")
	}
	c := &Code{Start: start, End: start + text.Size, text: text.Addr, machine: f.Machine}
	var err error
	if c.bytes, err = text.Data(); err != nil {
		return nil, err
	}
	if uint64(len(c.bytes)) != text.Size || start > math.MaxUint64-text.Size {
		return nil, errors.New("its code is not all there")
	}
	symbols, err := f.Symbols()
	if err != nil {
		return nil, err
	}
	for _, s := range symbols {
		if elf.ST_TYPE(s.Info) == elf.STT_FUNC && s.Size > 0 && s.Value >= text.Addr && s.Value-text.Addr <= text.Size && s.Size <= text.Size-(s.Value-text.Addr) {
			at := s.Value - text.Addr + start
			c.functions = append(c.functions, function{name: s.Name, start: at, end: at + s.Size})
		}
	}
	slices.SortFunc(c.functions, func(a, b function) int { return cmp.Compare(a.start, b.start) })
	debug, err := f.DWARF()
	if err != nil {
		return nil, err
	}
	if err := c.readLines(debug); err != nil {
		return nil, err
	}
	for i := range c.functions {
		f := &c.functions[i]
		at := c.lineAt(f.start)
		f.file, f.line = at.file, at.line
	}
	return c, nil
}

func (c *Code) readLines(debug *dwarf.Data) error {
	for units := debug.Reader(); ; units.SkipChildren() {
		unit, err := units.Next()
		if err != nil || unit == nil {
			break
		}
		table, err := debug.LineReader(unit)
		if err != nil {
			return err
		}
		if table == nil {
			continue
		}
		for {
			var e dwarf.LineEntry
			if err := table.Next(&e); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				return err
			}
			l := line{start: e.Address - c.text + c.Start}
			if !e.EndSequence && e.File != nil {
				l.file, l.line = e.File.Name, e.Line
			}
			c.lines = append(c.lines, l)
		}
	}
	// Where a function ends and the next begins, the latter counts.
	slices.SortStableFunc(c.lines, func(a, b line) int {
		if a.start != b.start {
			return cmp.Compare(a.start, b.start)
		}
		return cmp.Compare(min(len(a.file), 1), min(len(b.file), 1))
	})
	return nil
}

func (c *Code) lineAt(at uint64) line {
	i := sort.Search(len(c.lines), func(i int) bool { return c.lines[i].start > at })
	if i == 0 {
		return line{}
	}
	return c.lines[i-1]
}

// functionAt finds the function around an address.
func (c *Code) functionAt(at uint64) (int, bool) {
	i := sort.Search(len(c.functions), func(i int) bool { return c.functions[i].start > at }) - 1
	return i, i >= 0 && at < c.functions[i].end
}

// returns reports whether the instruction at an address leaves a function.
func (c *Code) returns(at uint64) bool {
	b := c.bytes[at-c.Start:]
	if c.machine == elf.EM_AARCH64 {
		const ret = 0xd65f03c0
		return len(b) >= 4 && binary.LittleEndian.Uint32(b) == ret
	}
	const ret, retN = 0xc3, 0xc2
	return b[0] == ret || b[0] == retN
}

// inFile is an address as the ELF file counts.
func (c *Code) inFile(at uint64) uint64 { return at - c.Start + c.text }
