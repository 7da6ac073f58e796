package wast_test

import (
	"bytes"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/internal/guesttest"
	"github.com/faaslens/faaslens/wasm"
	"github.com/faaslens/faaslens/wasm/wasmtest"
	"github.com/faaslens/faaslens/wast"
)

// TestTextOfEveryGuestIsTheSameModule lets wabt make a module of the text of each guest,
// and holds that it is equal in all that counts: declarations, code, data.
func TestTextOfEveryGuestIsTheSameModule(t *testing.T) {
	for _, g := range guesttest.All(t) {
		t.Run(g.Name, func(t *testing.T) {
			t.Parallel()
			roundTrip(t, g.Build(t))
		})
	}
	t.Run("a module with everything that others lack", func(t *testing.T) {
		out := wasmtest.File(t, "out.wasm", nil)
		wasmtest.Run(t, "wabt", "wat2wasm", "--enable-all", wasmtest.File(t, "in.wat", []byte(odd)), "-o", out)
		roundTrip(t, wasmtest.ReadFile(t, out))
	})
	t.Run("a module written by the encoder", func(t *testing.T) { roundTrip(t, wasmtest.Sample()) })
}

const odd = `(module
	(import "m" "f\00\"" (func $f (param i32) (result i64 i32)))
	(import "m" "g" (global (mut i64)))
	(import "m" "tag" (tag (param i32)))
	(memory i64 1 2) (memory 1) (memory 3 4 shared)
	(table 1 funcref) (table 2 9 externref)
	(global f64 (f64.const -nan:0x4000000000001)) (global f32 (f32.const 1e-44)) (global (mut externref) (ref.null extern))
	(global f64 (f64.const 123456789.25)) (global v128 (v128.const i64x2 -1 5))
	(elem (table 1) (i32.const 1) externref (item (ref.null extern)))
	(elem funcref (item (ref.func $f)) (item (ref.null func)))
	(elem (i32.const 0) func $f) (elem declare func $f)
	(data (memory 1) (i32.const 5) "a\"\\\00\ff") (data "passive")
	(func (param i32) (result i32) (local i64 i64 f32 externref)
		i64.const 1 i32.load offset=4294967295 align=1 drop
		(i32.load 1 offset=3 (i32.const 2)) drop
		(memory.copy 1 2 (i32.const 0) (i32.const 0) (i32.const 0))
		(memory.init 1 1 (i32.const 0) (i32.const 0) (i32.const 0)) (data.drop 1)
		(table.init 0 1 (i32.const 0) (i32.const 0) (i32.const 0)) (elem.drop 1)
		(table.copy 0 0 (i32.const 0) (i32.const 0) (i32.const 0))
		(memory.grow 1 (i32.const 1)) drop
		(table.set 1 (i32.const 0) (table.get 1 (i32.const 1)))
		(table.size 1) drop (table.grow 1 (ref.null extern) (i32.const 2)) drop
		(table.fill 1 (i32.const 0) (ref.null extern) (i32.const 2))
		try try (throw 0 (i32.const 3)) delegate 0 catch 0 drop rethrow 0 catch_all end
		i32.const 5 block (param i32) (result i32 i32) i32.const 1 end drop drop
		(return_call_indirect (param i32) (result i32) (i32.const 0) (i32.const 9)))
	(func $start) (start $start) (export "" (func $start)) (export "\e2\82\ac" (memory 1)) (export "t" (table 1)) (export "g" (global 2)) (export "x" (tag 0)))`

func roundTrip(t *testing.T, b []byte) {
	t.Helper()
	before := parse(t, b)
	var text bytes.Buffer
	if err := wast.Write(&text, before, wast.Options{}); err != nil {
		t.Fatal(err)
	}
	out := wasmtest.File(t, "out.wasm", nil)
	wasmtest.Run(t, "wabt", "wat2wasm", "--enable-all", "--debug-names", wasmtest.File(t, "in.wat", text.Bytes()), "-o", out)
	after := parse(t, wasmtest.ReadFile(t, out))
	if diff := cmp.Diff(declarations(before), declarations(after)); diff != "" {
		t.Fatalf("declarations (-before +after):\n%s", diff)
	}
	for i := range before.Bodies {
		if !sameCode(t, before.Code(before.Bodies[i]), after.Code(after.Bodies[i])) {
			diff := cmp.Diff(code(t, before, before.Bodies[i]), code(t, after, after.Bodies[i]))
			t.Fatalf("function %d (-before +after):\n%s", i+before.NumImportedFuncs(), diff)
		}
	}
	names, _ := before.Names()
	again, _ := after.Names()
	if len(names.Funcs) != len(again.Funcs) {
		t.Errorf("there are %d functions with names, and %d behind", len(names.Funcs), len(again.Funcs))
	}
	for _, n := range names.Funcs {
		// Names keep what may be in an identifier.
		if got := again.Func(guest.FuncIndex(n.Index)); got != n.Name && strings.Trim(n.Name, "abcdefghijklmnopqrstuvwxyz_0123456789") == "" && !strings.HasPrefix(got, n.Name+".") {
			t.Errorf("%s is called %s", n.Name, got)
		}
	}
}

