package engine

import (
	"context"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/hostcall"
)

// looking has a host call in the middle of guest frames, which it enters again.
const looking = `(module
	(import "env" "look" (func $look))
	(import "env" "enter" (func $enter))
	(memory (export "memory") 64)
	(func $leaf (call $look))
	(func (export "inner") (call $leaf))
	(func $deep (param i32)
		(if (local.get 0) (then (call $deep (i32.sub (local.get 0) (i32.const 1)))) (else (call $enter))))
	(func (export "run") (call $deep (i32.const 3)))
	(func (export "spin") (local i32) (loop $l (local.set 0 (i32.add (local.get 0) (i32.const 1))) (br $l)))
	(func $fill (memory.fill (i32.const 0) (i32.const 1) (i32.const 4000000)))
	(func (export "fills") (loop $l (call $fill) (br $l))))`

func lookingEngine(t *testing.T, look func(*hostcall.Call)) *Engine {
	t.Helper()
	table, err := hostcall.NewTable(hostcall.Set{Specs: []hostcall.Spec{
		{Module: "env", Name: "look", Do: func(c *hostcall.Call) error {
			look(c)
			return nil
		}},
		{Module: "env", Name: "enter", Do: func(c *hostcall.Call) error {
			_, err := c.Guest.CallExport("inner")
			return err
		}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	e, err := New(Config{Calls: table, Slots: 8})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	return e
}

func funcs(frames []guest.Frame) []int {
	var f []int
	for _, frame := range frames {
		f = append(f, int(frame.Func))
	}
	return f
}

func TestHostCallSeesTheGuestsFrames(t *testing.T) {
	want := []int{2, 3, 4, 4, 4, 4, 5} // $leaf inner $deep×4 run: through the host call between
	var frames []guest.Frame
	var mixed []string
	var e *Engine
	e = lookingEngine(t, func(c *hostcall.Call) {
		frames = c.Guest.Frames()
		var pcs [64]uintptr
		for _, pc := range pcs[:runtime.Callers(0, pcs[:])] {
			if m, f, ok := e.FrameAt(pc); ok {
				name, err := m.Parsed().Names()
				if err != nil {
					t.Error(err)
				}
				mixed = append(mixed, "guest "+name.Func(f.Func))
			} else if f := runtime.FuncForPC(pc); f != nil {
				mixed = append(mixed, f.Name())
			}
		}
	})
	m := compile(t, e, looking, Step{Export: "run"})
	MixStacks()
	if _, err := m.Run(context.Background(), &Run{States: []any{nil}}); err != nil {
		t.Fatal(err)
	}
	if got := funcs(frames); !slices.Equal(got, want) {
		t.Errorf("frames %v, want %v", got, want)
	}
	for _, f := range frames {
		if body, ok := m.Parsed().Body(f.Func); !ok || f.Offset < body.Offset || f.Offset >= body.End() {
			t.Errorf("frame %+v lies outside its function", f)
		}
	}
	// One stack: Go, the guest's inner frames, Go again, its outer ones, and Go.
	i, j := slices.Index(mixed, "guest leaf"), slices.Index(mixed, "guest deep")
	const call = "github.com/faaslens/faaslens/engine.(*slot).CallExport"
	k := slices.Index(mixed, call)
	if i < 1 || k < i || j < k || mixed[len(mixed)-1] != "runtime.goexit" {
		t.Errorf("the mixed stack is %q", mixed)
	}
}

func TestLooksAtRunningGuests(t *testing.T) {
	in := make(chan struct{}, 1)
	e := lookingEngine(t, func(c *hostcall.Call) {
		in <- struct{}{}
		<-c.Guest.Context().Done()
	})
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	done := make(chan error)
	kinds := []string{"spin", "fills", "run"}
	modules := map[*Module]string{}
	for _, k := range kinds {
		m := compile(t, e, looking, Step{Export: k})
		modules[m] = k
		go func() {
			_, err := m.Run(ctx, &Run{States: []any{nil}})
			done <- err
		}()
	}
	<-in
	want := map[string][]int{"spin": {6}, "run": {2, 3, 4, 4, 4, 4, 5}}
	calls := map[string]string{"run": "env.look"}
	seen := map[string]int{}
	start := time.Now()
	looks := 0
	for ; (seen["spin"] < 50 || seen["fills"] < 50 || seen["run"] < 50) && time.Since(start) < 30*time.Second; looks++ {
		for _, l := range e.Stacks() {
			kind := modules[l.Module]
			seen[kind]++
			got := funcs(l.Frames)
			switch {
			case kind == "fills":
				if !slices.Equal(got, []int{7, 8}) && !slices.Equal(got, []int{8}) {
					t.Fatalf("fills: frames %v", got)
				}
			case !slices.Equal(got, want[kind]) || l.Depth != len(got):
				t.Fatalf("%s: frames %v of %d, want %v", kind, got, l.Depth, want[kind])
			}
			if kind != "fills" && l.Call != calls[kind] {
				t.Fatalf("%s: it is in %q", kind, l.Call)
			}
		}
	}
	t.Log(looks, seen)
	for _, k := range kinds {
		if seen[k] < 50 {
			t.Errorf("%s was seen %d times in %d looks", k, seen[k], looks)
		}
	}
	cancel()
	for range kinds {
		if err := <-done; err == nil {
			t.Error("an endless guest ended")
		}
	}
	if left := e.Stacks(); len(left) != 0 {
		t.Errorf("%d stacks of nothing", len(left))
	}
}
