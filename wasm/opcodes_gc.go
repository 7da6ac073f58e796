package wasm

// gcOperators are the instructions behind the prefix 0xfb (sections 5.4.5 and 5.4.6).
var gcOperators = [...]operator{
	0:  {"struct.new", ShapeType, 0},
	1:  {"struct.new_default", ShapeType, 0},
	2:  {"struct.get", ShapeField, 0},
	3:  {"struct.get_s", ShapeField, 0},
	4:  {"struct.get_u", ShapeField, 0},
	5:  {"struct.set", ShapeField, 0},
	6:  {"array.new", ShapeType, 0},
	7:  {"array.new_default", ShapeType, 0},
	8:  {"array.new_fixed", ShapeArrayFixed, 0},
	9:  {"array.new_data", ShapeArrayData, 0},
	10: {"array.new_elem", ShapeArrayElem, 0},
	11: {"array.get", ShapeType, 0},
	12: {"array.get_s", ShapeType, 0},
	13: {"array.get_u", ShapeType, 0},
	14: {"array.set", ShapeType, 0},
	15: {"array.len", ShapeNone, 0},
	16: {"array.fill", ShapeType, 0},
	17: {"array.copy", ShapeArrays, 0},
	18: {"array.init_data", ShapeArrayData, 0},
	19: {"array.init_elem", ShapeArrayElem, 0},
	20: {"ref.test", ShapeCast, 0},
	21: {"ref.test", ShapeCast, 0}, // null
	22: {"ref.cast", ShapeCast, 0},
	23: {"ref.cast", ShapeCast, 0}, // null
	24: {"br_on_cast", ShapeBrCast, 0},
	25: {"br_on_cast_fail", ShapeBrCast, 0},
	26: {"any.convert_extern", ShapeNone, 0},
	27: {"extern.convert_any", ShapeNone, 0},
	28: {"ref.i31", ShapeNone, 0},
	29: {"i31.get_s", ShapeNone, 0},
	30: {"i31.get_u", ShapeNone, 0},
}
