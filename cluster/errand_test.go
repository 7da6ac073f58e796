package cluster

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/faaslens/faaslens/bus"
	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/scheduler"
)

func TestChainedCallsRunOnOtherMembers(t *testing.T) {
	url := openBus(t, bus.Config{Listen: "127.0.0.1:0"}).URL()
	release := make(chan struct{})
	large := strings.Repeat("large ", 200_000)
	p := plays{
		"parent": hold("middle", release),
		"middle": func(p *play) scheduler.Result {
			defer close(release)
			r := p.await(p.start("broken", ""))
			return scheduler.Result{ReturnValue: r.ReturnValue, Output: []byte(large)}
		},
		"broken": func(p *play) scheduler.Result {
			return scheduler.Result{ReturnValue: 1, Failure: &scheduler.Failure{Kind: "trap", Code: "unreachable", Message: "unreachable",
				Frames: []scheduler.Frame{{Function: "deep on " + p.host}}}}
		},
	}
	here, there := enlist(t, url, "here", 1, p), enlist(t, url, "there", 1, p)
	i := here.run(t, "parent", "")
	if c, err := here.scheduler.Get(i.Chained[0]); err != nil || i.Result.ReturnValue != 1 || string(c.Result.Output) != large {
		t.Fatalf("the parent returns %d; what it chained %+v, %v", i.Result.ReturnValue, c, err)
	}
	for name, asked := range map[string]*member{"who gave it": here, "who took it": there, "a third": enlist(t, url, "third", 1, p)} {
		for len(asked.Members()) < 2 { // the others are being heard of
			<-asked.peers.changed
		}
		g, silent, err := asked.Graph(t.Context(), i.ID)
		if err != nil || silent != nil {
			t.Fatal(silent, err)
		}
		if diff := cmp.Diff("parent@here(middle@there(broken@there()))", outline(g)); diff != "" {
			t.Errorf("%s has the graph (- want, + got)\n%s", name, diff)
		}
		f := g.Chained[0].Chained[0].Result.Failure
		way := f.Frames[0].Function
		for _, c := range f.Callers {
			way += ", " + c.Frames[0].Function
		}
		if way != "deep on there, middle on there, parent on here" {
			t.Errorf("%s has the joined stack %q", name, way)
		}
	}
}

func TestAMemberThatDiesLosesNoChainedCall(t *testing.T) {
	url := openBus(t, bus.Config{Listen: "127.0.0.1:0"}).URL()
	taken, release := make(chan struct{}), make(chan struct{})
	p := plays{
		"parent": hold("child", release),
		"child": func(p *play) scheduler.Result {
			if p.host == "there" {
				close(taken)
				<-p.ctx.Done()
			}
			return scheduler.Result{Output: []byte(p.host)}
		},
	}
	here, there := enlist(t, url, "here", 1, p), enlist(t, url, "there", 1, p)
	go func() {
		<-taken
		there.bus.Close()
		close(release)
	}()
	if i := here.run(t, "parent", ""); string(i.Result.Output) != "here" {
		t.Errorf("the parent has %d %q", i.Result.ReturnValue, i.Result.Output)
	}
}

func TestAMemberThatIsCutOffCancelsWhatItRunsForOthers(t *testing.T) {
	url := openBus(t, bus.Config{Listen: "127.0.0.1:0"}).URL()
	taken, ended, release := make(chan struct{}), make(chan error, 1), make(chan struct{})
	p := plays{
		"parent": hold("child", release),
		"child": func(p *play) scheduler.Result {
			if p.host == "there" {
				close(taken)
				<-p.ctx.Done()
				ended <- context.Cause(p.ctx)
			}
			return scheduler.Result{}
		},
	}
	here, _ := enlist(t, url, "here", 1, p), enlist(t, url, "there", 1, p)
	go func() {
		<-taken
		here.bus.Close()
		close(release)
	}()
	here.run(t, "parent", "")
	if err := <-ended; !errors.Is(err, scheduler.ErrCancelled) {
		t.Errorf("it ended for %v", err)
	}
}

