package engine

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/faaslens/faaslens/engine/internal/wasmtime"
	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/hostcall"
	"github.com/faaslens/faaslens/hostcall/wasi"
	"github.com/faaslens/faaslens/internal/guesttest"
	"github.com/faaslens/faaslens/wasm"
)

// endlessGuest is a guest that never ends by itself.
type endlessGuest struct {
	name   string
	parsed *wasm.Module
	export string
	args   []string // the program's
}

// endlessGuests are all guests that run long enough to be stopped at any instant.
func endlessGuests(t *testing.T) []endlessGuest {
	t.Helper()
	text := wat(t, busy)
	var all []endlessGuest
	for _, k := range []string{"spin", "recurse", "tails", "copies", "calls", "nests"} {
		all = append(all, endlessGuest{name: "wat " + k, parsed: text, export: k})
	}
	all = append(all, endlessGuest{name: "wat forest", parsed: wat(t, forest()), export: "run"})
	for _, k := range []string{"spin", "fills"} {
		all = append(all, endlessGuest{name: "wat looking " + k, parsed: wat(t, strings.NewReplacer(`"look"`, `"nop"`, `"enter"`, `"nop"`).Replace(looking)), export: k})
	}
	program := func(module []byte, name, kinds string) {
		parsed, err := wasm.Parse(module)
		if err != nil {
			t.Fatal(err)
		}
		for kind := range strings.FieldsSeq(kinds) {
			all = append(all, endlessGuest{name: name + " " + kind, parsed: parsed, export: "_start", args: []string{"busy", kind}})
		}
	}
	newer := []string{"-mtail-call", "-mbulk-memory"}
	const c = "loop recursion mutual indirect callback tail host bulk text heap deep"
	program(guesttest.BuildFlags(t, "0", newer, "busy/busy.c"), "C -O0", c)
	program(guesttest.BuildFlags(t, "2", newer, "busy/busy.c"), "C -O2", c)
	program(guesttest.Build(t, "2", "busy/busy.cpp"), "C++ -O2", "virtuals lambdas templates containers")
	program(guesttest.Build(t, "s", "busy/busy.rs"), "Rust -Os", "traits closures recursion collections host")
	program(guesttest.Build(t, "2", "busy/busy.go"), "Go", "interfaces closures goroutines garbage text deferred host")
	program(guesttest.Build(t, "2", "endless.c"), "C endless", "loop host")
	return all
}

// stopper stops guests, one after the other, in an engine of its own with one slot.
type stopper struct {
	engine *Engine
	looker *wasmtime.Looker
	wasi   wasi.System
	random *rand.Rand
}

