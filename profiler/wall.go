package profiler

import (
	"context"
	"math"
	"reflect"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/google/pprof/profile"
	"golang.org/x/sys/unix"

	"github.com/faaslens/faaslens/hostcall"
)

// Wall is a recording of where the time of invocations passes. Host calls are timed, one
// by one; the guest's own processor time is what the thread used, shared out by samples
// of it. What is left of an invocation's time is told as such. The whole is what
// invocations took.
type Wall struct {
	cpu   *CPU
	clock func() time.Duration

	mu     sync.Mutex
	totals map[wallKey]*wallTotal
}

// wallKey is what invocations are added up by.
type wallKey struct {
	user, function string
	start          Start
}

// wallTotal is all that invocations of one kind took.
type wallTotal struct {
	elapsed time.Duration
	cpu     time.Duration // of their threads
	// observers are those that no invocation has at the moment; they keep what they
	// observed.
	observers []*calls
}

// StartWall starts a recording. As it samples processor time at the given rate, there is
// no other recording of that meanwhile.
//
// clock is the time since some moment; host calls are timed by it.
func StartWall(code *Code, rate int, clock func() time.Duration) (*Wall, error) {
	cpu, err := StartCPU(code, rate)
	if err != nil {
		return nil, err
	}
	return &Wall{cpu: cpu, clock: clock, totals: make(map[wallKey]*wallTotal)}, nil
}

// Do runs an invocation on this goroutine. invoke gives the observer to it and returns
// how long it took; an error of the invocation's own is nothing to the recording.
func (w *Wall) Do(ctx context.Context, i Invocation, invoke func(context.Context, hostcall.Observer) time.Duration) {
	key := wallKey{i.Function.User, i.Function.String(), i.Start}
	c := w.borrow(key)
	i.Do(ctx, func(ctx context.Context) {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		before := threadTime()
		elapsed := invoke(ctx, c)
		w.add(key, c, elapsed, threadTime()-before)
	})
}

func (w *Wall) borrow(key wallKey) *calls {
	w.mu.Lock()
	defer w.mu.Unlock()
	t := w.totals[key]
	if t == nil {
		t = &wallTotal{}
		w.totals[key] = t
	}
	if n := len(t.observers); n > 0 {
		c := t.observers[n-1]
		t.observers = t.observers[:n-1]
		return c
	}
	return newCalls(w.clock)
}

func (w *Wall) add(key wallKey, c *calls, elapsed, cpu time.Duration) {
	c.abandon()
	w.mu.Lock()
	defer w.mu.Unlock()
	t := w.totals[key]
	t.elapsed += elapsed
	t.cpu += cpu
	t.observers = append(t.observers, c)
}

// calls adds up what observers observed.
func (t *wallTotal) calls() map[*hostcall.Spec]*callTotal {
	sum := make(map[*hostcall.Spec]*callTotal)
	for _, c := range t.observers {
		for spec, of := range c.bySpec {
			if to := sum[spec]; to != nil {
				to.merge(of)
			} else {
				sum[spec] = of
			}
		}
	}
	t.observers = nil
	return sum
}

// Names in the mapping "[invocation]".
const (
	engineAndHost = "[engine and host]" // making and dropping instances, entering and leaving the guest
	waiting       = "[not running]"     // ready, but another thread had the processor; page faults that wait
	notSampled    = "[not sampled]"     // too short for a sample
)

// Stop ends the recording and returns the profile: calls/count and wall/nanoseconds.
// Invocations that still run are not in it.
func (w *Wall) Stop() (*profile.Profile, error) {
	defer w.cpu.stop()
	j, cpu, d, err := w.cpu.take()
	if err != nil {
		return nil, err
	}
	p := &profile.Profile{
		SampleType:        []*profile.ValueType{{Type: "calls", Unit: "count"}, {Type: "wall", Unit: "nanoseconds"}},
		DefaultSampleType: "wall",
		PeriodType:        &profile.ValueType{Type: "wall", Unit: "nanoseconds"},
		Period:            1,
		TimeNanos:         cpu.TimeNanos,
		DurationNanos:     cpu.DurationNanos,
		Comments:          d.comments(),
	}
	b := &wallBuilder{profile: p, joiner: j, samples: make(map[wallKey][]wallSample)}
	b.sort(cpu)
	w.mu.Lock()
	defer w.mu.Unlock()
	for key, t := range w.totals {
		b.add(key, t)
	}
	p.Comments = append(p.Comments, shareComment(b.unknown, b.taken))
	return p, finish(p)
}

// wallBuilder makes the profile.
type wallBuilder struct {
	profile        *profile.Profile
	joiner         *joiner
	samples        map[wallKey][]wallSample
	taken, unknown int64
}

// wallSample is one of processor time that an invocation used.
type wallSample struct {
	stack  []*profile.Location // without the frames that all have; nil in a host call
	engine bool
	weight int64
}

// sort finds whose samples of processor time are whose, and what they are of.
func (b *wallBuilder) sort(cpu *profile.Profile) {
	for _, s := range cpu.Sample {
		if len(s.Label["function"]) == 0 {
			continue // of no invocation: the collector, this program
		}
		key := wallKey{s.Label["user"][0], s.Label["function"][0], Start(s.Label["start"][0])}
		stack, known := b.joiner.stack(s)
		b.taken += s.Value[0]
		if !known {
			b.unknown += s.Value[0]
		}
		w := part(stack)
		w.weight = s.Value[0]
		b.samples[key] = append(b.samples[key], w)
	}
}

