package wasm_test

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/faaslens/faaslens/internal/guesttest"
	"github.com/faaslens/faaslens/wasm"
	. "github.com/faaslens/faaslens/wasm/wasmtest"
)

// place is an instruction as an oracle writes it.
type place struct {
	offset uint64
	text   string
}

// TestInstructionsAreWhatWasmObjdumpSees holds every instruction of every guest, and
// each of the instructions that there are, against wabt: offset, nesting, name and
// immediates.
func TestInstructionsAreWhatWasmObjdumpSees(t *testing.T) {
	modules := map[string][]byte{"every instruction": everyInstruction()}
	for name, b := range realModules(t) {
		modules[name] = b
	}
	for name, b := range modules {
		t.Run(name, func(t *testing.T) { compareWithWabt(t, b) })
	}
	for _, g := range guesttest.All(t) {
		t.Run(g.Name, func(t *testing.T) {
			t.Parallel()
			compareWithWabt(t, g.Build(t))
		})
	}
}

func compareWithWabt(t *testing.T, b []byte) {
	t.Helper()
	want := wabtInstructions(t, b)
	n := 0
	eachInstruction(t, parse(t, b), func(in *wasm.Instruction) {
		if n >= len(want) {
			t.Fatalf("wasm-objdump sees %d instructions; ours at 0x%x is one more", len(want), in.Offset)
		}
		have := place{uint64(in.Offset), strings.Repeat("  ", int(in.Depth)) + wabtText(in)}
		if have != want[n] {
			t.Fatalf("wasm-objdump: 0x%x %q\nours:         0x%x %q", want[n].offset, want[n].text, have.offset, have.text)
		}
		n++
	})
	if n != len(want) || n == 0 {
		t.Errorf("wasm-objdump sees %d instructions, we see %d", len(want), n)
	}
	t.Logf("%d instructions", n)
}

func eachInstruction(t *testing.T, m *wasm.Module, f func(*wasm.Instruction)) {
	t.Helper()
	var in wasm.Instruction
	for _, body := range m.Bodies {
		code := m.Code(body)
		for code.Next(&in) {
			f(&in)
		}
		if err := code.Err(); err != nil {
			t.Fatal(err)
		}
	}
}

// wabtInstructions are those that 'wasm-objdump -d' writes, without the names that it
// adds.
func wabtInstructions(t *testing.T, b []byte) []place {
	t.Helper()
	line := regexp.MustCompile(`^ ([0-9a-f]{6,}): [0-9a-f ]+\| ( *)(.*)$`)
	name := regexp.MustCompile(`^((?:return_)?call|global\.[a-z]+|local\.[a-z]+|ref\.func|throw|catch|table\.[a-z]+|data\.drop|elem\.drop|memory\.init) (\d+(?: \d+)?) <.*>$`)
	table := regexp.MustCompile(`^(call_indirect \d+) <.*> \(type`)
	var all []place
	lines := bufio.NewScanner(bytes.NewReader(Run(t, "wabt", "wasm-objdump", "-d", File(t, "m.wasm", b))))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		f := line.FindStringSubmatch(lines.Text())
		if f == nil || f[3] == "" || strings.HasPrefix(f[3], "local[") {
			continue
		}
		offset, err := strconv.ParseUint(f[1], 16, 64)
		if err != nil {
			t.Fatal(err)
		}
		text := table.ReplaceAllString(name.ReplaceAllString(f[3], "$1 $2"), "$1 (type")
		if rest, ok := strings.CutPrefix(text, "return_call_indirect "); ok { // it writes the table first, and its type without a word
			f := strings.Fields(rest)
			text = fmt.Sprintf("return_call_indirect %s (type %s)", f[0], f[1])
		}
		all = append(all, place{offset, f[2] + text})
	}
	return all
}

