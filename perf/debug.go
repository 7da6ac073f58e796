package perf

import (
	"bytes"
	"debug/dwarf"
	"debug/elf"
	"encoding/binary"

	"github.com/faaslens/faaslens/codemap"
	"github.com/faaslens/faaslens/symbol"
)

// Forms and codes of DWARF 4 (dwarfstd.org, section 7.5) that package dwarf does not
// export.
const (
	formAddr = 0x01
	formU2   = 0x05
	formU4   = 0x06
	formU8   = 0x07
	formU1   = 0x0b
	formStrp = 0x0e
	formUint = 0x0f
	formRef4 = 0x13
	formSec  = 0x17

	inlinedOnly  = 1  // DW_INL_inlined
	languageNone = 12 // DW_LANG_C99: what any reader takes
)

// Kinds of entries, as abbreviations number them.
const (
	unitEntry = iota + 1
	functionEntry
	plainEntry // a function that is declared nowhere
	originEntry
	inlinedEntry
)

type attribute struct {
	attr dwarf.Attr
	form byte
}

type abbreviation struct {
	code     byte
	tag      dwarf.Tag
	children byte
	attrs    []attribute
}

// abbreviations describe the entries that debugInfo writes, in the order in which it
// writes their attributes.
func abbreviations() []abbreviation {
	return []abbreviation{
		{unitEntry, dwarf.TagCompileUnit, 1, []attribute{
			{dwarf.AttrProducer, formStrp}, {dwarf.AttrLanguage, formU2}, {dwarf.AttrName, formStrp},
			{dwarf.AttrStmtList, formSec}, {dwarf.AttrLowpc, formAddr}, {dwarf.AttrHighpc, formU8},
		}},
		{functionEntry, dwarf.TagSubprogram, 1, []attribute{
			{dwarf.AttrName, formStrp}, {dwarf.AttrLowpc, formAddr}, {dwarf.AttrHighpc, formU4},
			{dwarf.AttrDeclFile, formUint}, {dwarf.AttrDeclLine, formUint},
		}},
		{plainEntry, dwarf.TagSubprogram, 1, []attribute{
			{dwarf.AttrName, formStrp}, {dwarf.AttrLowpc, formAddr}, {dwarf.AttrHighpc, formU4},
		}},
		{originEntry, dwarf.TagSubprogram, 0, []attribute{
			{dwarf.AttrName, formStrp}, {dwarf.AttrInline, formU1},
		}},
		{inlinedEntry, dwarf.TagInlinedSubroutine, 1, []attribute{
			{dwarf.AttrAbstractOrigin, formRef4}, {dwarf.AttrLowpc, formAddr}, {dwarf.AttrHighpc, formU4},
			{dwarf.AttrCallFile, formUint}, {dwarf.AttrCallLine, formUint}, {dwarf.AttrCallColumn, formUint},
		}},
	}
}

func encodeAbbreviations() []byte {
	var b []byte
	for _, a := range abbreviations() {
		b = append(b, a.code)
		b = binary.AppendUvarint(b, uint64(a.tag))
		b = append(b, a.children)
		for _, x := range a.attrs {
			b = binary.AppendUvarint(b, uint64(x.attr))
			b = append(b, x.form)
		}
		b = append(b, 0, 0)
	}
	return append(b, 0)
}

// debugInfo writes one unit of DWARF 4 with all functions of an image.
type debugInfo struct {
	info    bytes.Buffer
	lines   lineTable
	strs    bytes.Buffer
	strAt   map[string]uint32
	origins map[string]uint32 // of inlined functions: where their entries are
	open    []inlining        // the innermost last
	toFile  func(uintptr) uint64
}

// inlining is an entry that is not at its end yet.
type inlining struct {
	name     string
	call     symbol.Location // where it is called, in the function around it
	start    uintptr
	lengthAt int
}

const unitHeaderSize = 11

