package wasm_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/wasm"
	. "github.com/faaslens/faaslens/wasm/wasmtest"
)

// function is a module with one function of these instructions, without its end.
func function(instructions ...byte) []byte {
	return Module(Section(1, Vec(FuncType(nil, nil))), Section(3, Vec(U(0))), Section(10, Vec(Body(instructions...))))
}

// decode returns the instructions of the last function of a module.
func decode(t *testing.T, b []byte) ([]wasm.Instruction, error) {
	t.Helper()
	m := parse(t, b)
	code := m.Code(m.Bodies[len(m.Bodies)-1])
	var all []wasm.Instruction
	var in wasm.Instruction
	for code.Next(&in) {
		all = append(all, in)
	}
	if code.Next(&in) {
		t.Error("there is another instruction behind the last")
	}
	return all, code.Err()
}

func TestImmediatesOfInstructionsThatOraclesLack(t *testing.T) {
	for _, c := range []struct {
		name string
		code []byte
		want wasm.Instruction
	}{
		{"a structure's field", B(0xfb, 2, 0x81, 0x01, 3), wasm.Instruction{Index: 129, Index2: 3}},
		{"an array of so many elements", B(0xfb, 8, 1, 0x80, 0x08), wasm.Instruction{Index: 1, Value: 1024}},
		{"a copy between arrays", B(0xfb, 17, 1, 2), wasm.Instruction{Index: 1, Index2: 2}},
		{"a cast to a type", B(0xfb, 22, 5), wasm.Instruction{Heap: 5}},
		{"a cast to an abstract type or null", B(0xfb, 23, 0x6b), wasm.Instruction{Heap: -21, Null: true}},
		{"a test of a type", B(0xfb, 20, 0x6c), wasm.Instruction{Heap: -20}},
		{"a branch on a cast", B(0xfb, 24, 2, 0, 0x6e, 4), wasm.Instruction{Heap: -18, Heap2: 4, Null2: true}},
		{"a call by reference", B(0x14, 7), wasm.Instruction{Index: 7}},
		{"an access to another memory", B(0x28, 0x42, 9, 0x80, 0x80, 4), wasm.Instruction{Align: 2, Index: 9, Value: 1 << 16}},
		{"an offset beyond 32 bits", B(0x29, 3, 0x80, 0x80, 0x80, 0x80, 0x80, 1), wasm.Instruction{Align: 3, Value: 1 << 35}},
		{"a lane of another memory", B(0xfd, 0x57, 0x43, 1, 8, 1), wasm.Instruction{Align: 3, Index: 1, Value: 8, Lane: 1}},
		{"an opcode written at length", B(0xfc, 0x8b, 0x80, 0, 0), wasm.Instruction{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			all, err := decode(t, function(c.code...))
			if err != nil || len(all) != 2 {
				t.Fatalf("%v, %v", all, err)
			}
			c.want.Op, c.want.Offset, c.want.Size = all[0].Op, all[0].Offset, uint32(len(c.code))
			if diff := cmp.Diff(c.want, all[0]); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestLabelsTypesAndCatchesAreListed(t *testing.T) {
	all, err := decode(t, function(Cat(
		B(0x0e), Vec(U(1), U(200)), U(3),
		B(0x1c), Vec(B(0x63, 5)),
		B(0x1f, 0x40), Vec(B(0, 4, 1), B(1, 5, 2), B(2, 3), B(3, 0)), B(0x0b),
		B(0x02, 0x85, 0x01), B(0x0b), B(0x03, 0x63, 0x70, 0x0b),
	)...))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]uint32{1, 200, 3}, slices.Collect(all[0].Labels())); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]wasm.ValueType{{Code: 0x63, Heap: 5}}, slices.Collect(all[1].ResultTypes())); diff != "" {
		t.Error(diff)
	}
	want := []wasm.CatchClause{{wasm.Catch, 4, 1}, {wasm.CatchRef, 5, 2}, {wasm.CatchAll, 0, 3}, {wasm.CatchAllRef, 0, 0}}
	if diff := cmp.Diff(want, slices.Collect(all[2].Catches())); diff != "" {
		t.Error(diff)
	}
	if b := all[4].Block; b != (wasm.BlockType{Index: 133, Typed: true}) {
		t.Errorf("a block of type 133 is %+v", b)
	}
	if b := all[6].Block; b != (wasm.BlockType{Result: wasm.ValueType{Code: 0x63, Heap: -16}}) {
		t.Errorf("a loop of a reference is %+v", b)
	}
}

