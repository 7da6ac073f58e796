package scheduler

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/hostcall"
	"github.com/faaslens/faaslens/hostcall/faasm"
)

// script is what a scripted function does.
type script func(g *scripted) Result

// library is functions that are scripts.
type library map[string]script

func (l library) Acquire(_ context.Context, name guest.Name) (Function, bool, error) {
	s, ok := l[name.Function]
	if !ok {
		return nil, false, fmt.Errorf("%s: no such function", name)
	}
	return scriptedFunction{s, name}, true, nil
}

type scriptedFunction struct {
	script script
	name   guest.Name
}

func (f scriptedFunction) Release() {}

func (f scriptedFunction) Backtrace([]guest.Frame) []Frame {
	return []Frame{{Function: f.name.Function}}
}

func (f scriptedFunction) Invoke(ctx context.Context, _ ID, r *Request, c faasm.Chain) Result {
	return f.script(&scripted{ctx: ctx, request: r, chain: c})
}

// scripted is a running script, and the guest that its host calls see.
type scripted struct {
	ctx     context.Context
	request *Request
	chain   faasm.Chain
}

func (g *scripted) Memory() hostcall.Memory { return nil }
func (g *scripted) MapFile(uint32, int, int64, uint32) error {
	return errors.New("it maps no files")
}

func (g *scripted) Grow(uint32) (uint32, bool) { return 0, false }
func (g *scripted) Frames() []guest.Frame      { return nil }
func (g *scripted) Context() context.Context   { return g.ctx }
func (g *scripted) CallExport(string, ...guest.Value) (guest.Value, error) {
	return guest.Value{}, errors.New("no exports")
}

func (g *scripted) call() *hostcall.Call {
	return &hostcall.Call{Guest: g, Spec: &hostcall.Spec{Module: "env", Name: "__faasm_await_call"}}
}

func (g *scripted) start(function, input string) (uint32, error) {
	return g.chain.Start(g.call(), faasm.Target{Function: function}, []byte(input))
}

func (g *scripted) await(id uint32) (faasm.Chained, bool, error) { return g.chain.Await(g.call(), id) }

func newScheduler(t *testing.T, cfg Config, l library) *Scheduler {
	t.Helper()
	cfg.Functions = l
	s := New(cfg)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		s.Close(ctx)
	})
	return s
}

func request(function string) *Request {
	return &Request{Function: guest.Name{User: "demo", Function: function}}
}

func TestChildrenRunWhileTheirParentsWait(t *testing.T) {
	const depth = 1000
	var running, most atomic.Int32
	s := newScheduler(t, Config{Workers: 2}, library{"down": func(g *scripted) Result {
		if n := running.Add(1); n > most.Load() {
			most.Store(n)
		}
		defer running.Add(-1)
		var n int
		fmt.Sscan(string(g.request.Input), &n)
		if n == 0 {
			return Result{Output: []byte("0")}
		}
		id, err := g.start("down", fmt.Sprint(n-1))
		if err != nil {
			return Result{ReturnValue: 1, Failure: &Failure{Message: err.Error()}}
		}
		running.Add(-1)
		r, ok, err := g.await(id)
		running.Add(1)
		if !ok || err != nil {
			return Result{ReturnValue: 1}
		}
		var below int
		fmt.Sscan(string(r.Output), &below)
		return Result{Output: fmt.Append(nil, below+1)}
	}})
	req := request("down")
	req.Input = fmt.Append(nil, depth)
	i, err := s.Run(context.Background(), req)
	if err != nil {
		t.Fatal(err)
	}
	if string(i.Result.Output) != fmt.Sprint(depth) || i.Result.Failure != nil {
		t.Fatalf("%d invocations that wait for one another end with %q, %+v", depth, i.Result.Output, i.Result.Failure)
	}
	if most.Load() > 3 { // one may be on its way into its wait
		t.Errorf("%d guests ran at a time on 2 workers", most.Load())
	}
	g, err := s.Graph(i.ID)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for ; len(g.Chained) == 1; g = g.Chained[0] {
		n++
	}
	if n != depth {
		t.Errorf("the graph is %d deep, want %d", n, depth)
	}
}

