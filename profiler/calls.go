package profiler

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"time"

	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/hostcall"
)

// stackEvery is the mean time in host calls between two stacks that are taken: taking
// one costs some microseconds, and a call may take less than one. A call of length d is
// taken with probability p = 1-exp(-d/stackEvery), that is nearly always if it is long,
// and counts 1/p times.
const stackEvery = 200 * time.Microsecond

// calls observes the host calls of one invocation at a time.
type calls struct {
	clock  func() time.Duration // since some moment
	random func() float64       // exponentially distributed, with mean 1
	next   float64              // nanoseconds in host calls until the next stack
	open   []openCall
	bySpec map[*hostcall.Spec]*callTotal
}

// openCall is a host call under way. Calls nest where one runs the guest.
type openCall struct {
	start  time.Duration
	within time.Duration // in calls that it led to
}

// callTotal is all that one host call took, and where as far as stacks were taken.
type callTotal struct {
	count  int64
	time   time.Duration
	stacks map[string]*callStack
	first  []guest.Frame // of the first call, for when chance takes no other
}

// callStack is what a stack stands for.
type callStack struct {
	frames      []guest.Frame
	count, time float64 // time in nanoseconds
}

func newCalls(clock func() time.Duration) *calls {
	c := &calls{clock: clock, random: rand.ExpFloat64, bySpec: make(map[*hostcall.Spec]*callTotal)}
	c.draw()
	return c
}

func (c *calls) draw() { c.next = c.random() * float64(stackEvery) }

// Enter implements hostcall.Observer.
func (c *calls) Enter(*hostcall.Call, int) { c.open = append(c.open, openCall{start: c.clock()}) }

// Leave implements hostcall.Observer.
func (c *calls) Leave(call *hostcall.Call, _ guest.Value, _ error) {
	n := len(c.open) - 1
	if n < 0 {
		return
	}
	whole := c.clock() - c.open[n].start
	self := max(whole-c.open[n].within, 0)
	c.open = c.open[:n]
	if n > 0 {
		c.open[n-1].within += whole
	}
	t := c.bySpec[call.Spec]
	if t == nil {
		t = &callTotal{stacks: make(map[string]*callStack), first: call.Guest.Frames()}
		c.bySpec[call.Spec] = t
	}
	t.count++
	t.time += self
	if c.next -= float64(self); c.next <= 0 {
		c.draw()
		t.take(call.Guest.Frames(), self)
	}
}

// abandon forgets calls that never returned.
func (c *calls) abandon() { c.open = c.open[:0] }

// take counts a call whose stack was taken.
func (t *callTotal) take(frames []guest.Frame, d time.Duration) {
	p := -math.Expm1(-float64(d) / float64(stackEvery))
	if p <= 0 {
		return
	}
	s := t.at(frames)
	s.count += 1 / p
	s.time += float64(d) / p
}

func (t *callTotal) at(frames []guest.Frame) *callStack {
	key := make([]byte, 0, 8*len(frames))
	for _, f := range frames {
		key = binary.LittleEndian.AppendUint64(key, uint64(f.PC))
	}
	s := t.stacks[string(key)]
	if s == nil {
		s = &callStack{frames: frames}
		t.stacks[string(key)] = s
	}
	return s
}

// fit makes the stacks add up to what was measured of all calls.
func (t *callTotal) fit() {
	var count, time float64
	for _, s := range t.stacks {
		count, time = count+s.count, time+s.time
	}
	if time <= 0 {
		s := t.at(t.first)
		s.count, s.time = float64(t.count), float64(t.time)
		return
	}
	for _, s := range t.stacks {
		s.count *= float64(t.count) / count
		s.time *= float64(t.time) / time
	}
}

// merge adds what another observer has of the same call.
func (t *callTotal) merge(of *callTotal) {
	t.count += of.count
	t.time += of.time
	for key, s := range of.stacks {
		if to := t.stacks[key]; to != nil {
			to.count, to.time = to.count+s.count, to.time+s.time
		} else {
			t.stacks[key] = s
		}
	}
}
