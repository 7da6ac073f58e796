package codemap

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"testing"
)

// sampleImage is an ELF file as the engine writes it, with one function of four bytes
// in two pieces, and one stub.
func sampleImage() []byte {
	text := []byte{1, 2, 3, 4, 5, 6}
	names := []byte("\x00wasm[0]::function[7]::f\x00stub\x00")
	var syms, addresses bytes.Buffer
	le := binary.LittleEndian
	for _, s := range []elf.Sym64{{}, {Name: 1, Shndx: 1, Size: 4}, {Name: 25, Shndx: 1, Value: 4, Size: 2}} {
		binary.Write(&syms, le, s)
	}
	binary.Write(&addresses, le, []uint32{3, 0, 2, 4, 100, 102, 0xffffffff})
	sections := []struct {
		name string
		kind elf.SectionType
		data []byte
	}{{"", elf.SHT_NULL, nil}, {".text", elf.SHT_PROGBITS, text}, {".symtab", elf.SHT_SYMTAB, syms.Bytes()},
		{".strtab", elf.SHT_STRTAB, names}, {".wasmtime.addrmap", elf.SHT_PROGBITS, addresses.Bytes()}, {".shstrtab", elf.SHT_STRTAB, nil}}
	shstr := []byte{}
	for _, s := range sections {
		shstr = append(append(shstr, s.name...), 0)
	}
	sections[5].data = shstr
	var body, headers bytes.Buffer
	name := uint32(0)
	for _, s := range sections {
		binary.Write(&headers, le, elf.Section64{Name: name, Type: uint32(s.kind), Off: 64 + uint64(body.Len()), Size: uint64(len(s.data)), Link: 3})
		name += uint32(len(s.name)) + 1
		body.Write(s.data)
	}
	var out bytes.Buffer
	header := elf.Header64{Type: uint16(elf.ET_DYN), Machine: uint16(elf.EM_X86_64), Version: 1, Ehsize: 64,
		Shoff: 64 + uint64(body.Len()), Shentsize: 64, Shnum: uint16(len(sections)), Shstrndx: 5}
	copy(header.Ident[:], "\x7fELF\x02\x01\x01")
	binary.Write(&out, le, header)
	out.Write(body.Bytes())
	out.Write(headers.Bytes())
	return out.Bytes()
}

func TestReadFindsBodiesStubsAndPieces(t *testing.T) {
	img := sampleImage()
	m, err := Read(img)
	if err != nil {
		t.Fatal(err)
	}
	stubs, err := ReadStubs(img)
	if err != nil {
		t.Fatal(err)
	}
	if len(m.Bodies) != 1 || m.Bodies[0] != (Body{7, 64, 68}) || len(stubs) != 1 || stubs[0] != (Stub{"stub", 68, 70}) {
		t.Fatalf("bodies %v, stubs %v", m.Bodies, stubs)
	}
	for at, want := range map[uintptr]uint64{64: 100, 65: 100, 66: 102, 67: 102} {
		if f, ok := m.FrameAt(at); !ok || uint64(f.Offset) != want {
			t.Errorf("FrameAt(%d) = %v, %v; want offset %d", at, f, ok, want)
		}
	}
	if f, ok := m.FrameAt(68); ok {
		t.Errorf("a stub is the frame %v", f)
	}
	var pieces [][2]uint64
	for at, p := range m.Places(m.Bodies[0]) {
		pieces = append(pieces, [2]uint64{uint64(at), uint64(p)})
	}
	if len(pieces) != 2 || pieces[0] != [2]uint64{64, 100} || pieces[1] != [2]uint64{66, 102} {
		t.Errorf("pieces %v", pieces)
	}
	middle := Body{7, 65, 68}
	for at, p := range m.Places(middle) {
		if at != 65 || p != 100 {
			t.Errorf("a body within a piece starts with (%d, %d), want (65, 100)", at, p)
		}
		break
	}
}

func FuzzRead(f *testing.F) {
	f.Add(sampleImage())
	f.Add(sampleImage()[:100])
	f.Add([]byte("\x7fELF"))
	f.Fuzz(func(t *testing.T, img []byte) {
		if m, err := Read(img); err == nil {
			for _, b := range m.Clone().Bodies {
				for range m.Places(b) {
				}
				m.FrameAt(b.Start)
				m.NearestFrame(b.Start)
			}
		}
		_, _ = ReadStubs(img) // an error is as good
	})
}
