package engine

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"os"

	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/snapshot"
	"github.com/faaslens/faaslens/wasm"
)

// freeze runs the exports of a module once and returns the module that starts there.
func freeze(t testing.TB, e *Engine, m *wasm.Module, exports ...string) (*wasm.Module, error) {
	t.Helper()
	b, reading, err := snapshot.Instrument(m)
	if err != nil {
		return nil, err
	}
	validate(t, b)
	instrumented, err := wasm.Parse(b)
	if err != nil {
		t.Fatal(err)
	}
	var o ModuleOptions
	for _, x := range exports {
		o.Steps = append(o.Steps, Step{Export: x})
	}
	c, err := e.Compile(context.Background(), instrumented, o)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	var frozen []byte
	_, err = c.Capture(context.Background(), &Run{States: []any{&told{}}}, reading, func(s *snapshot.State) error {
		frozen, err = snapshot.Freeze(m, reading, s)
		return err
	})
	if err != nil {
		return nil, err
	}
	validate(t, frozen)
	parsed, err := wasm.Parse(frozen)
	if err != nil {
		t.Fatal(err)
	}
	return parsed, nil
}

// validate has wabt look at a module.
func validate(t testing.TB, b []byte) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "m.wasm")
	if err := os.WriteFile(path, b, 0o644); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("wasm-validate", "--enable-all", path)
	if out, err := cmd.CombinedOutput(); errors.Is(err, exec.ErrNotFound) {
		t.Fatal("wasm-validate is missing; install it with: apt-get install wabt")
	} else if err != nil {
		t.Fatalf("wasm-validate: %v\n%s", err, out)
	}
}

