package symfile

import (
	"bytes"
	"debug/elf"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// frames is what readelf reads of unwinding information at an address.
func frames(t *testing.T, b []byte) string {
	t.Helper()
	out := &file{machine: elf.EM_X86_64}
	out.add(outSection{name: ".eh_frame", data: b, kind: elf.SHT_PROGBITS, flags: elf.SHF_ALLOC, addr: 0x10000, align: 8})
	return tell(t, out.bytes(), "binutils", "readelf", "--debug-dump=frames")
}

// tell is what a program of a package says of a file with that content.
func tell(t *testing.T, content []byte, pkg, program string, args ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(program, append(args, path)...).Output()
	if err != nil {
		t.Fatalf("%s: %v; install it with: apt-get install %s", program, err, pkg)
	}
	return string(out)
}

func TestRegistersThatACallChangesAreUndefined(t *testing.T) {
	b, err := undefineCallerSaved([]byte(sampleFrames), elf.EM_X86_64)
	if err != nil {
		t.Fatal(err)
	}
	before, after := frames(t, []byte(sampleFrames)), frames(t, b)
	for _, r := range []string{"rax", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "xmm0", "xmm15"} {
		if !regexp.MustCompile(`DW_CFA_undefined: r\d+ \(` + r + `\)`).MatchString(after) {
			t.Errorf("%s is not undefined", r)
		}
	}
	for _, r := range []string{"rbx", "rsp", "rbp", "r12", "r13", "r14", "r15"} {
		if regexp.MustCompile(`DW_CFA_undefined: r\d+ \(` + r + `\)`).MatchString(after) {
			t.Errorf("%s is undefined, which calls keep", r)
		}
	}
	// All else is as it was: which functions there are, and what their code does.
	if a, b := meaning(before), meaning(after); a != b {
		t.Errorf("before:\n%s\nafter:\n%s", a, b)
	}
}

// meaning is readelf's text without offsets, padding and what is undefined.
func meaning(text string) string {
	var b strings.Builder
	pc := regexp.MustCompile(`pc=[0-9a-f.]+`)
	for line := range strings.Lines(text) {
		switch {
		case strings.Contains(line, "DW_CFA_undefined"), strings.Contains(line, "DW_CFA_nop"):
		case strings.Contains(line, "FDE"):
			b.WriteString(pc.FindString(line) + "\n")
		case strings.Contains(line, "DW_CFA_"):
			b.WriteString(line)
		}
	}
	return b.String()
}

func FuzzUndefineCallerSaved(f *testing.F) {
	f.Add([]byte(sampleFrames))
	f.Add([]byte(sampleFrames)[:30])
	f.Add(bytes.Repeat([]byte{0}, 24))
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, m := range []elf.Machine{elf.EM_X86_64, elf.EM_AARCH64} {
			if out, err := undefineCallerSaved(b, m); err == nil && len(out) < len(b) {
				t.Errorf("%d bytes became %d", len(b), len(out))
			}
		}
	})
}
