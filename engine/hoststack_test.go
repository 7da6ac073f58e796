package engine

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/faaslens/faaslens/hostcall"
)

// blockHere is a host function that waits, a call deeper than the host call.
//
//go:noinline
func blockHere(in *sync.WaitGroup, done <-chan struct{}) {
	in.Done()
	<-done
}

// runGuest is a function of the host's below the guest.
//
//go:noinline
func runGuest(ctx context.Context, m *Module) error {
	_, err := m.Run(ctx, &Run{States: []any{nil}})
	return err
}

func functionsOf(frames []HostFrame) (names []string) {
	for _, f := range frames {
		names = append(names, f.Function[strings.LastIndexByte(f.Function, '/')+1:])
	}
	return names
}

func TestLiveStacksHaveTheirHostsSide(t *testing.T) {
	const guests = 5
	var in sync.WaitGroup
	in.Add(guests)
	e := lookingEngine(t, func(c *hostcall.Call) { blockHere(&in, c.Guest.Context().Done()) })
	m, spin := compile(t, e, looking), compile(t, e, looking, Step{Export: "spin"})
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	for range guests {
		running.Go(func() { _ = runGuest(ctx, m) })
	}
	running.Go(func() { _ = runGuest(ctx, spin) })
	in.Wait()
	var stacks []LiveStack
	for len(stacks) != guests+1 {
		stacks = e.Stacks()
	}
	e.AddHost(stacks)
	slots := map[*slot]bool{}
	for _, l := range stacks {
		slots[l.slot] = true
		inner, outer := functionsOf(l.Inner), functionsOf(l.Outer)
		if l.Module == m && (len(inner) == 0 || inner[0] != "engine.blockHere") || l.Module == spin && inner != nil {
			t.Errorf("in %q: inside of it are %q", l.Call, inner)
		}
		if len(outer) < 2 || outer[0] != "engine.(*Module).Run" || !slices.Contains(outer, "engine.runGuest") {
			t.Errorf("below the guest are %q", outer)
		}
		for _, f := range append(l.Inner, l.Outer...) {
			if !strings.HasPrefix(f.File, "/") || f.Line == 0 {
				t.Errorf("%+v has no place", f)
			}
		}
	}
	if len(slots) != guests+1 {
		t.Errorf("%d slots have %d stacks", len(slots), guests+1)
	}
	cancel()
	running.Wait()
	for i := range stacks {
		stacks[i].Inner, stacks[i].Outer = nil, nil
	}
	e.AddHost(stacks)
	for _, l := range stacks {
		if l.Inner != nil || l.Outer != nil {
			t.Error("an invocation that ended has a host's side")
		}
	}
}

func TestStacksAsGoWritesThemAreRead(t *testing.T) {
	text := `goroutine 7 [select, 2 minutes, locked to thread]:
internal/poll.wait({0xc0, 0x1}, ...)
	/go/src/poll.go:12 +0x1f
example.com/faaslens/engine.(*slot).HostCall(0xc000123?, 0x7)
	/src/slot.go:3 +0x5
runtime.cgocallback(0x1)
	/go/src/asm.s:1 +0x4
non-Go function
	pc=0x7f0000
example.com/faaslens/engine.(*slot).enter(0xc000123, 0x1, {0x2})
	/src/run.go:9 +0x5
main.main()
	/src/a b:c.go:1
created by x in goroutine 1
	/src/b.go:5 +0x1`
	want := hostStack{
		slot:  "0xc000123",
		inner: []HostFrame{{"internal/poll.wait", "/go/src/poll.go", 12}},
		outer: []HostFrame{{"main.main", "/src/a b:c.go", 1}},
	}
	if diff := cmp.Diff(want, readHostStack(text), cmp.AllowUnexported(hostStack{})); diff != "" {
		t.Error(diff)
	}
	for _, bad := range []string{"", "\n", "goroutine", "goroutine 1 [x]:\n\n(", "x\n)(\n\t:"} {
		if h := readHostStack(bad); h.slot != "" {
			t.Errorf("%q has the slot %s", bad, h.slot)
		}
	}
}
