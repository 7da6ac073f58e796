package engine

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/hostcall"
	"github.com/faaslens/faaslens/wasm"
)

// A guest that puts the hash of its whole memory (FNV-1a, 32 bits) and of a second one, if
// it has that, and then spoils all of it, and what it grows by.
const spoiler = `(module (import "env" "put" (func $put (param i32)))
	(memory (export "memory") IS64 PAGES)
	MORE
	(func $spoil
		(memory.fill (INT.const 0) (i32.const 0xa5) (INT.mul (memory.size) (INT.const 65536))))
	(func (export "run") (local $at INT) (local $h i32)
		(local.set $h (i32.const 0x811c9dc5))
		(loop $next
			(local.set $h (i32.mul (i32.xor (local.get $h) (i32.load8_u (local.get $at))) (i32.const 16777619)))
			(local.set $at (INT.add (local.get $at) (INT.const 1)))
			(br_if $next (INT.lt_u (local.get $at) (INT.mul (memory.size) (INT.const 65536)))))
		(call $put (local.get $h))
		(call $spoil)
		(if (INT.ne (memory.grow (INT.const 2)) (INT.const PAGES)) (then unreachable))
		(if (i64.ne (i64.load (INT.const BEHIND)) (i64.const 0)) (then unreachable))
		(call $spoil)))`

type piece struct {
	at   int
	text string
}

// spoilers are guests, by what is special about them, and what their memories start with.
func spoilers() map[string]struct {
	pages  int
	is64   bool
	more   string
	pieces []piece
	mapped bool
} {
	type one = struct {
		pages  int
		is64   bool
		more   string
		pieces []piece
		mapped bool
	}
	const page = 65536
	return map[string]one{
		"nothing":              {pages: 1, mapped: true},
		"much nothing":         {pages: 40, mapped: true},
		"a word":               {pages: 1, more: `(data (i32.const 5000) "word")`, pieces: []piece{{5000, "word"}}, mapped: true},
		"a word at the end":    {pages: 2, more: `(data (i32.const 131068) "word")`, pieces: []piece{{131068, "word"}}, mapped: true},
		"words far apart":      {pages: 40, more: `(data (i32.const 4094) "across") (data (i32.const 2000000) "far")`, pieces: []piece{{4094, "across"}, {2000000, "far"}}, mapped: true},
		"one upon the other":   {pages: 1, more: `(data (i32.const 10) "under") (data (i32.const 12) "over") (data (i32.const 3) "")`, pieces: []piece{{10, "under"}, {12, "over"}}, mapped: true},
		"a memory of 64 bits":  {pages: 2, is64: true, more: `(data (i64.const 70000) "wide")`, pieces: []piece{{70000, "wide"}}, mapped: true},
		"segments by number":   {pages: 1, more: `(data $a (i32.const 8) "active") (data $p "passive") (func $init (memory.init $p (i32.const 20) (i32.const 1) (i32.const 3)) (memory.init $a (i32.const 0) (i32.const 0) (i32.const 0)) (data.drop $a)) (start $init)`, pieces: []piece{{8, "active"}, {20, "ass"}}, mapped: true},
		"a computed place":     {pages: 1, more: `(data (i32.add (i32.const 300) (i32.const 21)) "sum")`, pieces: []piece{{321, "sum"}}},
		"a start that writes":  {pages: 1, more: `(data (i32.const 0) "ab") (func $s (i32.store8 (i32.const 1) (i32.const 0x63))) (start $s)`, pieces: []piece{{0, "ac"}}, mapped: true},
		"a heap for objects":   {pages: 2, more: `(tag $t (param i32)) (data (i32.const 66000) "thrown") (func (export "throw") (throw $t (i32.const 1)))`, pieces: []piece{{66000, "thrown"}}, mapped: true},
		"memories beside it":   {pages: 1, more: `(memory $other 3) (data (i32.const 1) "one") (data (memory $other) (i32.const 1) "two") (func $s (if (i32.ne (i32.load8_u $other (i32.const 2)) (i32.const 0x77)) (then unreachable)) (memory.fill $other (i32.const 0) (i32.const 1) (i32.const 196608))) (start $s)`, pieces: []piece{{1, "one"}}},
		"as large as is kept":  {pages: 16, more: `(data (i32.const 1048570) "behind")`, pieces: []piece{{1048570, "behind"}}, mapped: true},
		"mostly gaps":          {pages: 128, more: `(data (i32.const 4097) "one") (data (i32.const 8388600) "eight of")`, pieces: []piece{{4097, "one"}, {8388600, "eight of"}}, mapped: true},
		"page after full page": {pages: 1, more: `(data (i32.const 4096) "` + strings.Repeat("x", 8192) + `")`, pieces: []piece{{page / 16, strings.Repeat("x", 8192)}}, mapped: true},
	}
}

