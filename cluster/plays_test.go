package cluster

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/faaslens/faaslens/bus"
	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/hostcall"
	"github.com/faaslens/faaslens/hostcall/faasm"
	"github.com/faaslens/faaslens/scheduler"
)

// plays are functions by name.
type plays map[string]func(p *play) scheduler.Result

// play is one that runs, and the guest that its host calls see.
type play struct {
	hostcall.Guest
	ctx     context.Context
	host    string
	request *scheduler.Request
	chain   faasm.Chain
}

func (p *play) Context() context.Context { return p.ctx }
func (p *play) Frames() []guest.Frame    { return nil }

func (p *play) call() *hostcall.Call {
	return &hostcall.Call{Guest: p, Spec: &hostcall.Spec{Module: "env", Name: "__faasm_await_call"}}
}

func (p *play) start(function, input string) uint32 {
	id, err := p.chain.Start(p.call(), faasm.Target{Function: function}, []byte(input))
	if err != nil {
		panic(err)
	}
	return id
}

func (p *play) await(id uint32) faasm.Chained {
	r, ok, err := p.chain.Await(p.call(), id)
	if !ok || err != nil {
		return faasm.Chained{ReturnValue: 99, Output: fmt.Append(nil, ok, err)}
	}
	return r
}

// hostPlays are plays on one host.
type hostPlays struct {
	plays plays
	host  string
}

func (h hostPlays) Acquire(_ context.Context, n guest.Name) (scheduler.Function, bool, error) {
	f := h.plays[n.Function]
	if f == nil {
		return nil, false, scheduler.ErrNoFunction
	}
	return playOf{f, n.Function, h.host}, false, nil
}

type playOf struct {
	play func(*play) scheduler.Result
	name string
	host string
}

func (f playOf) Invoke(ctx context.Context, _ scheduler.ID, r *scheduler.Request, c faasm.Chain) scheduler.Result {
	return f.play(&play{ctx: ctx, host: f.host, request: r, chain: c})
}

func (f playOf) Backtrace([]guest.Frame) []scheduler.Frame {
	return []scheduler.Frame{{Function: f.name + " on " + f.host, Line: 7}}
}
func (f playOf) Release() {}

// member is a process of a cluster.
type member struct {
	*Cluster
	scheduler *scheduler.Scheduler
	bus       *bus.Bus
}

// enlist makes a member of that name with so many workers. Its scheduler ends before its
// connection does.
func enlist(t testing.TB, url, name string, workers int, p plays) *member {
	t.Helper()
	b := openBus(t, bus.Config{URL: url})
	seats := NewSeats()
	s := scheduler.New(scheduler.Config{Functions: hostPlays{p, name}, Host: name, Workers: workers, Others: seats, Patience: time.Nanosecond})
	c, err := Open(t.Context(), Config{Bus: b, Scheduler: s, Seats: seats, Host: name, AtOnce: 4 * workers, Check: 200 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		now, cancel := context.WithCancel(context.Background())
		cancel()
		s.Close(now)
		c.Close()
	})
	return &member{c, s, b}
}

func (m *member) run(t *testing.T, function, input string) scheduler.Invocation {
	t.Helper()
	i, err := m.scheduler.Run(t.Context(), &scheduler.Request{Function: guest.Name{User: "demo", Function: function}, Input: []byte(input)})
	if err != nil {
		t.Fatal(err)
	}
	return i
}

func outline(n *scheduler.Node) string {
	var below []string
	for _, c := range n.Chained {
		below = append(below, outline(c))
	}
	return fmt.Sprintf("%s@%s(%s)", n.Request.Function.Function, n.Host, strings.Join(below, " "))
}

// hold chains a function while it keeps its worker until the test lets go of it.
func hold(target string, release <-chan struct{}) func(*play) scheduler.Result {
	return func(p *play) scheduler.Result {
		id := p.start(target, string(p.request.Input))
		<-release
		r := p.await(id)
		return scheduler.Result{ReturnValue: r.ReturnValue, Output: r.Output}
	}
}
