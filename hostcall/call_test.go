package hostcall

import (
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/faaslens/faaslens/guest"
)

func TestArgumentsArriveInTheirShapes(t *testing.T) {
	var seen struct {
		I32     int32
		U32     uint32
		I64     int64
		U64     uint64
		F64     float64
		In      []byte
		Bytes   string
		Len     uint32
		Vec     []string
		CString string
		Array   []byte
		Records []byte
	}
	s := lookup(t, Spec{
		Params: []Param{
			{Name: "i32", Kind: Int32}, {Name: "i64", Kind: Int64}, {Name: "f64", Kind: Float64}, {Name: "in", Kind: In, Size: 3},
			{Name: "bytes", Kind: InBytes}, {Name: "vec", Kind: InVec}, {Name: "c", Kind: CString}, {Name: "array", Kind: InArray, Size: 2},
			{Name: "records", Kind: InRecords, Size: 4, Count: 9}, {Name: "n", Kind: Int32},
		},
		Result: Result{Type: guest.I32},
		Do: func(c *Call) error {
			seen.I32, seen.U32, seen.I64, seen.U64, seen.F64 = c.I32(0), c.U32(0), c.I64(1), c.U64(1), c.F64(2)
			seen.In, seen.Bytes, seen.Len, seen.CString = c.Bytes(3), c.String(4), c.Len(4), c.String(6)
			seen.Array, seen.Records = c.Bytes(7), c.Bytes(8)
			vecs, ok := c.Vec(5)
			if !ok {
				return errors.New("too many buffers")
			}
			for _, v := range vecs {
				seen.Vec = append(seen.Vec, string(v))
			}
			c.SetResult(7)
			return nil
		},
	})
	args := values(math.MaxUint32, math.MaxUint64, math.Float64bits(1.5), 0x200, 0x300, 4, 0x100, 2, 0x400, 0x300, 2, 0x200, 0)
	args = append(args[:12], guest.Value{1})
	var c Call
	if err := s.Invoke(&c, memory(), nil, args); err != nil {
		t.Fatal(err)
	}
	if args[0].U32() != 7 {
		t.Errorf("result is %v", args[0])
	}
	want := seen
	want.I32, want.U32, want.I64, want.U64, want.F64 = -1, math.MaxUint32, -1, math.MaxUint64, 1.5
	want.In, want.Bytes, want.Len, want.CString = []byte("one"), "thre", 4, "a string"
	want.Vec, want.Array, want.Records = []string{"one", "three"}, []byte("thre"), []byte("one\x00")
	if diff := cmp.Diff(want, seen); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestResultsAreWrittenWhereTheyBelong(t *testing.T) {
	s := lookup(t, Spec{
		Params: []Param{{Name: "a", Kind: Out, Size: 4}, {Name: "b", Kind: Out, Size: 8}, {Name: "p", Kind: Pointer}},
		Do: func(c *Call) error {
			c.PutU32(0, 0x01020304)
			c.PutU64(1, 0x05060708090a0b0c)
			if b, ok := c.Slice(c.U32(2), 2); ok {
				copy(b, "hi")
			}
			if _, ok := c.Slice(c.U32(2), math.MaxUint32); ok {
				return errors.New("a slice outside memory")
			}
			return nil
		},
	})
	m := memory()
	var c Call
	if err := s.Invoke(&c, m, nil, values(0x10, 0x18, 0x20)); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff("\x04\x03\x02\x01\x00\x00\x00\x00\x0c\x0b\x0a\x09\x08\x07\x06\x05hi", string(m[0x10:0x22])); diff != "" {
		t.Error(diff)
	}
}

func TestAPointerOutsideMemoryFaults(t *testing.T) {
	const end = 1 << 16
	for _, c := range []struct {
		name   string
		params []Param
		args   []uint64
		bad    bool
	}{
		{"in at the end", []Param{{Kind: In, Size: 4}}, []uint64{end - 4}, false},
		{"in past the end", []Param{{Kind: In, Size: 4}}, []uint64{end - 3}, true},
		{"out past the end", []Param{{Kind: Out, Size: 8}}, []uint64{math.MaxUint32}, true},
		{"no bytes at the end", []Param{{Kind: InBytes}}, []uint64{end, 0}, false},
		{"no bytes past the end", []Param{{Kind: InBytes}}, []uint64{end + 1, 0}, true},
		{"bytes whose end wraps", []Param{{Kind: OutBytes}}, []uint64{16, math.MaxUint32}, true},
		{"an array whose size wraps", []Param{{Kind: InArray, Size: 8}}, []uint64{0, 1 << 29}, true},
		{"records whose size wraps", []Param{{Kind: InRecords, Size: 48, Count: 1}, {Kind: Int32}}, []uint64{0, 1 << 28}, true},
		{"records past the end", []Param{{Kind: OutRecords, Size: 32, Count: 1}, {Kind: Int32}}, []uint64{end - 63, 2}, true},
		{"records at the end", []Param{{Kind: OutRecords, Size: 32, Count: 1}, {Kind: Int32}}, []uint64{end - 64, 2}, false},
		{"a vector past the end", []Param{{Kind: InVec}}, []uint64{end - 8, 2}, true},
		{"a vector of buffers past the end", []Param{{Kind: OutVec}}, []uint64{0x400, 1}, true},
		{"a vector of too many, which is for the call to refuse", []Param{{Kind: OutVec}}, []uint64{0, 1 << 31}, false},
		{"a string without an end", []Param{{Kind: CString}}, []uint64{end - 2}, true},
		{"a string past the end", []Param{{Kind: CString}}, []uint64{end}, true},
		{"a pointer that the call checks", []Param{{Kind: Pointer}}, []uint64{math.MaxUint32}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := memory()
			copy(m[end-2:], "xy")
			ran := false
			spec := Spec{Params: c.params, FaultResult: 21, Result: Result{Type: guest.I32}, Do: func(*Call) error { ran = true; return nil }}
			spec.Params[0].Name = "ptr"
			var call Call
			args := values(c.args...)
			if err := lookup(t, spec).Invoke(&call, m, nil, args); err != nil {
				t.Fatal(err)
			}
			if ran == c.bad || c.bad && args[0] != (guest.Value{21}) {
				t.Errorf("ran: %v, result %v", ran, args[0])
			}
			spec.FaultResult, spec.Result = 0, Result{}
			err := lookup(t, spec).Invoke(&call, m, nil, values(c.args...))
			var trap *guest.Trap
			if c.bad != errors.As(err, &trap) {
				t.Fatalf("without a fault result: %v", err)
			}
			if c.bad && (trap.Code != guest.TrapMemoryOutOfBounds || !strings.Contains(trap.Message, "env.call: argument ptr at 0x") || !strings.Contains(trap.Message, "64 KiB")) {
				t.Errorf("trap: %v", trap)
			}
		})
	}
}