func hashOf(pages int, pieces []piece) int32 {
	b := make([]byte, pages*65536)
	for _, p := range pieces {
		copy(b[p.at:], p.text)
	}
	h := fnv.New32a()
	h.Write(b)
	return int32(h.Sum32())
}

// However memories are put back, and whichever modules take turns in them: an invocation
// finds what its module says.
func TestMemoriesStartAsTheirModulesSay(t *testing.T) {
	for name, cfg := range map[string]Config{
		"by sets of pages":                    {Slots: 2, Shards: 1},
		"in one slot":                         {Slots: 1, Shards: 1},
		"with nothing kept beyond":            {Slots: 2, Shards: 1, KeepResident: 1},
		"under a debugger":                    {Slots: 2, Shards: 1, DebugInfo: true},
		"without asking the kernel":           {Slots: 2, Shards: 1, Emulated: true},
		"with as many slots as there may be ": {Slots: 8, Shards: 2},
	} {
		t.Run(name, func(t *testing.T) {
			cfg.Calls = testCalls(t)
			e, err := New(cfg)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { e.Close() })
			runSpoilers(t, e)
		})
	}
}

func runSpoilers(t *testing.T, e *Engine) {
	var wait sync.WaitGroup
	for name, c := range spoilers() {
		is64, number := "", "i32"
		if c.is64 {
			is64, number = "i64", "i64"
		}
		text := strings.NewReplacer("IS64", is64, "INT", number, "PAGES", fmt.Sprint(c.pages), "BEHIND", fmt.Sprint(c.pages*65536+8), "MORE", c.more).Replace(spoiler)
		m := compile(t, e, text)
		if m.mapped != c.mapped {
			t.Errorf("%s: its data is mapped: %v", name, m.mapped)
		}
		want := hashOf(c.pages, c.pieces)
		for range 2 {
			wait.Go(func() {
				for n := range 8 {
					s, _, err := run(m, guest.Limits{})
					if err != nil || len(s.values) != 1 || s.values[0] != want {
						t.Errorf("%s, run %d: its memory has the hash %x, want %x: %v", name, n, s.values, want, err)
					}
				}
			})
		}
	}
	wait.Wait()
}

// What is wrong with a segment is for the engine to say, and when it has always been said.
func TestSegmentsThatDoNotFitAreRefused(t *testing.T) {
	e := testEngine(t)
	m := compile(t, e, `(module (memory (export "memory") 1) (data (i32.const 65530) "too long") (func (export "run")))`)
	for range 2 {
		if _, _, err := run(m, guest.Limits{}); !byTrap(guest.TrapMemoryOutOfBounds, "")(err) {
			t.Errorf("behind the end: %v", err)
		}
	}
	empty := compile(t, e, `(module (memory (export "memory") 1) (data (i32.const 65537) "") (func (export "run")))`)
	if _, _, err := run(empty, guest.Limits{}); !byTrap(guest.TrapMemoryOutOfBounds, "")(err) {
		t.Errorf("empty, behind the end: %v", err)
	}
	dropped := compile(t, e, `(module (memory (export "memory") 1) (data (i32.const 0) "gone") (func (export "run") (memory.init 0 (i32.const 0) (i32.const 0) (i32.const 1))))`)
	if _, _, err := run(dropped, guest.Limits{}); !byTrap(guest.TrapMemoryOutOfBounds, "")(err) {
		t.Errorf("an active segment that is used again: %v", err)
	}
	wrong := wat(t, `(module (memory (export "memory") 1) (data (i32.const 0) "abc") (func (export "run")))`)
	b := []byte(strings.Replace(string(wrong.Bytes()), "\x41\x00\x0b\x03abc", "\x42\x00\x0b\x03abc", 1))
	parsed, err := wasm.Parse(b)
	if err != nil {
		t.Fatal(err)
	}
	_, err = e.Compile(context.Background(), parsed, ModuleOptions{Steps: []Step{{Export: "run"}}})
	if invalid := (*guest.InvalidModule)(nil); !errors.As(err, &invalid) || !strings.Contains(err.Error(), "type mismatch") {
		t.Errorf("an offset of 64 bits: %v", err)
	}
}