func TestDepths(t *testing.T) {
	all, err := decode(t, function(0x01, 0x02, 0x40, 0x04, 0x40, 0x01, 0x05, 0x01, 0x0b, 0x0b, 0x06, 0x40, 0x06, 0x40, 0x18, 0, 0x07, 0, 0x01, 0x19, 0x0b, 0x01))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, in := range all {
		got = append(got, fmt.Sprintf("%d %s", in.Depth, in.Op))
	}
	want := "0 nop, 0 block, 1 if, 2 nop, 1 else, 2 nop, 1 end, 0 end, 0 try, 1 try, 1 delegate, 0 catch, 1 nop, 0 catch_all, 0 end, 0 nop, 0 end"
	if s := strings.Join(got, ", "); s != want {
		t.Errorf("got  %s\nwant %s", s, want)
	}
}

func TestLocalsAreDeclared(t *testing.T) {
	body := Cat(Vec(Cat(U(3), B(0x7f)), Cat(U(0), B(0x7e)), Cat(U(700), B(0x63, 0x70))), B(0x0b))
	m := parse(t, Module(Section(1, Vec(FuncType(nil, nil))), Section(3, Vec(U(0))), Section(10, Vec(Cat(U(uint64(len(body))), body)))))
	code := m.Code(m.Bodies[0])
	var got []string
	for n, typ := range code.Locals() {
		got = append(got, fmt.Sprint(n, " ", typ))
	}
	if want := []string{"3 i32", "0 i64", "700 (ref null func)"}; !slices.Equal(got, want) {
		t.Errorf("locals %v, want %v", got, want)
	}
	var in wasm.Instruction
	if at := code.Offset(); !code.Next(&in) || in.Op != wasm.OpEnd || in.Offset != at || in.End() != m.Bodies[0].End() {
		t.Errorf("the first instruction is %+v", in)
	}
}

func TestBadCodeIsRefusedWithItsPlace(t *testing.T) {
	for _, c := range []struct {
		name string
		body []byte // with the number of declarations of locals
		at   int    // in the body
		want string
	}{
		{"an unknown instruction", B(0, 0x01, 0xff, 0x0b), 2, "0xff is not an instruction"},
		{"an unknown instruction behind a prefix", B(0, 0xfd, 0x9a, 0x01, 0x0b), 1, "0xfd9a01 is not an instruction"},
		{"a prefix with a huge number", B(0, 0xfc, 0xff, 0xff, 0xff, 0xff, 0x0f, 0x0b), 1, "is not an instruction"},
		{"a prefix at the end", B(0, 0xfb), 2, "ends in the middle of an instruction"},
		{"a constant cut off", B(0, 0x44, 1, 2), 2, "a constant takes 8 bytes, 2 are left"},
		{"a constant of too many bytes", B(0, 0x41, 0x80, 0x80, 0x80, 0x80, 0x80, 0, 0x0b), 2, "longer than 5 bytes"},
		{"a branch table that claims more than there is", B(0, 0x0e, 0xff, 0xff, 0xff, 0x7f, 0x0b), 2, "claims 268435455 labels"},
		{"a block type that does not exist", B(0, 0x02, 0xff, 0xff, 0xff, 0x00, 0x0b), 2, "has type 2097151, which does not exist"},
		{"a negative block type", B(0, 0x02, 0x80, 0x40, 0x0b), 2, "has type -8192, which does not exist"},
		{"flags of an access to memory", B(0, 0x28, 0x80, 1, 0, 0x0b), 2, "flags 0x80"},
		{"a fence of another order", B(0, 0xfe, 3, 1, 0x0b), 3, "order 0x01"},
		{"a catch clause of another kind", B(0, 0x1f, 0x40, 1, 4, 0, 0x0b, 0x0b), 4, "0x04 is not a kind of catch clause"},
		{"flags of a cast", B(0, 0xfb, 24, 4, 0, 0x6e, 0x6e, 0x0b), 3, "flags 0x04"},
		{"an else outside", B(0, 0x05, 0x0b), 1, "else stands outside of any block"},
		{"a delegate outside", B(0, 0x18, 0, 0x0b), 1, "delegate stands outside of any block"},
		{"a block that does not end", B(0, 0x02, 0x40, 0x0b), 4, "ends within 1 open blocks"},
		{"no end", B(0, 0x01), 2, "ends within 1 open blocks"},
		{"bytes behind the end", B(0, 0x0b, 0x01), 2, "1 bytes follow its end"},
		{"too many locals", Cat(B(2), U(40_000), B(0x7f), U(1<<32-1), B(0x7f), B(0x0b)), 1, "more than 50000 locals"},
		{"locals of no type", B(1, 1, 0x40, 0x0b), 2, "0x40 is not a type"},
		{"more declarations than bytes", B(0x7f, 0x0b), 0, "claims 127 declarations"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := Module(Section(1, Vec(FuncType(nil, nil))), Section(3, Vec(U(0))), Section(10, Vec(Cat(U(uint64(len(c.body))), c.body))))
			_, err := decode(t, b)
			var invalid *guest.InvalidModule
			if !errors.As(err, &invalid) {
				t.Fatalf("error %v", err)
			}
			if at := int(invalid.Offset) - int(parse(t, b).Bodies[0].Offset); at != c.at || !strings.Contains(err.Error(), c.want) {
				t.Errorf("at %d: %v; want at %d: %s", at, err, c.at, c.want)
			}
		})
	}
}

