package engine

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/wasm"
	"github.com/faaslens/faaslens/wasm/wasmtest"
)

// FuzzRun takes any bytes through all that happens to a module: read, compiled, linked
// and run within small limits. Whatever they are, the outcome is one of the error types
// that there are.
func FuzzRun(f *testing.F) {
	e, err := New(Config{Calls: testCalls(f), Slots: 2, Shards: 1})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { e.Close() })
	for _, text := range []string{busy, busyLoop, returnsSeven,
		`(module (memory (export "memory") 1) (memory 1) (table 3 funcref) (data (i32.const 3) "abc") (elem (i32.const 0) $f) (func $f) (start $f)
			(func (export "run") (memory.grow (i32.const 3)) (drop) (call_indirect (i32.const 1))))`,
		`(module (memory (export "memory") i64 1 3) (global $g (mut v128) (v128.const i32x4 1 2 3 4)) (func (export "run") (result i32)
			(global.set $g (i32x4.add (global.get $g) (global.get $g))) (i32x4.extract_lane 1 (global.get $g))))`,
	} {
		f.Add(wat(f, text).Bytes())
	}
	f.Add(thrower(f, true).Bytes())
	f.Add(thrower(f, false).Bytes())
	f.Add(wasmtest.Sample())
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) > 1<<16 {
			return // the engine's compiler takes its time
		}
		parsed, err := wasm.Parse(b)
		if err != nil {
			return
		}
		m, err := e.Compile(t.Context(), parsed, ModuleOptions{Steps: []Step{{Export: "run", Result: true}}, AllowUnknown: true})
		if err != nil {
			checkRefusal(t, err)
			return
		}
		defer m.Close()
		r := &Run{States: []any{&state{block: make(chan struct{})}}, Limits: guest.Limits{Memory: 4 << 20, Timeout: 20 * time.Millisecond, TableElements: 1000, Stack: 128 << 10}}
		res, err := m.Run(context.Background(), r)
		if err != nil {
			checkOutcome(t, m, err)
		}
		if res.Memory > 4<<20+64<<20 {
			t.Errorf("it had %d bytes of memory", res.Memory)
		}
	})
}

func checkRefusal(t *testing.T, err error) {
	t.Helper()
	var invalid *guest.InvalidModule
	var link *guest.LinkError
	var limit *guest.Limit
	if !errors.As(err, &invalid) && !errors.As(err, &link) && !errors.As(err, &limit) {
		t.Errorf("compiled: %T: %v", err, err)
	}
}

func checkOutcome(t *testing.T, m *Module, err error) {
	t.Helper()
	var trap *guest.Trap
	var exit *guest.Exit
	var limit *guest.Limit
	var frames []guest.Frame
	switch {
	case errors.As(err, &trap):
		frames = trap.Frames
	case errors.As(err, &limit):
		frames = limit.Frames
	case errors.As(err, &exit):
	default:
		t.Errorf("ran: %T: %v", err, err)
	}
	for _, f := range frames {
		if body, ok := m.parsed.Body(f.Func); !ok || f.Offset < body.Offset || f.Offset >= body.End() {
			t.Errorf("frame %+v lies outside its function", f)
		}
	}
}