// part says what a sample is of by its frames, innermost first. Inside of a host call it
// is of that, whose time is known. In the guest, in C code that the guest called or on the
// way to a host call, it is of the guest's stack; else of the engine.
func part(stack []frame) wallSample {
	outermost := -1
	for i, f := range stack {
		if f.area != nil {
			outermost = i
		}
	}
	if outermost < 0 {
		return wallSample{stack: trimmed(stack), engine: true}
	}
	if timed(stack[:outermost]) {
		return wallSample{}
	}
	return wallSample{stack: locationsOf(stack[:outermost+1])}
}

// timed reports whether frames, innermost first, lead into a host call between an
// observer's Enter and Leave.
func timed(frames []frame) bool {
	for i := len(frames) - 1; i > 0; i-- {
		if frames[i].outermostName() == invokeObserved {
			return !strings.HasPrefix(frames[i-1].outermostName(), observerMethods)
		}
	}
	return false
}

// invokeObserved is the function that calls observers and host calls, as profiles name
// it, and observerMethods how the names of calls's methods start.
var (
	invokeObserved  = runtime.FuncForPC(reflect.ValueOf((*hostcall.Spec).InvokeObserved).Pointer()).Name()
	observerMethods = ownFrames + "(*calls)."
)

// outermostName is the name of the function whose frame it is, into which the others of
// the location are inlined.
func (f frame) outermostName() string {
	if len(f.Line) == 0 {
		return ""
	}
	return f.Line[len(f.Line)-1].Function.Name
}

// trimmed is a stack without what leads to the invocation.
func trimmed(stack []frame) []*profile.Location {
	for i, f := range stack {
		if f.area != nil || len(f.Line) == 0 || !strings.HasPrefix(f.Line[0].Function.Name, ownFrames) {
			continue
		}
		return locationsOf(stack[:i])
	}
	return locationsOf(stack)
}

func locationsOf(stack []frame) []*profile.Location {
	locs := make([]*profile.Location, len(stack))
	for i, f := range stack {
		locs[i] = f.Location
	}
	return locs
}

// add adds all that invocations of a kind took.
func (b *wallBuilder) add(key wallKey, t *wallTotal) {
	rest := float64(t.elapsed)
	for spec, of := range t.calls() {
		of.fit()
		name := spec.Module + "." + spec.Name
		for _, s := range of.stacks {
			stack := append([]*profile.Location{b.joiner.locations.pseudoLocation(hostCalls, name)}, b.guestFrames(key, s)...)
			b.sample(key, stack, s.count, s.time, "part", "call", "call", name)
		}
		rest -= float64(of.time)
	}
	b.addRest(key, t, max(rest, 0))
}

func (b *wallBuilder) guestFrames(key wallKey, s *callStack) []*profile.Location {
	var locs []*profile.Location
	for _, f := range s.frames {
		if a := b.joiner.code.find(f.PC, key.function, b.joiner.from); a != nil {
			locs = append(locs, b.joiner.locations.guest(a, f.PC))
		}
	}
	return locs
}

// addRest shares out what host calls leave of the time.
func (b *wallBuilder) addRest(key wallKey, t *wallTotal, rest float64) {
	var all, outside int64 // samples, and those outside of host calls
	for _, s := range b.samples[key] {
		all += s.weight
		if s.stack != nil {
			outside += s.weight
		}
	}
	if all == 0 {
		b.sample(key, []*profile.Location{b.part(notSampled)}, 0, rest, "part", "not sampled")
		return
	}
	running := min(rest, float64(t.cpu)*float64(outside)/float64(all))
	for _, s := range b.samples[key] {
		if s.stack == nil {
			continue
		}
		share, what, stack := running*float64(s.weight)/float64(outside), "guest", s.stack
		if s.engine {
			what, stack = "engine", append(stack[:len(stack):len(stack)], b.part(engineAndHost))
		}
		b.sample(key, stack, 0, share, "part", what)
	}
	b.sample(key, []*profile.Location{b.part(waiting)}, 0, rest-running, "part", "not running")
}

func (b *wallBuilder) part(name string) *profile.Location {
	return b.joiner.locations.pseudoLocation(invocationParts, name)
}

// sample adds a sample below the function's own frame.
func (b *wallBuilder) sample(key wallKey, stack []*profile.Location, count, time float64, labels ...string) {
	c, ns := int64(math.Round(count)), int64(math.Round(time))
	if c == 0 && ns == 0 {
		return
	}
	s := &profile.Sample{
		Location: append(stack[:len(stack):len(stack)], b.part(key.function)),
		Value:    []int64{c, ns},
		Label:    map[string][]string{"user": {key.user}, "function": {key.function}, "start": {string(key.start)}},
	}
	for i := 0; i+1 < len(labels); i += 2 {
		s.Label[labels[i]] = []string{labels[i+1]}
	}
	b.profile.Sample = append(b.profile.Sample, s)
}

// threadTime is the processor time that this thread has used.
func threadTime() time.Duration {
	var t unix.Timespec
	if unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &t) != nil {
		return 0 // every Linux has the clock
	}
	return time.Duration(t.Nano())
}
