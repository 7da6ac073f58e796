package native_test

import (
	"bytes"
	"debug/elf"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/faaslens/faaslens/codemap"
	"github.com/faaslens/faaslens/internal/guesttest"
	"github.com/faaslens/faaslens/internal/imagetest"
	"github.com/faaslens/faaslens/native"
	"github.com/faaslens/faaslens/wasm/wasmtest"
)

// span is a piece of code: a function's or a stub's.
type span struct {
	name       string
	start, end uintptr
}

func spans(t *testing.T, img []byte) []span {
	t.Helper()
	bodies, err := codemap.ReadBodies(img)
	if err != nil {
		t.Fatal(err)
	}
	stubs, err := codemap.ReadStubs(img)
	if err != nil {
		t.Fatal(err)
	}
	var all []span
	for _, b := range bodies {
		all = append(all, span{fmt.Sprint("function ", b.Func), b.Start, b.End})
	}
	for _, s := range stubs {
		all = append(all, span{s.Name, s.Start, s.End})
	}
	return all
}

// TestMachineCodeIsWhatLLVMSees holds every instruction of every guest's compiled image,
// and of all vector instructions', against LLVM: where each is, its name and operands.
func TestMachineCodeIsWhatLLVMSees(t *testing.T) {
	e := imagetest.NewEngine(t)
	same := make(map[[2]string]bool) // pairs that have been compared: guests share libraries
	modules := map[string]func(testing.TB) []byte{
		"every vector instruction": func(t testing.TB) []byte { return vectors(t) },
	}
	for _, g := range guesttest.All(t) {
		modules[g.Name] = g.Build
	}
	for name, build := range modules {
		t.Run(name, func(t *testing.T) {
			_, img := imagetest.Compile(t, e, build(t))
			all := sweep(t, img)
			checkPlaces(t, img, all)
			compareWithLLVM(t, img, all, same)
		})
	}
}

// sweep returns all that is in an image's code, and holds that it lies without a gap.
func sweep(t *testing.T, img []byte) []native.Instruction {
	t.Helper()
	var all []native.Instruction
	for _, s := range spans(t, img) {
		at := s.start
		for i := range native.Body(native.AMD64, img[s.start:s.end], s.start) {
			if i.Offset != at || i.Size <= 0 || i.End() > s.end {
				t.Fatalf("%s: %+v, expected at 0x%x", s.name, i, at)
			}
			if i.Kind == native.Bad {
				t.Errorf("%s: 0x%x: % x is not decoded", s.name, i.Offset, img[i.Offset:min(i.Offset+12, s.end)])
			}
			at = i.End()
			all = append(all, i)
		}
		if at != s.end {
			t.Fatalf("%s ends at 0x%x, its instructions at 0x%x", s.name, s.end, at)
		}
	}
	return all
}

// checkPlaces holds that wherever the engine says that there is code, or code goes to,
// an instruction starts, and not data.
func checkPlaces(t *testing.T, img []byte, all []native.Instruction) {
	t.Helper()
	starts := make(map[uintptr]native.Kind)
	for _, i := range all {
		starts[i.Offset] = i.Kind
	}
	isCode := func(what string, at uintptr) {
		if kind, ok := starts[at]; !ok || kind == native.Data || kind == native.Bad {
			t.Errorf("%s 0x%x, where no instruction starts", what, at)
		}
	}
	for _, i := range all {
		switch i.Kind {
		case native.Call, native.Jump, native.Branch:
			if i.HasTarget {
				isCode(i.Text+" goes to", i.Target)
			}
		case native.Data:
			if i.HasTarget {
				isCode("a jump table leads to", i.Target)
			}
		}
	}
	traps, err := codemap.ReadTraps(img)
	if err != nil || len(traps) == 0 {
		t.Fatalf("%d traps, %v", len(traps), err)
	}
	for _, trap := range traps {
		isCode("an instruction traps at", trap.At)
	}
	m, err := codemap.Read(img)
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range m.Bodies {
		for at, place := range m.Places(b) {
			if place != codemap.NoPlace {
				isCode("the address map has", at)
			}
		}
	}
}

