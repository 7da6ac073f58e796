package wasmtest

import "github.com/faaslens/faaslens/guest"

// Sample returns a valid module with every section that a C program's module has,
// and more: imports of each kind, a start function, active and passive segments,
// tags, names, producers and a build id.
func Sample() []byte {
	i32, i64 := guest.I32, guest.I64
	one := func(t guest.ValueType) []guest.ValueType { return []guest.ValueType{t} }
	return Module(
		Section(1, Vec(FuncType(nil, nil), FuncType([]guest.ValueType{i32, i64}, one(i32)), FuncType(one(i32), nil))),
		Section(2, Vec(
			Import("env", "f", 0, 1),
			Import("env", "table", 1, 0x70, 1, 2, 9),
			Import("env", "memory", 2, 1, 1, 16),
			Import("env", "g", 3, 0x7f, 0),
			Import("env", "tag", 4, 0, 2),
		)),
		Section(3, Vec(U(0), U(1))),
		Section(4, Vec(B(0x6f, 0, 4))),
		Section(5, Vec(B(5, 1, 2))),
		Section(13, Vec(B(0, 2))),
		Section(6, Vec(Cat(B(0x7f, 1), I32Const(66560)), Cat(B(0x7f, 0), B(0x23, 0, 0x0b)))),
		Section(7, Vec(Export("_start", 0, 1), Export("memory", 2, 0), Export("stack", 3, 1))),
		Section(8, U(1)),
		Section(9, Vec(Cat(U(0), I32Const(1), Vec(U(0), U(1))), Cat(U(1), B(0), Vec(U(2))), Cat(U(7), B(0x70), Vec(B(0xd2, 2, 0x0b), B(0xd0, 0x70, 0x0b))))),
		Section(12, U(2)),
		Section(10, Vec(Body(), Body(0x20, 0))),
		Section(11, Vec(Cat(U(0), I32Const(1024), Name("hello")), Cat(U(1), Name("passive")))),
		Custom("name",
			Section(0, Name("sample")),
			Section(1, NameMap("f", "_start", "add")),
			Section(2, Vec(Cat(U(2), NameMap("a", "b")))),
			Section(7, NameMap("g", "__stack_pointer")),
			Section(9, NameMap(".rodata")),
		),
		Custom("producers", Vec(
			Cat(Name("language"), Vec(Cat(Name("C11"), Name("")))),
			Cat(Name("processed-by"), Vec(Cat(Name("clang"), Name("19.1.7")))),
		)),
		Custom("build_id", Name("\x01\x02\x03\x04")),
	)
}
