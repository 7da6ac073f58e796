package symfile

import (
	"debug/elf"
	"testing"
)

const frameCode = "\x55" + // at 0: push rbp
	"\x48\x89\xe5" + // 1: mov rbp, rsp
	"\x4c\x8b\x57\x08" + // 4: mov r10, [rdi+8]
	"\x49\x39\xe2" + // 8: cmp r10, rsp
	"\x48\x83\xec\x10" + // 11: sub rsp, 16
	"\x48\x89\x1c\x24" // 15: mov [rsp], rbx

const ownCode = "\x41\x89\xd0" + // 19: mov r8d, edx
	"\x89\xd2" + // 22: mov edx, edx
	"\x39\xca" + // 24: cmp edx, ecx
	"\x8b\x57\x10" + // 26: mov edx, [rdi+16]
	"\xc5\xc3\x5c\xc1" + // 29: vsubsd xmm0, xmm7, xmm1
	"\xe8\x00\x00\x00\x00" + // 33: call
	"\x99" + // 38: cdq
	"\xc3" // 39

const (
	inRDX, inRCX, inRBX, inR8, inRDI, inXMM0, inXMM1 = "\x51", "\x52", "\x53", "\x58", "\x55", "\x61", "\x62"
	atRDX                                            = "\x71\x08\x9f" // breg1 8, stack_value
	inFrame                                          = "\x91\x08"
)

func TestArgumentsAreInTheirRegistersFromTheStart(t *testing.T) {
	const base, other = 0x1000, 16
	text := string(make([]byte, other)) + frameCode + ownCode
	a := &arguments{left: 1 << 20, machine: elf.EM_X86_64, text: []byte(text), base: base, starts: []uint64{0, other}}
	const start, own = base + other, base + other + uint64(len(frameCode))
	for name, c := range map[string]struct {
		at   uint64
		expr string
		want uint64
	}{
		"behind the frame":                         {own, inRDX, start},
		"part of a value":                          {own, atRDX, start},
		"in a vector register":                     {own, inXMM0, start},
		"while the frame is made":                  {start + 4, inRDX, start},
		"behind the function's own code":           {own + 3, inRDX, own + 3},
		"in the frame":                             {own, inFrame, own},
		"in a register that is written meanwhile":  {own, "\x5a", own},
		"at the function's start":                  {start, inRDX, start},
		"before the code":                          {base - 1, inRDX, base - 1},
		"behind the code":                          {base + uint64(len(text)) + 1, inRDX, base + uint64(len(text)) + 1},
		"where no instructions are":                {base + 3, inRDX, base + 3},
		"an expression that nobody can read":       {own, "\xe0", own},
		"an expression without any register in it": {own, "\x30\x9f", own},
	} {
		if got := a.from(c.at, []byte(c.expr)); got != c.want {
			t.Errorf("%s: from %#x, want %#x", name, got, c.want)
		}
	}
}

func TestValuesAreGoneWhereTheirRegistersAreWritten(t *testing.T) {
	const base = 0x1000
	a := &arguments{left: 1 << 20, machine: elf.EM_X86_64, text: []byte(frameCode + ownCode), base: base}
	const own, end = base + uint64(len(frameCode)), base + uint64(len(frameCode)+len(ownCode))
	for name, c := range map[string]struct {
		start uint64
		expr  string
		want  uint64
	}{
		"a register that gets another value":      {own, inRDX, base + 29},
		"a register that is copied before":        {own, atRDX, base + 29},
		"a register that a call changes":          {own, inRCX, base + 38},
		"a register that calls keep":              {own, inRBX, end},
		"a register to which a value is moved":    {own, inR8, base + 38},
		"a vector register":                       {own, inXMM0, base + 33},
		"a vector register that is only read":     {own, inXMM1, base + 38},
		"a register that is written by its name":  {base + 38, inRDX, end - 1},
		"a place in the frame":                    {own, inFrame, end},
		"a place behind the end":                  {end, inRDX, end},
		"a register of an address that is stored": {base + 4, inRDI, base + 38},
	} {
		if got := a.until(c.start, end, []byte(c.expr)); got != c.want {
			t.Errorf("%s: until %#x, want %#x", name, got, c.want)
		}
	}
	table := &arguments{left: 1 << 20, machine: elf.EM_X86_64, text: []byte("\xff\xe0" + "\x31\xd2\x31\xd2"), base: base} // jmp rax, and a place
	short := &arguments{left: 3, machine: elf.EM_X86_64, text: a.text, base: base}
	if got := short.until(own, end, []byte(inRDX)); got != end {
		t.Errorf("with too much to read: until %#x", got)
	}
	if got := table.until(base, base+6, []byte(inRDX)); got != base+6 {
		t.Errorf("in a table of places: until %#x", got)
	}
	if got := a.until(base, base+1000, []byte(inRDX)); got != base+1000 {
		t.Errorf("behind the code: until %#x", got)
	}
}

func TestPlacesThatWereLostComeBackOnlyByAWrite(t *testing.T) {
	const base = 0x1000
	a := &arguments{left: 1 << 20, machine: elf.EM_X86_64, text: []byte(frameCode + ownCode), base: base}
	const lost, call, end = base + 29, base + 38, base + uint64(len(frameCode)+len(ownCode))
	section, moved := locations(list(location{base + 19, lost + 4, inRDX}, location{lost + 4, call - 5, inRDX}, location{call, end, inRDX}), nil, a, translator{}.translate)
	want := list(location{base + 19, lost, inRDX}, location{call, end - 1, inRDX})
	if string(section) != string(want) || len(moved) != 1 {
		t.Errorf("got  %x\nwant %x", section, want)
	}
}
