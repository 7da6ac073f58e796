package hostcall

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/faaslens/faaslens/guest"
)

func TestTraceLines(t *testing.T) {
	hex := func(v uint64) string { return fmt.Sprintf("0x%x", v) }
	upper := func(b []byte) string { return strings.ToUpper(string(b)) }
	errno := Result{Type: guest.I32, Show: func(v uint64) string { return fmt.Sprintf("E%d", v) }}
	in := func(params ...Param) Spec { return Spec{Params: params, Do: nothing} }
	for _, c := range []struct {
		name string
		spec Spec
		args []uint64
		want string
	}{
		{"nothing", in(), nil, "call() = void"},
		{"numbers", in(Param{Kind: Int32}, Param{Kind: Int64}, Param{Kind: Float64}), []uint64{math.MaxUint32, math.MaxUint64, math.Float64bits(0.5)}, "call(-1, -1, 0.5) = void"},
		{"named numbers", in(Param{Kind: Int32, Show: hex}, Param{Kind: Int64, Show: hex}), []uint64{math.MaxUint32, 255}, "call(0xffffffff, 0xff) = void"},
		{"small records", in(Param{Kind: In, Size: 1}, Param{Kind: In, Size: 2}, Param{Kind: In, Size: 4}, Param{Kind: In, Size: 8}), []uint64{0x104, 0x104, 0x104, 0x104}, "call(3, 3, 3, 3298534883331) = void"},
		{"bytes", in(Param{Kind: InBytes}, Param{Kind: CString}, Param{Kind: In, Size: 3}), []uint64{0x300, 5, 0x400, 0x200}, `call("three", "a string", "one") = void`},
		{"bytes in their own form", in(Param{Kind: InBytes, ShowBytes: upper}, Param{Kind: InArray, Size: 1, ShowBytes: upper}), []uint64{0x300, 5, 0x200, 2}, "call(THREE, ON) = void"},
		{"buffers", in(Param{Kind: InVec}), []uint64{0x100, 2}, `call([{"one", 3}, {"three", 5}]) = void`},
		{"many buffers", in(Param{Kind: InVec}), []uint64{0x1000, 20}, "call([" + strings.Repeat(`{"", 0}, `, 16) + "… 4 more]) = void"},
		{"a long buffer", in(Param{Kind: InBytes}), []uint64{0x1000, 60}, `call("` + strings.Repeat(`\x00`, 48) + `"…) = void`},
		{"records with a count", in(Param{Kind: InRecords, Size: 1, Count: 1, ShowBytes: upper}, Param{Kind: Int32}), []uint64{0x300, 3}, "call(THR, 3) = void"},
		{"a pointer", in(Param{Kind: Pointer}), []uint64{0x300}, "call(0x300) = void"},
		{"results", Spec{
			Params: []Param{{Name: "n", Kind: Out, Size: 4}, {Name: "buf", Kind: OutBytes}, {Name: "up", Kind: OutBytes, ShowBytes: upper}},
			Result: errno, FaultResult: 21,
			Do: func(c *Call) error {
				c.PutU32(0, 42)
				copy(c.Bytes(1), "filled")
				copy(c.Bytes(2), "filled")
				c.SetFilled(4)
				c.SetResult(0)
				return nil
			},
		}, []uint64{0x500, 0x600, 10, 0x700, 2}, `call(0x600, 10, 0x700, 2) = E0, n=42, buf="fill", up=FI`},
		{"buffers filled", Spec{
			Params: []Param{{Name: "iovs", Kind: OutVec}}, Result: errno, FaultResult: 21,
			Do: func(c *Call) error { c.SetFilled(4); c.SetResult(0); return nil },
		}, []uint64{0x100, 2}, `call(0x100, 2) = E0, iovs=[{"one", 3}, {"t", 1}]`},
		{"records filled", Spec{
			Params: []Param{{Name: "out", Kind: OutRecords, Size: 2, Count: 1, ShowBytes: upper}, {Kind: Int32}}, Result: errno, FaultResult: 21,
			Do: func(c *Call) error { c.SetFilled(4); c.SetResult(0); return nil },
		}, []uint64{0x300, 3}, `call(0x300, 3) = E0, out=THRE`},
		{"a failure, which fills nothing", Spec{
			Params: []Param{{Name: "n", Kind: Out, Size: 4}}, Result: errno, FaultResult: 21,
			Do: func(c *Call) error { c.SetResult(8); return nil },
		}, []uint64{0x500}, "call() = E8"},
		{"a fault, which does not run", Spec{
			Params: []Param{{Name: "a", Kind: InBytes}, {Name: "n", Kind: Out, Size: 4}, {Name: "b", Kind: InVec}}, Result: errno, FaultResult: 21, Do: nothing,
		}, []uint64{0x300, 5, 0xffffffff, 0x100, 2}, "call(0x300, 5, 0xffffffff, 0x100, 2) = E21"},
		{"a trap", Spec{Do: func(*Call) error { return &guest.Trap{Code: guest.TrapHost, Message: "two\nlines"} }}, nil, "call() = ? (trap: two lines)"},
		{"plain results", Spec{Result: Result{Type: guest.I32}, Do: func(c *Call) error { c.SetResult(math.MaxUint32); return nil }}, nil, "call() = -1"},
		{"wide results", Spec{Result: Result{Type: guest.I64}, Do: func(c *Call) error { c.SetResult(math.MaxUint64); return nil }}, nil, "call() = -1"},
		{"floating results", Spec{Result: Result{Type: guest.F64}, Do: func(c *Call) error { c.SetResult(math.Float64bits(2.5)); return nil }}, nil, "call() = 2.5"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var b strings.Builder
			tick := time.Unix(0, 0)
			tracer := NewTracer(&b, func() time.Time { tick = tick.Add(12 * time.Microsecond); return tick })
			var call Call
			_ = lookup(t, c.spec).InvokeObserved(tracer, &call, memory(), nil, values(c.args...))
			if diff := cmp.Diff(c.want+" <12µs>\n", b.String()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestNestedCallsAreTracedWhenTheyEnd(t *testing.T) {
	var b strings.Builder
	now := time.Unix(0, 0)
	tracer := NewTracer(&b, func() time.Time { now = now.Add(time.Millisecond); return now })
	inner := lookup(t, Spec{Module: "env", Name: "inner", Do: nothing})
	outer := lookup(t, Spec{Module: "env", Name: "outer", Do: func(*Call) error {
		var c Call
		return inner.InvokeObserved(tracer, &c, memory(), nil, values())
	}})
	var c Call
	if err := outer.InvokeObserved(tracer, &c, memory(), nil, values()); err != nil {
		t.Fatal(err)
	}
	if want := "inner() = void <1ms>\nouter() = void <3ms>\n"; b.String() != want {
		t.Errorf("got %q, want %q", b.String(), want)
	}
	tracer.Leave(&c, guest.Value{}, nil) // without having entered: nothing to say
	if strings.Count(b.String(), "\n") != 2 {
		t.Errorf("an extra line: %q", b.String())
	}
}

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, errors.New("full") }

func TestATraceThatCannotBeWrittenDoesNotEndTheCall(t *testing.T) {
	var c Call
	if err := lookup(t, Spec{Do: nothing}).InvokeObserved(NewTracer(brokenWriter{}, time.Now), &c, nil, nil, values()); err != nil {
		t.Error(err)
	}
}

func TestDurationsAreShort(t *testing.T) {
	for d, want := range map[time.Duration]string{
		123: "100ns", 1234: "1.2µs", 123_456: "123µs", 12_345_678: "12.3ms", 3_210_000_000: "3.21s",
	} {
		if got := showDuration(d); got != want {
			t.Errorf("%d: %s, want %s", d, got, want)
		}
	}
}

// watcher notes which memory a call said that it would write.
type watcher struct{ spans []Span }

func (w *watcher) Enter(*Call, int)                      {}
func (w *watcher) Leave(c *Call, _ guest.Value, _ error) { w.spans = append(w.spans, c.spans...) }

func TestAnObserverSeesWhatIsWrittenThroughAPointer(t *testing.T) {
	s := lookup(t, Spec{Params: []Param{{Name: "p", Kind: Pointer}}, Do: func(c *Call) error {
		c.Slice(c.U32(0), 16)
		c.Slice(math.MaxUint32, 16)
		return nil
	}})
	var w watcher
	var c Call
	if err := s.InvokeObserved(&w, &c, memory(), nil, values(0x300)); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]Span{{0x300, 16}}, w.spans); diff != "" {
		t.Error(diff)
	}
}

// guard admits no call but those of one name.
type guard struct {
	admitted string
	left     []string
}

func (*guard) Enter(*Call, int) {}

func (g *guard) Leave(c *Call, _ guest.Value, err error) {
	g.left = append(g.left, fmt.Sprintf("%s %v", c.Spec.Name, err))
}

func (g *guard) Admit(c *Call) error {
	if c.Spec.Name != g.admitted {
		return errors.New("not admitted")
	}
	return nil
}

func TestACallThatIsNotAdmittedDoesNothing(t *testing.T) {
	g := &guard{admitted: "good"}
	ran := ""
	for _, name := range []string{"good", "bad"} {
		s := &Spec{Name: name, Do: func(c *Call) error { ran += c.Spec.Name; return nil }}
		err := s.InvokeObserved(g, &Call{}, nil, nil, nil)
		if (err != nil) != (name == "bad") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if d := cmp.Diff([]string{"good <nil>", "bad not admitted"}, g.left); d != "" || ran != "good" {
		t.Errorf("%s ran; what was left (-want +got):\n%s", ran, d)
	}
}
