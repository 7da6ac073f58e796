package perf

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// textOffset is where perf inject takes code to be in the file that a jitdump record
// stands for: behind an ELF header and one program header, rounded up to 16 (perf 6.0
// and later, tools/perf/util/genelf.h).
const textOffset = 0x80

// Sections of the file that WriteObject writes.
const (
	secNull = iota
	secText
	secFrame
	secFrameHeader
	secNote
	secAbbrev
	secInfo
	secLine
	secStr
	secSymtab
	secStrtab
	secNames
	numSections
)

// section is a part of the file before it has its place.
type section struct {
	name  string
	kind  elf.SectionType
	flags elf.SectionFlag
	align uint64
	data  []byte
}

// WriteObject writes an ELF file for a compiled image: its code, and for each function
// a symbol, lines, the functions inlined in it, and how to unwind it. Addresses in the
// file are offsets in it; the code begins at 0x80, where perf looks for it.
// The build id is what id says, 20 bytes.
func WriteObject(w io.Writer, c Code, id [20]byte) error {
	image, err := elf.NewFile(bytes.NewReader(c.Image))
	if err != nil {
		return fmt.Errorf("read the compiled image: %w", err)
	}
	text, err := c.text(image)
	if err != nil {
		return err
	}
	names, err := c.names()
	if err != nil {
		return err
	}
	o := &object{toFile: func(at uintptr) uint64 { return uint64(at) - text.Offset + textOffset }}
	o.sections[secText] = section{".text", elf.SHT_PROGBITS, elf.SHF_ALLOC | elf.SHF_EXECINSTR, 16, c.Image[text.Offset : text.Offset+text.Size]}
	if err := o.unwinding(image, text); err != nil {
		return err
	}
	o.note(id)
	o.symbols(names)
	o.debug(c, names)
	o.sectionNames()
	return o.write(w, image.Machine)
}

// text finds the code of an image.
func (c Code) text(image *elf.File) (*elf.Section, error) {
	text := image.Section(".text")
	if text == nil || text.Offset > uint64(len(c.Image)) || text.Size > uint64(len(c.Image))-text.Offset {
		return nil, errors.New("read the compiled image: it has no code")
	}
	return text, nil
}

// object is an ELF file in the making.
type object struct {
	sections [numSections]section
	toFile   func(at uintptr) uint64 // from an offset in the image
	// frameAt and frameHeaderAt are where the unwind tables must be.
	frameAt, frameHeaderAt uint64
}

// note makes the build id (a note of type 3 by GNU).
func (o *object) note(id [20]byte) {
	var b bytes.Buffer
	put(&b, uint32(4), uint32(len(id)), uint32(3))
	b.WriteString("GNU\x00")
	b.Write(id[:])
	o.sections[secNote] = section{".note.gnu.build-id", elf.SHT_NOTE, elf.SHF_ALLOC, 4, b.Bytes()}
}

func (o *object) symbols(names []named) {
	var syms, strs bytes.Buffer
	put(&syms, elf.Sym64{})
	strs.WriteByte(0)
	for _, n := range names {
		put(&syms, elf.Sym64{
			Name: uint32(strs.Len()), Info: elf.ST_INFO(elf.STB_GLOBAL, elf.STT_FUNC), Shndx: secText,
			Value: o.toFile(n.start), Size: uint64(n.end - n.start),
		})
		strs.WriteString(n.name)
		strs.WriteByte(0)
	}
	o.sections[secSymtab] = section{".symtab", elf.SHT_SYMTAB, 0, 8, syms.Bytes()}
	o.sections[secStrtab] = section{".strtab", elf.SHT_STRTAB, 0, 1, strs.Bytes()}
}

func (o *object) sectionNames() {
	o.sections[secNames] = section{".shstrtab", elf.SHT_STRTAB, 0, 1, nil}
	var b []byte
	for _, s := range o.sections {
		b = append(append(b, s.name...), 0)
	}
	o.sections[secNames].data = b
}

