package cli

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/google/pprof/profile"

	"github.com/faaslens/faaslens/codemap"
	"github.com/faaslens/faaslens/engine"
	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/hostcall"
	"github.com/faaslens/faaslens/profiler"
	"github.com/faaslens/faaslens/profiler/export"
	"github.com/faaslens/faaslens/worker"
)

// profileKinds are the types of profiles.
func profileKinds() []string { return []string{"cpu", "wall", "hostalloc", "live"} }

// recorder is one recording of any type, joined with a worker.
type recorder struct {
	kind string
	rate int
	code *profiler.Code
	// clock is the time since the recorder was made.
	clock func() time.Duration
	end   func() (*profile.Profile, error)
	// do runs an invocation under the recording.
	do func(context.Context, profiler.Invocation, invocationFunc)
}

// invocationFunc invokes a function with an observer, which may be nil, and returns how
// long that took.
type invocationFunc = func(context.Context, hostcall.Observer) time.Duration

// newRecorder installs what has to be there before code is loaded.
func (s *session) newRecorder(f *profileFlags) *recorder {
	if f.kind == "hostalloc" {
		profiler.CountEveryAllocation()
	}
	if f.kind != "live" {
		engine.MixStacks()
	}
	start := time.Now()
	return &recorder{
		kind: f.kind, rate: f.rate, code: profiler.NewCode(s.now),
		clock: func() time.Duration { return time.Since(start) },
	}
}

func (r *recorder) loaded(f *worker.Function, l codemap.Loaded) {
	r.code.Loaded(profiler.Function{Name: f.Name, Module: f.Module(), Symbols: f.Symbols}, l)
}

func (r *recorder) unloaded(_ *worker.Function, l codemap.Loaded) { r.code.Unloaded(l) }

// begin starts to record. end must follow.
func (r *recorder) begin(w *worker.Worker) error {
	switch r.kind {
	case "cpu":
		cpu, err := profiler.StartCPU(r.code, r.rate)
		if err != nil {
			return err
		}
		r.do, r.end = doLabelled, cpu.Stop
	case "wall":
		wall, err := profiler.StartWall(r.code, r.rate, r.clock)
		if err != nil {
			return err
		}
		r.do, r.end = wall.Do, wall.Stop
	case "hostalloc":
		alloc, err := profiler.StartHostAlloc(r.code)
		if err != nil {
			return err
		}
		r.end = alloc.Stop
		r.do = func(ctx context.Context, _ profiler.Invocation, invoke invocationFunc) {
			alloc.Do(func() { invoke(ctx, nil) })
		}
	case "live":
		r.beginLive(w)
	}
	return nil
}

// beginLive looks from a goroutine of its own, which end ends.
func (r *recorder) beginLive(w *worker.Worker) {
	live := profiler.StartLive(r.code)
	stop := make(chan struct{})
	var looking sync.WaitGroup
	looking.Go(func() {
		tick := time.NewTicker(time.Second / time.Duration(r.rate))
		defer tick.Stop()
		for {
			select {
			case <-stop:
				return
			case <-tick.C:
				live.Add(liveStacks(w))
			}
		}
	})
	r.do = doLabelled
	r.end = func() (*profile.Profile, error) {
		close(stop)
		looking.Wait()
		return live.Stop()
	}
}

// liveStacks is where this process's invocations are.
func liveStacks(w *worker.Worker) []profiler.LiveStack {
	var all []profiler.LiveStack
	for _, l := range w.Stacks() {
		all = append(all, profiler.LiveStack{Function: l.Function.Name, Elapsed: l.Elapsed, Call: l.Call, Frames: l.Frames, Depth: l.Depth})
	}
	return all
}

func doLabelled(ctx context.Context, i profiler.Invocation, invoke invocationFunc) {
	i.Do(ctx, func(ctx context.Context) { invoke(ctx, nil) })
}

// profileProcess looks at another process: once, or for as long as the duration.
func (s *session) profileProcess(ctx context.Context, f *profileFlags) error {
	live := profiler.StartLive(profiler.NewCode(s.now))
	ctx, cancel := context.WithTimeout(ctx, f.duration)
	defer cancel()
	tick := time.NewTicker(time.Second / time.Duration(f.rate))
	defer tick.Stop()
	for looks := 0; looks == 0 || ctx.Err() == nil; looks++ {
		r, err := s.ask(f.pid)
		if err != nil && looks > 0 {
			break // it ended meanwhile
		}
		if err != nil {
			return err
		}
		live.Add(foreignStacks(r))
		select {
		case <-ctx.Done():
		case <-tick.C:
		}
	}
	p, err := live.Stop()
	if err != nil {
		return err
	}
	p.Comments = append(s.profileComments(fmt.Sprintf("process %d", f.pid), f, 0), p.Comments...)
	return s.deliverProfile(p, f, export.Options{Title: fmt.Sprintf("process %d", f.pid)})
}

func foreignStacks(r processReport) []profiler.LiveStack {
	var all []profiler.LiveStack
	for _, i := range r.Invocations {
		name, err := guest.ParseName(i.Function)
		if err != nil {
			name = guest.Name{User: "?", Function: i.Function}
		}
		l := profiler.LiveStack{Function: name, Elapsed: i.Elapsed, Call: i.Call, Depth: i.Depth}
		for _, c := range i.Frames {
			l.Calls = append(l.Calls, profiler.LiveCall{Function: c.Name, File: c.File, Line: c.Line, Column: c.Column, Inlined: c.Inlined})
		}
		all = append(all, l)
	}
	return all
}
