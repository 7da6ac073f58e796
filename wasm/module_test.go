package wasm_test

import (
	"runtime"
	"testing"

	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/wasm"
	. "github.com/faaslens/faaslens/wasm/wasmtest"
)

func parse(t *testing.T, b []byte) *wasm.Module {
	t.Helper()
	m, err := wasm.Parse(b)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

var (
	oneType  = Section(1, Vec(FuncType(nil, nil)))
	oneFunc  = Section(3, Vec(U(0)))
	oneBody  = Section(10, Vec(Body()))
	oneTable = Section(4, Vec(B(0x70, 0, 1)))
	memory   = Section(5, Vec(B(0, 1)))
)

func TestDamageIsReportedAtItsOffset(t *testing.T) {
	tests := []struct {
		name   string
		b      []byte
		offset int64
		parts  []string
	}{
		{"a section longer than the file", Module(B(10, 20), make([]byte, 8)), 8, []string{"section code ends 12 bytes past the end of the file"}},
		{"a section without its size", Module(B(1)), 9, []string{"type section: ends in the middle of the section's size"}},
		{"a section's size with six bytes", Module(B(1, 0x81, 0x80, 0x80, 0x80, 0x80, 0)), 9, []string{"longer than 5 bytes"}},
		{"an unknown section", Module(oneType, Section(99)), 14, []string{"section id 99"}},
		{"a section that comes twice", Module(oneType, oneType), 14, []string{"type section: there are two"}},
		{"sections out of order", Module(oneType, memory, oneTable), 19, []string{"table section: stands after the memory section"}},
		{"a section that comes again behind others", Module(oneType, oneFunc, oneType), 18, []string{"type section: stands after the function section"}},
		{"bytes behind the last entry", Module(Section(1, Vec(FuncType(nil, nil)), B(7, 7))), 14, []string{"2 bytes follow the last entry"}},
		{"a count that the section cannot hold", Module(Section(1, U(1<<30))), 10, []string{"claims 1073741824 types, but only 0 bytes are left"}},
		{"functions without bodies", Module(oneType, oneFunc), 18, []string{"declares 1 functions, the code section has 0"}},
		{"bodies without functions", Module(oneType, oneBody), 20, []string{"declares 0 functions, the code section has 1"}},
		{"a data count that is wrong", Module(memory, Section(12, U(3))), 16, []string{"says 3 segments, the data section has 0"}},
		{"a custom section whose name is too long for it", Module(Section(0, U(5), B('a'))), 11, []string{"takes 5 bytes, 1 are left"}},
		{"a name that is not UTF-8", Module(Section(0, Name("\xff\xfe"))), 10, []string{"not UTF-8"}},
		{"a form of type that does not exist", Module(Section(1, Vec(B(0x33, 0, 0)))), 11, []string{"0x33 is not the form of a type"}},
		{"a value type that does not exist", Module(Section(1, Vec(B(0x60, 1, 0x20, 0)))), 13, []string{"parameter: 0x20 is not a type"}},
		{"an import of an unknown kind", Module(Section(2, Vec(Import("a", "b", 9, 0)))), 15, []string{"a.b is of the unknown kind 0x09"}},
		{"a function of a type that does not exist", Module(oneType, Section(3, Vec(U(1)))), 17, []string{"type 1 does not exist: there are 1"}},
		{"a function whose type is a struct", Module(Section(1, Vec(B(0x5f, 0))), oneFunc), 16, []string{"not a function type"}},
		{"a table of numbers", Module(Section(4, Vec(B(0x7f, 0, 1)))), 11, []string{"i32; it must be a reference type"}},
		{"a memory that shrinks", Module(Section(5, Vec(B(1, 5, 2)))), 13, []string{"maximum 2 is less than its minimum 5"}},
		{"a memory with unknown flags", Module(Section(5, Vec(B(0x40, 5)))), 11, []string{"unknown flags 0x40"}},
		{"a global with an instruction that is not constant", Module(Section(6, Vec(B(0x7f, 0, 0x10, 0, 0x0b)))), 13, []string{"instruction 0x10, which is not constant"}},
		{"a global without a value", Module(Section(6, Vec(B(0x7f, 0, 0x0b)))), 13, []string{"empty"}},
		{"a global with a mutability of 2", Module(Section(6, Vec(B(0x7f, 2, 0x41, 0, 0x0b)))), 12, []string{"mutability is 0x02"}},
		{"an export of a function that does not exist", Module(Section(7, Vec(Export("f", 0, 3)))), 14, []string{"function 3 does not exist"}},
		{"a start function that does not exist", Module(Section(8, U(0))), 10, []string{"function 0 does not exist"}},
		{"a data segment without a memory", Module(Section(11, Vec(Cat(U(0), I32Const(0), Name("x"))))), 11, []string{"no memory"}},
		{"a data segment that is cut off", Module(memory, Section(11, Vec(Cat(U(0), I32Const(0), U(9), B('x'))))), 21, []string{"takes 9 bytes, 1 are left"}},
		{"an element segment without a table", Module(Section(9, Vec(Cat(U(0), I32Const(0), Vec())))), 11, []string{"no table"}},
		{"an element that does not exist", Module(oneTable, Section(9, Vec(Cat(U(0), I32Const(0), Vec(U(7)))))), 22, []string{"function 7 does not exist"}},
		{"a body that is cut off", Module(oneType, oneFunc, Section(10, U(1), U(50), B(0, 0))), 22, []string{"body of function 0 takes 50 bytes, 2 are left"}},
		{"a body without even a number of locals", Module(oneType, oneFunc, Section(10, U(2), U(0), U(2), B(0, 0xb))), 22, []string{"body of function 0 is empty"}},
		{"a tag that is no exception", Module(oneType, Section(13, Vec(B(1, 0)))), 17, []string{"attribute is 0x01"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := wasm.Parse(tt.b)
			wantInvalid(t, err, tt.offset, tt.parts...)
		})
	}
}

func TestEveryCutOfAModuleIsRefusedOrReadWithoutItsRest(t *testing.T) {
	whole := Sample()
	ends := map[int]bool{8: true, len(whole): true}
	for _, s := range parse(t, whole).Sections {
		ends[int(s.End())] = true
	}
	for n := range whole {
		_, err := wasm.Parse(whole[:n])
		if err == nil && !ends[n] {
			t.Errorf("the first %d bytes are taken for a module", n)
		}
	}
}

func TestEveryByteMayChangeWithoutAPanic(t *testing.T) {
	whole := Sample()
	for i := range whole {
		for _, c := range []byte{0, 1, 0x7f, 0x80, 0xff} {
			changed := append([]byte(nil), whole...)
			changed[i] = c
			readAll(changed)
		}
	}
}

func TestPaddedSizesAreTaken(t *testing.T) {
	content := Vec(FuncType(nil, nil))
	m := parse(t, Module(Cat(B(1), PaddedU(uint64(len(content)), 5), content)))
	if len(m.Types) != 1 {
		t.Errorf("%d types, want 1", len(m.Types))
	}
	if got := m.Sections[0]; got.Header != 8 || got.Content != 14 || got.End() != 18 {
		t.Errorf("section at %+v", got)
	}
}

func TestGiantClaimsTakeNoMemory(t *testing.T) {
	claims := map[string][]byte{
		"types":    Module(Section(1, U(900_000))),
		"imports":  Module(Section(2, U(900_000))),
		"funcs":    Module(oneType, Section(3, U(900_000))),
		"bodies":   Module(oneType, Section(10, U(900_000))),
		"exports":  Module(Section(7, U(900_000))),
		"elements": Module(oneTable, Section(9, Vec(Cat(U(0), I32Const(0), U(9_000_000))))),
		"params":   Module(Section(1, Vec(Cat(B(0x60), U(1<<31))))),
		"names":    Module(Custom("name", Section(1, U(1<<31)))),
		"locals":   Module(Custom("name", Section(2, Vec(Cat(U(0), U(1<<31)))))),
	}
	for name, b := range claims {
		t.Run("of "+name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			for range 100 {
				readAll(b)
			}
			runtime.ReadMemStats(&after)
			if got := (after.TotalAlloc - before.TotalAlloc) / 100; got > 8192 {
				t.Errorf("%d bytes are allocated for a module of %d bytes", got, len(b))
			}
		})
	}
}

// readAll reads all there is to read.
func readAll(b []byte) (*wasm.Module, error) {
	m, err := wasm.Parse(b)
	if err != nil {
		return nil, err
	}
	m.Names()
	m.Producers()
	m.BuildID()
	m.ExternalDebugInfo()
	for _, s := range m.Types {
		_ = s.String()
	}
	for _, i := range m.Imports {
		_ = m.TypeString(i.Kind, i.Index)
	}
	for i := range m.Funcs {
		m.FuncType(guest.FuncIndex(i))
	}
	return m, nil
}
