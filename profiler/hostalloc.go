package profiler

import (
	"bytes"
	"errors"
	"fmt"
	"runtime"
	"runtime/pprof"
	"time"

	"github.com/google/pprof/profile"
)

// HostAlloc is a recording of what the host allocates for invocations, by Go's own
// profiler of allocations: every one, on the stack that made it. Memory that C code
// allocates, the guests' own included, is not in it.
type HostAlloc struct {
	code    *Code
	stop    func() // keeping code
	started time.Time
	before  *profile.Profile
}

// CountEveryAllocation sets Go's profiler of allocations to count each of them, from now
// on. It is called once, as early as possible: a recording takes what was counted at
// its start from what was counted at its end.
func CountEveryAllocation() { runtime.MemProfileRate = 1 }

// StartHostAlloc starts a recording. The engine must have mixed stacks, and the code must
// have been told of all that runs.
func StartHostAlloc(code *Code) (*HostAlloc, error) {
	if runtime.MemProfileRate != 1 {
		return nil, fmt.Errorf("start the profile of allocations: Go counts one in %d bytes: want each", runtime.MemProfileRate)
	}
	before, err := allocations()
	if err != nil {
		return nil, err
	}
	return &HostAlloc{code: code, stop: code.record(), started: code.now(), before: before}, nil
}

// Do runs f, which invokes a function on this goroutine: what is allocated below it is in
// the profile.
func (h *HostAlloc) Do(f func()) { f() }

// hostAllocDo is the method Do as profiles name it.
const hostAllocDo = ownFrames + "(*HostAlloc).Do"

// allocations is Go's profile. What was allocated since the last collection is not yet in
// it, so there is one first.
func allocations() (*profile.Profile, error) {
	p := pprof.Lookup("allocs")
	if p == nil {
		return nil, errors.New("profile allocations: this program has no such profile")
	}
	runtime.GC()
	var b bytes.Buffer
	if err := p.WriteTo(&b, 0); err != nil {
		return nil, fmt.Errorf("profile allocations: %w", err)
	}
	parsed, err := profile.ParseData(b.Bytes())
	if err != nil {
		return nil, fmt.Errorf("read Go's profile of allocations: %w", err)
	}
	return parsed, nil
}

// Stop ends the recording and returns the profile: alloc_objects/count and
// alloc_space/bytes. What was not allocated below Do is left out.
func (h *HostAlloc) Stop() (*profile.Profile, error) {
	defer h.stop()
	after, err := allocations()
	if err != nil {
		return nil, err
	}
	h.before.Scale(-1)
	p, err := profile.Merge([]*profile.Profile{after, h.before})
	if err != nil {
		return nil, fmt.Errorf("take one profile of allocations from another: %w", err)
	}
	p.SampleType, p.DefaultSampleType = p.SampleType[:2], "alloc_space"
	p.TimeNanos, p.DurationNanos = h.started.UnixNano(), h.code.now().Sub(h.started).Nanoseconds()
	p.Comments = nil
	j := newJoiner(h.code, h.started)
	kept := p.Sample[:0]
	left := int64(0)
	for _, s := range p.Sample {
		s.Value = s.Value[:2]
		if s.Value[0] <= 0 {
			continue
		}
		stack, _ := j.stack(s)
		if !below(stack, hostAllocDo) {
			left += s.Value[1]
			continue
		}
		setStack(s, stack)
		s.Label, s.NumLabel, s.NumUnit = guestLabels(stack), nil, nil
		kept = append(kept, s)
	}
	p.Sample = kept
	p.Comments = append(p.Comments, fmt.Sprintf("rate: every allocation of Go's; %d bytes were allocated outside of invocations", left))
	return p, finish(p)
}

// below reports whether a function of the host is on the stack.
func below(stack []frame, function string) bool {
	for _, f := range stack {
		for _, line := range f.Line {
			if line.Function.Name == function {
				return true
			}
		}
	}
	return false
}

// guestLabels tell whose guest frames are on a stack: allocations have no labels of
// their own.
func guestLabels(stack []frame) map[string][]string {
	for _, f := range stack {
		if f.area != nil {
			n := f.area.function.Name
			return map[string][]string{"user": {n.User}, "function": {n.String()}}
		}
	}
	return nil
}