// initialised is a guest whose init changes all that an instance can change: memories,
// one of which grows, globals of each type, tables and segments. Its run tells how much of
// that is not as init left it, and then changes what it can.
const initialised = `(module
	(import "env" "todo" (func $todo (result i32)))
	(import "env" "put" (func $put (param i32)))
	(import "env" "fill" (func $fill (param i32)))
	(import "env" "exit" (func $exit (param i32)))
	(memory (export "memory") 2)
	(table $t 3 10 funcref)
	(table $u (export "u") 2 funcref)
	(global $i (mut i32) (i32.const 1))
	(global $l (mut i64) (i64.const 2))
	(global $f (mut f32) (f32.const 3))
	(global $d (mut f64) (f64.const 4))
	(global $v (mut v128) (v128.const i32x4 5 5 5 5))
	(global $constant i32 (i32.const 77))
	(data $active (i32.const 64) "before")
	(data $kept "kept")
	(data $dropped "dropped")
	(elem $filled (table $t) (i32.const 0) func $one $two)
	(elem $spare func $three $one)
	(elem $gone func $two)
	(elem $imported func $put)
	(func $one (result i32) (i32.const 1))
	(func $two (result i32) (i32.const 2))
	(func $three (result i32) (i32.const 3))
	(func $start (global.set $i (i32.add (global.get $i) (i32.const 1))))
	(start $start)
	(func (export "init")
		(global.set $i (i32.add (global.get $i) (i32.const 40)))
		(global.set $l (i64.const -5)) (global.set $f (f32.const 0x1p-3)) (global.set $d (f64.const -nan:0x4000000000001))
		(global.set $v (v128.const i64x2 0x1122334455667788 -2))
		(drop (memory.grow (i32.const 3)))
		(memory.init $dropped (i32.const 300000) (i32.const 0) (i32.const 7))
		(data.drop $dropped)
		(i64.store (i32.const 64) (i64.const -1))
		(table.init $t $imported (i32.const 0) (i32.const 0) (i32.const 1))
		(drop (table.grow $t (table.get $t (i32.const 0)) (i32.const 2)))
		(table.init $t $spare (i32.const 1) (i32.const 0) (i32.const 1))
		(table.set $t (i32.const 0) (ref.null func))
		(table.init $u $gone (i32.const 1) (i32.const 0) (i32.const 1))
		(elem.drop $gone))
	(func $check (param $good i32) (param $which i32) (result i32)
		(select (i32.const 0) (local.get $which) (local.get $good)))
	(func (export "run") (local $n i32) (local $at i32)
		(local.set $n (call $check (i32.eq (global.get $i) (i32.const 42)) (i32.const 1)))
		(local.set $n (i32.or (local.get $n) (call $check (i64.eq (global.get $l) (i64.const -5)) (i32.const 2))))
		(local.set $n (i32.or (local.get $n) (call $check (f32.eq (global.get $f) (f32.const 0.125)) (i32.const 4))))
		(local.set $n (i32.or (local.get $n) (call $check (i64.eq (i64.reinterpret_f64 (global.get $d)) (i64.const 0xfff4000000000001)) (i32.const 8))))
		(local.set $n (i32.or (local.get $n) (call $check (i64x2.all_true (i64x2.eq (global.get $v) (v128.const i64x2 0x1122334455667788 -2))) (i32.const 16))))
		(local.set $n (i32.or (local.get $n) (call $check (i32.eq (memory.size) (i32.const 5)) (i32.const 32))))
		(local.set $n (i32.or (local.get $n) (call $check (i64.eq (i64.load (i32.const 300000)) (i64.const 0x646570706f7264)) (i32.const 64))))
		(local.set $n (i32.or (local.get $n) (call $check (i64.eq (i64.load (i32.const 64)) (i64.const -1)) (i32.const 128))))
		(local.set $n (i32.or (local.get $n) (call $check (ref.is_null (table.get $t (i32.const 0))) (i32.const 256))))
		(local.set $n (i32.or (local.get $n) (call $check (i32.eq (call_indirect $t (result i32) (i32.const 1)) (i32.const 3)) (i32.const 512))))
		(local.set $n (i32.or (local.get $n) (call $check (i32.eq (table.size $t) (i32.const 5)) (i32.const 1024))))
		(local.set $n (i32.or (local.get $n) (call $check (i32.eq (call_indirect $u (result i32) (i32.const 1)) (i32.const 2)) (i32.const 2048))))
		(local.set $n (i32.or (local.get $n) (call $check (ref.is_null (table.get $u (i32.const 0))) (i32.const 4096))))
		(call_indirect $t (param i32) (local.get $n) (i32.const 4))
		(global.set $i (i32.const 99)) (global.set $l (i64.const 99)) (global.set $f (f32.const 99)) (global.set $d (f64.const 99))
		(memory.fill (i32.const 0) (i32.const 0xcc) (i32.const 327680))
		(memory.init $kept (i32.const 0) (i32.const 0) (i32.const 4))
		(data.drop $kept)
		(table.init $t $spare (i32.const 0) (i32.const 0) (i32.const 2))
		(elem.drop $spare)
		(table.fill $u (i32.const 0) (ref.null func) (i32.const 2)))
	(func (export "late") (memory.init $dropped (i32.const 0) (i32.const 0) (i32.const 1)))
	(func (export "late elements") (table.init $u $gone (i32.const 0) (i32.const 0) (i32.const 1))))`

func TestAFrozenModuleStartsWhereInitEnded(t *testing.T) {
	e := warmEngine(t, Config{Shards: 1, Slots: 1})
	frozen, err := freeze(t, e, wat(t, initialised), "init")
	if err != nil {
		t.Fatal(err)
	}
	again, err := freeze(t, e, frozen) // a snapshot of a snapshot is the same
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(again.Bytes(), frozen.Bytes()) && again.Start != nil {
		t.Error("the second snapshot differs")
	}
	for name, m := range map[string]*wasm.Module{"once": frozen, "twice": again} {
		c, err := e.Compile(context.Background(), m, ModuleOptions{Steps: []Step{{Export: "run"}}, Warm: true})
		if err != nil {
			t.Fatal(err)
		}
		for range 3 {
			s := &told{found: -1}
			if _, err := c.Run(context.Background(), &Run{States: []any{s}}); err != nil || s.found != 0 {
				t.Fatalf("frozen %s: found %#x not as init left it, %v", name, s.found, err)
			}
		}
		c.Close()
	}
	for _, late := range []string{"late", "late elements"} {
		c, err := e.Compile(context.Background(), frozen, ModuleOptions{Steps: []Step{{Export: late}}})
		if err != nil {
			t.Fatal(err)
		}
		var trap *guest.Trap
		if _, err := c.Run(context.Background(), &Run{States: []any{&told{}}}); !errors.As(err, &trap) {
			t.Errorf("%s: a segment that init dropped is back: %v", late, err)
		}
		c.Close()
	}
}

