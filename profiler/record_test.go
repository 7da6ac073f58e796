package profiler_test

import (
	"context"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/pprof/profile"

	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/hostcall"
	"github.com/faaslens/faaslens/profiler"
	"github.com/faaslens/faaslens/worker"
)

func TestCodeThatWasUnloadedIsNamed(t *testing.T) {
	r := testRig(t)
	f := r.build(t, "profile/shares.c")
	cpu, err := profiler.StartCPU(r.code, 100)
	if err != nil {
		t.Fatal(err)
	}
	cold(f).Do(t.Context(), func(ctx context.Context) { invoke(t, f, nil, "5000")(ctx, nil) })
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	p, err := cpu.Stop()
	if err != nil {
		t.Fatal(err)
	}
	accepted(t, p)
	named := int64(0)
	for _, s := range p.Sample {
		if n := names(s); slices.Contains(n, "turn") && s.Label["start"][0] == "cold" {
			named += s.Value[0]
		}
	}
	if named < 10 {
		t.Errorf("%d samples in a function that ran for half a second and was closed", named)
	}
}

// A stack that is deeper than Go's runtime takes says so, and where it comes from.
func TestDeepStacksSayWhatIsLeftOut(t *testing.T) {
	r := testRig(t)
	f := r.build(t, "profile/deep.c")
	cpu, err := profiler.StartCPU(r.code, 100)
	if err != nil {
		t.Fatal(err)
	}
	cold(f).Do(t.Context(), func(ctx context.Context) { invoke(t, f, nil, "300")(ctx, nil) })
	p, err := cpu.Stop()
	if err != nil {
		t.Fatal(err)
	}
	accepted(t, p)
	deep, left := int64(0), int64(0)
	for _, s := range p.Sample {
		if n := names(s); n[0] == "descend" {
			deep += s.Value[0]
			i := slices.Index(n, "[frames left out]")
			if i > 20 && n[i-1] == "descend" && n[i+1] == "descend" && leadsThrough(n[i+1:], []string{"descend", "main", "_start", "runtime.cgocall"}) {
				left += s.Value[0]
			}
		}
	}
	if deep < 10 || left != deep {
		t.Errorf("%d of %d samples at the bottom of the recursion say that frames were left out", left, deep)
	}
}

func TestRatesOutOfRangeAreRefused(t *testing.T) {
	for _, rate := range []int{-1, 0, 1001} {
		if _, err := profiler.StartCPU(profiler.NewCode(time.Now), rate); err == nil || !strings.Contains(err.Error(), "want 1 to 1000") {
			t.Errorf("%d Hz: %v", rate, err)
		}
	}
}

// wallOf runs waits.c under a wall profile, so many times.
func wallOf(t *testing.T, runs int) (p *profile.Profile, elapsed time.Duration) {
	t.Helper()
	r := testRig(t)
	f := r.build(t, "profile/waits.c")
	start := time.Now()
	wall, err := profiler.StartWall(r.code, 250, func() time.Duration { return time.Since(start) })
	if err != nil {
		t.Fatal(err)
	}
	for n := range runs {
		i := profiler.Invocation{Function: f.Name, Number: n + 1, Start: profiler.Warm}
		if n == 0 {
			i.Start = profiler.Cold
		}
		wall.Do(t.Context(), i, func(ctx context.Context, o hostcall.Observer) time.Duration {
			d := invoke(t, f, strings.NewReader("some input"))(ctx, o)
			elapsed += d
			return d
		})
	}
	if p, err = wall.Stop(); err != nil {
		t.Fatal(err)
	}
	return p, elapsed
}

func TestWallAddsUpToWhatInvocationsTook(t *testing.T) {
	const runs = 6
	p, elapsed := wallOf(t, runs)
	accepted(t, p)
	var total, calls int64
	byCall, byStart := map[string]int64{}, map[string]int64{}
	for _, s := range p.Sample {
		calls += s.Value[0]
		total += s.Value[1]
		byStart[s.Label["start"][0]] += s.Value[1]
		n := names(s)
		if n[len(n)-1] != "t/waits" {
			t.Errorf("a stack that does not start at the function: %q", n)
		}
		if c := s.Label["call"]; len(c) > 0 {
			byCall[c[0]] += s.Value[1]
			if n[0] != c[0] || s.Location[0].Mapping.File != "[host calls]" || s.Label["part"][0] != "call" {
				t.Errorf("a call of %s has the stack %q", c[0], n)
			}
		}
	}
	if off := math.Abs(float64(total)/float64(elapsed) - 1); off > 0.02 {
		t.Errorf("the profile has %v, the invocations took %v", time.Duration(total), elapsed)
	}
	if d := time.Duration(byCall["wasi_snapshot_preview1.poll_oneoff"]); d < runs*60*time.Millisecond || d > elapsed {
		t.Errorf("%d runs that sleep for 60 ms waited %v", runs, d)
	}
	if byStart["cold"] == 0 || byStart["warm"] < 2*byStart["cold"] {
		t.Errorf("of %d runs one was cold: %v", runs, byStart)
	}
	// 100,000 of the time, some of the input and the output.
	if want := int64(runs * 100000); calls < want || calls > want+runs*30 {
		t.Errorf("%d host calls, want a little more than %d", calls, want)
	}
	for _, want := range []struct {
		part  string
		stack []string
	}{
		{"call", []string{"wasi_snapshot_preview1.poll_oneoff", "nanosleep", "sleeps", "main", "_start", "t/waits"}},
		{"call", []string{"wasi_snapshot_preview1.clock_time_get", "asks", "main", "_start", "t/waits"}},
		{"call", []string{"wasi_snapshot_preview1.fd_read", "reads", "main", "_start", "t/waits"}},
		{"guest", []string{"computes", "main", "_start", "t/waits"}},
	} {
		if !slices.ContainsFunc(p.Sample, func(s *profile.Sample) bool {
			return s.Label["part"][0] == want.part && leadsThrough(names(s), want.stack)
		}) {
			t.Errorf("no %s on the stack %q", want.part, want.stack)
		}
	}
}

