package engine

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"

	"sync"
	"testing"

	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/hostcall"
)

// canaries is a guest that looks for what others left and then leaves all it can: it
// tells how many words of its memory and globals are not as they start, and does what
// it is told to.
const canaries = `(module
	(import "env" "todo" (func $todo (result i32)))
	(import "env" "put" (func $put (param i32)))
	(import "env" "fill" (func $fill (param i32)))
	(import "env" "exit" (func $exit (param i32)))
	(memory (export "memory") 40)
	(global $a (export "a") (mut i32) (i32.const 7))
	(global $b (export "b") (mut i64) (i64.const -1))
	(global $c (export "c") (mut f64) (f64.const 1.5))
	(global $v (export "v") (mut v128) (v128.const i32x4 1 2 3 4))
	(data (i32.const 4096) "this is data\00\00\00\00")
	(data (i32.const 2000000) "and this too\00\00\00\00")
	(table 2 funcref)
	(func $count (result i32) (local $at i32) (local $n i32) (local $want i64)
		(loop $next
			(local.set $want (i64.const 0))
			(if (i32.eq (local.get $at) (i32.const 4096)) (then (local.set $want (i64.const 0x2073692073696874))))
			(if (i32.eq (local.get $at) (i32.const 4104)) (then (local.set $want (i64.const 0x61746164))))
			(if (i32.eq (local.get $at) (i32.const 2000000)) (then (local.set $want (i64.const 0x73696874_20646e61))))
			(if (i32.eq (local.get $at) (i32.const 2000008)) (then (local.set $want (i64.const 0x6f6f7420))))
			(if (i64.ne (i64.load (local.get $at)) (local.get $want)) (then (local.set $n (i32.add (local.get $n) (i32.const 1)))))
			(local.set $at (i32.add (local.get $at) (i32.const 8)))
			(br_if $next (i32.lt_u (local.get $at) (i32.mul (memory.size) (i32.const 65536)))))
		(if (i32.ne (memory.size) (i32.const 40)) (then (local.set $n (i32.const 1000001))))
		(if (i32.ne (global.get $a) (i32.const 7)) (then (local.set $n (i32.const 1000002))))
		(if (i64.ne (global.get $b) (i64.const -1)) (then (local.set $n (i32.const 1000003))))
		(if (f64.ne (global.get $c) (f64.const 1.5)) (then (local.set $n (i32.const 1000004))))
		(if (i32.eqz (i32x4.all_true (i32x4.eq (global.get $v) (v128.const i32x4 1 2 3 4)))) (then (local.set $n (i32.const 1000005))))
		(local.get $n))
	(func (export "run") (local $do i32) (local $n i32) (local $at i32)
		(call $put (call $count))
		(global.set $a (i32.const 99)) (global.set $b (i64.const 99)) (global.set $c (f64.const 99))
		(global.set $v (v128.const i32x4 9 9 9 9))
		(local.set $do (call $todo))
		(if (i32.eq (local.get $do) (i32.const 1)) (then (memory.fill (i32.const 0) (i32.const 0xcc) (i32.const 2621440))))
		(if (i32.eq (local.get $do) (i32.const 2)) (then (call $exit (i32.const 3))))
		(if (i32.eq (local.get $do) (i32.const 3)) (then unreachable))
		(if (i32.eq (local.get $do) (i32.const 4)) (then (drop (memory.grow (i32.const 1))) (i32.store (i32.const 2621440) (i32.const 5))))
		(if (i32.eq (local.get $do) (i32.const 5)) (then (call $fill (i32.const 1234560))))
		(if (i32.ge_u (local.get $do) (i32.const 1000))
			(then (local.set $at (local.get $do)) (local.set $n (i32.const 30))
				(loop $more
					(local.set $at (i32.rem_u (i32.add (i32.mul (local.get $at) (i32.const 1103515245)) (i32.const 12345)) (i32.const 2621432)))
					(i64.store (local.get $at) (i64.const 0xabababab))
					(local.set $n (i32.sub (local.get $n) (i32.const 1)))
					(br_if $more (local.get $n)))))))`

// told is what an invocation of canaries is told and found.
type told struct {
	todo  int32
	found int32
}

