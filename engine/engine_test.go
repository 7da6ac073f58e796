package engine

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/hostcall"
	"github.com/faaslens/faaslens/wasm"
)

// wat translates the text format by wabt.
func wat(t testing.TB, text string) *wasm.Module {
	t.Helper()
	dir := t.TempDir()
	in, out := filepath.Join(dir, "m.wat"), filepath.Join(dir, "m.wasm")
	if err := os.WriteFile(in, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("wat2wasm", "--enable-all", "--debug-names", "-o", out, in)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Run(); errors.Is(err, exec.ErrNotFound) {
		t.Fatal("wat2wasm is missing; install it with: apt-get install wabt")
	} else if err != nil {
		t.Fatalf("wat2wasm: %v\n%s", err, &stderr)
	}
	b, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	m, err := wasm.Parse(b)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// state is what the test's host calls share in one invocation.
type state struct {
	values []int32
	block  chan struct{} // closed when env.block has begun
}

func testCalls(t testing.TB) *hostcall.Table {
	t.Helper()
	table, err := hostcall.NewTable(testSet())
	if err != nil {
		t.Fatal(err)
	}
	return table
}

// testSet is the test's own host calls; their state is a *state.
func testSet() hostcall.Set {
	i32 := hostcall.Param{Name: "v", Kind: hostcall.Int32}
	ptr := hostcall.Param{Name: "p", Kind: hostcall.Out, Size: 4}
	return hostcall.Set{Specs: []hostcall.Spec{
		{Module: "env", Name: "put", Params: []hostcall.Param{i32}, Do: func(c *hostcall.Call) error {
			s := c.State.(*state)
			s.values = append(s.values, c.I32(0))
			return nil
		}},
		{Module: "env", Name: "fill", Params: []hostcall.Param{ptr}, Do: func(c *hostcall.Call) error {
			c.PutU32(0, 42)
			return nil
		}},
		{Module: "env", Name: "exit", Params: []hostcall.Param{i32}, Do: func(c *hostcall.Call) error {
			return &guest.Exit{Code: c.I32(0)}
		}},
		{Module: "env", Name: "panic", Do: func(c *hostcall.Call) error { panic("on purpose") }},
		{Module: "env", Name: "block", Do: func(c *hostcall.Call) error {
			ctx := c.Guest.Context()
			close(c.State.(*state).block)
			<-ctx.Done()
			return nil
		}},
		{Module: "env", Name: "again", Result: hostcall.Result{Type: guest.I32}, Do: func(c *hostcall.Call) error {
			v, err := c.Guest.CallExport("twice", guest.ValueI32(21))
			if err != nil {
				return err
			}
			c.SetResult(v.U64())
			return nil
		}},
		{Module: "env", Name: "nop", Do: func(c *hostcall.Call) error { return nil }},
	}}
}

func testEngine(t testing.TB) *Engine {
	t.Helper()
	e, err := New(Config{Calls: testCalls(t), Slots: 16})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	return e
}

func compile(t testing.TB, e *Engine, text string, steps ...Step) *Module {
	t.Helper()
	if steps == nil {
		steps = []Step{{Export: "run"}}
	}
	m, err := e.Compile(context.Background(), wat(t, text), ModuleOptions{Steps: steps})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	return m
}

func run(m *Module, l guest.Limits) (*state, Result, error) {
	s := &state{block: make(chan struct{})}
	res, err := m.Run(context.Background(), &Run{States: []any{s}, Limits: l})
	return s, res, err
}

func TestGuestRunsAndCallsTheHost(t *testing.T) {
	m := compile(t, testEngine(t), `(module
		(import "env" "put" (func $put (param i32)))
		(import "env" "fill" (func $fill (param i32)))
		(import "env" "again" (func $again (result i32)))
		(memory (export "memory") 1)
		(func (export "twice") (param i32) (result i32) (i32.mul (local.get 0) (i32.const 2)))
		(func (export "run")
			(call $put (i32.const 7))
			(call $fill (i32.const 100))
			(call $put (i32.load (i32.const 100)))
			(call $put (call $again))))`)
	for range 3 {
		s, res, err := run(m, guest.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		if len(s.values) != 3 || s.values[0] != 7 || s.values[1] != 42 || s.values[2] != 42 || res.Memory != 65536 {
			t.Fatalf("got %v, %+v", s.values, res)
		}
	}
}

func TestTrapHasCodeAndFrames(t *testing.T) {
	m := compile(t, testEngine(t), `(module
		(func $inner (unreachable))
		(func $outer (call $inner))
		(func (export "run") (call $outer)))`)
	_, _, err := run(m, guest.Limits{})
	var trap *guest.Trap
	if !errors.As(err, &trap) || trap.Code != guest.TrapUnreachable || len(trap.Frames) != 3 {
		t.Fatalf("got %#v", err)
	}
	for i, f := range trap.Frames {
		if int(f.Func) != i {
			t.Errorf("frame %d is in function %d", i, f.Func)
		}
	}
}

func TestEndlessLoopIsStoppedAtItsDeadline(t *testing.T) {
	m := compile(t, testEngine(t), `(module
		(func $spin (loop $l (br $l)))
		(func (export "run") (call $spin)))`)
	_, _, err := run(m, guest.Limits{Timeout: 20 * time.Millisecond})
	var l *guest.Limit
	if !errors.As(err, &l) || l.Kind != guest.LimitDeadline || len(l.Frames) != 2 || l.Frames[0].Func != 0 || l.Frames[1].Func != 1 {
		t.Fatalf("got %#v", err)
	}
	t.Log(err, l.Frames)
}

func TestGuestThatWaitsInAHostCallIsStopped(t *testing.T) {
	m := compile(t, testEngine(t), `(module
		(import "env" "block" (func $block))
		(func (export "run") (call $block) (call $block)))`)
	ctx, cancel := context.WithCancel(context.Background())
	s := &state{block: make(chan struct{})}
	go func() { <-s.block; cancel() }()
	_, err := m.Run(ctx, &Run{States: []any{s}})
	var l *guest.Limit
	if !errors.As(err, &l) || l.Kind != guest.LimitCancelled || len(l.Frames) != 1 {
		t.Fatalf("got %#v", err)
	}
}

func TestMemoryBombIsStopped(t *testing.T) {
	m := compile(t, testEngine(t), `(module
		(memory (export "memory") 1)
		(func (export "run") (local $p i32)
			(loop $l
				(drop (memory.grow (i32.const 16)))
				(local.set $p (i32.sub (i32.mul (memory.size) (i32.const 65536)) (i32.const 1048576)))
				(memory.fill (local.get $p) (i32.const 1) (i32.const 1048576))
				(br $l))))`)
	_, _, err := run(m, guest.Limits{Memory: 32 << 20})
	var l *guest.Limit
	if !errors.As(err, &l) || l.Kind != guest.LimitMemory {
		t.Fatalf("got %#v", err)
	}
	t.Log(err, l.Frames)
}

func TestDeepRecursionIsATrap(t *testing.T) {
	m := compile(t, testEngine(t), `(module
		(func $down (param i32) (call $down (i32.add (local.get 0) (i32.const 1))) (call $down (local.get 0)))
		(func (export "run") (call $down (i32.const 0))))`)
	depth := func(l guest.Limits) int {
		_, _, err := run(m, l)
		var trap *guest.Trap
		if !errors.As(err, &trap) || trap.Code != guest.TrapStackOverflow {
			t.Fatalf("got %v", err)
		}
		for _, f := range trap.Frames {
			if body, ok := m.parsed.Body(f.Func); !ok || f.Offset < body.Offset || f.Offset >= body.End() {
				t.Fatalf("frame %+v lies outside its function", f)
			}
		}
		return len(trap.Frames)
	}
	full, small := depth(guest.Limits{}), depth(guest.Limits{Stack: 256 << 10})
	t.Log(full, small)
	if small < 1000 || full < 10*small {
		t.Errorf("%d frames with the whole stack, %d with 256 KiB", full, small)
	}
}

func TestPanicInAHostCallIsATrap(t *testing.T) {
	m := compile(t, testEngine(t), `(module (import "env" "panic" (func $p)) (func (export "run") (call $p)))`)
	_, _, err := run(m, guest.Limits{})
	var trap *guest.Trap
	if !errors.As(err, &trap) || trap.Code != guest.TrapHost || len(trap.Frames) != 1 {
		t.Fatalf("got %#v", err)
	}
}

func TestExitCarriesItsCode(t *testing.T) {
	m := compile(t, testEngine(t), `(module (import "env" "exit" (func $e (param i32))) (func (export "run") (call $e (i32.const 3))))`)
	_, _, err := run(m, guest.Limits{})
	var exit *guest.Exit
	if !errors.As(err, &exit) || exit.Code != 3 {
		t.Fatalf("got %#v", err)
	}
}

func BenchmarkFreshInstance(b *testing.B) {
	m := compile(b, testEngine(b), `(module (import "env" "nop" (func $n)) (memory (export "memory") 2)
		(func (export "run") (call $n) (i32.store (i32.const 1000) (i32.const 1))))`)
	s := &state{}
	r := &Run{States: []any{s}}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := m.Run(context.Background(), r); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkHostCall(b *testing.B) {
	m := compile(b, testEngine(b), `(module (import "env" "nop" (func $n)) (memory (export "memory") 2)
		(func (export "run") (local i32) (loop $l (call $n) (br_if $l (i32.lt_u (local.tee 0 (i32.add (local.get 0) (i32.const 1))) (i32.const 1000))))))`)
	s := &state{}
	r := &Run{States: []any{s}}
	for b.Loop() {
		if _, err := m.Run(context.Background(), r); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/1000, "ns/call")
}

func TestGuestThatLivesInTheRuntimeIsStopped(t *testing.T) {
	m := compile(t, testEngine(t), `(module
		(memory (export "memory") 512)
		(func $fill (loop $l (memory.fill (i32.const 0) (i32.const 1) (i32.const 33554432)) (br $l)))
		(func (export "run") (call $fill)))`)
	_, res, err := run(m, guest.Limits{Timeout: 50 * time.Millisecond})
	var l *guest.Limit
	if !errors.As(err, &l) || l.Kind != guest.LimitDeadline || len(l.Frames) != 2 || l.Frames[0].Func != 0 || l.Frames[1].Func != 1 {
		t.Fatalf("got %#v", err)
	}
	t.Log(err, l.Frames, res.Elapsed)
}

func TestImportThatIsExportedAgainCanBeAStep(t *testing.T) {
	m := compile(t, testEngine(t), `(module (import "env" "nop" (func $n)) (memory (export "memory") 1) (export "run" (func $n)))`)
	if _, _, err := run(m, guest.Limits{}); err != nil {
		t.Error(err)
	}
}