// compareWithLLVM lets LLVM disassemble the image with nops in place of data.
func compareWithLLVM(t *testing.T, img []byte, all []native.Instruction, same map[[2]string]bool) {
	t.Helper()
	file, err := elf.NewFile(bytes.NewReader(img))
	if err != nil {
		t.Fatal(err)
	}
	text := uintptr(file.Section(".text").Offset)
	patched := bytes.Clone(img)
	data := 0
	for _, i := range all {
		if i.Kind == native.Data {
			data++
			for k := range i.Size {
				patched[i.Offset+uintptr(k)] = 0x90
			}
		}
	}
	line := regexp.MustCompile(`^ *([0-9a-f]+): *\t(.*)$`)
	llvm := make(map[uintptr]string)
	last := uintptr(0)
	out := wasmtest.Run(t, "llvm-19", "llvm-objdump-19", "-d", "-z", "-M", "intel", "--no-show-raw-insn", wasmtest.File(t, "image", patched))
	for l := range strings.Lines(string(out)) {
		f := line.FindStringSubmatch(strings.TrimRight(l, "\n"))
		if f == nil {
			continue
		}
		at, err := strconv.ParseUint(f[1], 16, 64)
		if err != nil {
			t.Fatal(err)
		}
		last = text + uintptr(at)
		llvm[last] = f[2]
	}
	wrong := 0
	for k, i := range all {
		if i.Kind == native.Data {
			continue
		}
		want, ok := llvm[i.Offset]
		have := i.Text
		if i.HasTarget { // LLVM counts from the start of the code
			have = strings.ReplaceAll(have, fmt.Sprintf("0x%x", i.Target), fmt.Sprintf("0x%x", i.Target-text))
		}
		if k+1 < len(all) && all[k+1].Offset == i.End() && all[k+1].Kind != native.Data {
			if _, ok := llvm[i.End()]; !ok {
				t.Errorf("LLVM sees no instruction at 0x%x", i.End()-text)
			}
		}
		pair := [2]string{want, have}
		if ok && same[pair] {
			continue
		}
		if w, h := plain(want), plain(have); !ok || w != h {
			t.Errorf("0x%x % x\nLLVM: %s\nours: %s", i.Offset-text, img[i.Offset:i.End()], w, h)
			if wrong++; wrong > 10 {
				t.FailNow()
			}
		} else {
			same[pair] = true
		}
	}
	t.Logf("%d instructions, %d pieces of data", len(all)-data, data)
}

var (
	inBrackets = regexp.MustCompile(`\[.*\]`)
	hex        = regexp.MustCompile(`-?0x[0-9a-f]+`)
	comment    = regexp.MustCompile(` *(#|<).*$`)
	// bytewise are operations on eight bits.
	bytewise = regexp.MustCompile(`^(lock )?[a-z]+ ([abcd]l|[sd]il|[sb]pl|r[0-9]+b|byte ptr [^,]*),-?0x[0-9a-f]+$`)
	scaled   = regexp.MustCompile(`([1248])\*([a-z0-9]+)`)
)

// plain writes an instruction without what the two spell differently: spaces, the order
// of an index and its scale, the sign of numbers that fit in 32 or 64 bits, and a shift
// by one that LLVM leaves out.
func plain(s string) string {
	s = comment.ReplaceAllString(s, "")
	s = strings.ReplaceAll(s, "\t", " ")
	s = strings.NewReplacer(" + ", "+", " - ", "-", ", ", ",").Replace(strings.Join(strings.Fields(s), " "))
	s = scaled.ReplaceAllString(s, "$2*$1")
	name, _, _ := strings.Cut(s, " ")
	if slices.Contains([]string{"shl", "shr", "sar", "rol", "ror"}, name) {
		s = strings.TrimSuffix(s, ",0x1")
	}
	address := inBrackets.FindString(s) // there, the sign counts
	s = inBrackets.ReplaceAllString(s, "[]")
	s = hex.ReplaceAllStringFunc(s, func(h string) string {
		negative := h[0] == '-'
		v, err := strconv.ParseUint(strings.TrimPrefix(h, "-"), 0, 64)
		if err != nil {
			return h
		}
		if negative {
			v = -v
		}
		if bytewise.MatchString(s) {
			v &= 0xff
		}
		if v >= 0xffff_ffff_8000_0000 || strings.Contains(s, "movabs") {
			v = uint64(uint32(v))
		}
		return fmt.Sprintf("0x%x", v)
	})
	return strings.Replace(s, "[]", address, 1)
}