// An invocation within another on the same thread takes notice of the page faults of both.
func TestFaultsBeforeANestedInvocationCount(t *testing.T) {
	value := hostcall.Param{Name: "v", Kind: hostcall.Int32}
	var inner *Module
	table, err := hostcall.NewTable(hostcall.Set{Specs: []hostcall.Spec{
		{Module: "env", Name: "todo", Result: hostcall.Result{Type: guest.I32}, Do: func(c *hostcall.Call) error {
			c.SetResult(uint64(c.State.(*told).todo))
			return nil
		}},
		{Module: "env", Name: "put", Params: []hostcall.Param{value}, Do: func(c *hostcall.Call) error {
			c.State.(*told).found = c.I32(0)
			return nil
		}},
		{Module: "env", Name: "nest", Do: func(c *hostcall.Call) error {
			_, err := inner.Run(context.Background(), &Run{States: []any{&told{}}})
			return err
		}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	e, err := New(Config{Calls: table, Slots: 2, Shards: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	inner = compile(t, e, `(module (memory (export "memory") 64) (func (export "run") (memory.fill (i32.const 0) (i32.const 1) (i32.const 4194304))))`)
	outer := compile(t, e, `(module (import "env" "todo" (func $todo (result i32))) (import "env" "put" (func $put (param i32))) (import "env" "nest" (func $nest))
		(memory (export "memory") 64)
		(func (export "run")
			(call $put (i32.load (call $todo)))
			(i32.store (call $todo) (i32.const 1))
			(call $nest)))`)
	for n := range 200 {
		// Each place is looked at by runs after the one that wrote it first: they take
		// turns in two memories.
		place := int32(n/8*4096) + 4096
		s := &told{todo: place}
		if _, err := outer.Run(context.Background(), &Run{States: []any{s}}); err != nil {
			t.Fatal(err)
		}
		if s.found != 0 {
			t.Fatalf("run %d finds what one before it wrote at %d", n, place)
		}
	}
}

func TestFilesOverDataLeaveNothingBehind(t *testing.T) {
	e := testEngine(t)
	m := compile(t, e, `(module (import "env" "put" (func $put (param i32))) (memory (export "memory") 2) (data (i32.const 4096) "data") (data (i32.const 12288) "more")
		(func (export "run")
			(call $put (i32.load (i32.const 4096))) (call $put (i32.load (i32.const 12288))) (call $put (i32.load (i32.const 65536)))
			(i32.store (i32.const 4100) (i32.const 1)) (i32.store (i32.const 65536) (i32.const 1))))`)
	f, err := os.CreateTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := f.Truncate(8192); err != nil {
		t.Fatal(err)
	}
	const data, more = 0x61746164, 0x65726f6d
	for n := range 12 {
		r := &Run{States: []any{&state{}}}
		want := []int32{data, more, 0}
		if n%3 == 1 {
			r.Files = []File{{Address: 4096, FD: int(f.Fd()), Size: 4096}, {Address: 65536, FD: int(f.Fd()), Offset: 4096, Size: 4096}}
			want = []int32{0, more, 0}
			if n > 1 {
				want[2] = 1 // of the run before it
			}
		}
		if _, err := m.Run(context.Background(), r); err != nil {
			t.Fatal(err)
		}
		if got := r.States[0].(*state).values; fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("run %d finds %x, want %x", n, got, want)
		}
	}
}

// What memories keep for their next instances is bounded for all of them together.
func TestWhatMemoriesKeepIsBounded(t *testing.T) {
	kept := func(most uint64) int {
		e, err := New(Config{Calls: testCalls(t), Slots: 8, Shards: 1, KeepResident: most})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { e.Close() })
		before := resident(t)
		for i := range 8 { // modules, each in a memory of its own
			m := compile(t, e, fmt.Sprintf(`(module (memory (export "memory") 160) (func (export "run") (memory.fill (i32.const 0) (i32.const %d) (i32.const 10485760))))`, i+1))
			for range 6 {
				if _, _, err := run(m, guest.Limits{}); err != nil {
					t.Fatal(err)
				}
			}
		}
		return resident(t) - before
	}
	if n := kept(256 << 20); n < 50<<20 {
		t.Errorf("%d bytes are kept of eight memories of 10 MiB", n)
	}
	if n := kept(10 << 20); n > 25<<20 {
		t.Errorf("%d bytes are kept where 10 MiB may be", n)
	}
}

// The kernel must not make pages present that nobody touched.
func TestMemoriesHaveNoHugePages(t *testing.T) {
	e := testEngine(t)
	text := wat(t, `(module (memory (export "memory") 64) (data (i32.const 8192) "x") (func (export "run") (memory.fill (i32.const 0) (i32.const 1) (i32.const 4194304))))`)
	m, err := e.Compile(context.Background(), text, ModuleOptions{Steps: []Step{{Export: "run"}}, CacheDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	for range 3 {
		if _, _, err := run(m, guest.Limits{}); err != nil {
			t.Fatal(err)
		}
	}
	b, err := os.ReadFile("/proc/self/smaps")
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, m := range strings.SplitAfter(string(b), "\nVmFlags:") {
		// What a memory can grow to is a mapping of its own, without access.
		if reserved := strings.Contains(m, " ---p ") && strings.Contains(m, "Size:            4"); !reserved && !(strings.Contains(m, " rw-p ") && strings.Contains(m, ".cwasm")) {
			continue
		}
		_, after, _ := strings.Cut(string(b), m)
		flags, _, _ := strings.Cut(after, "\n")
		seen++
		if !strings.Contains(flags+" ", " nh ") {
			t.Errorf("huge pages are possible: flags %s of %s", flags, m)
		}
	}
	if seen < 2 {
		t.Errorf("%d mappings of memories were found", seen)
	}
}
