package symbol

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"sort"

	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/wasm"
)

// NoGoLines starts the note on a location in a Go program.
const NoGoLines = "no line numbers: Go writes none for WebAssembly"

// goTable is the table in which a Go program keeps the names, files and first lines
// of its functions (runtime.pcHeader and runtime._func, as of Go 1.20). It lies in the
// program's memory.
//
// The lines of instructions are there too, but by the runtime's program counter,
// which in WebAssembly numbers the places where a function can be resumed: they are
// not used.
type goTable struct {
	all   []byte // from the header on
	names []byte
	units []byte // numbers of files, by unit
	files []byte
	pcs   []byte
	funcs []byte // starts with pairs of counters and offsets of functions, in order
	count int
	// Function k, not counting imports, is entered as first + k<<shift: with
	// both as in Go 1.26, or at zero and 16 as in releases before.
	first uint64
	shift int
}

// goMagic is how the header of Go 1.20 and later starts, for WebAssembly's smallest
// instructions and size of pointers.
var goMagic = []byte{0xf1, 0xff, 0xff, 0xff, 0, 0, 1, 8}

const (
	goHeaderSize = 8 + 8*8
	goFuncSize   = 44
	goFirstFunc  = 0x1000 // cmd/link/internal/wasm, funcValueOffset
)

// readGoTable finds the table; nil if the module is not Go's, or of another version.
func readGoTable(m *wasm.Module) *goTable {
	if _, ok := m.Custom("go:buildid"); !ok {
		return nil
	}
	memory := initialMemory(m)
	for {
		i := bytes.Index(memory, goMagic)
		if i < 0 {
			return nil
		}
		if t := parseGoTable(memory[i:]); t != nil {
			return t
		}
		memory = memory[i+len(goMagic):]
	}
}

// initialMemory returns the start of the memory, as data segments fill it. Gaps
// between them are few bytes in Go's; segments far behind are left out, so that a
// module cannot ask for much memory.
func initialMemory(m *wasm.Module) []byte {
	total := 0
	for _, d := range m.Data {
		total += int(d.Size)
	}
	limit := uint64(2*total) + 1<<20
	var end uint64
	for _, d := range m.Data {
		if last := uint64(d.Offset.Value.U32()) + uint64(d.Size); placed(d) && last <= limit {
			end = max(end, last)
		}
	}
	memory := make([]byte, end)
	for _, d := range m.Data {
		if start := uint64(d.Offset.Value.U32()); placed(d) && start+uint64(d.Size) <= end {
			copy(memory[start:], m.Bytes()[d.File:d.File+guest.FileOffset(d.Size)])
		}
	}
	return memory
}

func placed(d wasm.Data) bool {
	return d.Mode == wasm.SegmentActive && d.Memory == 0 && d.Offset.Known
}

func parseGoTable(b []byte) *goTable {
	if len(b) < goHeaderSize {
		return nil
	}
	word := func(i int) uint64 { return binary.LittleEndian.Uint64(b[8+8*i:]) }
	part := func(i int) []byte {
		if offset := word(i); offset >= goHeaderSize && offset < uint64(len(b)) {
			return b[offset:]
		}
		return nil
	}
	t := &goTable{all: b, names: part(3), units: part(4), files: part(5), pcs: part(6), funcs: part(7)}
	count := word(0)
	if t.names == nil || t.units == nil || t.files == nil || t.pcs == nil || count == 0 || count > uint64(len(t.funcs))/8 {
		return nil
	}
	t.count = int(count)
	switch binary.LittleEndian.Uint32(t.funcs) {
	case goFirstFunc:
		t.first = goFirstFunc
	case 0:
		t.shift = 16
	default:
		return nil
	}
	return t
}

// goFunc is what the table says about a function.
type goFunc struct {
	name, file string
	line       int // of its declaration
}

// find returns function k, not counting imports; false if the table has none.
func (t *goTable) find(k int) (goFunc, bool) {
	entry := t.first + uint64(max(k, 0))<<t.shift
	if k < 0 || entry >= 1<<32 {
		return goFunc{}, false
	}
	counter := uint32(entry)
	pair := func(i int) (counter, offset uint32) {
		return binary.LittleEndian.Uint32(t.funcs[8*i:]), binary.LittleEndian.Uint32(t.funcs[8*i+4:])
	}
	i := sort.Search(t.count, func(i int) bool { c, _ := pair(i); return c >= counter })
	if i == t.count {
		return goFunc{}, false
	}
	c, offset := pair(i)
	if c != counter || uint64(offset)+goFuncSize > uint64(len(t.funcs)) {
		return goFunc{}, false
	}
	f := t.funcs[offset:]
	field := func(i int) uint32 { return binary.LittleEndian.Uint32(f[4*i:]) }
	if field(0) != counter {
		return goFunc{}, false
	}
	found := goFunc{name: goText(t.names, field(1)), line: int(int32(field(9)))}
	if n, ok := t.firstFile(field(5)); ok && found.line > 0 {
		found.file = t.file(field(8), n)
	}
	return found, found.name != ""
}

// firstFile returns the number of the file that a function starts in: the first
// value of a table of differences (runtime.step), which count from -1.
func (t *goTable) firstFile(offset uint32) (uint32, bool) {
	if offset == 0 {
		return 0, false
	}
	c := at(t.pcs, uint64(offset))
	v := c.uleb()
	value := int64(v>>1) ^ -int64(v&1)
	if n := value - 1; !c.failed && n >= 0 && n < 1<<31 {
		return uint32(n), true
	}
	return 0, false
}

// file returns a file's name by its number in a unit.
func (t *goTable) file(unit, number uint32) string {
	offset, ok := indexed(t.units, 4*uint64(unit), uint64(number), 4)
	if !ok || offset == 1<<32-1 {
		return ""
	}
	return goText(t.files, uint32(offset))
}

func goText(b []byte, offset uint32) string {
	c := at(b, uint64(offset))
	s := c.text()
	if len(s) > maxMangled {
		return ""
	}
	return string(s)
}

// of returns what the table says about a function of the module. The name section,
// where Go writes '_' for what is no letter or digit, must agree.
func (g *goTable) of(t *Table, i guest.FuncIndex) (goFunc, bool) {
	f, ok := g.find(int(i) - t.imported)
	if !ok {
		return goFunc{}, false
	}
	if name := t.names().section.Func(i); name != "" && name != goSymbol(f.name) {
		return goFunc{}, false
	}
	return f, true
}

// goSymbol writes a name as Go's linker does in the name section.
func goSymbol(name string) string {
	var b []byte
	for _, r := range name {
		if r == '_' || r == '.' || '0' <= r && r <= '9' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' {
			b = append(b, byte(r))
		} else {
			b = append(b, '_')
		}
	}
	return string(b)
}

// describe completes a location in a function that has no DWARF.
func (g *goTable) describe(l *Location, t *Table, i guest.FuncIndex) {
	f, ok := g.of(t, i)
	if !ok {
		return
	}
	if l.Function != f.name {
		l.Linkage = l.Function
		if !l.named {
			l.Linkage = ""
		}
		l.Function, l.named = f.name, true
	}
	if f.file != "" {
		l.File = f.file
		l.Note = fmt.Sprintf(NoGoLines+"; the function is declared in line %d", f.line)
	}
}
