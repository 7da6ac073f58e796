package scheduler

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// neighbour is another host: its scheduler, in the same process.
type neighbour struct {
	name      string
	scheduler *Scheduler
	// run, if there is one, takes the place of the scheduler's.
	run   func(ctx context.Context, e *Errand, report func(*Node)) error
	seats chan Seat
}

func (n *neighbour) Host() string       { return n.name }
func (n *neighbour) Seats() <-chan Seat { return n.seats }
func (n *neighbour) Run(ctx context.Context, e *Errand, report func(*Node)) error {
	if n.run != nil {
		return n.run(ctx, e, report)
	}
	return n.scheduler.RunFor(ctx, e, report)
}

// offer has the neighbour offer seats until the test ends.
func (n *neighbour) offer(t *testing.T) {
	n.seats = make(chan Seat)
	quit := make(chan struct{})
	var gone sync.WaitGroup
	gone.Go(func() {
		for {
			select {
			case n.seats <- n:
			case <-quit:
				return
			}
		}
	})
	t.Cleanup(func() { close(quit); gone.Wait() })
}

// pair is two hosts with a worker each, of which here gives work to there.
func pair(t *testing.T, there, here Config, l library) (*Scheduler, *neighbour) {
	t.Helper()
	n := &neighbour{name: "there"}
	n.offer(t)
	there.Host, there.Workers = "there", 1
	n.scheduler = newScheduler(t, there, l)
	here.Host, here.Workers, here.Others, here.Patience = "here", 1, n, time.Nanosecond
	return newScheduler(t, here, l), n
}

// busy keeps the only worker of a host until the test lets go of it, and then has what it
// chained waited for.
func busy(target string, chained chan<- uint32, release <-chan struct{}) script {
	return func(g *scripted) Result {
		id, err := g.start(target, "given away")
		if err != nil {
			return Result{ReturnValue: 9, Output: []byte(err.Error())}
		}
		chained <- id
		<-release
		r, ok, err := g.await(id)
		return Result{ReturnValue: r.ReturnValue, Output: fmt.Appendf(nil, "%v %v %s", ok, err, r.Output)}
	}
}

// run runs a function and fails the test where that is not accepted.
func run(t *testing.T, s *Scheduler, function string) Invocation {
	t.Helper()
	i, err := s.Run(t.Context(), request(function))
	if err != nil {
		t.Fatal(err)
	}
	return i
}

func outline(n *Node) string {
	var below []string
	for _, c := range n.Chained {
		below = append(below, outline(c))
	}
	text := n.Request.Function.Function + "@" + n.Host
	if len(below) > 0 {
		text += "(" + strings.Join(below, " ") + ")"
	}
	return text
}

func TestAChainedCallRunsElsewhereWhereNoWorkerIsFree(t *testing.T) {
	chained, release := make(chan uint32, 1), make(chan struct{})
	ended := make(chan string, 2) // more would block
	count := func(i Invocation) { ended <- i.Request.Function.Function }
	here, n := pair(t, Config{Ended: count}, Config{}, library{
		"parent": busy("middle", chained, release),
		"middle": func(g *scripted) Result {
			id, _ := g.start("leaf", string(g.request.Input))
			r, _, _ := g.await(id)
			close(release)
			return Result{Output: append([]byte("middle "), r.Output...)}
		},
		"leaf": func(g *scripted) Result { return Result{Output: g.request.Input, ReturnValue: 0} },
	})
	i := run(t, here, "parent")
	if !strings.HasPrefix(string(i.Result.Output), "true <nil> middle given away") {
		t.Fatalf("the parent has %q", i.Result.Output)
	}
	g, err := here.Graph(i.ID)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff("parent@here(middle@there(leaf@there))", outline(g)); diff != "" {
		t.Errorf("the graph is (- want, + got):\n%s", diff)
	}
	if c := g.Chained[0]; ID(<-chained) != c.ID || c.Parent != i.ID || c.Worker != 0 || c.Status != Done {
		t.Errorf("what ran elsewhere is %+v", c.Invocation)
	}
	there, err := n.scheduler.Get(g.Chained[0].ID)
	if err != nil || there.Parent != i.ID {
		t.Errorf("there it is %+v, %v; want a parent %d", there, err, i.ID)
	}
	counted := []string{<-ended, <-ended}
	slices.Sort(counted)
	if diff := cmp.Diff([]string{"leaf", "middle"}, counted); diff != "" {
		t.Errorf("the other host counts (- want, + got):\n%s", diff)
	}
	if st := here.Stats(); st.Lent != 0 || st.Queued != 0 || st.Running != 0 || st.Kept != 3 {
		t.Errorf("afterwards there are %+v", st)
	}
}

func TestFailuresElsewhereAreJoinedWithTheStacksHere(t *testing.T) {
	chained, release := make(chan uint32, 1), make(chan struct{})
	here, _ := pair(t, Config{}, Config{}, library{
		"parent": busy("middle", chained, release),
		"middle": func(g *scripted) Result {
			id, _ := g.start("broken", "")
			r, _, _ := g.await(id)
			close(release)
			return Result{ReturnValue: r.ReturnValue}
		},
		"broken": func(*scripted) Result {
			return Result{ReturnValue: 1, Failure: &Failure{Kind: "trap", Message: "unreachable", Frames: []Frame{{Function: "deep"}}}}
		},
	})
	i := run(t, here, "parent")
	g, err := here.Graph(i.ID)
	if err != nil {
		t.Fatal(err)
	}
	f := g.Chained[0].Chained[0].Result.Failure
	var way []string
	for _, c := range f.Callers {
		way = append(way, c.Function.Function)
	}
	if i.Result.ReturnValue != 1 || strings.Join(way, " ") != "middle parent" || f.Frames[0].Function != "deep" {
		t.Errorf("the parent returns %d; the failure came by %q: %+v", i.Result.ReturnValue, way, f)
	}
}