func parse(t *testing.T, b []byte) *wasm.Module {
	t.Helper()
	m, err := wasm.Parse(b)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// declarations are all that a module has beside code, one a line.
func declarations(m *wasm.Module) []string {
	var all []string
	add := func(format string, args ...any) { all = append(all, fmt.Sprintf(format, args...)) }
	for i, typ := range m.Types {
		add("type %d %s", i, typ)
	}
	for _, i := range m.Imports {
		add("import %+v %s", i, m.TypeString(i.Kind, i.Index))
	}
	for k, n := range map[wasm.Kind]int{wasm.KindFunc: len(m.Funcs), wasm.KindTable: len(m.Tables), wasm.KindMemory: len(m.Memories), wasm.KindGlobal: len(m.Globals), wasm.KindTag: len(m.Tags)} {
		for i := range n {
			add("%s %d %s", k, i, m.TypeString(k, uint32(i)))
		}
	}
	for i, g := range m.Globals {
		add("global %d starts as %v, %s", i, g.Init.Value, expression(m, g.Init))
	}
	for i, e := range m.Elements {
		add("elements %d %v %v %d %s %d %v", i, e.Mode, e.Type, e.Table, expression(m, e.Offset), e.Count, slices.Collect(m.FuncIndices(e)))
	}
	for i, d := range m.Data {
		add("data %d %v %d %s %q", i, d.Mode, d.Memory, expression(m, d.Offset), m.Bytes()[d.File:d.File+guest.FileOffset(d.Size)])
	}
	if m.Start != nil {
		add("start %d", *m.Start)
	}
	slices.Sort(all)
	for _, e := range m.Exports {
		add("export %+v", e)
	}
	return all
}

func expression(m *wasm.Module, c wasm.Const) string {
	if c.At == 0 {
		return "none"
	}
	code := m.Expression(c.At)
	return fmt.Sprint(instructions(&code))
}

// sameCode reports whether two functions have the same locals and instructions.
func sameCode(t *testing.T, a, b wasm.Code) bool {
	t.Helper()
	if !slices.Equal(locals(&a), locals(&b)) {
		return false
	}
	var x, y wasm.Instruction
	for a.Next(&x) {
		if !b.Next(&y) {
			return false
		}
		var listX, listY string
		if len(x.Bytes) > 0 || len(y.Bytes) > 0 {
			listX, listY = lists(&x), lists(&y)
		}
		x.Offset, x.Size, x.Bytes = 0, 0, nil
		y.Offset, y.Size, y.Bytes = 0, 0, nil
		if listX != listY || !reflect.DeepEqual(x, y) {
			return false
		}
	}
	return a.Err() == nil && !b.Next(&y) && b.Err() == nil
}

func locals(c *wasm.Code) []wasm.ValueType {
	var all []wasm.ValueType
	for n, typ := range c.Locals() {
		for range n {
			all = append(all, typ)
		}
	}
	return all
}

func code(t *testing.T, m *wasm.Module, b wasm.Body) []string {
	t.Helper()
	c := m.Code(b)
	var all []string
	for _, typ := range locals(&c) {
		all = append(all, typ.String())
	}
	all = append(all, instructions(&c)...)
	if err := c.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

// instructions writes instructions with all of their immediates.
func instructions(c *wasm.Code) []string {
	var all []string
	var in wasm.Instruction
	for c.Next(&in) {
		list := lists(&in)
		in.Offset, in.Size, in.Bytes = 0, 0, nil
		all = append(all, fmt.Sprintf("%+v %s", in, list))
	}
	return all
}

// lists are an instruction's immediates that are lists or vectors.
func lists(in *wasm.Instruction) string {
	switch in.Op.Shape() {
	case wasm.ShapeV128, wasm.ShapeLanes:
		return fmt.Sprintf("% x", in.Bytes)
	case wasm.ShapeLabels:
		return fmt.Sprint(slices.Collect(in.Labels()))
	case wasm.ShapeSelect:
		return fmt.Sprint(slices.Collect(in.ResultTypes()))
	case wasm.ShapeTryTable:
		return fmt.Sprint(slices.Collect(in.Catches()))
	}
	return ""
}
