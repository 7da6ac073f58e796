package engine

import (
	"context"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/faaslens/faaslens/guest"
)

// resident is the memory of this process that is in use, Go's and C's, in bytes.
func resident(t *testing.T) int {
	t.Helper()
	runtime.GC()
	b, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		t.Fatal(err)
	}
	pages, err := strconv.Atoi(strings.Fields(string(b))[1])
	if err != nil {
		t.Fatal(err)
	}
	return pages * os.Getpagesize()
}

func openFiles(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}

// However often invocations end, and whichever way, the process stays as it is.
func TestEndingsLeaveNothingInTheProcess(t *testing.T) {
	e, err := New(Config{Calls: testCalls(t), Slots: 4})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	for _, c := range []struct {
		name, text string
		many       int
		limits     guest.Limits
		ends       ends
	}{
		{"a return", returnsSeven, 40_000, guest.Limits{}, well},
		{"an exit", `(module (import "env" "exit" (func $e (param i32))) (func (export "run") (call $e (i32.const 3))))`, 40_000, guest.Limits{}, byExit(3)},
		{"a trap", `(module (memory (export "memory") 1) (func $f (drop (i32.load (i32.const 65536)))) (func (export "run") (call $f)))`, 40_000, guest.Limits{}, byTrap(guest.TrapMemoryOutOfBounds, "")},
		{"a trap at the start", `(module (func $s unreachable) (start $s) (func (export "run")))`, 40_000, guest.Limits{}, byTrap(guest.TrapUnreachable, "")},
		{"a small stack", `(module (func $d (call $d) (call $d)) (func (export "run") (call $d)))`, 400, guest.Limits{Stack: 64 << 10}, byTrap(guest.TrapStackOverflow, "")},
		{"a panic", `(module (import "env" "panic" (func $p)) (func (export "run") (call $p)))`, 20_000, guest.Limits{}, byTrap(guest.TrapHost, "")},
		{"too much memory", `(module (memory (export "memory") 1) (func (export "run") (drop (memory.grow (i32.const 2)))))`, 40_000, guest.Limits{Memory: 1 << 17}, byLimit(guest.LimitMemory)},
		{"a deadline", busyLoop, 400, guest.Limits{Timeout: time.Microsecond}, byLimit(guest.LimitDeadline)},
		{"a nested entry", `(module (import "env" "again" (func $a (result i32))) (func (export "twice") (param i32) (result i32) unreachable) (func (export "run") (drop (call $a))))`, 20_000, guest.Limits{}, byTrap(guest.TrapUnreachable, "")},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, err := e.Compile(context.Background(), wat(t, c.text), ModuleOptions{Steps: []Step{{Export: "run"}}})
			if err != nil {
				t.Fatal(err)
			}
			defer m.Close()
			repeat := func(n int) {
				var all sync.WaitGroup
				for range 2 {
					all.Go(func() {
						for range n / 2 {
							if _, _, err := run(m, c.limits); !c.ends(err) {
								t.Errorf("it ended with %v", err)
								return
							}
						}
					})
				}
				all.Wait()
			}
			many := c.many
			if testing.Short() {
				many /= 20
			}
			repeat(many / 4)
			memory, goroutines, files := resident(t), runtime.NumGoroutine(), openFiles(t)
			repeat(many)
			// One leaked allocation of 400 bytes for each of 40,000 is more than this.
			if now := resident(t); now > memory+16<<20 {
				t.Errorf("%s more memory after %d", guest.FormatBytes(uint64(now-memory)), many)
			}
			if now := runtime.NumGoroutine(); now > goroutines+2 {
				t.Errorf("%d goroutines, %d before", now, goroutines)
			}
			if now := openFiles(t); now > files {
				t.Errorf("%d open files, %d before", now, files)
			}
		})
	}
}

const busyLoop = `(module (func (export "run") (loop $l (br $l))))`
