package native_test

import (
	"debug/elf"
	"encoding/binary"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/faaslens/faaslens/native"
	"github.com/faaslens/faaslens/wasm/wasmtest"
)

const armSource = `
#include <stddef.h>
double mean(const double *v, size_t n) { double s = 0; for (size_t i = 0; i < n; i++) s += v[i]; return n ? s / n : 0; }
unsigned hash(const char *s) { unsigned h = 5381; while (*s) h = h * 33 ^ (unsigned char)*s++; return h; }
long divide(long a, long b) { if (!b) __builtin_trap(); return a / b; }
int next(int n) { return hash("x") > 7 ? n % 2 ? 3 * n + 1 : n / 2 : (int)divide(n, 3); }
float ratio(int a, int b) { return (float)a / (float)b; }
`

// TestARM64IsWhatLLVMSees holds what is decoded against LLVM, by names.
func TestARM64IsWhatLLVMSees(t *testing.T) {
	object := filepath.Join(t.TempDir(), "code.o")
	wasmtest.Run(t, "clang-19", "clang-19", "--target=aarch64-linux-gnu", "-ffreestanding", "-fno-vectorize", "-O2", "-c", wasmtest.File(t, "code.c", []byte(armSource)), "-o", object)
	f, err := elf.Open(object)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	code, err := f.Section(".text").Data()
	if err != nil {
		t.Fatal(err)
	}
	line := regexp.MustCompile(`(?m)^ *([0-9a-f]+): +\t([a-z0-9.]+)`)
	llvm := make(map[string]string)
	for _, f := range line.FindAllStringSubmatch(string(wasmtest.Run(t, "llvm-19", "llvm-objdump-19", "-d", "-z", "--no-show-raw-insn", object)), -1) {
		llvm[f[1]] = f[2]
	}
	n := 0
	for i := range native.Body(native.ARM64, code, 0) {
		name, _, _ := strings.Cut(i.Text, " ")
		if want := llvm[fmt.Sprintf("%x", i.Offset)]; i.Kind == native.Bad || name != want {
			t.Errorf("0x%x: %s, LLVM sees %s", i.Offset, i.Text, want)
		}
		n++
	}
	if n != len(llvm) || n < 40 {
		t.Errorf("%d instructions, LLVM sees %d", n, len(llvm))
	}
}

func words(all ...uint32) []byte {
	var b []byte
	for _, w := range all {
		b = binary.LittleEndian.AppendUint32(b, w)
	}
	return b
}

func TestARM64JumpTablesAndConstantsAreData(t *testing.T) {
	code := words(
		0x10000090,         // adr x16, 0x1010
		0xb8a15a11,         // ldrsw x17, [x16, w1, uxtw #2]
		0x8b110210,         // add x16, x16, x17
		0xd61f0200,         // br x16
		12, 20, 0xfffffff0, // the table, at 0x1010
		0x5c000080,             // ldr d0, 0x102c
		0xd65f03c0,             // ret
		0x1400_0002,            // b 0x102c, which is a constant: it cannot be told
		0,                      // padding
		0x54442d18, 0x400921fb, // 3.14159...
	)
	var got []string
	for i := range native.Body(native.ARM64, code, 0x1000) {
		got = append(got, fmt.Sprintf("%x %s", i.Offset, i.Text))
	}
	want := strings.TrimSpace(`
1000 adr x16, 0x1010
1004 ldrsw x17, [x16,w1,uxtw #2]
1008 add x16, x16, x17
100c br x16
1010 .long 0x101c - 0x1010
1014 .long 0x1024 - 0x1010
1018 .long 0x1000 - 0x1010
101c ldr d0, 0x102c
1020 ret
1024 b 0x102c
1028 .byte 0x00, 0x00, 0x00, 0x00
102c .quad 0x400921fb54442d18`)
	if s := strings.Join(got, "\n"); s != strings.ReplaceAll(want, "1028 .byte 0x00, 0x00, 0x00, 0x00", "1028 .long 0x00000000") {
		t.Errorf("got\n%s\nwant\n%s", s, want)
	}
}

func FuzzBody(f *testing.F) {
	f.Add([]byte{0x55, 0x48, 0x89, 0xe5, 0xc3}, false)
	f.Add([]byte{0x48, 0x8d, 0x05, 9, 0, 0, 0, 0x48, 0x63, 0x0c, 0x98, 0x48, 0x01, 0xc8, 0xff, 0xe0, 4, 0, 0, 0, 0xc3}, false)
	f.Add([]byte{0xc5, 0xfb, 0x10, 0x05, 1, 0, 0, 0, 0xc3, 1, 2, 3, 4, 5, 6, 7, 8}, false)
	f.Add([]byte{0x62, 0xf1, 0x7c, 0x48, 0x58, 0xc1}, false)
	f.Add(words(0x10000090, 0xd61f0200, 12, 20), true)
	f.Add(words(0xd65f03c0), true)
	f.Fuzz(func(t *testing.T, code []byte, arm bool) {
		arch := native.AMD64
		if arm {
			arch = native.ARM64
		}
		at := uintptr(0x1000)
		for i := range native.Body(arch, code, at) {
			if i.Offset != at || i.Size <= 0 || i.Text == "" {
				t.Fatalf("%+v, expected at 0x%x", i, at)
			}
			at = i.End()
		}
		if at != 0x1000+uintptr(len(code)) {
			t.Errorf("%d bytes end at 0x%x", len(code), at)
		}
	})
}