// wabtText writes an instruction as wabt 1.0.32 does.
func wabtText(in *wasm.Instruction) string {
	// It has two names from before the proposal of relaxed vectors was done.
	words := []string{strings.Replace(in.Op.String(), "relaxed_dot_", "dot_", 1)}
	add := func(args ...any) {
		for _, a := range args {
			words = append(words, fmt.Sprint(a))
		}
	}
	switch in.Op.Shape() {
	case wasm.ShapeBlock, wasm.ShapeTryTable:
		switch {
		case in.Block.Typed:
			add(fmt.Sprintf("type[%d]", in.Block.Index))
		case in.Block.Result.Code != 0:
			add(in.Block.Result)
		}
	case wasm.ShapeLabels:
		for l := range in.Labels() {
			add(l)
		}
	case wasm.ShapeCallTable:
		add(in.Index2, fmt.Sprintf("(type %d)", in.Index))
	case wasm.ShapeTables, wasm.ShapeMemories:
		add(in.Index, in.Index2)
	case wasm.ShapeMemoryInit, wasm.ShapeTableInit:
		add(in.Index, in.Index2)
	case wasm.ShapeSelect:
		for r := range in.ResultTypes() {
			add(r)
		}
	case wasm.ShapeHeap:
		add(wasm.HeapTypeString(in.Heap))
	case wasm.ShapeI32:
		add(uint32(in.I32()))
	case wasm.ShapeI64:
		add(in.I64())
	case wasm.ShapeF32:
		add(wabtFloat(in.Value, 32))
	case wasm.ShapeF64:
		add(wabtFloat(in.Value, 64))
	case wasm.ShapeV128, wasm.ShapeLanes:
		for i := 0; i < 16; i += 4 {
			add(fmt.Sprintf("0x%08x", binary.LittleEndian.Uint32(in.Bytes[i:])))
		}
	case wasm.ShapeLane:
		add(in.Lane)
	case wasm.ShapeMemArg:
		if in.Index != 0 {
			add(in.Index)
		}
		add(in.Align, in.Value)
	case wasm.ShapeMemArgLane:
		add(in.Align, in.Value, in.Lane)
	case wasm.ShapeFence:
		add(0)
	case wasm.ShapeNone:
	default:
		add(in.Index)
	}
	return strings.Join(words, " ")
}

// wabtFloat writes a number as wabt does: in hexadecimal, with the payload of a NaN
// that is not the usual one.
func wabtFloat(bits uint64, size int) string {
	v, fraction, quiet := math.Float64frombits(bits), bits&(1<<52-1), uint64(1)<<51
	sign := bits >> 63
	if size == 32 {
		v, fraction, quiet = float64(math.Float32frombits(uint32(bits))), bits&(1<<23-1), uint64(1)<<22
		sign = bits >> 31
	}
	s := ""
	switch {
	case v != v && fraction != quiet:
		s = fmt.Sprintf("nan:0x%x", fraction)
	case v != v:
		s = "nan"
	case math.IsInf(v, 0):
		s = "inf"
	default:
		s = strconv.FormatFloat(math.Abs(v), 'x', -1, 64)
		s = strings.Replace(strings.Replace(s, "p+0", "p+", 1), "p-0", "p-", 1)
		if strings.HasSuffix(s, "p+") {
			s += "0"
		}
	}
	if sign != 0 {
		return "-" + s
	}
	return s
}

// wabtLacks are instructions that wabt 1.0.32 does not read: garbage collection, the
// newer exceptions, typed calls and casts.
func wabtLacks(op wasm.Opcode) bool {
	switch op {
	case wasm.OpThrowRef, wasm.OpTryTable, 0x14, 0x15, 0xd3, 0xd4, 0xd5, 0xd6:
		return true
	}
	return op >= 0x1000 && op < 0x2000
}

// opcodes returns all that there are.
func opcodes() []wasm.Opcode {
	var all []wasm.Opcode
	for op := range wasm.Opcode(0x5000) {
		if op.Shape() != 0 {
			all = append(all, op)
		}
	}
	return all
}

// encode writes an instruction with some immediates.
func encode(op wasm.Opcode) []byte {
	b := B(byte(op))
	if page := op >> 12; page > 0 {
		b = Cat(B(0xfa+byte(page)), U(uint64(op&0xfff)))
	}
	switch op.Shape() {
	case wasm.ShapeBlock:
		return Cat(b, B(0x7c))
	case wasm.ShapeTryTable:
		return Cat(b, B(0x40), Vec(B(0, 0, 1), B(1, 0, 0), B(2, 1), B(3, 0)))
	case wasm.ShapeLabels:
		return Cat(b, Vec(U(0), U(0)), U(0))
	case wasm.ShapeCallTable, wasm.ShapeMemories, wasm.ShapeTables, wasm.ShapeMemoryInit, wasm.ShapeTableInit,
		wasm.ShapeField, wasm.ShapeArrays, wasm.ShapeArrayData, wasm.ShapeArrayElem, wasm.ShapeArrayFixed:
		return Cat(b, U(0), U(0))
	case wasm.ShapeSelect:
		return Cat(b, Vec(B(0x7e)))
	case wasm.ShapeHeap, wasm.ShapeCast:
		return Cat(b, B(0x70))
	case wasm.ShapeBrCast:
		return Cat(b, B(3), U(0), B(0x6e), B(0x70))
	case wasm.ShapeI32:
		return Cat(b, S(math.MinInt32))
	case wasm.ShapeI64:
		return Cat(b, S(math.MinInt64))
	case wasm.ShapeF32:
		return Cat(b, B(0xdb, 0x0f, 0x49, 0xc0))
	case wasm.ShapeF64:
		return Cat(b, B(0x18, 0x2d, 0x44, 0x54, 0xfb, 0x21, 0x09, 0x40))
	case wasm.ShapeV128, wasm.ShapeLanes:
		return Cat(b, B(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0))
	case wasm.ShapeMemArg:
		return Cat(b, U(uint64(op.NaturalAlign())), U(1<<32-1))
	case wasm.ShapeMemArgLane:
		return Cat(b, U(uint64(op.NaturalAlign())), U(77), B(1))
	case wasm.ShapeNone:
		return b
	}
	return Cat(b, B(0)) // an index, a lane or a fence's order
}