func TestFailuresAreJoinedWithTheStacksOfWhoWaited(t *testing.T) {
	pass := func(next string) script {
		return func(g *scripted) Result {
			id, err := g.start(next, "")
			if err != nil {
				return Result{ReturnValue: 1, Failure: &Failure{Message: err.Error()}}
			}
			r, _, _ := g.await(id)
			return Result{ReturnValue: r.ReturnValue}
		}
	}
	s := newScheduler(t, Config{}, library{"a": pass("b"), "b": pass("c"), "c": func(*scripted) Result {
		return Result{ReturnValue: 1, Failure: &Failure{Kind: "trap", Message: "unreachable", Frames: []Frame{{Function: "leaf"}}}}
	}})
	i, err := s.Run(context.Background(), request("a"))
	if err != nil {
		t.Fatal(err)
	}
	if i.Result.ReturnValue != 1 || i.Result.Failure != nil {
		t.Errorf("the parent ends with %+v", i.Result)
	}
	g, err := s.Graph(i.ID)
	if err != nil {
		t.Fatal(err)
	}
	c := g.Chained[0].Chained[0]
	var way []string
	for _, f := range c.Result.Failure.Callers {
		way = append(way, f.Function.Function+":"+f.Frames[0].Function)
	}
	if got := strings.Join(way, " "); got != "b:b a:a" {
		t.Errorf("the failure of c came by %q, want b and then a", got)
	}
}

func TestCancellationFlowsDown(t *testing.T) {
	started := make(chan struct{})
	var ended sync.WaitGroup
	ended.Add(2)
	wait := func(g *scripted) Result {
		defer ended.Done()
		close(started)
		<-g.ctx.Done()
		return Result{ReturnValue: 1, Failure: &Failure{Kind: "limit", Code: "cancelled", Message: context.Cause(g.ctx).Error()}}
	}
	s := newScheduler(t, Config{}, library{"child": wait, "parent": func(g *scripted) Result {
		defer ended.Done()
		id, _ := g.start("child", "")
		_, _, err := g.await(id)
		return Result{ReturnValue: 1, Failure: &Failure{Kind: "limit", Code: "cancelled", Message: fmt.Sprint(err)}}
	}})
	id, err := s.Start(request("parent"))
	if err != nil {
		t.Fatal(err)
	}
	<-started
	if live, err := s.Cancel(id); !live || err != nil {
		t.Fatalf("Cancel says %v, %v", live, err)
	}
	ended.Wait()
	i, err := s.Wait(context.Background(), id)
	if err != nil || i.Status != Done || i.Result.Failure == nil {
		t.Errorf("the parent is %v, %v", i, err)
	}
	c, err := s.Wait(context.Background(), i.Chained[0])
	if err != nil || c.Result.Failure == nil || !strings.Contains(c.Result.Failure.Message, "cancelled") {
		t.Errorf("the child ended with %+v, %v", c.Result, err)
	}
}

func TestWaitingForOneselfOrAnAncestorIsAnError(t *testing.T) {
	var parent atomic.Uint32
	go1 := make(chan struct{})
	s := newScheduler(t, Config{}, library{
		"child": func(g *scripted) Result {
			<-go1
			_, ok, err := g.await(parent.Load())
			return Result{Output: fmt.Append(nil, ok, " ", err)}
		},
		"parent": func(g *scripted) Result {
			id, _ := g.start("child", "")
			r, _, _ := g.await(id)
			return Result{Output: r.Output}
		}})
	id, err := s.Start(request("parent"))
	if err != nil {
		t.Fatal(err)
	}
	parent.Store(uint32(id))
	close(go1)
	i, err := s.Wait(context.Background(), id)
	if err != nil || !strings.Contains(string(i.Result.Output), "it would wait for itself") {
		t.Errorf("got %q, %v", i.Result.Output, err)
	}
}

func TestDepthChildrenAndTreesAreBounded(t *testing.T) {
	flood := func(g *scripted) Result {
		for n := 0; ; n++ {
			if _, err := g.start(string(g.request.Input), string(g.request.Input)); err != nil {
				return Result{Output: fmt.Append(nil, n, " ", err)}
			}
		}
	}
	for name, test := range map[string]struct {
		cfg     Config
		input   string
		started int
		says    string
	}{
		"children": {Config{MaxChildren: 5}, "leaf", 5, "as many as it may"},
		"a tree":   {Config{MaxTree: 8}, "leaf", 7, "as many as may be"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScheduler(t, test.cfg, library{"flood": flood, "leaf": func(*scripted) Result { return Result{} }})
			req := request("flood")
			req.Input = []byte(test.input)
			i, err := s.Run(context.Background(), req)
			want := fmt.Sprint(test.started, " ")
			if err != nil || !strings.HasPrefix(string(i.Result.Output), want) || !strings.Contains(string(i.Result.Output), test.says) {
				t.Errorf("got %q, %v; want %q and %q", i.Result.Output, err, want, test.says)
			}
		})
	}
	t.Run("depth", func(t *testing.T) {
		var deepest atomic.Int32
		s := newScheduler(t, Config{MaxDepth: 3}, library{"down": func(g *scripted) Result {
			deepest.Add(1)
			id, err := g.start("down", "")
			if err != nil {
				return Result{ReturnValue: 7}
			}
			r, _, _ := g.await(id)
			return Result{ReturnValue: r.ReturnValue}
		}})
		i, err := s.Run(context.Background(), request("down"))
		if err != nil || i.Result.ReturnValue != 7 || deepest.Load() != 4 {
			t.Errorf("%d deep, %+v, %v", deepest.Load(), i.Result, err)
		}
	})
}