func TestAFrozenModuleHasTheCodeAndTheCustomSections(t *testing.T) {
	e := warmEngine(t, Config{Shards: 1, Slots: 1})
	m := wat(t, initialised)
	frozen, err := freeze(t, e, m, "init")
	if err != nil {
		t.Fatal(err)
	}
	contents := func(m *wasm.Module, id wasm.SectionID) (all []byte) {
		for _, s := range m.Sections {
			if s.ID == id {
				all = append(all, m.Bytes()[s.Content:s.End()]...)
			}
		}
		return all
	}
	for _, id := range []wasm.SectionID{wasm.SectionCode, wasm.SectionCustom, wasm.SectionType, wasm.SectionImport, wasm.SectionFunction} {
		if !bytes.Equal(contents(m, id), contents(frozen, id)) {
			t.Errorf("the %s section differs", id)
		}
	}
	if frozen.Start != nil {
		t.Error("the start function would run again")
	}
}

func TestNothingOfAnInvocationIsLeftInFrozenModules(t *testing.T) {
	// The guest's checks hold as well where init has put its state there.
	text := strings.Replace(canaries, `(table 2 funcref)`, `(table 2 funcref)
		(func (export "init") (i64.store (i32.const 8) (i64.const 0)) (global.set $hidden (i32.const 8)))`, 1)
	text = strings.Replace(text, `(global $a `, `(global $hidden (mut i32) (i32.const 0)) (global $a `, 1)
	text = strings.Replace(text, `(local.get $n))
	(func (export "run")`, `(if (i32.ne (global.get $hidden) (i32.const 8)) (then (local.set $n (i32.const 1000006))))
		(local.get $n))
	(func (export "run")`, 1)
	text = strings.Replace(text, `(call $put (call $count))`, `(call $put (call $count)) (global.set $hidden (i32.const 99))`, 1)
	for _, policy := range []Reset{ResetMeasured, ResetSticky, ResetScan, ResetCopy, ResetFresh} {
		t.Run(policy.String(), func(t *testing.T) {
			e := warmEngine(t, Config{Shards: 1, Slots: 2, Reset: policy})
			frozen, err := freeze(t, e, wat(t, text), "init")
			if err != nil {
				t.Fatal(err)
			}
			m, err := e.Compile(context.Background(), frozen, ModuleOptions{Steps: []Step{{Export: "run"}}, Warm: true})
			if err != nil {
				t.Fatal(err)
			}
			defer m.Close()
			if m.warm == nil {
				t.Fatal("instances of the guest are not kept, though its globals were exported")
			}
			lookForCanaries(t, m, rand.New(rand.NewPCG(2, uint64(policy))))
		})
	}
}

func TestWhatCannotBeFrozenIsRefused(t *testing.T) {
	e := warmEngine(t, Config{Shards: 1, Slots: 1})
	for _, c := range []struct{ name, text, want string }{
		{"a global of the host's references", `(module (global (mut externref) (ref.null extern)) (func (export "init")))`, "global 0 holds externref"},
		{"a table of them that changes", `(module (table 1 externref) (func (export "init") (table.set 0 (i32.const 0) (ref.null extern))))`, "table 0 holds externref"},
		{"dropped data that no memory can show", `(module (memory 0) (data "x") (func (export "init") (data.drop 0)))`, "its memory is empty"},
		{"dropped elements that no table can show", `(module (table 0 funcref) (elem func $f) (func $f) (func (export "init") (elem.drop 0)))`, "a table is empty"},
	} {
		_, err := freeze(t, e, wat(t, c.text), "init")
		var refused *snapshot.Refused
		if !errors.As(err, &refused) || !strings.Contains(refused.Reason, c.want) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
}

func TestACaptureThatFailsIsARunThatFails(t *testing.T) {
	e := warmEngine(t, Config{Shards: 1, Slots: 1})
	for name, c := range map[string]struct {
		body string
		as   any
	}{
		"it traps": {"unreachable", new(*guest.Trap)},
		"it exits": {"(call $exit (i32.const 3))", new(*guest.Exit)},
	} {
		_, err := freeze(t, e, wat(t, `(module (import "env" "exit" (func $exit (param i32))) (memory 1) (func (export "init") `+c.body+`))`), "init")
		if !errors.As(err, c.as) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if n := e.shards[0].free.count(); n != 1 {
		t.Errorf("%d slots are free, want 1", n)
	}
}