func TestExpressionsEndWhereTheyDo(t *testing.T) {
	m := parse(t, Sample())
	read := func(at guest.FileOffset) string {
		code := m.Expression(at)
		var words []string
		var in wasm.Instruction
		for code.Next(&in) {
			words = append(words, fmt.Sprint(in.Op, " ", in.Index+uint32(in.Value)))
		}
		if err := code.Err(); err != nil {
			words = append(words, err.Error())
		}
		return strings.Join(words, ", ")
	}
	if got := read(m.Globals[1].Init.At); got != "i32.const 66560, end 0" {
		t.Errorf("global 1 starts as %s", got)
	}
	if got := read(m.Globals[2].Init.At); got != "global.get 0, end 0" {
		t.Errorf("global 2 starts as %s", got)
	}
	if got := read(m.Data[0].Offset.At); got != "i32.const 1024, end 0" {
		t.Errorf("segment 0 is at %s", got)
	}
	if got := slices.Collect(m.FuncIndices(m.Elements[0])); !slices.Equal(got, []guest.FuncIndex{0, 1}) {
		t.Errorf("element segment 0 has functions %v", got)
	}
	e := m.Elements[2]
	if got := read(e.Items); !e.Exprs || got != "ref.func 2, end 0" || len(slices.Collect(m.FuncIndices(e))) > 0 {
		t.Errorf("element segment 2 begins with %s", got)
	}
	if got := read(1 << 40); !strings.Contains(got, "ends within") {
		t.Errorf("outside of the module is %s", got)
	}
}

// FuzzCode holds that bytes of any kind are either instructions, one behind the other
// and nested, or an error with a place.
func FuzzCode(f *testing.F) {
	for _, op := range opcodes() {
		f.Add(Cat(B(0), encode(op), B(0x0b)))
	}
	f.Add(B(1, 3, 0x7f, 0x02, 0x40, 0x0e, 2, 0, 0, 0, 0x0b, 0x0b))
	f.Fuzz(func(t *testing.T, body []byte) {
		if len(body) == 0 {
			return
		}
		m, err := wasm.Parse(Module(Section(1, Vec(FuncType(nil, nil))), Section(3, Vec(U(0))), Section(10, Vec(Cat(U(uint64(len(body))), body)))))
		if err != nil {
			t.Fatal(err)
		}
		code := m.Code(m.Bodies[0])
		at := code.Offset()
		var in wasm.Instruction
		for code.Next(&in) {
			if in.Offset != at || in.Size == 0 || in.Op.Shape() == 0 || uint64(in.Depth) > uint64(len(body)) {
				t.Fatalf("instruction %+v, expected at 0x%x", in, at)
			}
			at = in.End()
			for range in.Labels() {
			}
			for range in.ResultTypes() {
			}
			for range in.Catches() {
			}
		}
		var invalid *guest.InvalidModule
		switch err := code.Err(); {
		case err == nil && at != m.Bodies[0].End():
			t.Errorf("the body ends at 0x%x, the instructions at 0x%x", m.Bodies[0].End(), at)
		case err != nil && (!errors.As(err, &invalid) || guest.FileOffset(invalid.Offset) < m.Bodies[0].Offset || guest.FileOffset(invalid.Offset) > m.Bodies[0].End()):
			t.Errorf("error %v", err)
		}
	})
}
