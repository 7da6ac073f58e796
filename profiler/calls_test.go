package profiler

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/hostcall"
)

// at is a guest that is where it is said to be.
type at struct {
	hostcall.Guest
	pc    uintptr
	taken int
}

func (g *at) Frames() []guest.Frame {
	g.taken++
	return []guest.Frame{{PC: g.pc}}
}

// fakeCalls is an observer whose clock and chance are the test's.
func fakeCalls() (c *calls, pass func(time.Duration)) {
	var now time.Duration
	c = newCalls(func() time.Duration { return now })
	c.random = rand.New(rand.NewPCG(1, 2)).ExpFloat64
	c.draw()
	return c, func(d time.Duration) { now += d }
}

// Two stacks share the time of a call 3 to 1 and its number 1 to 3, in calls far too
// short to take every stack.
func TestStacksThatChanceTakesHaveTheirShare(t *testing.T) {
	c, pass := fakeCalls()
	spec := &hostcall.Spec{Module: "m", Name: "short"}
	long, short := &at{pc: 1}, &at{pc: 2}
	const rounds = 200000
	for range rounds {
		for _, x := range []struct {
			g *at
			d time.Duration
			n int
		}{{long, 9 * time.Microsecond, 1}, {short, time.Microsecond, 3}} {
			for range x.n {
				call := &hostcall.Call{Spec: spec, Guest: x.g}
				c.Enter(call, -1)
				pass(x.d)
				c.Leave(call, guest.Value{}, nil)
			}
			pass(time.Millisecond) // outside
		}
	}
	of := c.bySpec[spec]
	if of.count != 4*rounds || of.time != 12*time.Microsecond*rounds {
		t.Fatalf("%d calls in %v", of.count, of.time)
	}
	// 12 µs in each round, and a stack for every 200 µs.
	if taken, want := long.taken+short.taken, rounds*12/200; math.Abs(float64(taken-want)) > 0.05*float64(want) {
		t.Errorf("%d stacks taken, want about %d", taken, want)
	}
	of.fit()
	var time, count float64
	shares := map[uintptr][2]float64{}
	for _, s := range of.stacks {
		time, count = time+s.time, count+s.count
		shares[s.frames[0].PC] = [2]float64{s.time / float64(of.time), s.count / float64(of.count)}
	}
	if math.Abs(time-float64(of.time)) > 1 || math.Abs(count-float64(of.count)) > 1 {
		t.Errorf("stacks add up to %v ns in %v calls", time, count)
	}
	for pc, want := range map[uintptr][2]float64{1: {0.75, 0.25}, 2: {0.25, 0.75}} {
		if got := shares[pc]; math.Abs(got[0]-want[0]) > 0.02 || math.Abs(got[1]-want[1]) > 0.03 {
			t.Errorf("stack %d has the shares %v, want %v", pc, got, want)
		}
	}
}

func TestLongCallsAreTakenEachTime(t *testing.T) {
	c, pass := fakeCalls()
	spec := &hostcall.Spec{Module: "m", Name: "long"}
	g := &at{}
	for i := range 100 {
		g.pc = uintptr(i)
		call := &hostcall.Call{Spec: spec, Guest: g}
		c.Enter(call, -1)
		pass(10 * time.Millisecond)
		c.Leave(call, guest.Value{}, nil)
	}
	of := c.bySpec[spec]
	if len(of.stacks) != 100 {
		t.Fatalf("%d of 100 stacks", len(of.stacks))
	}
	for _, s := range of.stacks {
		if math.Abs(s.time-1e7) > 1 || math.Abs(s.count-1) > 1e-6 {
			t.Errorf("a call of 10 ms counts %v times, %v ns", s.count, s.time)
		}
	}
}

// A call that chance does not take has a stack all the same: its first.
func TestARareCallHasAStack(t *testing.T) {
	c, pass := fakeCalls()
	c.next = 1e9
	spec := &hostcall.Spec{Module: "m", Name: "rare"}
	for _, g := range []*at{{pc: 7}, {pc: 8}} {
		call := &hostcall.Call{Spec: spec, Guest: g}
		c.Enter(call, -1)
		pass(time.Microsecond)
		c.Leave(call, guest.Value{}, nil)
	}
	of := c.bySpec[spec]
	of.fit()
	if len(of.stacks) != 1 {
		t.Fatalf("%d stacks", len(of.stacks))
	}
	for _, s := range of.stacks {
		if s.frames[0].PC != 7 || s.count != 2 || s.time != 2000 {
			t.Errorf("%+v", s)
		}
	}
}

// What a call spends in calls that it leads to is theirs.
func TestNestedCallsCountOnce(t *testing.T) {
	c, pass := fakeCalls()
	outer, inner := &hostcall.Spec{Name: "outer"}, &hostcall.Spec{Name: "inner"}
	a, b := &hostcall.Call{Spec: outer, Guest: &at{}}, &hostcall.Call{Spec: inner, Guest: &at{}}
	c.Enter(a, -1)
	pass(time.Millisecond)
	c.Enter(b, -1)
	pass(5 * time.Millisecond)
	c.Leave(b, guest.Value{}, nil)
	pass(time.Millisecond)
	c.Leave(a, guest.Value{}, nil)
	if o, i := c.bySpec[outer].time, c.bySpec[inner].time; o != 2*time.Millisecond || i != 5*time.Millisecond {
		t.Errorf("outer %v, inner %v", o, i)
	}
}

// A call that ends its thread's invocation without returning is nothing to the next.
func TestCallsThatNeverReturnedAreForgotten(t *testing.T) {
	c, pass := fakeCalls()
	spec := &hostcall.Spec{Name: "s"}
	call := &hostcall.Call{Spec: spec, Guest: &at{}}
	c.Enter(call, -1)
	pass(time.Hour)
	c.abandon()
	c.Enter(call, -1)
	pass(time.Second)
	c.Leave(call, guest.Value{}, nil)
	c.Leave(call, guest.Value{}, nil) // of nothing
	if d := c.bySpec[spec].time; d != time.Second {
		t.Errorf("%v", d)
	}
}

func TestTerminalsGetNoControlCharacters(t *testing.T) {
	if got := oneLine("a\x1b[2Jb\nc\x7fd"); strings.ContainsAny(got, "\x1b\n\x7f") || got != "a?[2Jb?c?d" {
		t.Errorf("%q", got)
	}
}