// debug makes the sections of debug information.
func (o *object) debug(c Code, names []named) {
	d := &debugInfo{strAt: make(map[string]uint32), origins: make(map[string]uint32), toFile: o.toFile}
	d.lines.files = make(map[string]uint64)
	d.info.Write(make([]byte, unitHeaderSize))
	d.info.WriteByte(unitEntry)
	text := o.sections[secText].data
	put(&d.info, d.str("faaslens"), uint16(languageNone), d.str("guest"), uint32(0), uint64(textOffset), uint64(len(text)))
	for i, b := range c.Map.Bodies {
		d.function(c, b, names[i].name)
	}
	d.info.WriteByte(0)
	header := d.info.Bytes()
	binary.LittleEndian.PutUint32(header, uint32(d.info.Len()-4))
	binary.LittleEndian.PutUint16(header[4:], 4) // version; abbreviations are at 0
	header[10] = 8                               // size of an address
	section := func(name string, data []byte) section {
		return section{name, elf.SHT_PROGBITS, 0, 1, data}
	}
	o.sections[secAbbrev] = section(".debug_abbrev", encodeAbbreviations())
	o.sections[secInfo] = section(".debug_info", d.info.Bytes())
	o.sections[secLine] = section(".debug_line", d.lines.encode())
	o.sections[secStr] = section(".debug_str", d.strs.Bytes())
}

// function writes a function, what is inlined in it, and its lines.
func (d *debugInfo) function(c Code, b codemap.Body, name string) {
	pieces := c.pieces(b)
	for _, p := range pieces {
		for _, l := range p.chain {
			if l.Inlined {
				d.origin(l.Function)
			}
		}
	}
	declared, _ := c.Symbols.Func(b.Func)
	d.lines.begin(d.toFile(b.Start))
	file := d.lines.file(declared.File)
	known := file > 0 && declared.Line > 0
	kind := byte(plainEntry)
	if known {
		kind = functionEntry
	}
	d.info.WriteByte(kind)
	put(&d.info, d.str(name), d.toFile(b.Start), uint32(b.End-b.Start))
	if known {
		d.uint(file)
		d.uint(uint64(declared.Line))
		d.lines.row(d.toFile(b.Start), symbol.Location{File: declared.File, Line: declared.Line})
	}
	for _, p := range pieces {
		if len(p.chain) == 0 {
			continue // it goes on as before
		}
		d.enter(p)
		d.lines.row(d.toFile(p.start), p.chain[0])
	}
	d.leave(0, b.End)
	d.lines.end(d.toFile(b.End))
	d.info.WriteByte(0)
}

// enter goes from the functions that are inlined where the piece before ends to those
// that are where p starts.
func (d *debugInfo) enter(p piece) {
	var want []inlining
	for i := len(p.chain) - 2; i >= 0; i-- {
		want = append(want, inlining{name: p.chain[i].Function, call: p.chain[i+1], start: p.start})
	}
	same := 0
	for same < len(want) && same < len(d.open) && want[same].of(d.open[same]) {
		same++
	}
	d.leave(same, p.start)
	for _, w := range want[same:] {
		d.info.WriteByte(inlinedEntry)
		put(&d.info, d.origins[w.name], d.toFile(w.start))
		w.lengthAt = d.info.Len()
		put(&d.info, uint32(0))
		d.uint(d.lines.file(w.call.File))
		d.uint(uint64(max(w.call.Line, 0)))
		d.uint(uint64(max(w.call.Column, 0)))
		d.open = append(d.open, w)
	}
}

// of reports whether two are the same call.
func (i inlining) of(other inlining) bool {
	return i.name == other.name && i.call.File == other.call.File && i.call.Line == other.call.Line && i.call.Column == other.call.Column
}

// leave ends inlined functions until depth of them are open.
func (d *debugInfo) leave(depth int, at uintptr) {
	for len(d.open) > depth {
		last := d.open[len(d.open)-1]
		d.open = d.open[:len(d.open)-1]
		binary.LittleEndian.PutUint32(d.info.Bytes()[last.lengthAt:], uint32(at-last.start))
		d.info.WriteByte(0)
	}
}

// origin writes the entry that inlined copies of a function refer to.
func (d *debugInfo) origin(name string) {
	if _, ok := d.origins[name]; ok {
		return
	}
	d.origins[name] = uint32(d.info.Len())
	d.info.WriteByte(originEntry)
	put(&d.info, d.str(oneLine(name)), uint8(inlinedOnly))
}

func (d *debugInfo) uint(v uint64) { d.info.Write(binary.AppendUvarint(nil, v)) }

// str returns where a string is in .debug_str.
func (d *debugInfo) str(s string) uint32 {
	at, ok := d.strAt[s]
	if !ok {
		at = uint32(d.strs.Len())
		d.strAt[s] = at
		d.strs.WriteString(s)
		d.strs.WriteByte(0)
	}
	return at
}