func TestMemoryIsSeenAnewAfterItGrew(t *testing.T) {
	g := &fakeGuest{mem: memory(), max: 2}
	s := lookup(t, Spec{Do: func(c *Call) error {
		if before, ok := c.Guest.Grow(1); before != 1 || !ok {
			return errors.New("did not grow")
		}
		c.Refresh()
		if len(c.Memory) != 2<<16 {
			return errors.New("memory is not seen anew")
		}
		if _, ok := c.Guest.Grow(1); ok {
			return errors.New("grew beyond its maximum")
		}
		return nil
	}})
	c := Call{Guest: g}
	if err := s.Invoke(&c, g.mem, nil, values()); err != nil {
		t.Error(err)
	}
}

func TestAReusedCallAllocatesNothing(t *testing.T) {
	s := lookup(t, Spec{
		Params: []Param{{Name: "vec", Kind: InVec}, {Name: "n", Kind: Out, Size: 4}}, Result: Result{Type: guest.I32}, FaultResult: 21,
		Do: func(c *Call) error { c.PutU32(1, 8); c.SetResult(0); return nil },
	})
	var c Call
	m, args := memory(), values(0x100, 2, 0x10)
	if n := testing.AllocsPerRun(100, func() {
		args[0] = guest.Value{0x100}
		if err := s.Invoke(&c, m, nil, args); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations in a call", n)
	}
}

// everyKind touches every byte that a call of each shape is handed.
func everyKind() []Spec {
	touch := func(c *Call) error {
		for i, p := range c.Spec.Params {
			switch p.Kind {
			case InVec, OutVec:
				vecs, _ := c.Vec(i)
				for _, v := range vecs {
					for j := range v {
						v[j]++
					}
				}
			case In, Out, InBytes, OutBytes, InArray, CString, InRecords, OutRecords:
				for j := range c.Bytes(i) {
					c.Bytes(i)[j]++
				}
				c.SetFilled(uint32(len(c.Bytes(i))) + 5)
			case Pointer:
				if b, ok := c.Slice(c.U32(i), 8); ok {
					b[7]++
				}
			}
		}
		c.SetResult(c.Spec.FaultResult &^ 21)
		return nil
	}
	var specs []Spec
	for i, k := range []Kind{In, Out, InBytes, OutBytes, InVec, OutVec, InArray, CString, Pointer, InRecords, OutRecords, Float64} {
		for _, fault := range []uint64{0, 21} {
			specs = append(specs, Spec{
				Module: "m", Name: string(rune('a'+i)) + string(rune('a'+fault)), FaultResult: fault, Result: Result{Type: guest.I32}, Do: touch,
				Params: []Param{{Name: "n", Kind: Int32}, {Name: "wide", Kind: Int64}, {Name: "p", Kind: k, Size: 48}, {Name: "q", Kind: InVec}, {Name: "o", Kind: Out, Size: 7}},
			})
		}
	}
	return specs
}

// FuzzInvoke gives calls of every shape any arguments over any memory, plain and
// observed: nothing panics, and nothing outside the memory is handed out.
func FuzzInvoke(f *testing.F) {
	specs := everyKind()
	table, err := NewTable(Set{Specs: specs})
	if err != nil {
		f.Fatal(err)
	}
	for i := range specs {
		f.Add(uint8(i), uint32(3), uint64(1), uint32(0x100), uint32(2), uint32(0x100), uint32(1), uint32(8), []byte("memory"))
		f.Add(uint8(i), uint32(math.MaxUint32), uint64(0), uint32(math.MaxUint32), uint32(math.MaxUint32), uint32(0), uint32(1<<29), uint32(0), []byte{})
	}
	f.Fuzz(func(t *testing.T, which uint8, n uint32, wide uint64, p, pn, q, qn, o uint32, content []byte) {
		mem := make(Memory, 1<<12)
		copy(mem, content)
		s := specs[int(which)%len(specs)]
		spec := table.Lookup(s.Module, s.Name)
		args := func() []guest.Value {
			v := []guest.Value{{uint64(n)}, {wide}, {uint64(p)}}
			if len(spec.Type().Params) == 7 {
				v = append(v, guest.Value{uint64(pn)})
			}
			return append(v, guest.Value{uint64(q)}, guest.Value{uint64(qn)}, guest.Value{uint64(o)})
		}
		var c Call
		_ = spec.Invoke(&c, mem[:1<<11:1<<11], nil, args())
		_ = spec.InvokeObserved(discard{}, &c, mem[:1<<11:1<<11], nil, args())
		if len(content) <= 1<<11 {
			for i, b := range mem[1<<11:] {
				if b != 0 {
					t.Fatalf("a byte %d behind the memory changed", i)
				}
			}
		}
	})
}

// discard formats each line as a tracer does.
type discard struct{}

func (discard) Enter(c *Call, bad int)                       { c.appendHead(bad) }
func (discard) Leave(c *Call, result guest.Value, err error) { c.tail(result, err) }
