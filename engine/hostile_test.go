package engine

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/wasm"
	"github.com/faaslens/faaslens/wasm/wasmtest"
)

// thrower is a module whose export "run" throws: once, or in a loop in which it
// catches. Its text format is newer than the tools.
func thrower(t testing.TB, loops bool) *wasm.Module {
	t.Helper()
	throw := wasmtest.Body(0x41, 1, 0x08, 0) // i32.const 1, throw 0
	run := wasmtest.Body(0x10, 0)            // call 0
	if loops {
		// loop, block (result i32), try_table (catch 0 0), call 0, end, i32.const 0,
		// end, drop, br 0, end
		run = wasmtest.Body(0x03, 0x40, 0x02, 0x7f, 0x1f, 0x40, 1, 0, 0, 0, 0x10, 0, 0x0b, 0x41, 0, 0x0b, 0x1a, 0x0c, 0, 0x0b)
	}
	m, err := wasm.Parse(wasmtest.Module(
		wasmtest.Section(1, wasmtest.Vec(wasmtest.FuncType(nil, nil), wasmtest.FuncType([]guest.ValueType{guest.I32}, nil))),
		wasmtest.Section(3, wasmtest.Vec(wasmtest.U(0), wasmtest.U(0))),
		wasmtest.Section(5, wasmtest.Vec(wasmtest.B(0, 1))),
		wasmtest.Section(13, wasmtest.Vec(wasmtest.B(0, 1))),
		wasmtest.Section(7, wasmtest.Vec(wasmtest.Export("run", 0, 1), wasmtest.Export("memory", 2, 0))),
		wasmtest.Section(10, wasmtest.Vec(throw, run)),
	))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// ends says what a run's error must be.
type ends func(error) bool

func byLimit(k guest.LimitKind) ends {
	return func(err error) bool {
		var l *guest.Limit
		return errors.As(err, &l) && l.Kind == k
	}
}

func byTrap(c guest.TrapCode, message string) ends {
	return func(err error) bool {
		var t *guest.Trap
		return errors.As(err, &t) && t.Code == c && strings.Contains(t.Message, message)
	}
}

func byExit(code int32) ends {
	return func(err error) bool {
		var e *guest.Exit
		return errors.As(err, &e) && e.Code == code
	}
}

func well(err error) bool { return err == nil }

// Whatever a guest does ends in a way that has a name, in time, and leaves the engine
// as it was.
func TestHostileGuestsEnd(t *testing.T) {
	e := testEngine(t)
	fine := compile(t, e, returnsSeven)
	for name, c := range map[string]struct {
		text string
		ends ends
	}{
		"a start function that traps":                {`(module (func $s unreachable) (start $s) (func (export "run")))`, byTrap(guest.TrapUnreachable, "")},
		"a start function that loops":                {`(module (func $s (loop $l (br $l))) (start $s) (func (export "run")))`, byLimit(guest.LimitDeadline)},
		"a start function that exits":                {`(module (import "env" "exit" (func $e (param i32))) (func $s (call $e (i32.const 9))) (start $s) (func (export "run")))`, byExit(9)},
		"a start function that takes memory":         {`(module (memory (export "memory") 1) (func $s (loop $l (drop (memory.grow (i32.const 16))) (br $l))) (start $s) (func (export "run")))`, byLimit(guest.LimitMemory)},
		"a start function that takes it and is done": {`(module (memory (export "memory") 1) (func $s (drop (memory.grow (i32.const 1100)))) (start $s) (func (export "run")))`, byLimit(guest.LimitMemory)},
		"a start function whose host call panics":    {`(module (import "env" "panic" (func $e)) (func $s (call $e)) (start $s) (func (export "run")))`, byTrap(guest.TrapHost, "on purpose")},
		"a start function that enters the guest anew": {`(module (import "env" "again" (func $e (result i32))) (func (export "twice") (param i32) (result i32) (local.get 0))
			(func $s (drop (call $e))) (start $s) (func (export "run")))`, byTrap(guest.TrapHost, "start function has not ended")},
		"a loop":                    {`(module (func (export "run") (loop $l (br $l))))`, byLimit(guest.LimitDeadline)},
		"tail calls":                {`(module (func $a (return_call $b)) (func $b (return_call $a)) (func (export "run") (call $a)))`, byLimit(guest.LimitDeadline)},
		"tail calls by the table":   {`(module (table funcref (elem $a)) (type $t (func)) (func $a (return_call_indirect (type $t) (i32.const 0))) (func (export "run") (call $a)))`, byLimit(guest.LimitDeadline)},
		"recursion":                 {`(module (func $a (param i32) (result i32) (i32.add (call $a (local.get 0)) (i32.const 1))) (func (export "run") (drop (call $a (i32.const 0)))))`, byTrap(guest.TrapStackOverflow, "")},
		"filling memory":            {`(module (memory (export "memory") 1000) (func (export "run") (loop $l (memory.fill (i32.const 0) (i32.const 1) (i32.const 65536000)) (br $l))))`, byLimit(guest.LimitDeadline)},
		"copying memory":            {`(module (memory (export "memory") 1000) (func (export "run") (loop $l (memory.copy (i32.const 0) (i32.const 30000000) (i32.const 30000000)) (br $l))))`, byLimit(guest.LimitDeadline)},
		"growing a table":           {`(module (table $t 1 funcref) (func (export "run") (loop $l (drop (table.grow $t (ref.null func) (i32.const 1))) (br $l))))`, byLimit(guest.LimitDeadline)},
		"filling a table":           {`(module (table $t 499999 funcref) (func (export "run") (loop $l (table.fill $t (i32.const 0) (table.get $t (i32.const 0)) (i32.const 499999)) (br $l))))`, byLimit(guest.LimitDeadline)},
		"filling a foreign table":   {`(module (table $t 499999 externref) (func (export "run") (loop $l (table.fill $t (i32.const 0) (ref.null extern) (i32.const 499999)) (br $l))))`, byLimit(guest.LimitDeadline)},
		"growing memory":            {`(module (memory (export "memory") 1) (func (export "run") (loop $l (drop (memory.grow (i32.const 1))) (br $l))))`, byLimit(guest.LimitMemory)},
		"growing a memory unseen":   {`(module (memory 1) (func (export "run") (loop $l (br_if $l (i32.ne (memory.grow (i32.const 1)) (i32.const -1)))) (if (i32.gt_u (memory.size) (i32.const 1024)) (then unreachable))))`, well},
		"growing a memory by none":  {`(module (memory (export "memory") 1) (func (export "run") (loop $l (drop (memory.grow (i32.const 0))) (br $l))))`, byLimit(guest.LimitDeadline)},
		"growing a 64-bit memory":   {`(module (memory (export "memory") i64 1) (func (export "run") (loop $l (drop (memory.grow (i64.const 16))) (br $l))))`, byLimit(guest.LimitMemory)},
		"growing it beyond 64 bits": {`(module (memory (export "memory") i64 1) (func (export "run") (if (i64.ne (memory.grow (i64.const 0x7fffffffffff)) (i64.const -1)) (then unreachable)) (if (i64.ne (memory.grow (i64.const -1)) (i64.const -1)) (then unreachable))))`, well},
		"host calls":                {`(module (import "env" "nop" (func $n)) (func (export "run") (loop $l (call $n) (br $l))))`, byLimit(guest.LimitDeadline)},
		"waiting for itself":        {`(module (memory (export "memory") 1 1) (func (export "run") (drop (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const -1)))))`, byTrap(guest.TrapOther, "atomic wait on memory that is not shared")},
		"notifying nobody":          {`(module (memory (export "memory") 1 1) (func (export "run") (loop $l (drop (memory.atomic.notify (i32.const 0) (i32.const 1))) (br $l))))`, byLimit(guest.LimitDeadline)},
		"atomics at odd places":     {`(module (memory (export "memory") 1 1) (func (export "run") (drop (i32.atomic.rmw.add (i32.const 1) (i32.const 1)))))`, byTrap(guest.TrapMisaligned, "")},
		"a loop in a nested entry":  {`(module (import "env" "again" (func $again (result i32))) (func (export "twice") (param i32) (result i32) (loop $l (br $l)) (i32.const 1)) (func (export "run") (drop (call $again))))`, byLimit(guest.LimitDeadline)},
		"a trap in a nested entry":  {`(module (import "env" "again" (func $again (result i32))) (func (export "twice") (param i32) (result i32) unreachable) (func (export "run") (drop (call $again))))`, byTrap(guest.TrapUnreachable, "")},
		"an exit in a nested entry": {`(module (import "env" "exit" (func $x (param i32))) (import "env" "again" (func $again (result i32))) (func (export "twice") (param i32) (result i32) (call $x (i32.const 4)) (i32.const 0)) (func (export "run") (drop (call $again))))`, byExit(4)},
		"a panic in a nested entry": {`(module (import "env" "panic" (func $x)) (import "env" "again" (func $again (result i32))) (func (export "twice") (param i32) (result i32) (call $x) (i32.const 0)) (func (export "run") (drop (call $again))))`, byTrap(guest.TrapHost, "on purpose")},
		"an entry for a reference":  {`(module (import "env" "again" (func $again (result i32))) (func (export "twice") (param funcref) (result i32) (i32.const 1)) (func (export "run") (drop (call $again))))`, byTrap(guest.TrapHost, "it is a (funcref) -> i32")},
		"entries without end":       {`(module (import "env" "again" (func $again (result i32))) (func (export "twice") (param i32) (result i32) (call $again)) (func (export "run") (drop (call $again))))`, byTrap(guest.TrapStackOverflow, "")},
	} {
		t.Run(name, func(t *testing.T) {
			m := compile(t, e, c.text)
			limits := guest.Limits{Timeout: 50 * time.Millisecond, Memory: 64 << 20}
			if name == "entries without end" || name == "recursion" {
				limits.Timeout = 0
			}
			if _, _, err := run(m, limits); !c.ends(err) {
				t.Errorf("it ended with %#v: %v", err, err)
			}
			if s, _, err := run(fine, guest.Limits{}); err != nil || s.values[0] != 7 {
				t.Errorf("the next one got %v", err)
			}
		})
	}
	for name, c := range map[string]struct {
		loops bool
		ends  ends
	}{
		"an exception that nobody catches": {false, byTrap(guest.TrapUncaughtException, "")},
		"exceptions in a loop":             {true, byLimit(guest.LimitDeadline)},
	} {
		t.Run(name, func(t *testing.T) {
			m, err := e.Compile(context.Background(), thrower(t, c.loops), ModuleOptions{Steps: []Step{{Export: "run"}}})
			if err != nil {
				t.Fatal(err)
			}
			defer m.Close()
			if _, _, err := run(m, guest.Limits{Timeout: 20 * time.Millisecond, Memory: 64 << 20}); !c.ends(err) {
				t.Errorf("it ended with %#v: %v", err, err)
			}
		})
	}
}

func TestModulesThatAskForTooMuchAreRefused(t *testing.T) {
	e := testEngine(t)
	for name, c := range map[string]struct{ text, says string }{
		"a shared memory":           {`(module (memory (export "memory") 1 1 shared) (func (export "run")))`, "shared between threads"},
		"a memory of 2^64 bytes":    {`(module (memory (export "memory") i64 0x1000000000000) (func (export "run")))`, "memory"},
		"a memory of 5 GiB":         {`(module (memory (export "memory") i64 81920) (func (export "run")))`, "exceeds the limit"},
		"five memories":             {`(module (memory 1) (memory 1) (memory 1) (memory 1) (memory 1) (func (export "run")))`, "it has 5 memories, at most 4"},
		"nine tables":               {`(module` + strings.Repeat(` (table 1 funcref)`, 9) + ` (func (export "run")))`, "it has 9 tables, at most 8"},
		"a table of many":           {`(module (table 1000000 funcref) (func (export "run")))`, "1000000 elements asked for, 500000 allowed"},
		"an export of another type": {`(module (func (export "run") (param f64)))`, `its export "run" is a function (f64)`},
		"an import of another type": {`(module (import "env" "put" (func (param i64))) (func (export "run")))`, "env.put (i64) (provided as (i32))"},
		"imports that are no calls": {`(module (import "env" "memory" (memory 1)) (import "env" "g" (global i32)) (import "env" "t" (table 1 funcref)) (func (export "run")))`, "3 import(s) cannot be linked"},
	} {
		t.Run(name, func(t *testing.T) {
			m, err := e.Compile(context.Background(), wat(t, c.text), ModuleOptions{Steps: []Step{{Export: "run"}}})
			if err == nil {
				m.Close()
				t.Fatal("it was taken")
			}
			if !strings.Contains(err.Error(), c.says) {
				t.Errorf("it says %v", err)
			}
		})
	}
	t.Run("a memory beyond the limit of one run", func(t *testing.T) {
		m := compile(t, e, `(module (memory (export "memory") 65536) (func (export "run")))`)
		if _, _, err := run(m, guest.Limits{}); !byLimit(guest.LimitMemory)(err) {
			t.Errorf("got %v", err)
		}
	})
}

// Four memories together, seen and unseen, with and without a maximum, take no more
// than the limit.
func TestSeveralMemoriesShareTheLimit(t *testing.T) {
	e := testEngine(t)
	for name, memories := range map[string]string{
		"without a maximum":    `(memory (export "memory") 1) (memory 1) (memory 1) (memory 1)`,
		"with a small maximum": `(memory (export "memory") 1 2) (memory 1 3) (memory 0 0) (memory 1)`,
		"with a huge maximum":  `(memory (export "memory") 1 65536) (memory i64 1 0x1000000000000) (memory 1) (memory 900)`,
		"one that is all":      `(memory (export "memory") 1021) (memory 1) (memory 1) (memory 1)`,
		"one that is large":    `(memory (export "memory") 1000) (memory 1) (memory 1) (memory 1)`,
	} {
		t.Run(name, func(t *testing.T) {
			grow := func(i, kind string) string {
				return `(loop $l (br_if $l (` + kind + `.ne (memory.grow ` + i + ` (` + kind + `.const 1)) (` + kind + `.const -1))))`
			}
			second, size := "i32", `(memory.size 1)`
			if strings.Contains(memories, "i64") {
				second, size = "i64", `(i32.wrap_i64 (memory.size 1))`
			}
			m := compile(t, e, `(module (import "env" "put" (func $put (param i32)))`+memories+`(func (export "run")`+
				grow("0", "i32")+grow("1", second)+grow("2", "i32")+grow("3", "i32")+
				`(call $put (memory.size 0)) (call $put `+size+`) (call $put (memory.size 2)) (call $put (memory.size 3))))`)
			const limit = 1024 // pages
			s, _, err := run(m, guest.Limits{Memory: limit << 16})
			if err != nil {
				t.Fatal(err)
			}
			total := int32(0)
			for _, pages := range s.values {
				total += pages
			}
			if total > limit || total < limit-8 {
				t.Errorf("%v pages, %d together; %d are allowed", s.values, total, limit)
			}
		})
	}
}

// A crowd of guests that take all that a module may have leaves a modest one its own.
func TestACrowdLeavesRoomForOthers(t *testing.T) {
	for name, greedy := range map[string]*wasm.Module{
		"with exceptions": thrower(t, true),
		"with many memories and tables": wat(t, `(module (import "env" "block" (func $block)) (memory (export "memory") 1)`+
			strings.Repeat(` (memory 1)`, 3)+strings.Repeat(` (table 1 funcref)`, 8)+` (func (export "run") (call $block)))`),
	} {
		t.Run(name, func(t *testing.T) {
			e, err := New(Config{Calls: testCalls(t), Slots: 16, Shards: 1})
			if err != nil {
				t.Fatal(err)
			}
			defer e.Close()
			modest, err := e.Compile(context.Background(), wat(t, `(module (memory (export "memory") 1) (table 1 funcref) (table 1 funcref) (func (export "run")))`),
				ModuleOptions{Steps: []Step{{Export: "run"}}})
			if err != nil {
				t.Fatal(err)
			}
			defer modest.Close()
			m, err := e.Compile(context.Background(), greedy, ModuleOptions{Steps: []Step{{Export: "run"}}})
			if err != nil {
				t.Fatal(err)
			}
			defer m.Close()
			ctx, cancel := context.WithCancel(context.Background())
			var running sync.WaitGroup
			for range 12 {
				running.Go(func() {
					_, err := m.Run(ctx, &Run{States: []any{&state{block: make(chan struct{})}}, Limits: guest.Limits{Memory: 1 << 20}})
					if !byLimit(guest.LimitCancelled)(err) {
						t.Errorf("one of the crowd got %v", err)
					}
				})
			}
			// All that may run do, once their words are in the channel.
			for len(e.shards[0].greedy) < cap(e.shards[0].greedy) {
				runtime.Gosched()
			}
			var modestOnes sync.WaitGroup
			for range 14 {
				modestOnes.Go(func() {
					if _, _, err := run(modest, guest.Limits{}); err != nil {
						t.Errorf("a modest one got %v", err)
					}
				})
			}
			modestOnes.Wait()
			cancel()
			running.Wait()
		})
	}
}

func TestCancellationBeforeTheStartIsNotLost(t *testing.T) {
	e := testEngine(t)
	spin := compile(t, e, busy, Step{Export: "spin"})
	for range 500 {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		_, err := spin.Run(ctx, &Run{States: []any{&state{}}, Limits: guest.Limits{Timeout: time.Minute}})
		if !byLimit(guest.LimitCancelled)(err) {
			t.Fatalf("got %v", err)
		}
	}
}

// A program may take signals for itself, all of them too.
func TestGuestsAreStoppedWhateverTheProgramDoesWithSignals(t *testing.T) {
	e := testEngine(t)
	spin := compile(t, e, busy, Step{Export: "spin"})
	signals := make(chan os.Signal, 1)
	defer signal.Reset()
	for _, c := range []struct {
		name string
		take func()
	}{
		{"notified of all", func() { signal.Notify(signals) }},
		{"and no more", func() { signal.Stop(signals) }},
		{"notified of ours", func() { signal.Notify(signals, syscall.Signal(39)) }},
		{"ignoring all", func() { signal.Ignore() }},
		{"notified of all after ignoring them", func() { signal.Notify(signals) }},
		{"with all as at the start", func() { signal.Reset() }},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.take()
			if _, _, err := run(spin, guest.Limits{Timeout: 10 * time.Millisecond}); !byLimit(guest.LimitDeadline)(err) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// onFirst takes functions to run on the process's first thread.
var onFirst = make(chan func())

// The first goroutine keeps the first thread only if it asks for it here.
func init() { runtime.LockOSThread() }

func TestMain(m *testing.M) {
	done := make(chan int)
	go func() { done <- m.Run() }()
	for {
		select {
		case f := <-onFirst:
			f()
		case code := <-done:
			os.Exit(code)
		}
	}
}

// The first thread's stack is as large as ulimit -s says.
func TestGuestsRunThoughTheCallersThreadHasASmallStack(t *testing.T) {
	m := compile(t, testEngine(t), returnsSeven)
	done := make(chan struct{})
	onFirst <- func() {
		defer close(done)
		var was syscall.Rlimit
		if err := syscall.Getrlimit(syscall.RLIMIT_STACK, &was); err != nil {
			t.Error(err)
		}
		if err := syscall.Setrlimit(syscall.RLIMIT_STACK, &syscall.Rlimit{Cur: 1 << 20, Max: was.Max}); err != nil {
			t.Error(err)
		}
		if s, _, err := run(m, guest.Limits{}); err != nil || s.values[0] != 7 {
			t.Errorf("got %v", err)
		}
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
		defer cancel()
		spin := compile(t, m.engine, busy, Step{Export: "spin"})
		if _, err := spin.Run(ctx, &Run{States: []any{&state{}}}); !byLimit(guest.LimitDeadline)(err) {
			t.Errorf("got %v", err)
		}
		// A stop that is asked for before the guest has found its stack counts too.
		ended, end := context.WithCancel(context.Background())
		end()
		for range 200 {
			if _, err := spin.Run(ended, &Run{States: []any{&state{}}}); !byLimit(guest.LimitCancelled)(err) {
				t.Errorf("got %v", err)
			}
		}
		if err := syscall.Setrlimit(syscall.RLIMIT_STACK, &was); err != nil {
			t.Error(err)
		}
	}
	<-done
}

// withLimit runs something while the process has less of a resource.
func withLimit(t *testing.T, resource int, limit uint64, do func()) {
	t.Helper()
	var was syscall.Rlimit
	if err := syscall.Getrlimit(resource, &was); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Setrlimit(resource, &syscall.Rlimit{Cur: limit, Max: was.Max}); err != nil {
		t.Fatal(err)
	}
	do()
	if err := syscall.Setrlimit(resource, &was); err != nil {
		t.Fatal(err)
	}
}

const threeBytes = `(module (memory (export "memory") 1) (data (i32.const 3) "abc") (func (export "run")))`

func TestAnInstanceThatCannotBeMadeIsNoTrap(t *testing.T) {
	e, err := New(Config{Calls: testCalls(t), Slots: 1, Shards: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	m := compile(t, e, threeBytes)
	b, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		t.Fatal(err)
	}
	pages, err := strconv.ParseUint(strings.Fields(string(b))[0], 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	const room = 1 << 30 // for this process; a memory takes more
	withLimit(t, syscall.RLIMIT_AS, pages*uint64(os.Getpagesize())+room, func() { _, _, err = run(m, guest.Limits{}) })
	var trap *guest.Trap
	if err == nil || errors.As(err, &trap) || !strings.Contains(err.Error(), "make an instance: no address space is left") {
		t.Errorf("got %v", err)
	}
	if _, _, err := run(m, guest.Limits{}); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

// Data that is mostly gaps is kept in a file in memory, which limits on files bound too.
func TestDataThatCannotBeKeptIsSaid(t *testing.T) {
	e := testEngine(t)
	text := wat(t, `(module (memory (export "memory") 100) (data (i32.const 3) "abc") (data (i32.const 6000000) "def") (func (export "run")))`)
	signal.Ignore(syscall.SIGXFSZ) // the write fails then
	defer signal.Reset(syscall.SIGXFSZ)
	o := ModuleOptions{Steps: []Step{{Export: "run"}}, CacheDir: t.TempDir()}
	first, err := e.Compile(context.Background(), text, o)
	if err != nil {
		t.Fatal(err)
	}
	first.Close()
	var again *Module
	const enough = 4 << 20 // for what the test itself writes
	withLimit(t, syscall.RLIMIT_FSIZE, enough, func() { again, err = e.Compile(context.Background(), text, o) })
	if err == nil {
		again.Close()
	}
	if err == nil || !strings.Contains(err.Error(), "write a module's 6 bytes of data to a file in memory") {
		t.Errorf("got %v", err)
	}
}