func newStopper(t *testing.T, seed uint64) *stopper {
	t.Helper()
	calls, err := hostcall.NewTable(wasi.Calls(), testSet())
	if err != nil {
		t.Fatal(err)
	}
	e, err := New(Config{Calls: calls, Shards: 1, Slots: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	l := wasmtime.NewLooker(maxLook)
	t.Cleanup(l.Free)
	return &stopper{engine: e, looker: l, random: rand.New(rand.NewPCG(seed, 1))}
}

// open compiles a guest, or takes the image that another stopper compiled.
func (s *stopper) open(t *testing.T, g endlessGuest, images string) *Module {
	t.Helper()
	m, err := s.engine.Compile(context.Background(), g.parsed, ModuleOptions{Steps: []Step{{Export: g.export}}, CacheDir: images})
	if err != nil {
		t.Fatalf("%s: %v", g.name, err)
	}
	t.Cleanup(func() { m.Close() })
	return m
}

// stop lets a guest run for a while and stops it. It returns the stack that our own walk
// found at that instant, by a look that the same signal answered, and the stack that the
// engine's own trap has. looked is false if the signal found no look that was wanted.
func (s *stopper) stop(m *Module, g endlessGuest, after time.Duration) (look, trap []guest.Frame, looked bool, err error) {
	cfg := wasi.Config{Args: g.args}
	s.wasi.Reset(&cfg)
	defer s.wasi.Close()
	ended := make(chan error, 1)
	go func() {
		_, err := m.Run(context.Background(), &Run{States: []any{&s.wasi, &state{}}, Limits: guest.Limits{Timeout: time.Minute}})
		ended <- err
	}()
	<-time.After(after)
	sh := s.engine.shards[0]
	for len(*sh.slots.Load()) == 0 {
		runtime.Gosched()
	}
	slot := (*sh.slots.Load())[0]
	generation := slot.generation.Load()
	for ; generation%2 == 0; generation = slot.generation.Load() {
		runtime.Gosched()
	}
	m.setBodies(sh)
	// As requestStop, but the watcher is not told before the look is wanted.
	slot.asked.Store(generation<<8 | stopCancelled)
	slot.native.RequestStop(generation, stopCancelled)
	stack, looked := slot.native.Look(s.looker, generation, slot.awaitLook(generation))
	s.engine.watcher.poke()
	var l *guest.Limit
	if err = <-ended; !errors.As(err, &l) || l.Kind != guest.LimitCancelled {
		return nil, nil, false, fmt.Errorf("it ended with %w", err)
	}
	return m.framesOf(sh, stack.PCs), l.Frames, looked, nil
}

// tailCalls says which functions each function may have given its place to, as
// wasm-objdump shows its tail calls; -1 stands for those of a table.
func tailCalls(t *testing.T, m *wasm.Module) map[guest.FuncIndex][]int {
	t.Helper()
	file := filepath.Join(t.TempDir(), "m.wasm")
	if err := os.WriteFile(file, m.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("wasm-objdump", "-d", file).Output()
	if errors.Is(err, exec.ErrNotFound) {
		t.Fatal("wasm-objdump is missing; install it with: apt-get install wabt")
	} else if err != nil {
		t.Fatal(err)
	}
	calls := map[guest.FuncIndex][]int{}
	var in guest.FuncIndex
	for _, l := range regexp.MustCompile(`(?m)^[0-9a-f]+ func\[(\d+)\]|\| *return_call (\d+)|\| *return_call_(indirect)`).FindAllSubmatch(out, -1) {
		n, _ := strconv.Atoi(string(l[1]) + string(l[2])) // one of them is empty
		switch {
		case len(l[1]) > 0:
			in = guest.FuncIndex(n)
		case len(l[2]) > 0:
			calls[in] = append(calls[in], n)
		default:
			calls[in] = append(calls[in], -1)
		}
	}
	return calls
}

// became reports whether a function that was called may have given its place to another.
func became(tails map[guest.FuncIndex][]int, called, runs guest.FuncIndex) bool {
	seen := map[guest.FuncIndex]bool{}
	todo := []guest.FuncIndex{called}
	for len(todo) > 0 {
		f := todo[0]
		todo = todo[1:]
		if f == runs {
			return true
		}
		for _, to := range tails[f] {
			if to < 0 {
				return true
			}
			if to := guest.FuncIndex(to); !seen[to] {
				seen[to] = true
				todo = append(todo, to)
			}
		}
	}
	return false
}

// checkCalls says what is wrong with a stack by the module's code alone: each frame must
// be at an instruction that calls the function inside it.
func checkCalls(m *wasm.Module, frames []guest.Frame, tails map[guest.FuncIndex][]int) error {
	if len(frames) == 0 {
		return errors.New("no frames")
	}
	for i, f := range frames {
		body, ok := m.Body(f.Func)
		if !ok || f.Offset < body.Offset || f.Offset >= body.End() {
			return fmt.Errorf("frame %d, %+v, lies outside its function", i, f)
		}
		if i == 0 {
			continue
		}
		code, inner := m.Bytes()[f.Offset:body.End()], frames[i-1].Func
		to, n := binary.Uvarint(code[1:])
		have, _ := m.FuncType(inner)
		switch {
		case n <= 0:
			return fmt.Errorf("frame %d, %+v, is at no call", i, f)
		case code[0] == 0x10: // call; an import may enter the guest again
			if called := guest.FuncIndex(to); int(to) >= m.NumImportedFuncs() && !became(tails, called, inner) {
				return fmt.Errorf("frame %d calls function %d, but function %d runs in it", i, to, inner)
			}
		case code[0] == 0x11: // call_indirect
			if want := m.Types[to].Func; len(tails) == 0 && !want.Equal(have) {
				return fmt.Errorf("frame %d calls a function of type %v, but %d, a %v, runs in it", i, want, inner, have)
			}
		default:
			return fmt.Errorf("frame %d, %+v, is at instruction 0x%02x, which is no call", i, f, code[0])
		}
	}
	return nil
}

// sameStack compares frames; the addresses that they were found by do not count.
func sameStack(want, have []guest.Frame) string {
	plain := func(frames []guest.Frame) []guest.Frame {
		frames = slices.Clone(frames)
		for i := range frames {
			frames[i].PC = 0
		}
		return frames
	}
	return cmp.Diff(plain(want), plain(have))
}

// sameCalls compares stacks but for the place in the innermost function.
func sameCalls(a, b []guest.Frame) bool {
	return a[0].Func == b[0].Func && slices.EqualFunc(a[1:], b[1:], func(a, b guest.Frame) bool {
		return a.Func == b.Func && a.Offset == b.Offset
	})
}

// Ten thousand times a guest is stopped at a random instant. What our own walk of its
// stack finds then is what the engine's trap has, frame by frame.
func TestStacksAtRandomInstantsAreTheEnginesOwn(t *testing.T) {
	stops := 10_000
	if testing.Short() {
		stops = 400
	}
	guests, images := endlessGuests(t), t.TempDir()
	tails := map[*wasm.Module]map[guest.FuncIndex][]int{}
	for _, g := range guests {
		if tails[g.parsed] == nil && g.parsed.Size() < 1<<20 { // Go makes none
			tails[g.parsed] = tailCalls(t, g.parsed)
		}
	}
	workers := min(2, runtime.GOMAXPROCS(0))
	stoppers := make([]*stopper, workers)
	modules := make([][]*Module, workers)
	for w := range workers {
		stoppers[w] = newStopper(t, uint64(w))
		for _, g := range guests {
			modules[w] = append(modules[w], stoppers[w].open(t, g, images))
		}
	}
	var wg sync.WaitGroup
	var mu sync.Mutex // guards compared and deepest
	compared := make([]int, len(guests))
	deepest := make([]int, len(guests))
	for w, s := range stoppers {
		wg.Go(func() {
			for n := w; n < stops; n += workers {
				i := n / workers % len(guests)
				g, m := guests[i], modules[w][i]
				look, trap, looked, err := s.stop(m, g, time.Duration(s.random.IntN(3000))*time.Microsecond)
				if err == nil {
					err = checkCalls(m.parsed, trap, tails[g.parsed])
				}
				if err == nil && looked {
					if diff := sameStack(trap, look); diff != "" {
						err = fmt.Errorf("the stack that was taken (+) is not that of the engine's trap (-):\n%s", diff)
					}
				}
				if err != nil {
					t.Errorf("%s: %v", g.name, err)
					return
				}
				mu.Lock()
				if looked {
					compared[i]++
				}
				deepest[i] = max(deepest[i], len(trap))
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	total := 0
	for i, g := range guests {
		t.Logf("%-22s %4d stacks, up to %4d frames", g.name, compared[i], deepest[i])
		total += compared[i]
		if compared[i] == 0 {
			t.Errorf("%s: no stack was compared", g.name)
		}
	}
	if t.Logf("%d of %d", total, stops); total < stops*9/10 {
		t.Errorf("only %d stacks of %d could be compared", total, stops)
	}
}

// Guests whose stack stays the same once they are at their innermost loop: from the first
// look that finds what the trap at the end has, but for the place in that loop, every look
// does.
func TestLooksFindTheStackOfTheStop(t *testing.T) {
	depths := map[string]int{"wat spin": 1, "C -O0 deep": 1506, "C -O2 deep": 1506, "C endless loop": 5}
	s, images := newStopper(t, 9), t.TempDir()
	for _, g := range endlessGuests(t) {
		depth, ok := depths[g.name]
		if !ok {
			continue
		}
		delete(depths, g.name)
		m := s.open(t, g, images)
		cfg := wasi.Config{Args: g.args}
		s.wasi.Reset(&cfg)
		ctx, cancel := context.WithCancel(context.Background())
		ended := make(chan error, 1)
		go func() {
			_, err := m.Run(ctx, &Run{States: []any{&s.wasi, &state{}}, Limits: guest.Limits{Timeout: time.Minute}})
			ended <- err
		}()
		var looks [][]guest.Frame
		for alike := 0; alike < 50 && len(ended) == 0; {
			for _, l := range s.engine.Stacks() {
				if l.Depth != depth {
					continue
				}
				if alike++; len(looks) > 0 && !sameCalls(looks[len(looks)-1], l.Frames) {
					alike = 1
				}
				looks = append(looks, l.Frames)
			}
		}
		cancel()
		var l *guest.Limit
		if err := <-ended; !errors.As(err, &l) || l.Kind != guest.LimitCancelled {
			t.Fatalf("%s: it ended with %v", g.name, err)
		}
		s.wasi.Close()
		first := slices.IndexFunc(looks, func(look []guest.Frame) bool { return sameCalls(l.Frames, look) })
		if first < 0 {
			t.Fatalf("%s: none of %d looks finds the stack of the stop, the last (-stop +look):\n%s", g.name, len(looks), sameStack(l.Frames, looks[len(looks)-1]))
		}
		for _, look := range looks[first:] {
			if !sameCalls(l.Frames, look) {
				t.Errorf("%s: a look beside the loop (-stop +look):\n%s", g.name, sameStack(l.Frames, look))
			}
		}
	}
	if len(depths) > 0 {
		t.Errorf("there are no guests %v", depths)
	}
}
