package native_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/faaslens/faaslens/wasm"
	"github.com/faaslens/faaslens/wasm/wasmtest"
)

// vectors is a module with every vector instruction and every atomic one, each with
// operands in locals and once more with operands in memory, and with the conversions of
// numbers: what makes the engine use the newer parts of the instruction set.
func vectors(t testing.TB) []byte {
	t.Helper()
	var b strings.Builder
	b.WriteString("(module (memory 1)\n")
	for op := wasm.Opcode(0x3000); op < 0x4000; op++ {
		if op.Shape() == 0 {
			continue
		}
		name := strings.Replace(op.String(), "relaxed_dot", "dot", 1) // as wabt has it
		for _, memory := range []bool{false, true} {
			b.WriteString(vectorFunction(op, name, memory))
		}
	}
	for op := wasm.Opcode(0x45); op < 0xc5; op++ {
		from, to := numberTypes(op)
		fmt.Fprintf(&b, "(func (param %[1]s %[1]s) (result %[2]s) local.get 0 %[3]s %[4]s)\n", from, to, second(op), op)
	}
	b.WriteString(")\n")
	out := wasmtest.File(t, "out.wasm", nil)
	wasmtest.Run(t, "wabt", "wat2wasm", "--enable-all", wasmtest.File(t, "vectors.wat", []byte(b.String())), "-o", out)
	return wasmtest.ReadFile(t, out)
}

// second is the second operand of an instruction on numbers, if it takes one.
func second(op wasm.Opcode) string {
	unary := op == 0x45 || op == 0x50 || op >= 0x67 && op <= 0x69 || op >= 0x79 && op <= 0x7b ||
		op >= 0x8b && op <= 0x91 || op >= 0x99 && op <= 0x9f || op >= 0xa7
	if unary {
		return ""
	}
	return "local.get 1"
}

// numberTypes are the types that an instruction on numbers takes and gives.
func numberTypes(op wasm.Opcode) (from, to string) {
	to, rest, _ := strings.Cut(op.String(), ".")
	from = to
	for _, t := range []string{"i32", "i64", "f32", "f64"} {
		if op >= 0xa7 && op < 0xc0 && strings.Contains(rest, t) {
			from = t
		}
	}
	if op <= 0x66 { // comparisons
		to = "i32"
	}
	return from, to
}

// vectorFunction writes a function around a vector instruction.
func vectorFunction(op wasm.Opcode, name string, memory bool) string {
	lane, result, rest := "", "v128", ""
	shape, what, _ := strings.Cut(name, ".")
	scalar := map[string]string{"i8x16": "i32", "i16x8": "i32", "i32x4": "i32", "i64x2": "i64", "f32x4": "f32", "f64x2": "f64"}[shape]
	// The operands come from the first memory bytes or from locals of their type.
	vector := func(n int) string {
		if memory {
			return fmt.Sprintf("(v128.load offset=%d (local.get 9))", 16*n)
		}
		return fmt.Sprintf("(local.get %d)", n)
	}
	number := map[string]string{"i32": "(local.get 3)", "i64": "(local.get 4)", "f32": "(local.get 5)", "f64": "(local.get 6)"}
	operands := vector(0) + vector(1)
	unary := []string{"abs", "neg", "not", "popcnt", "ceil", "floor", "trunc", "nearest", "sqrt"}
	switch {
	case op.Shape() == wasm.ShapeMemArg && strings.Contains(name, "store"):
		operands, result = "(local.get 3)"+vector(0), ""
	case op.Shape() == wasm.ShapeMemArg:
		operands = "(local.get 3)"
	case op.Shape() == wasm.ShapeMemArgLane:
		operands, lane = "(local.get 3)"+vector(0), " 1"
		if strings.Contains(name, "store") {
			result = ""
		}
	case op.Shape() == wasm.ShapeV128:
		operands, rest = "", " i32x4 1 2 3 4"
	case op.Shape() == wasm.ShapeLanes:
		rest = " 0 17 2 19 4 21 6 23 8 25 10 27 12 29 14 31"
	case strings.HasPrefix(what, "splat"):
		operands = number[scalar]
	case strings.HasPrefix(what, "extract_lane"):
		operands, result, lane = vector(0), scalar, " 1"
	case strings.HasPrefix(what, "replace_lane"):
		operands, lane = vector(0)+number[scalar], " 1"
	case what == "shl" || strings.HasPrefix(what, "shr_"):
		operands = vector(0) + number["i32"]
	case what == "all_true" || what == "any_true" || what == "bitmask":
		operands, result = vector(0), "i32"
	case what == "bitselect" || strings.Contains(what, "madd") || strings.Contains(what, "laneselect") || strings.Contains(what, "dot_i8x16_i7x16_add"):
		operands += vector(2)
	case contains(unary, what) || hasAnyPrefix(what, "extend_", "extadd_", "convert_", "trunc_sat", "demote", "promote", "relaxed_trunc"):
		operands = vector(0)
	}
	if result != "" {
		result = "(result " + result + ")"
	}
	return fmt.Sprintf("(func (param v128 v128 v128 i32 i64 f32 f64) %s (local i32 i32 i32) %s %s%s%s)\n", result, operands, name, rest, lane)
}

func contains(all []string, s string) bool {
	for _, a := range all {
		if a == s {
			return true
		}
	}
	return false
}

func hasAnyPrefix(s string, prefixes ...string) bool {
	for _, p := range prefixes {
		if strings.HasPrefix(s, p) {
			return true
		}
	}
	return false
}