func warmEngine(t testing.TB, cfg Config) *Engine {
	t.Helper()
	value := hostcall.Param{Name: "v", Kind: hostcall.Int32}
	table, err := hostcall.NewTable(hostcall.Set{Specs: []hostcall.Spec{
		{Module: "env", Name: "todo", Result: hostcall.Result{Type: guest.I32}, Do: func(c *hostcall.Call) error {
			c.SetResult(uint64(uint32(c.State.(*told).todo)))
			return nil
		}},
		{Module: "env", Name: "put", Params: []hostcall.Param{value}, Do: func(c *hostcall.Call) error {
			c.State.(*told).found = c.I32(0)
			return nil
		}},
		{Module: "env", Name: "fill", Params: []hostcall.Param{{Name: "p", Kind: hostcall.Out, Size: 4}}, Do: func(c *hostcall.Call) error {
			c.PutU32(0, 42)
			return nil
		}},
		{Module: "env", Name: "exit", Params: []hostcall.Param{value}, Do: func(c *hostcall.Call) error {
			return &guest.Exit{Code: c.I32(0)}
		}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	cfg.Calls = table
	e, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	return e
}

func compileWarm(t testing.TB, e *Engine, text string) *Module {
	t.Helper()
	m, err := e.Compile(context.Background(), wat(t, text), ModuleOptions{Steps: []Step{{Export: "run"}}, Warm: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	return m
}

func TestNothingOfAnInvocationIsLeftForTheNext(t *testing.T) {
	for name, policy := range map[string]Reset{"sticky": ResetSticky, "scan": ResetScan, "copy": ResetCopy} {
		t.Run(name, func(t *testing.T) {
			e := warmEngine(t, Config{Shards: 1, Slots: 2, Reset: policy})
			m := compileWarm(t, e, canaries)
			if m.warm == nil {
				t.Fatal("instances of the guest are not kept")
			}
			if kept, rounds := lookForCanaries(t, m, rand.New(rand.NewPCG(1, uint64(policy)))); kept < rounds/2 {
				t.Errorf("an instance was kept after %d of %d runs only", kept, rounds)
			}
		})
	}
}

// lookForCanaries runs the guest in random ways, and fails if it finds what a run before
// has left. It returns after how many of the runs an instance was kept.
func lookForCanaries(t *testing.T, m *Module, r *rand.Rand) (kept, rounds int) {
	t.Helper()
	rounds = 400
	if testing.Short() {
		rounds = 100
	}
	for n := range rounds {
		todo := int32(r.IntN(1<<20) + 1000)
		if k := r.IntN(12); k < 6 {
			todo = int32(k)
		}
		s := &told{todo: todo, found: -1}
		_, err := m.Run(context.Background(), &Run{States: []any{s}})
		var exit *guest.Exit
		var trap *guest.Trap
		if err != nil && !(todo == 2 && errors.As(err, &exit)) && !(todo == 3 && errors.As(err, &trap)) {
			t.Fatalf("run %d, told %d: %v", n, todo, err)
		}
		if s.found != 0 {
			t.Fatalf("run %d found %d words or globals that are not as they start", n, s.found)
		}
		kept += len(m.warm.parked[0])
	}
	return kept, rounds
}

func TestInstancesAreKeptOnlyWhereAllCanBePutBack(t *testing.T) {
	e := warmEngine(t, Config{Shards: 1, Slots: 1})
	for name, c := range map[string]struct {
		text string
		kept bool
	}{
		"only memory changes":             {`(module (memory (export "memory") 1) (func (export "run")))`, true},
		"a global cannot be reached":      {`(module (memory (export "memory") 1) (global (mut i32) (i32.const 0)) (func (export "run")))`, false},
		"a constant global needs nothing": {`(module (memory (export "memory") 1) (global i32 (i32.const 0)) (func (export "run")))`, true},
		"it sets a table":                 {`(module (memory (export "memory") 1) (table 1 funcref) (func (export "run") (table.set 0 (i32.const 0) (ref.null func))))`, false},
		"it drops a segment":              {`(module (memory (export "memory") 1) (data "x") (func (export "run") (data.drop 0)))`, false},
		"it has a start function":         {`(module (memory (export "memory") 1) (start 0) (func) (func (export "run")))`, false},
		"it has no memory":                {`(module (func (export "run")))`, false},
	} {
		m, err := e.Compile(context.Background(), wat(t, c.text), ModuleOptions{Steps: []Step{{Export: "run"}}, Warm: true})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := m.Run(context.Background(), &Run{States: []any{&told{}}}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if kept := m.warm != nil && len(m.warm.parked[0]) == 1; kept != c.kept {
			t.Errorf("%s: its instance is kept: %v, want %v", name, kept, c.kept)
		}
		m.Close()
	}
}

func TestKeptInstancesMakeRoomForOthers(t *testing.T) {
	e := warmEngine(t, Config{Shards: 1, Slots: 2})
	var all []*Module
	for i := range 5 {
		all = append(all, compileWarm(t, e, fmt.Sprintf(`(module (memory (export "memory") 1) (func (export "run") (i32.store (i32.const 0) (i32.const %d))))`, i)))
	}
	var wait sync.WaitGroup
	for i := range 8 {
		wait.Go(func() {
			for n := range 200 {
				if _, err := all[(i+n)%len(all)].Run(context.Background(), &Run{States: []any{&told{}}}); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wait.Wait()
	for _, m := range all {
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	}
	if n := e.shards[0].free.count(); n != 2 {
		t.Errorf("%d slots are free when all modules are closed, want 2", n)
	}
}

// heap is a guest with a 20 MiB heap that reads and writes words at places that follow
// from its input: as many as it is told, always the same ones or ever others.
func heap(b *testing.B, fresh bool) string {
	b.Helper()
	seed := "(i32.const 12345)"
	if fresh {
		seed = "(call $todo)"
	}
	data := make([]byte, 0, 3<<20)
	for i := range 320 {
		data = fmt.Appendf(data, "(data (i32.const %d) \"%s\")\n", 65536*i+64, "initialised")
	}
	return fmt.Sprintf(`(module
		(import "env" "todo" (func $todo (result i32)))
		(memory (export "memory") 321)
		%s
		(func (export "run") (local $at i32) (local $n i32)
			(local.set $at %s) (local.set $n (i32.const WRITES))
			(loop $more
				(local.set $at (i32.add (i32.mul (local.get $at) (i32.const 1103515245)) (i32.const 12345)))
				(i32.store (i32.rem_u (i32.shr_u (local.get $at) (i32.const 2)) (i32.const 20971520)) (local.get $at))
				(local.set $n (i32.sub (local.get $n) (i32.const 1)))
				(br_if $more (local.get $n)))))`, data, seed)
}

func BenchmarkReset(b *testing.B) {
	hello := `(module (memory (export "memory") 2) (global (export "sp") (mut i32) (i32.const 98304))
		(func (export "run") (i32.store (i32.const 98000) (i32.const 1)) (i32.store (i32.const 100000) (i32.const 1))))`
	replace := func(text, writes string) string { return strings.Replace(text, "WRITES", writes, 1) }
	for _, c := range []struct {
		name, text string
		warm       bool
	}{
		{"hello/fresh", hello, false},
		{"hello/kept", hello, true},
		{"20MiB/4 writes, the same/fresh", replace(heap(b, false), "4"), false},
		{"20MiB/4 writes, the same/kept", replace(heap(b, false), "4"), true},
		{"20MiB/64 writes, the same/kept", replace(heap(b, false), "64"), true},
		{"20MiB/64 writes, others/fresh", replace(heap(b, true), "64"), false},
		{"20MiB/64 writes, others/kept", replace(heap(b, true), "64"), true},
		{"20MiB/1000 writes, the same/kept", replace(heap(b, false), "1000"), true},
	} {
		b.Run(c.name, func(b *testing.B) {
			e := warmEngine(b, Config{Shards: 1, Slots: 2})
			m, err := e.Compile(context.Background(), wat(b, c.text), ModuleOptions{Steps: []Step{{Export: "run"}}, Warm: c.warm})
			if err != nil {
				b.Fatal(err)
			}
			defer m.Close()
			s := &told{}
			r := &Run{States: []any{s}}
			b.ReportAllocs()
			for b.Loop() {
				s.todo += 7919
				if _, err := m.Run(context.Background(), r); err != nil {
					b.Fatal(err)
				}
			}
		})
	}

}
