package perf

import (
	"bufio"
	"bytes"
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"

	"github.com/faaslens/faaslens/codemap"
)

// AddFunctions says that from now on code is in memory, by the records that the
// specification has for it: for each function its lines, how to unwind it, its name and
// its code. Of inlined calls, a line table of this kind has the innermost.
//
// perf inject makes a file out of each function.
func (d *Dump) AddFunctions(c Code) error {
	functions, err := c.functions()
	if err != nil {
		return fmt.Errorf("add to a jitdump: %w", err)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.file == nil {
		return errDumpClosed
	}
	w := bufio.NewWriterSize(d.file, 1<<18)
	tid := uint32(unix.Gettid())
	for _, f := range functions {
		d.last++
		if _, err := w.Write(f.records(c, d.last, tid)); err != nil {
			return fmt.Errorf("write a jitdump: %w", err)
		}
	}
	if err := w.Flush(); err != nil {
		return fmt.Errorf("write a jitdump: %w", err)
	}
	return nil
}

// function is a piece of code with a name, and what a dump says of it.
type function struct {
	named
	body   *codemap.Body // nil for the engine's own code
	common []byte        // of the unwind table: the entry that frame refers to
	frame  []byte        // nil if nothing says how to unwind it
}

// functions returns the functions of an image, and the engine's stubs around them.
func (c Code) functions() ([]function, error) {
	image, err := elf.NewFile(bytes.NewReader(c.Image))
	if err != nil {
		return nil, fmt.Errorf("read the compiled image: %w", err)
	}
	if _, err := c.text(image); err != nil {
		return nil, err
	}
	names, err := c.names()
	if err != nil {
		return nil, err
	}
	frames := make(map[uint64]unwound)
	if table := image.Section(".eh_frame"); table != nil {
		_, all, err := readTable(table, table.Offset)
		if err != nil {
			return nil, err
		}
		for _, f := range all {
			frames[f.code] = f
		}
	}
	functions := make([]function, len(names))
	for i, n := range names {
		if n.start > n.end || n.end > uintptr(len(c.Image)) {
			return nil, errors.New("read the compiled image: a function is outside of it")
		}
		frame := frames[uint64(n.start)]
		functions[i] = function{named: n, common: frame.common, frame: frame.bytes}
		if i < len(c.Map.Bodies) {
			functions[i].body = &c.Map.Bodies[i]
		}
	}
	return functions, nil
}

// records are those of a function, in the order that readers want: what is said of code
// comes before the code.
func (f *function) records(c Code, index uint64, tid uint32) []byte {
	base := uint64(c.Base + f.start)
	code := c.Image[f.start:f.end]
	var b []byte
	if f.body != nil {
		b = f.appendLines(b, c)
	}
	if f.frame != nil {
		b = f.appendUnwinding(b)
	}
	b, at := beginRecord(b, recordLoad)
	b = appendUint32s(b, uint32(os.Getpid()), tid)
	b = appendUint64s(b, base, base, uint64(len(code)), index)
	b = append(append(b, f.name...), 0)
	return endRecord(append(b, code...), at)
}

// appendLines appends a record of lines. Its last entry is the end of the code, because
// perf ends a line table at its last entry.
func (f *function) appendLines(b []byte, c Code) []byte {
	b, at := beginRecord(b, recordLines)
	b = appendUint64s(b, uint64(c.Base+f.start), 0)
	countAt, count := len(b)-8, uint64(0)
	entry := func(address uintptr, file string, line, column int) {
		b = appendUint64s(b, uint64(c.Base+address))
		b = appendUint32s(b, uint32(line), uint32(max(column, 0)))
		b = append(append(b, file...), 0)
		count++
	}
	next := f.start // what is before the first place belongs to it
	file, line, column := "", 0, 0
	for _, p := range c.pieces(*f.body) {
		if len(p.chain) == 0 {
			continue // it goes on as before
		}
		l := p.chain[0]
		if l.File == "" || l.Line <= 0 || l.File == file && l.Line == line && l.Column == column {
			continue
		}
		if count > 0 {
			next = p.start
		}
		file, line, column = oneLine(l.File), l.Line, l.Column
		entry(next, file, line, column)
	}
	if count == 0 {
		return b[:at]
	}
	entry(f.end, file, line, column)
	binary.LittleEndian.PutUint64(b[countAt:], count)
	return endRecord(b, at)
}

// appendUnwinding appends a record of how to unwind a function: its own unwind table, and
// behind it the header, as perf reads them (tools/perf/util/genelf.c) and other writers
// put them. As far as the table's distances are concerned, it stands behind the code, at
// a multiple of 8.
//
// It is not in memory there. perf's libunwind would look for it in the function that is,
// if the header had an index of the table; without one, it goes by frame pointers, which
// all code of the engine has, and those who read the file find the table.
func (f *function) appendUnwinding(b []byte) []byte {
	tableAt := align(uint64(f.end-f.start), 8)
	table := append([]byte(nil), f.common...)
	entry := len(table)
	table = append(table, f.frame...)
	le := binary.LittleEndian
	le.PutUint32(table[entry+4:], uint32(entry+4))
	le.PutUint64(table[entry+8:], -(tableAt + uint64(entry) + 8))
	const end = 4
	padded := align(uint64(len(table)+end), 8)
	table = append(table, make([]byte, padded-uint64(len(table)))...)
	const version, pcRelative4, omitted = 1, 0x1b, 0xff
	header := appendUint32s([]byte{version, pcRelative4, omitted, omitted}, uint32(-(len(table) + 4)))
	b, at := beginRecord(b, recordUnwinding)
	const inMemory = 0
	b = appendUint64s(b, uint64(len(table)+len(header)), uint64(len(header)), inMemory)
	return endRecord(append(append(b, table...), header...), at)
}

// beginRecord appends the header of a record and returns where it is.
func beginRecord(b []byte, kind uint32) ([]byte, int) {
	at := len(b)
	return appendUint64s(appendUint32s(b, kind, 0), now()), at
}

// endRecord ends the record that begins at an offset.
func endRecord(b []byte, at int) []byte {
	binary.LittleEndian.PutUint32(b[at+4:], uint32(len(b)-at))
	return b
}

func appendUint32s(b []byte, values ...uint32) []byte {
	for _, v := range values {
		b = binary.LittleEndian.AppendUint32(b, v)
	}
	return b
}

func appendUint64s(b []byte, values ...uint64) []byte {
	for _, v := range values {
		b = binary.LittleEndian.AppendUint64(b, v)
	}
	return b
}
