package profiler

import (
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/google/pprof/profile"

	"github.com/faaslens/faaslens/guest"
)

// LiveStack is where one running invocation is.
type LiveStack struct {
	Function guest.Name
	Elapsed  time.Duration
	Call     string // the host call that it is in; empty in its own code
	// Frames are the guest's, innermost first, by their PC. Calls stand in their place
	// for a function of another process, whose code is not known here.
	Frames []guest.Frame
	Calls  []LiveCall
	Depth  int // how deep the stack is: may be more than there are frames
}

// LiveCall is one call on a stack of another process.
type LiveCall struct {
	Function, File string
	Line, Column   int
	Inlined        bool // into the next
}

// Live adds up where running invocations are, look by look.
type Live struct {
	code    *Code
	stop    func() // keeping code
	started time.Time

	mu    sync.Mutex
	looks int
	seen  map[string]*liveCount
}

type liveCount struct {
	LiveStack
	count int64
}

// StartLive starts a recording of no looks yet.
func StartLive(code *Code) *Live {
	return &Live{code: code, stop: code.record(), started: code.now(), seen: make(map[string]*liveCount)}
}

// Add adds what one look saw.
func (l *Live) Add(stacks []LiveStack) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.looks++
	for _, s := range stacks {
		key := s.key()
		c := l.seen[key]
		if c == nil {
			c = &liveCount{LiveStack: s}
			l.seen[key] = c
		}
		c.count++
		c.Elapsed = max(c.Elapsed, s.Elapsed)
	}
}

// key is the same for the same stack.
func (s *LiveStack) key() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s %d", s.Function, s.Call, s.Depth-len(s.Frames))
	for _, f := range s.Frames {
		fmt.Fprintf(&b, " %x", f.PC)
	}
	for _, c := range s.Calls {
		fmt.Fprintf(&b, "\n%s\n%s:%d:%d %t", c.Function, c.File, c.Line, c.Column, c.Inlined)
	}
	return b.String()
}

// Stop ends the recording and returns the profile: stacks/count, and as label the longest
// that an invocation had been running there.
func (l *Live) Stop() (*profile.Profile, error) {
	defer l.stop()
	l.mu.Lock()
	defer l.mu.Unlock()
	p := &profile.Profile{
		SampleType:    []*profile.ValueType{{Type: "stacks", Unit: "count"}},
		PeriodType:    &profile.ValueType{Type: "looks", Unit: "count"},
		Period:        1,
		TimeNanos:     l.started.UnixNano(),
		DurationNanos: l.code.now().Sub(l.started).Nanoseconds(),
		Comments:      []string{fmt.Sprintf("looks: %d", l.looks)},
	}
	b := liveBuilder{newJoiner(l.code, l.started), make(map[string]*profile.Mapping)}
	for _, c := range l.seen {
		s := &profile.Sample{
			Location: b.stack(&c.LiveStack),
			Value:    []int64{c.count},
			Label:    map[string][]string{"user": {c.Function.User}, "function": {c.Function.String()}},
			NumLabel: map[string][]int64{"elapsed": {c.Elapsed.Nanoseconds()}},
			NumUnit:  map[string][]string{"elapsed": {"nanoseconds"}},
		}
		if c.Call != "" {
			s.Label["call"] = []string{c.Call}
		}
		p.Sample = append(p.Sample, s)
	}
	return p, finish(p)
}

type liveBuilder struct {
	*joiner
	mappings map[string]*profile.Mapping // of functions of other processes
}

func (b *liveBuilder) stack(s *LiveStack) []*profile.Location {
	var stack []*profile.Location
	if s.Call != "" {
		stack = append(stack, b.locations.pseudoLocation(hostCalls, s.Call))
	}
	for _, f := range s.Frames {
		if a := b.code.find(f.PC, s.Function.String(), b.from); a != nil {
			stack = append(stack, b.locations.guest(a, f.PC))
		}
	}
	stack = append(stack, b.foreign(s)...)
	if s.Depth > s.frames() {
		stack = append(stack, b.locations.pseudoLocation(unknownCode, framesLeftOut))
	}
	return append(stack, b.locations.pseudoLocation(invocationParts, s.Function.String()))
}

// frames is how many of the stack's frames there are.
func (s *LiveStack) frames() int {
	n := len(s.Frames)
	for _, c := range s.Calls {
		if !c.Inlined {
			n++
		}
	}
	return n
}

// foreign makes locations of calls that have no address.
func (b *liveBuilder) foreign(s *LiveStack) []*profile.Location {
	var stack []*profile.Location
	for i := 0; i < len(s.Calls); i++ {
		loc := &profile.Location{Mapping: b.mapping(s.Function.String())}
		for ; ; i++ {
			c := s.Calls[i]
			f := b.locations.function(functionKey{name: c.Function, file: c.File})
			loc.Line = append(loc.Line, profile.Line{Function: f, Line: int64(c.Line), Column: int64(c.Column)})
			if !c.Inlined || i+1 == len(s.Calls) {
				break
			}
		}
		stack = append(stack, loc)
	}
	return stack
}

func (b *liveBuilder) mapping(function string) *profile.Mapping {
	m := b.mappings[function]
	if m == nil {
		m = &profile.Mapping{File: "wasm:" + function}
		b.mappings[function] = m
	}
	return m
}