func TestCancellationReachesWhatRunsElsewhere(t *testing.T) {
	started, chained := make(chan struct{}), make(chan uint32, 1)
	here, n := pair(t, Config{}, Config{}, library{
		"parent": busy("endless", chained, started),
		"endless": func(g *scripted) Result {
			close(started)
			<-g.ctx.Done()
			return Result{ReturnValue: 1, Failure: &Failure{Kind: "limit", Code: "cancelled", Message: "stopped"}}
		},
	})
	id, err := here.Start(request("parent"))
	if err != nil {
		t.Fatal(err)
	}
	<-started
	if live, err := here.Cancel(id); !live || err != nil {
		t.Fatalf("Cancel says %v, %v", live, err)
	}
	i, err := n.scheduler.Wait(t.Context(), ID(<-chained))
	if err != nil || i.Result == nil || i.Result.Failure == nil || i.Result.Failure.Code != "cancelled" {
		t.Errorf("there it ends with %+v, %v", i.Result, err)
	}
}

func TestWhatIsChainedElsewhereAndNotWaitedForIsToldLater(t *testing.T) {
	chained, release, late := make(chan uint32, 1), make(chan struct{}), make(chan struct{})
	here, n := pair(t, Config{}, Config{}, library{
		"parent": busy("leaver", chained, release),
		"leaver": func(g *scripted) Result {
			_, err := g.start("late", "")
			close(release)
			return Result{Output: fmt.Append(nil, err)}
		},
		"late": func(*scripted) Result { <-late; return Result{Output: []byte("at last")} },
	})
	i := run(t, here, "parent")
	g, err := here.Graph(i.ID)
	if err != nil || outline(g) != "parent@here(leaver@there(late@there))" || g.Chained[0].Chained[0].Result != nil {
		t.Fatalf("before all have ended the graph is %s, %v", outline(g), err)
	}
	close(late)
	now, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	here.Close(now)
	n.scheduler.Close(now)
	if g, err = here.Graph(i.ID); err != nil || string(g.Chained[0].Chained[0].Result.Output) != "at last" {
		t.Errorf("at the end the graph has %+v, %v", g.Chained[0].Chained[0].Invocation, err)
	}
}

func TestWhatAnotherHostLosesIsRunHere(t *testing.T) {
	for name, err := range map[string]error{"it takes nothing": ErrBusy, "it is shut down": ErrDraining, "it dies": ErrLost} {
		t.Run(name, func(t *testing.T) {
			chained, release := make(chan uint32, 1), make(chan struct{})
			here, n := pair(t, Config{}, Config{}, library{
				"parent": busy("leaf", chained, release),
				"leaf":   func(*scripted) Result { return Result{Output: []byte("here")} },
			})
			var once sync.Once
			n.run = func(context.Context, *Errand, func(*Node)) error {
				once.Do(func() { close(release) })
				return err
			}
			if i := run(t, here, "parent"); !strings.Contains(string(i.Result.Output), "true <nil> here") {
				t.Errorf("the parent has %q", i.Result.Output)
			}
		})
	}
}

func TestAnErrandFindsItsWayThroughTheLimits(t *testing.T) {
	errand := func() *Errand {
		return &Errand{ID: 77, Request: request("down"), Depth: 2, Tree: 5, Ancestors: []ID{5, 3}}
	}
	down := func(g *scripted) Result {
		_, err := g.start("leaf", "")
		return Result{Output: fmt.Append(nil, err)}
	}
	leaf := func(*scripted) Result { return Result{} }
	output := func(t *testing.T, cfg Config, l library) string {
		t.Helper()
		var got string
		if err := newScheduler(t, cfg, l).RunFor(t.Context(), errand(), func(n *Node) { got = string(n.Result.Output) }); err != nil {
			t.Fatal(err)
		}
		return got
	}
	for name, test := range map[string]struct {
		cfg  Config
		says string
	}{
		"the depth counts from its beginning": {Config{MaxDepth: 2}, "as deep as it may be"},
		"so does the tree":                    {Config{MaxTree: 5}, "as many as may be"},
		"and both leave what is left":         {Config{MaxDepth: 3, MaxTree: 6}, "nil"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := output(t, test.cfg, library{"down": down, "leaf": leaf}); !strings.Contains(got, test.says) {
				t.Errorf("chaining says %q, want %q", got, test.says)
			}
		})
	}
	t.Run("it may not wait for an ancestor on another host", func(t *testing.T) {
		got := output(t, Config{}, library{"down": func(g *scripted) Result {
			_, _, err := g.await(3)
			return Result{Output: fmt.Append(nil, err)}
		}})
		if !strings.Contains(got, "it would wait for itself") {
			t.Errorf("awaiting says %q", got)
		}
	})
	t.Run("a host without a free worker takes none", func(t *testing.T) {
		taken, release := make(chan struct{}), make(chan struct{})
		s := newScheduler(t, Config{Workers: 1}, library{"slow": func(*scripted) Result { close(taken); <-release; return Result{} }})
		if _, err := s.Start(request("slow")); err != nil {
			t.Fatal(err)
		}
		<-taken
		if err := s.RunFor(t.Context(), errand(), nil); !errors.Is(err, ErrBusy) {
			t.Errorf("it says %v, want ErrBusy", err)
		}
		close(release)
	})
}