func TestCancellationAndDrainingReachOtherMembers(t *testing.T) {
	url := openBus(t, bus.Config{Listen: "127.0.0.1:0"}).URL()
	var taken atomic.Pointer[chan string]
	p := plays{
		"parent": hold("child", nil),
		"twice": func(p *play) scheduler.Result {
			first, second := p.start("child", ""), p.start("child", "")
			return scheduler.Result{ReturnValue: p.await(first).ReturnValue + p.await(second).ReturnValue}
		},
		"child": func(p *play) scheduler.Result {
			*taken.Load() <- p.host
			<-p.ctx.Done()
			return scheduler.Result{ReturnValue: 1, Failure: &scheduler.Failure{Kind: "limit", Code: "cancelled", Message: context.Cause(p.ctx).Error()}}
		},
	}
	here, there := enlist(t, url, "here", 1, p), enlist(t, url, "there", 1, p)
	start := func() scheduler.ID {
		hosts := make(chan string, 4)
		taken.Store(&hosts)
		id, err := here.scheduler.Start(&scheduler.Request{Function: guest.Name{User: "demo", Function: "twice"}})
		if err != nil {
			t.Fatal(err)
		}
		if a, b := <-hosts, <-hosts; a == b {
			t.Fatalf("both run on %s", a)
		}
		return id
	}
	id := start()
	if _, err := here.Cancel(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	g := await(t, here.Cluster, id)
	for _, c := range g.Chained {
		if i, err := here.scheduler.Wait(t.Context(), c); err != nil || i.Result.Failure.Code != "cancelled" {
			t.Errorf("what was chained ended with %+v, %v", i.Result, err)
		}
	}
	start()
	now, cancel := context.WithCancel(t.Context())
	cancel()
	there.Leave()
	there.scheduler.Close(now)
	// The worker here is taken: what came back waits for it.
	hosts := *taken.Load()
	for _, i := range here.scheduler.List() {
		if i.Status == scheduler.Running && i.Host == "here" && i.Parent != 0 {
			if _, err := here.scheduler.Cancel(i.ID); err != nil {
				t.Fatal(err)
			}
		}
	}
	if host := <-hosts; host != "here" {
		t.Errorf("it goes on at %s", host)
	}
}

func TestAThousandCallsComeBackOverTwoMembers(t *testing.T) {
	url := openBus(t, bus.Config{Listen: "127.0.0.1:0"}).URL()
	var there atomic.Int32
	p := plays{
		"fan": func(p *play) scheduler.Result {
			var ids []uint32
			for n := range 1000 {
				ids = append(ids, p.start("leaf", fmt.Sprint(n)))
			}
			var back int
			for n, id := range ids {
				if r := p.await(id); r.ReturnValue == 0 && bytes.HasPrefix(r.Output, fmt.Append(nil, n)) {
					back++
				}
			}
			return scheduler.Result{Output: fmt.Append(nil, back)}
		},
		"deep": func(p *play) scheduler.Result {
			var n int
			fmt.Sscan(string(p.request.Input), &n)
			if n == 0 {
				return scheduler.Result{Output: []byte("0 ")}
			}
			r := p.await(p.start("deep", fmt.Sprint(n-1)))
			fmt.Sscan(string(r.Output), &n)
			return scheduler.Result{ReturnValue: r.ReturnValue, Output: fmt.Append(nil, n+1, " ")}
		},
		"leaf": func(p *play) scheduler.Result {
			if p.host == "there" {
				there.Add(1)
			}
			return scheduler.Result{Output: p.request.Input}
		},
	}
	here := enlist(t, url, "here", 2, p)
	enlist(t, url, "there", 2, p)
	for len(here.Members()) < 1 {
		<-here.peers.changed
	}
	i := here.run(t, "fan", "")
	if !strings.HasPrefix(string(i.Result.Output), "1000") {
		t.Errorf("%s of 1000 came back", i.Result.Output)
	}
	g, silent, err := here.Graph(t.Context(), i.ID)
	if err != nil || silent != nil {
		t.Fatal(silent, err)
	}
	elsewhere := 0
	for _, c := range g.Chained {
		if c.Host == "there" {
			elsewhere++
		}
	}
	if len(g.Chained) != 1000 || elsewhere != int(there.Load()) {
		t.Errorf("the graph has %d calls, %d of them there; %d ran there", len(g.Chained), elsewhere, there.Load())
	}
	if i := here.run(t, "deep", "1000"); !strings.HasPrefix(string(i.Result.Output), "1000") {
		t.Errorf("a chain of 1000 ends with %d %q", i.Result.ReturnValue, i.Result.Output)
	}
}

func TestClocksAreComparedAsFarAsTheDelayLetsThem(t *testing.T) {
	at := func(ms int) time.Time { return time.Unix(1000, 0).Add(time.Duration(ms) * time.Millisecond) }
	for name, test := range map[string]struct {
		asked, received, answered, heard int
		ahead                            time.Duration
	}{
		"an hour ahead":           {0, 3_600_001, 3_600_011, 12, time.Hour},
		"within the delay":        {0, 2, 10, 11, 0},
		"behind, with long calls": {0, -4_999, 1, 5_002, -5 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			a := &errandAnswer{asked: at(test.asked), Received: at(test.received), Answered: at(test.answered), heard: at(test.heard)}
			if got := a.ahead().Round(10 * time.Millisecond); got != test.ahead {
				t.Errorf("it is %v ahead, want %v", got, test.ahead)
			}
		})
	}
}

// FuzzAnswersOfOthers gives what others may send to all that reads it.
func FuzzAnswersOfOthers(f *testing.F) {
	f.Add([]byte(`{"node":{"id":7,"function":{"User":"a","Function":"b"},"worker":1,"status":3,"result":{"ReturnValue":1},"nodes":[{"id":9}]},"open":true}`))
	f.Add([]byte(`{"node":{"nodes":[null]}}`))
	f.Add([]byte(`{"running":true}`))
	f.Add([]byte(`{"node":{"status":200}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		if a, err := readAnswer(b); err == nil && a.Node != nil {
			a.Node.shift(a.ahead())
			n := a.Node.node()
			_ = fmt.Sprint(n.Status, outline(n))
		}
		var e errand
		if json.Unmarshal(b, &e) == nil {
			_ = e.request()
		}
	})
}
