package symbol

import (
	"fmt"
	"strings"
)

// lineHeader is the header of a line number program (DWARF 5, section 6.2.4).
type lineHeader struct {
	version       uint16
	addrSize      uint8
	minInstLength uint8
	maxOps        uint8
	defaultStmt   bool
	lineBase      int8
	lineRange     uint8
	opcodeBase    uint8
	lengths       []byte // how many arguments each standard opcode has
	dirs          []string
	files         []lineFile // version 5 counts from 0, older ones from 1
	program       []byte
	size          int // of the whole contribution
}

type lineFile struct {
	name string
	dir  uint64
}

// readLineHeader reads the header of the program that a unit names, and finds
// where the program ends.
func readLineHeader(u *unit) (*lineHeader, error) {
	section, offset := u.img.line, u.lineOffset
	damaged := func(why string, args ...any) error {
		return fmt.Errorf(".debug_line at 0x%x: %s", offset, fmt.Sprintf(why, args...))
	}
	c := at(section, offset)
	length, offsetSize := c.unitLength()
	if c.failed || length > uint64(len(section)-c.pos) {
		return nil, damaged("a line table of %d bytes is cut off", length)
	}
	c.b = section[:c.pos+int(length)]
	h := &lineHeader{addrSize: u.addrSize, maxOps: 1, size: len(c.b) - int(offset)}
	h.version = c.u16()
	if h.version < 2 || h.version > 5 {
		return nil, damaged("a line table of version %d: only 2 to 5 are known", h.version)
	}
	if h.version >= 5 {
		h.addrSize = c.u8()
		c.u8() // segment selectors, which WebAssembly has none of
	}
	headerLength := c.uint(offsetSize)
	if c.failed || headerLength > uint64(len(c.b)-c.pos) {
		return nil, damaged("a header of %d bytes is cut off", headerLength)
	}
	h.program = c.b[c.pos+int(headerLength):]
	c.b = c.b[:c.pos+int(headerLength)]
	h.minInstLength = c.u8()
	if h.version >= 4 {
		h.maxOps = max(c.u8(), 1)
	}
	h.defaultStmt = c.u8() != 0
	h.lineBase, h.lineRange, h.opcodeBase = int8(c.u8()), c.u8(), c.u8()
	if h.opcodeBase > 0 {
		h.lengths = c.take(uint64(h.opcodeBase) - 1)
	}
	if c.failed || h.lineRange == 0 || h.opcodeBase == 0 {
		return nil, damaged("the header is cut off or says nothing")
	}
	if h.version >= 5 {
		return h, h.readLists(&c, u, encoding{h.version, h.addrSize, uint8(offsetSize)})
	}
	h.readOldLists(&c)
	if c.failed {
		return h, damaged("the list of files is cut off")
	}
	return h, nil
}

// readOldLists reads the directories and files of versions 2 to 4.
func (h *lineHeader) readOldLists(c *cursor) {
	for {
		dir := c.text()
		if len(dir) == 0 {
			break
		}
		h.dirs = append(h.dirs, string(dir))
	}
	for {
		name := c.text()
		if len(name) == 0 {
			break
		}
		f := lineFile{name: string(name), dir: c.uleb()}
		c.uleb() // when it was changed
		c.uleb() // its length
		h.files = append(h.files, f)
	}
}

// readLists reads the directories and files of version 5.
func (h *lineHeader) readLists(c *cursor, u *unit, e encoding) error {
	dirs, err := readEntries(c, u, e)
	if err != nil {
		return fmt.Errorf(".debug_line at 0x%x: directories: %w", u.lineOffset, err)
	}
	for _, d := range dirs {
		h.dirs = append(h.dirs, d.name)
	}
	if h.files, err = readEntries(c, u, e); err != nil {
		return fmt.Errorf(".debug_line at 0x%x: files: %w", u.lineOffset, err)
	}
	return nil
}

// readEntries reads a list of directories or files with the description of its
// format before it (DWARF 5, section 6.2.4.1).
func readEntries(c *cursor, u *unit, e encoding) ([]lineFile, error) {
	type column struct{ content, form uint64 }
	columns := make([]column, c.u8())
	for i := range columns {
		columns[i] = column{c.uleb(), c.uleb()}
		// Every form takes a byte at least, so that a list is no longer than
		// the section.
		if size := e.formSize(uint16(columns[i].form)); columns[i].form > 0xffff || size == 0 || size == sizeUnknown {
			return nil, fmt.Errorf("form 0x%x is unknown there", columns[i].form)
		}
	}
	count := c.uleb()
	if c.failed || len(columns) == 0 && count > 0 || count > uint64(len(c.b)-c.pos) {
		return nil, fmt.Errorf("%d entries are claimed, which do not fit", count)
	}
	files := make([]lineFile, 0, count)
	for range count {
		var f lineFile
		for _, column := range columns {
			v := e.read(c, uint16(column.form), 0)
			switch column.content {
			case lnctPath:
				if v.form == formString && !c.failed {
					f.name = string(c.b[v.u : c.pos-1])
				} else {
					f.name = u.text(v)
				}
			case lnctDirectoryIndex:
				f.dir = v.u
			}
		}
		if c.failed {
			return nil, fmt.Errorf("the list is cut off")
		}
		files = append(files, f)
	}
	return files, nil
}

// path returns the path of a file by its number: absolute where the table or the
// directory of the compilation say so; false if there is no such file. Nothing in it
// is simplified.
func (h *lineHeader) path(file uint64, compDir string) (string, bool) {
	if h.version < 5 {
		file--
	}
	if file >= uint64(len(h.files)) {
		return "", false
	}
	f := h.files[file]
	if isAbsolute(f.name) {
		return f.name, true
	}
	dir := ""
	if h.version >= 5 {
		if f.dir < uint64(len(h.dirs)) {
			dir = h.dirs[f.dir]
		}
		if f.dir == 0 {
			compDir = "" // it is the directory of the compilation itself
		}
	} else if f.dir > 0 && f.dir <= uint64(len(h.dirs)) {
		dir = h.dirs[f.dir-1]
	}
	if !isAbsolute(dir) {
		dir = joinPath(compDir, dir)
	}
	return joinPath(dir, f.name), true
}

// isAbsolute also knows paths of Windows, where some libraries are built.
func isAbsolute(path string) bool {
	return strings.HasPrefix(path, "/") || strings.HasPrefix(path, `\`) ||
		len(path) > 2 && path[1] == ':' && (path[2] == '/' || path[2] == '\\')
}

func joinPath(dir, name string) string {
	switch {
	case dir == "":
		return name
	case name == "" || strings.HasSuffix(dir, "/"):
		return dir + name
	}
	return dir + "/" + name
}