// leadsThrough reports whether a stack starts with the first name and has the others in
// that order.
func leadsThrough(stack, through []string) bool {
	if stack[0] != through[0] {
		return false
	}
	for _, name := range through {
		i := slices.Index(stack, name)
		if i < 0 {
			return false
		}
		stack = stack[i+1:]
	}
	return true
}

func TestHostAllocationsAreOnGuestStacks(t *testing.T) {
	r := testRig(t)
	f := r.build(t, "profile/waits.c")
	invoke(t, f, strings.NewReader("warm"))(t.Context(), nil)
	alloc, err := profiler.StartHostAlloc(r.code)
	if err != nil {
		t.Fatal(err)
	}
	kept = make([]byte, 1<<20) // of nobody's invocation
	alloc.Do(func() {
		_, err := f.Invoke(t.Context(), &worker.Invocation{Stdout: writer(func(b []byte) (int, error) {
			kept = make([]byte, 123456)
			return len(b), nil
		})})
		if err != nil {
			t.Error(err)
		}
	})
	p, err := alloc.Stop()
	if err != nil {
		t.Fatal(err)
	}
	accepted(t, p)
	var types []string
	for _, v := range p.SampleType {
		types = append(types, v.Type+"/"+v.Unit)
	}
	if d := cmp.Diff([]string{"alloc_objects/count", "alloc_space/bytes"}, types); d != "" {
		t.Error(d)
	}
	found := false
	for _, s := range p.Sample {
		if s.Value[1] >= 1<<20 {
			t.Errorf("%d bytes on the stack %q", s.Value[1], names(s))
		}
		n := names(s)
		if s.Value[1] >= 123456 && s.Value[0] == 1 && slices.Contains(n, "__wasi_fd_write") && slices.Contains(n, "_start") &&
			strings.Contains(n[0], "TestHostAllocations") && s.Label["function"][0] == "t/waits" {
			found = true
		}
	}
	if !found {
		t.Errorf("no allocation of 123456 bytes below the guest's output:\n%s", p)
	}
	if !strings.Contains(p.Comments[0], "every allocation") {
		t.Errorf("comments %q", p.Comments)
	}
}

var kept []byte // so that it is allocated

func TestLiveStacksAddUp(t *testing.T) {
	r := testRig(t)
	f := r.build(t, "endless.c")
	ctx, cancel := context.WithCancel(t.Context())
	started, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		stderr := writer(func(b []byte) (int, error) { // it says when it has started
			close(started)
			return len(b), nil
		})
		f.Invoke(ctx, &worker.Invocation{Args: []string{"function.wasm", "sleep"}, Stderr: stderr})
	}()
	<-started
	live := profiler.StartLive(r.code)
	for seen := 0; seen < 5; {
		var stacks []profiler.LiveStack
		for _, l := range r.worker.Stacks() {
			if l.Call != "wasi_snapshot_preview1.poll_oneoff" {
				continue // not yet asleep
			}
			stacks = append(stacks, profiler.LiveStack{Function: l.Function.Name, Elapsed: l.Elapsed, Call: l.Call, Frames: l.Frames, Depth: l.Depth})
			seen++
		}
		live.Add(stacks)
	}
	// Of another process there are names only.
	live.Add([]profiler.LiveStack{{
		Function: guest.Name{User: "o", Function: "other"}, Elapsed: time.Second, Depth: 3,
		Calls: []profiler.LiveCall{{Function: "inner", File: "/a.c", Line: 7, Column: 3, Inlined: true}, {Function: "outer", File: "/a.c", Line: 9}},
	}})
	cancel()
	<-ended
	p, err := live.Stop()
	if err != nil {
		t.Fatal(err)
	}
	accepted(t, p)
	if len(p.Sample) != 2 {
		t.Fatalf("%d stacks, want two:\n%s", len(p.Sample), p)
	}
	for _, s := range p.Sample {
		n := names(s)
		switch s.Label["function"][0] {
		case "t/endless":
			if s.Value[0] != 5 || !leadsThrough(n, []string{"wasi_snapshot_preview1.poll_oneoff", "turn", "main", "_start", "t/endless"}) {
				t.Errorf("seen %d times: %q", s.Value[0], n)
			}
		case "o/other":
			if d := cmp.Diff([]string{"inner", "outer", "[frames left out]", "o/other"}, n); d != "" || s.Value[0] != 1 || s.NumLabel["elapsed"][0] != int64(time.Second) {
				t.Errorf("of the other process, %v:\n%s", s, d)
			}
		default:
			t.Errorf("a stack of %v", s.Label)
		}
	}
}
