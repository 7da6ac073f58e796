package wast_test

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/wasm"
	. "github.com/faaslens/faaslens/wasm/wasmtest"
	"github.com/faaslens/faaslens/wast"
)

func text(t *testing.T, b []byte, o wast.Options) string {
	t.Helper()
	var out bytes.Buffer
	if err := wast.Write(&out, parse(t, b), o); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// No tool that the tests have reads garbage-collected types or the newer exceptions:
// these are held against the specification's grammar by hand.
func TestTypesAndInstructionsOfTheNewestProposals(t *testing.T) {
	b := Module(
		Section(1, Vec(
			Cat(B(0x4e), Vec(
				B(0x50, 0, 0x5f, 2, 0x78, 1, 0x63, 1, 0), // sub struct
				Cat(B(0x4f, 1, 0, 0x5f), Vec(B(0x78, 1), B(0x63, 1, 0), B(0x7b, 0))),
			)),
			B(0x5e, 0x77, 1),
			FuncType(nil, nil),
			B(0x60, 1, 0x64, 0, 1, 0x6e),
		)),
		Section(3, Vec(U(3))),
		Section(4, Vec(Cat(B(0x40, 0, 0x63, 0x70, 0, 1), B(0xd0, 0x70, 0x0b)))),
		Section(13, Vec(B(0, 3))),
		Section(10, Vec(Body(Cat(
			B(0xfb, 2, 0, 1), B(0xfb, 8, 2, 3), B(0xfb, 17, 2, 2), B(0xfb, 9, 2, 0), B(0xfb, 20, 0), B(0xfb, 23, 0x6b),
			B(0x02, 0x40), B(0xfb, 25, 1, 0, 0x6e, 1), B(0x0b),
			B(0x1f, 0x40), Vec(B(0, 0, 0), B(3, 0)), B(0x0a, 0x0b),
			B(0x14, 3), B(0xd5, 0), B(0xfb, 28), B(0x1c), Vec(B(0x63, 0)),
		)...))),
	)
	want := `(module
  (rec
    (type (;0;) (sub (struct (field (mut i8)) (field (ref null 1)))))
    (type (;1;) (sub final 0 (struct (field (mut i8)) (field (ref null 1)) (field v128))))
  )
  (type (;2;) (array (mut i16)))
  (type (;3;) (func))
  (type (;4;) (func (param (ref 0)) (result anyref)))
  (func (;0;) (type 3)
    struct.get 0 1
    array.new_fixed 2 3
    array.copy 2 2
    array.new_data 2 0
    ref.test (ref 0)
    ref.cast (ref null struct)
    block  ;; @1
      br_on_cast_fail 0 (;@1;) (ref null any) (ref 1)
    end
    try_table (catch 0 0 (;@0;)) (catch_all_ref 0 (;@0;))  ;; @2
      throw_ref
    end
    call_ref 3
    br_on_null 0 (;@0;)
    ref.i31
    select (result (ref null 0))
  )
  (table (;0;) 1 (ref null func) (ref.null func))
  (tag (;0;) (type 3))
)
`
	if diff := cmp.Diff(want, text(t, b, wast.Options{})); diff != "" {
		t.Error(diff)
	}
}

func named(t *testing.T) []byte {
	t.Helper()
	return Module(
		Section(1, Vec(FuncType([]guest.ValueType{guest.I32, guest.I64, guest.I64}, nil))),
		Section(3, Vec(U(0), U(0), U(0))),
		Section(6, Vec(Cat(B(0x7f, 1), I32Const(1)))),
		Section(10, Vec(Body(0x10, 1, 0x10, 2, 0x20, 0, 0x24, 0), Body(), Body())),
		Custom("name",
			Section(1, NameMap("operator()(int, int)", "f", "f")),
			Section(2, Vec(Cat(U(0), NameMap("a b")))),
			Section(7, NameMap("stack")),
		),
	)
}

func TestIdentifiersArePortableAndUnique(t *testing.T) {
	got := text(t, named(t), wast.Options{})
	for _, want := range []string{"(func $operator___int__int_ (;0;) (type 0) (param $a_b i32) (param i64 i64)\n", "call $f\n", "call $f.1\n", "local.get $a_b\n", "global.set $stack\n", "(func $f.1 (;2;)"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not in\n%s", want, got)
		}
	}
	got = text(t, named(t), wast.Options{FuncName: func(guest.FuncIndex) string { return "" }})
	if !strings.Contains(got, "call 1\n") {
		t.Errorf("without functions' names:\n%s", got)
	}
}

func TestReadableIdentifiersAreTheNames(t *testing.T) {
	m := parse(t, named(t))
	p := wast.NewPrinter(m, wast.Readable, func(i guest.FuncIndex) string { return []string{"", `std::map<"x", int>`, "f"}[i] })
	p.Func(0)
	var got []string
	code := m.Code(m.Bodies[0])
	var in wasm.Instruction
	for code.Next(&in) {
		got = append(got, string(p.Append(nil, &in)))
	}
	if want := `call $"std::map<\"x\", int>", call $f, local.get $"a b", global.set $stack, end`; strings.Join(got, ", ") != want {
		t.Errorf("got  %s\nwant %s", strings.Join(got, ", "), want)
	}
}

func TestBadCodeIsAnError(t *testing.T) {
	b := Module(Section(1, Vec(FuncType(nil, nil))), Section(3, Vec(U(0))), Section(10, Vec(Body(0xff))))
	var invalid *guest.InvalidModule
	if err := wast.Write(io.Discard, parse(t, b), wast.Options{}); !errors.As(err, &invalid) {
		t.Errorf("error %v", err)
	}
	if err := wast.Write(broken{}, parse(t, Sample()), wast.Options{}); !errors.Is(err, errBroken) {
		t.Errorf("error %v", err)
	}
}

var errBroken = errors.New("broken")

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errBroken }

// FuzzWrite holds that whatever parses is written, or its error is one of the module.
func FuzzWrite(f *testing.F) {
	f.Add(Sample())
	f.Add(Module(Section(1, Vec(FuncType(nil, nil))), Section(3, Vec(U(0))), Section(10, Vec(Body(0x02, 0x40, 0x0c, 9, 0x0b)))))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := wasm.Parse(b)
		if err != nil {
			return
		}
		var invalid *guest.InvalidModule
		if err := wast.Write(io.Discard, m, wast.Options{}); err != nil && !errors.As(err, &invalid) {
			t.Errorf("error %v", err)
		}
	})
}
