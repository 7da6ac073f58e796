package hostcall

import (
	"errors"
	"strings"
	"testing"

	"github.com/faaslens/faaslens/guest"
)

func nothing(*Call) error { return nil }

func TestASignatureFollowsFromTheDescription(t *testing.T) {
	all := []Param{
		{Name: "a", Kind: Int32}, {Name: "b", Kind: Int64}, {Name: "c", Kind: Float64}, {Name: "d", Kind: In, Size: 8},
		{Name: "e", Kind: Out, Size: 4}, {Name: "f", Kind: InBytes}, {Name: "g", Kind: InVec}, {Name: "h", Kind: CString},
		{Name: "i", Kind: Pointer}, {Name: "j", Kind: InRecords, Size: 4, Count: 0},
	}
	for _, c := range []struct {
		name string
		spec Spec
		want string
	}{
		{"nothing", Spec{}, "()"},
		{"a result", Spec{Result: Result{Type: guest.I64}}, "() -> i64"},
		{"all shapes", Spec{Params: all, Result: Result{Type: guest.I32}}, "(i32, i64, f64, i32, i32, i32, i32, i32, i32, i32, i32, i32) -> i32"},
		{"arrays and buffers", Spec{Params: []Param{{Kind: InArray, Size: 4}, {Kind: OutBytes}, {Kind: OutVec}}}, "(i32, i32, i32, i32, i32, i32)"},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.spec.Do = nothing
			if got := lookup(t, c.spec).Type().String(); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func TestAMistakenDescriptionIsRefused(t *testing.T) {
	ok := Spec{Module: "m", Name: "n", Do: nothing}
	for _, c := range []struct {
		name string
		sets []Set
		want string
	}{
		{"nothing to run", []Set{{[]Spec{{Module: "m", Name: "n"}}}}, "m.n: nothing to run"},
		{"a pointer without a size", []Set{{[]Spec{{Do: nothing, Params: []Param{{Name: "p", Kind: Out}}}}}}, "parameter p has no size"},
		{"records without a size", []Set{{[]Spec{{Do: nothing, Params: []Param{{Name: "p", Kind: InRecords}}}}}}, "parameter p has no size"},
		{"records that count themselves", []Set{{[]Spec{{Do: nothing, Params: []Param{{Name: "p", Kind: OutRecords, Size: 4}}}}}}, "parameter p has no count"},
		{"records whose count is nowhere", []Set{{[]Spec{{Do: nothing, Params: []Param{{Name: "p", Kind: OutRecords, Size: 4, Count: 1}}}}}}, "parameter p has no count"},
		{"too many parameters", []Set{{[]Spec{{Do: nothing, Params: make([]Param, maxParams+1)}}}}, "11 parameters, at most 10"},
		{"described twice", []Set{{[]Spec{ok}}, {[]Spec{ok}}}, "m.n is described twice"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := NewTable(c.sets...)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("NewTable: %v, want %q", err, c.want)
			}
		})
	}
}

func TestEachSetGetsItsState(t *testing.T) {
	var got any
	note := func(c *Call) error { got = c.State; return nil }
	table, err := NewTable(Set{[]Spec{{Module: "a", Name: "x", Do: note}}}, Set{[]Spec{{Module: "b", Name: "x", Do: note}}})
	if err != nil {
		t.Fatal(err)
	}
	if table.Sets() != 2 || table.Lookup("a", "y") != nil {
		t.Errorf("%d sets, and a.y is %v", table.Sets(), table.Lookup("a", "y"))
	}
	for module, want := range map[string]string{"a": "first", "b": "second"} {
		var c Call
		if err := table.Lookup(module, "x").Invoke(&c, nil, []any{"first", "second"}, values()); err != nil || got != want {
			t.Errorf("%s.x has state %v, want %v; error %v", module, got, want, err)
		}
	}
}

func TestWhatIsNotProvidedTrapsWithItsName(t *testing.T) {
	for hint, want := range map[string]string{"": "env.f is not provided", "use g": "env.f is not provided: use g"} {
		s := Unprovided("env", "f", guest.FuncType{Params: []guest.ValueType{guest.I32}}, hint)
		var c Call
		err := s.Invoke(&c, nil, nil, values(1))
		var trap *guest.Trap
		if !errors.As(err, &trap) || trap.Code != guest.TrapHost || trap.Message != want {
			t.Errorf("with hint %q: %v, want %q", hint, err, want)
		}
	}
}
