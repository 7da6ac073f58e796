package symfile

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
)

// file is an ELF file that is put together.
type file struct {
	machine  elf.Machine
	text     uint64 // address of the code
	memory   uint64 // see Code
	sections []outSection
}

type outSection struct {
	name  string
	data  []byte
	size  uint64 // of one that has no data here (elf.SHT_NOBITS)
	kind  elf.SectionType
	flags elf.SectionFlag
	addr  uint64
	link  string // name of the section that this one refers to
	info  uint32
	entry uint64 // size of an entry of a table
	align uint64
}

func (f *file) add(s outSection) { f.sections = append(f.sections, s) }

func (f *file) index(name string) int {
	for i, s := range f.sections {
		if s.name == name {
			return i + 1
		}
	}
	return 0
}

const headerSize, programSize, sectionSize = 64, 56, 64

// bytes writes the file: headers, sections one behind the other, section headers. Each
// section that is in memory has a segment of its own.
func (f *file) bytes() []byte {
	names := []byte{0}
	var nameAt []uint32
	segments := 0
	f.add(outSection{name: ".shstrtab", kind: elf.SHT_STRTAB, align: 1})
	for _, s := range f.sections {
		nameAt = append(nameAt, uint32(len(names)))
		names = append(append(names, s.name...), 0)
		if s.flags&elf.SHF_ALLOC != 0 {
			segments++
		}
	}
	f.sections[len(f.sections)-1].data = names

	at := uint64(headerSize + segments*programSize)
	var programs, headers, body bytes.Buffer
	write(&headers, elf.Section64{})
	for i, s := range f.sections {
		pad := -at & (s.align - 1)
		body.Write(make([]byte, pad))
		at += pad
		body.Write(s.data)
		link := uint32(0)
		if s.link != "" {
			link = uint32(f.index(s.link))
		}
		write(&headers, elf.Section64{
			Name: nameAt[i], Type: uint32(s.kind), Flags: uint64(s.flags), Addr: s.addr, Off: at, Size: s.size + uint64(len(s.data)),
			Link: link, Info: s.info, Addralign: s.align, Entsize: s.entry,
		})
		if s.flags&elf.SHF_ALLOC != 0 {
			access := elf.PF_R
			if s.flags&elf.SHF_EXECINSTR != 0 {
				access |= elf.PF_X
			}
			if s.flags&elf.SHF_WRITE != 0 {
				access |= elf.PF_W
			}
			size := uint64(len(s.data))
			write(&programs, elf.Prog64{Type: uint32(elf.PT_LOAD), Flags: uint32(access), Off: at, Vaddr: s.addr, Paddr: s.addr, Filesz: size, Memsz: s.size + size, Align: 1})
		}
		at += uint64(len(s.data))
	}
	header := elf.Header64{
		Type: uint16(elf.ET_EXEC), Machine: uint16(f.machine), Version: uint32(elf.EV_CURRENT),
		Phoff: headerSize, Shoff: at, Ehsize: headerSize, Phentsize: programSize, Phnum: uint16(segments),
		Shentsize: sectionSize, Shnum: uint16(len(f.sections) + 1), Shstrndx: uint16(len(f.sections)),
	}
	copy(header.Ident[:], elf.ELFMAG)
	header.Ident[elf.EI_CLASS], header.Ident[elf.EI_DATA], header.Ident[elf.EI_VERSION] = byte(elf.ELFCLASS64), byte(elf.ELFDATA2LSB), byte(elf.EV_CURRENT)
	var out bytes.Buffer
	write(&out, header)
	out.Write(programs.Bytes())
	out.Write(body.Bytes())
	out.Write(headers.Bytes())
	return out.Bytes()
}

// write adds a structure of numbers. It cannot fail: a buffer takes everything.
func write(b *bytes.Buffer, v any) { _ = binary.Write(b, binary.LittleEndian, v) }