// write puts everything in its place: the header, the sections, program headers and
// section headers.
func (o *object) write(w io.Writer, machine elf.Machine) error {
	var places [numSections]elf.Section64
	name, at := uint32(0), uint64(textOffset)
	for i, s := range o.sections {
		h := elf.Section64{Name: name, Type: uint32(s.kind), Flags: uint64(s.flags), Size: uint64(len(s.data)), Addralign: s.align}
		name += uint32(len(s.name)) + 1
		if i != secNull {
			at = o.place(i, at)
			h.Off = at
			at += h.Size
		}
		if s.flags&elf.SHF_ALLOC != 0 {
			h.Addr = h.Off
		}
		places[i] = h
	}
	places[secSymtab].Link, places[secSymtab].Info, places[secSymtab].Entsize = secStrtab, 1, elf.Sym64Size
	programs := []elf.Prog64{
		load(places[secText], places[secNote]),
		program(elf.PT_GNU_EH_FRAME, elf.PF_R, places[secFrameHeader]),
		program(elf.PT_NOTE, elf.PF_R, places[secNote]),
	}
	programsAt := align(at, 8)
	header := elf.Header64{
		Type: uint16(elf.ET_DYN), Machine: uint16(machine), Version: uint32(elf.EV_CURRENT),
		Phoff: programsAt, Phentsize: 56, Phnum: uint16(len(programs)), Ehsize: 64,
		Shoff: programsAt + 56*uint64(len(programs)), Shentsize: 64, Shnum: numSections, Shstrndx: secNames,
	}
	copy(header.Ident[:], elf.ELFMAG)
	header.Ident[elf.EI_CLASS], header.Ident[elf.EI_DATA], header.Ident[elf.EI_VERSION] = byte(elf.ELFCLASS64), byte(elf.ELFDATA2LSB), byte(elf.EV_CURRENT)

	p := &padder{w: w}
	p.put(header)
	for i, s := range o.sections {
		if i != secNull {
			p.pad(places[i].Off)
			p.bytes(s.data)
		}
	}
	p.pad(programsAt)
	p.put(programs)
	p.put(places)
	if p.err != nil {
		return fmt.Errorf("write the symbols of compiled code: %w", p.err)
	}
	return nil
}

// place says where the section i goes that may begin at the offset at.
func (o *object) place(i int, at uint64) uint64 {
	switch i {
	case secFrame:
		return max(at, o.frameAt)
	case secFrameHeader:
		return max(at, o.frameHeaderAt)
	}
	return align(at, o.sections[i].align)
}

// load is the program header for all from one section to another.
func load(first, last elf.Section64) elf.Prog64 {
	p := program(elf.PT_LOAD, elf.PF_R|elf.PF_X, first)
	p.Filesz = last.Off + last.Size - first.Off
	p.Memsz = p.Filesz
	return p
}

func program(kind elf.ProgType, flags elf.ProgFlag, s elf.Section64) elf.Prog64 {
	return elf.Prog64{Type: uint32(kind), Flags: uint32(flags), Off: s.Off, Vaddr: s.Off, Paddr: s.Off, Filesz: s.Size, Memsz: s.Size, Align: 8}
}

func align(n, to uint64) uint64 { return (n + to - 1) / to * to }

// put writes numbers and structures as the ELF files of the machines that the engine
// knows have them.
func put(b *bytes.Buffer, values ...any) {
	for _, v := range values {
		if err := binary.Write(b, binary.LittleEndian, v); err != nil {
			panic(err) // values of a known size always fit a buffer
		}
	}
}

// padder writes a file from start to end and remembers the first error.
type padder struct {
	w   io.Writer
	at  uint64
	err error
}

func (p *padder) bytes(b []byte) {
	if p.err == nil {
		_, p.err = p.w.Write(b)
		p.at += uint64(len(b))
	}
}

func (p *padder) pad(to uint64) {
	p.bytes(make([]byte, to-p.at))
}

func (p *padder) put(v any) {
	var b bytes.Buffer
	put(&b, v)
	p.bytes(b.Bytes())
}