// everyInstruction is a module with each instruction that wabt reads in a function of
// its own.
func everyInstruction() []byte {
	var bodies, funcs [][]byte
	for _, op := range opcodes() {
		if wabtLacks(op) || op == wasm.OpEnd {
			continue
		}
		code := encode(op)
		switch {
		case op == wasm.OpElse:
			code = Cat(encode(wasm.OpIf), code, B(0x0b))
		case op == wasm.OpCatch || op == wasm.OpCatchAll || op == wasm.OpRethrow:
			code = Cat(encode(wasm.OpTry), B(0x19), code, B(0x0b))
			if op != wasm.OpRethrow {
				code = Cat(encode(wasm.OpTry), encode(op), B(0x0b))
			}
		case op == wasm.OpDelegate:
			code = Cat(encode(wasm.OpTry), code)
		case op.Opens():
			code = append(code, 0x0b)
		}
		bodies, funcs = append(bodies, Body(code...)), append(funcs, U(0))
	}
	return Module(
		Section(1, Vec(FuncType(nil, nil))),
		Section(3, Vec(funcs...)),
		Section(4, Vec(B(0x70, 0, 1))),
		Section(5, Vec(B(0, 1))),
		Section(13, Vec(B(0, 0))),
		Section(6, Vec(Cat(B(0x7f, 1), I32Const(0)))),
		Section(9, Vec(Cat(U(0), I32Const(0), Vec(U(0))))),
		Section(12, U(1)),
		Section(10, Vec(bodies...)),
		Section(11, Vec(Cat(U(1), Name("passive")))),
	)
}

// llvmNames are what LLVM 19 calls otherwise: it has the type in the name.
var llvmNames = map[string]string{
	"ref.null_func": "ref.null", "ref.null_extern": "ref.null",
	"i32.select": "select", "i64.select": "select", "f32.select": "select", "f64.select": "select", "v128.select": "select",
}

// TestInstructionsAreWhereLLVMSees holds offsets and names against LLVM, which reads
// less than wabt does: where it does not know an instruction it is passed over.
func TestInstructionsAreWhereLLVMSees(t *testing.T) {
	line := regexp.MustCompile(`^ +([0-9a-f]+): [0-9a-f ]+\t([^ \t]+)`)
	for _, g := range guesttest.All(t) {
		t.Run(g.Name, func(t *testing.T) {
			t.Parallel()
			b := onlyNames(t, g.Build(t))
			llvm := make(map[uint64]string)
			for l := range strings.Lines(string(Run(t, "llvm-19", "llvm-objdump-19", "-d", File(t, "m.wasm", b)))) {
				if f := line.FindStringSubmatch(l); f != nil {
					offset, _ := strconv.ParseUint(f[1], 16, 64)
					llvm[offset] = strings.TrimSpace(f[2])
				}
			}
			n := 0
			eachInstruction(t, parse(t, b), func(in *wasm.Instruction) {
				want, ok := llvm[uint64(in.Offset)]
				if other, renamed := llvmNames[want]; renamed {
					want = other
				}
				if !ok || want != in.Op.String() {
					t.Fatalf("at 0x%x LLVM sees %q, we see %s", in.Offset, want, in.Op)
				}
				n++
			})
			if n != len(llvm) {
				t.Errorf("LLVM sees %d instructions, we see %d", len(llvm), n)
			}
		})
	}
}

// onlyNames drops the custom sections but for that of names: Go's linker has them in an
// order that LLVM refuses, and without names LLVM 19 crashes.
func onlyNames(t *testing.T, b []byte) []byte {
	t.Helper()
	kept := []byte(Preamble)
	m := parse(t, b)
	names, _ := m.Custom("name")
	for _, s := range m.Sections {
		if s.ID != wasm.SectionCustom || s.Header < names.Offset && names.Offset < s.End() {
			kept = append(kept, b[s.Header:s.End()]...)
		}
	}
	return kept
}

// No two opcodes share a name but those that differ by an immediate only.
func TestNamesAreOfOneOpcode(t *testing.T) {
	seen := make(map[string]wasm.Opcode)
	twice := []string{"select", "ref.test", "ref.cast"}
	for _, op := range opcodes() {
		if other, ok := seen[op.String()]; ok && !slices.Contains(twice, op.String()) {
			t.Errorf("%04x and %04x are both %s", uint16(other), uint16(op), op)
		}
		seen[op.String()] = op
	}
	if len(seen) < 500 {
		t.Errorf("there are %d instructions", len(seen))
	}
}
