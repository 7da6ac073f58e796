package native_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/faaslens/faaslens/native"
)

func listing(arch native.Arch, code []byte, at uintptr) string {
	var lines []string
	for i := range native.Body(arch, code, at) {
		lines = append(lines, fmt.Sprintf("%x %s", i.Offset, i.Text))
	}
	return strings.Join(lines, "\n")
}

func TestWhatStandsBetweenInstructions(t *testing.T) {
	for _, c := range []struct {
		name string
		code []byte
		want string
	}{
		{"a jump table of as many entries as the code says", []byte{
			0xbf, 1, 0, 0, 0, // mov edi, 1
			0x39, 0xf8, // cmp eax, edi
			0x0f, 0x42, 0xf8, // cmovb edi, eax
			0x4c, 0x8d, 0x15, 10, 0, 0, 0, // lea r10, [rip+10]
			0x4d, 0x63, 0x0c, 0xba, // movsxd r9, dword ptr [r10+rdi*4]
			0x4d, 0x01, 0xca, // add r10, r9
			0x41, 0xff, 0xe2, // jmp r10
			0x0c, 0, 0, 0, 0x0d, 0, 0, 0, // the table
			0x05, 0, 0, 0, 0, // add eax, 0: could be an entry
			0xc3,
		}, `
0 mov edi, 0x1
5 cmp eax, edi
7 cmovb edi, eax
a lea r10, [rip+0xa]
11 movsxd r9, dword ptr [r10+4*rdi]
15 add r10, r9
18 jmp r10
1b .long 0x27 - 0x1b
1f .long 0x28 - 0x1b
23 add eax, 0x0
28 ret`},
		{"a jump table up to the code that it leads to", []byte{
			0x4c, 0x8d, 0x15, 3, 0, 0, 0, 0x41, 0xff, 0xe2, // lea r10, [rip+3]; jmp r10
			8, 0, 0, 0, 9, 0, 0, 0, 0x90, 0xc3,
		}, `
0 lea r10, [rip+0x3]
7 jmp r10
a .long 0x12 - 0xa
e .long 0x13 - 0xa
12 nop
13 ret`},
		{"no table where the first entry leads out of the function", []byte{
			0x4c, 0x8d, 0x15, 3, 0, 0, 0, 0x41, 0xff, 0xe2, 0xb8, 1, 0, 0, 0, 0xc3,
		}, `
0 lea r10, [rip+0x3]
7 jmp r10
a .byte 0xb8, 0x01, 0x00, 0x00, 0x00, 0xc3`},
		{"a constant behind the code, with padding before it", []byte{
			0xc5, 0xfb, 0x10, 0x05, 8, 0, 0, 0, 0xc3, 0, 0, 0, 0, 0, 0, 0,
			0x18, 0x2d, 0x44, 0x54, 0xfb, 0x21, 0x09, 0x40,
		}, `
0 vmovsd xmm0, qword ptr [rip+0x8]
8 ret
9 .byte 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00
10 .quad 0x400921fb54442d18`},
		{"constants of unknown size up to the next", []byte{
			0x48, 0x8d, 0x05, 9, 0, 0, 0, // lea rax, [rip+9]
			0x8b, 0x0d, 5, 0, 0, 0, // mov ecx, [rip+5]
			0x0f, 0x0b, 0, // ud2
			1, 2, 9, 9, 9, 9,
		}, `
0 lea rax, [rip+0x9]
7 mov ecx, dword ptr [rip+0x5]
d ud2
f .byte 0x00
10 .byte 0x01, 0x02
12 .long 0x09090909`},
		{"an instruction cut off", []byte{0x48, 0x8d, 0x05}, "0 .byte 0x48\n1 .byte 0x8d\n2 .byte 0x05"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := listing(native.AMD64, c.code, 0); got != strings.TrimSpace(c.want) {
				t.Errorf("got\n%s\nwant\n%s", got, strings.TrimSpace(c.want))
			}
		})
	}
}