func TestResultsExpire(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(Config{Keep: time.Minute, Functions: library{"leaf": func(*scripted) Result { return Result{} }}})
		i, err := s.Run(context.Background(), request("leaf"))
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(50 * time.Second)
		if _, err := s.Get(i.ID); err != nil {
			t.Errorf("after 50 seconds: %v", err)
		}
		time.Sleep(20 * time.Second)
		if _, err := s.Get(i.ID); !errors.Is(err, ErrUnknown) {
			t.Errorf("after 70 seconds: %v, want ErrUnknown", err)
		}
		s.Close(context.Background())
	})
}

func TestWhatIsKeptIsBounded(t *testing.T) {
	s := newScheduler(t, Config{KeepCount: 10}, library{"leaf": func(*scripted) Result { return Result{} }})
	var first, last ID
	for n := range 50 {
		i, err := s.Run(context.Background(), request("leaf"))
		if err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			first = i.ID
		}
		last = i.ID
	}
	if _, err := s.Get(first); !errors.Is(err, ErrUnknown) {
		t.Errorf("the first of 50 is still kept: %v", err)
	}
	if _, err := s.Get(last); err != nil {
		t.Errorf("the last is not kept: %v", err)
	}
	if n := s.records.n; n > 10 {
		t.Errorf("%d records are kept, want 10", n)
	}
}

func TestResultsThatNobodyHasAreKeptBeforeThoseThatWereAnswered(t *testing.T) {
	s := newScheduler(t, Config{KeepCount: 10, KeepAnswered: 4}, library{"leaf": func(*scripted) Result { return Result{} }})
	start := func() ID {
		id, err := s.Start(request("leaf"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Wait(context.Background(), id); err != nil {
			t.Fatal(err)
		}
		return id
	}
	var started, answered []ID
	for range 8 {
		started = append(started, start())
		i, err := s.Run(context.Background(), request("leaf"))
		if err != nil {
			t.Fatal(err)
		}
		answered = append(answered, i.ID)
	}
	keeps := func(ids []ID) (n int) {
		for _, id := range ids {
			if _, err := s.Get(id); err == nil {
				n++
			}
		}
		return n
	}
	if n := keeps(started); n != 8 {
		t.Errorf("%d of 8 that were started are kept", n)
	}
	if n := keeps(answered); n != 2 {
		t.Errorf("%d that were answered are kept, want 2", n)
	}
	for range 10 {
		started = append(started, start())
	}
	if n := keeps(started); n != 10 {
		t.Errorf("%d that were started are kept, want the last 10", n)
	}
	if n := keeps(started[8:]); n != 10 {
		t.Errorf("%d of the last 10 that were started are kept", n)
	}
	if st := s.Stats(); st.Kept != s.records.n || st.Kept > 10 {
		t.Errorf("%d are counted and %d there, want at most 10", st.Kept, s.records.n)
	}
}

func TestCloseFinishesWhatWasAccepted(t *testing.T) {
	release := make(chan struct{})
	s := New(Config{Functions: library{"slow": func(*scripted) Result { <-release; return Result{ReturnValue: 3} }}})
	id, err := s.Start(request("slow"))
	if err != nil {
		t.Fatal(err)
	}
	closed := make(chan struct{})
	go func() { s.Close(context.Background()); close(closed) }()
	for {
		if _, err := s.Start(request("slow")); errors.Is(err, ErrDraining) {
			break
		}
	}
	close(release)
	<-closed
	if i, err := s.Get(id); err != nil || i.Result.ReturnValue != 3 {
		t.Errorf("what was accepted ended with %+v, %v", i.Result, err)
	}
}

func TestUnknownFunctionsFailTheirInvocation(t *testing.T) {
	s := newScheduler(t, Config{}, library{"parent": func(g *scripted) Result {
		id, err := g.start("nobody", "")
		if err != nil {
			return Result{ReturnValue: 9}
		}
		r, ok, _ := g.await(id)
		return Result{ReturnValue: r.ReturnValue, Output: fmt.Appendf(nil, "%v %s", ok, r.Output)}
	}})
	i, err := s.Run(context.Background(), request("parent"))
	if err != nil || i.Result.ReturnValue != 1 || !strings.Contains(string(i.Result.Output), "no such function") {
		t.Errorf("got %d %q, %v", i.Result.ReturnValue, i.Result.Output, err)
	}
}
