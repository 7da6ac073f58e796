package engine

import (
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/faaslens/faaslens/guest"
)

// busy has guests that are hard to stop: a tight loop, deep recursion, calls into the
// runtime, host calls, memory that moves about, and nested entries.
const busy = `(module
	(import "env" "nop" (func $nop))
	(import "env" "again" (func $again (result i32)))
	(memory (export "memory") 64)
	(func (export "twice") (param i32) (result i32) (local $i i32)
		(loop $l (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 300))))
		(i32.mul (local.get 0) (i32.const 2)))
	(func $fib (param i32) (result i32)
		(if (result i32) (i32.lt_s (local.get 0) (i32.const 2)) (then (local.get 0))
			(else (i32.add (call $fib (i32.sub (local.get 0) (i32.const 1))) (call $fib (i32.sub (local.get 0) (i32.const 2)))))))
	(func $tail (param i32) (result i32) (return_call $tail (i32.add (local.get 0) (i32.const 1))))
	(func (export "spin") (local i32) (loop $l (local.set 0 (i32.add (local.get 0) (i32.const 1))) (br $l)))
	(func (export "recurse") (drop (call $fib (i32.const 80))))
	(func (export "tails") (drop (call $tail (i32.const 0))))
	(func (export "copies") (loop $l (memory.copy (i32.const 0) (i32.const 2000000) (i32.const 1000000)) (br $l)))
	(func (export "calls") (loop $l (call $nop) (br $l)))
	(func (export "nests") (loop $l (drop (call $again)) (br $l)))
	(func (export "fine") (call $nop)))`

func TestGuestsAreStoppedAtRandomInstants(t *testing.T) {
	e := testEngine(t)
	parsed := wat(t, busy)
	kinds := []string{"spin", "recurse", "tails", "copies", "calls", "nests"}
	modules := map[string]*Module{}
	for _, k := range append(kinds, "fine") {
		m, err := e.Compile(context.Background(), parsed, ModuleOptions{Steps: []Step{{Export: k}}})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { m.Close() })
		modules[k] = m
	}
	rounds := 60
	if testing.Short() {
		rounds = 10
	}
	r := rand.New(rand.NewPCG(1, 2))
	for i := range rounds * len(kinds) {
		kind := kinds[i%len(kinds)]
		ctx, cancel := context.WithCancel(context.Background())
		timer := time.AfterFunc(time.Duration(r.IntN(3000))*time.Microsecond, cancel)
		_, err := modules[kind].Run(ctx, &Run{States: []any{&state{}}})
		timer.Stop()
		var l *guest.Limit
		if !errors.As(err, &l) || l.Kind != guest.LimitCancelled {
			t.Fatalf("%s: got %v", kind, err)
		}
		// The true stack: the exported function is outermost, whatever ran.
		if len(l.Frames) == 0 {
			t.Fatalf("%s: no frames", kind)
		}
		x, _ := parsed.Export(kind)
		if last := l.Frames[len(l.Frames)-1]; uint32(last.Func) != x.Index {
			t.Fatalf("%s: the outermost frame is function %d, not %d: %v", kind, last.Func, x.Index, l.Frames)
		}
		for _, f := range l.Frames {
			body, ok := parsed.Body(f.Func)
			if !ok || f.Offset < body.Offset || f.Offset >= body.End() {
				t.Fatalf("%s: frame %+v lies outside its function, %+v", kind, f, body)
			}
		}
		if _, err := modules["fine"].Run(context.Background(), &Run{States: []any{&state{}}}); err != nil {
			t.Fatalf("after %s: %v", kind, err)
		}
	}
}

func TestStopsOfOneGuestLeaveOthersAlone(t *testing.T) {
	e := testEngine(t)
	spin, sum := compile(t, e, busy, Step{Export: "spin"}), compile(t, e, `(module
		(import "env" "put" (func $put (param i32)))
		(func (export "run") (local $i i32) (local $s i32)
			(loop $l
				(local.set $s (i32.add (i32.mul (local.get $s) (i32.const 31)) (local.get $i)))
				(br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 200000))))
			(call $put (local.get $s))))`)
	want, _, err := run(sum, guest.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			for range 20 {
				_, _, err := run(spin, guest.Limits{Timeout: time.Millisecond})
				var l *guest.Limit
				if !errors.As(err, &l) || l.Kind != guest.LimitDeadline {
					t.Errorf("got %v", err)
				}
			}
		})
		wg.Go(func() {
			for range 100 {
				s, _, err := run(sum, guest.Limits{Timeout: time.Minute})
				if err != nil || s.values[0] != want.values[0] {
					t.Errorf("got %v, %v", s.values, err)
				}
			}
		})
	}
	wg.Wait()
}

func TestGoSignalsGoOnWorking(t *testing.T) {
	e := testEngine(t)
	c := make(chan os.Signal, 8)
	signal.Notify(c, syscall.SIGUSR1, syscall.SIGSEGV)
	defer signal.Stop(c)
	m := compile(t, e, `(module (memory (export "memory") 1) (func (export "run") (drop (i32.load (i32.const 65536)))))`)
	for range 50 {
		_, _, err := run(m, guest.Limits{})
		var trap *guest.Trap
		if !errors.As(err, &trap) || trap.Code != guest.TrapMemoryOutOfBounds {
			t.Fatalf("got %v", err)
		}
	}
	if err := syscall.Kill(os.Getpid(), syscall.SIGUSR1); err != nil {
		t.Fatal(err)
	}
	if s := <-c; s != syscall.SIGUSR1 {
		t.Errorf("got %v", s)
	}
	func() {
		defer func() {
			if recover() == nil {
				t.Error("a nil pointer did not panic")
			}
		}()
		var p *Module
		_ = p.memory
	}()
}

func TestWaitingForASlotEndsWithTheContext(t *testing.T) {
	e, err := New(Config{Calls: testCalls(t), Slots: 1, Shards: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	m := compile(t, e, `(module (import "env" "block" (func $block)) (func (export "run") (call $block)))`)
	ctx, cancel := context.WithCancel(context.Background())
	s := &state{block: make(chan struct{})}
	done := make(chan error)
	go func() {
		_, err := m.Run(ctx, &Run{States: []any{s}})
		done <- err
	}()
	<-s.block
	waiting, stop := context.WithTimeout(context.Background(), time.Millisecond)
	defer stop()
	_, err = m.Run(waiting, &Run{States: []any{&state{}}})
	var l *guest.Limit
	if !errors.As(err, &l) || l.Kind != guest.LimitCancelled {
		t.Errorf("got %v", err)
	}
	cancel()
	if err := <-done; !errors.As(err, &l) {
		t.Errorf("got %v", err)
	}
	m.Close()
}

// A stop may be asked for at any moment from the start on: none may be lost.
func TestStopsAtTheStartAreNotLost(t *testing.T) {
	m := compile(t, testEngine(t), busy, Step{Export: "spin"})
	for range 300 {
		ctx, cancel := context.WithCancel(context.Background())
		go cancel()
		_, err := m.Run(ctx, &Run{States: []any{&state{}}})
		var l *guest.Limit
		if !errors.As(err, &l) || l.Kind != guest.LimitCancelled {
			t.Fatalf("got %v", err)
		}
	}
}
