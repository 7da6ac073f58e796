package wasm

// miscOperators are the instructions behind the prefix 0xfc: saturating truncation and
// what works on whole memories, tables and segments (sections 5.4.6 to 5.4.8).
var miscOperators = [...]operator{
	0:  {"i32.trunc_sat_f32_s", ShapeNone, 0},
	1:  {"i32.trunc_sat_f32_u", ShapeNone, 0},
	2:  {"i32.trunc_sat_f64_s", ShapeNone, 0},
	3:  {"i32.trunc_sat_f64_u", ShapeNone, 0},
	4:  {"i64.trunc_sat_f32_s", ShapeNone, 0},
	5:  {"i64.trunc_sat_f32_u", ShapeNone, 0},
	6:  {"i64.trunc_sat_f64_s", ShapeNone, 0},
	7:  {"i64.trunc_sat_f64_u", ShapeNone, 0},
	8:  {"memory.init", ShapeMemoryInit, 0},
	9:  {"data.drop", ShapeData, 0},
	10: {"memory.copy", ShapeMemories, 0},
	11: {"memory.fill", ShapeMemory, 0},
	12: {"table.init", ShapeTableInit, 0},
	13: {"elem.drop", ShapeElem, 0},
	14: {"table.copy", ShapeTables, 0},
	15: {"table.grow", ShapeTable, 0},
	16: {"table.size", ShapeTable, 0},
	17: {"table.fill", ShapeTable, 0},
}
