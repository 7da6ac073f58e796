package cluster

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/faaslens/faaslens/bus"
	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/scheduler"
)

func TestMembersAreAskedAndTheSilentNamed(t *testing.T) {
	url := openBus(t, bus.Config{Listen: "127.0.0.1:0"}).URL()
	here := enlist(t, url, "here", 1, nil)
	for _, name := range []string{"works", "fails", "dead"} {
		m := enlist(t, url, name, 1, nil)
		m.Answer("greeting", func(_ context.Context, question []byte) ([]byte, error) {
			if name == "fails" {
				return nil, errors.New("it is shy")
			}
			return append([]byte("hello "), question...), nil
		})
		for len(here.Members()) == 0 || !strings.Contains(fmt.Sprint(here.Members()), name) {
			<-here.peers.changed
		}
		if name == "dead" {
			m.bus.Close()
		}
	}
	got := func(only, kind string) string {
		var all []string
		here.Ask(t.Context(), only, kind, "you", func(member string, answer []byte, err error) {
			all = append(all, fmt.Sprintf("%s: %s %v", member, answer, err))
		})
		return strings.Join(all, "; ")
	}
	dead, rest, _ := strings.Cut(got("", "greeting"), "; ")
	if rest != `fails:  it is shy; works: hello "you" <nil>` || !strings.HasPrefix(dead, "dead:  ") || strings.HasSuffix(dead, "<nil>") {
		t.Errorf("they say %s and %s", dead, rest)
	}
	if s := got("works", "greeting"); s != `works: hello "you" <nil>` {
		t.Errorf("one that is asked alone says %s", s)
	}
	if s := got("works", "riddle"); !strings.Contains(s, "does not know what") {
		t.Errorf("what nobody answers is %s", s)
	}
	later := enlist(t, url, "later", 1, nil)
	for !strings.Contains(fmt.Sprint(here.Members()), "later") {
		<-here.peers.changed
	}
	later.Leave()
	for strings.Contains(fmt.Sprint(here.Members()), "later") {
		<-here.peers.changed
	}
}

func TestWhatOnlyAnotherMemberKnowsIsFound(t *testing.T) {
	url := openBus(t, bus.Config{Listen: "127.0.0.1:0"}).URL()
	release := make(chan struct{})
	p := plays{"slow": func(p *play) scheduler.Result {
		select {
		case <-release:
		case <-p.ctx.Done():
		}
		return scheduler.Result{ReturnValue: 5}
	}}
	here, there := enlist(t, url, "here", 1, p), enlist(t, url, "there", 1, p)
	for len(there.Members()) == 0 {
		<-there.peers.changed
	}
	id, err := here.scheduler.Start(&scheduler.Request{Function: guest.Name{User: "demo", Function: "slow"}})
	if err != nil {
		t.Fatal(err)
	}
	if i, err := there.Get(t.Context(), id); err != nil || i.Result != nil || i.Host != "here" {
		t.Errorf("while it runs it is %+v, %v", i, err)
	}
	close(release)
	if i := await(t, there.Cluster, id); i.Result.ReturnValue != 5 || i.Worker != 0 {
		t.Errorf("it ended with %+v", i)
	}
	if live, err := there.Cancel(t.Context(), id); live || err != nil {
		t.Errorf("cancelling what has ended: %v, %v", live, err)
	}
	if _, err := there.Wait(t.Context(), id+2); !errors.Is(err, scheduler.ErrUnknown) {
		t.Errorf("one that nobody knows: %v", err)
	}
}

func TestNumbersAreNobodyElses(t *testing.T) {
	b := openBus(t, bus.Config{Listen: "127.0.0.1:0"})
	seen := make(map[scheduler.ID]bool)
	for range 3 {
		n := &numbers{bus: openBus(t, bus.Config{URL: b.URL()})}
		for range 2*blockSize + 1 {
			id, err := n.draw(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if id == 0 || id%2 != 0 || id >= 1<<31 || seen[id] {
				t.Fatalf("the number %d: it is none, or was drawn before: %v", id, seen[id])
			}
			seen[id] = true
		}
	}
}

func TestAGraphNamesThoseThatDoNotTellTheirPart(t *testing.T) {
	url := openBus(t, bus.Config{Listen: "127.0.0.1:0"}).URL()
	here := enlist(t, url, "here", 1, nil)
	running := func(id scheduler.ID, host string) *scheduler.Node {
		return &scheduler.Node{Invocation: scheduler.Invocation{ID: id, Host: host, Worker: -1, Status: scheduler.Running}}
	}
	root := running(2, "here")
	root.Worker = 0
	root.Chained = []*scheduler.Node{running(3, "gone"), running(5, "gone"), running(7, "lost")}
	missing := make(map[string]bool)
	here.complete(t.Context(), root, missing)
	if diff := cmp.Diff(map[string]bool{"gone": true, "lost": true}, missing); diff != "" {
		t.Errorf("missing are (- want, + got)\n%s", diff)
	}
}

func TestMembersThatEndWithoutSayingSoAreLost(t *testing.T) {
	now := time.Now()
	p := newPeers()
	for _, name := range []string{"forgotten", "left", "silent", "there"} {
		p.hear(announcement{ID: "id of " + name, Name: name}, now)
	}
	lost := func(when string, since time.Time, want ...string) {
		t.Helper()
		if diff := cmp.Diff(want, p.lostSince(since)); diff != "" {
			t.Errorf("%s, those are lost (- want, + got):\n%s", when, diff)
		}
	}
	lost("at first", now)
	p.forget("id of forgotten")
	p.forget("id of nobody")
	p.hear(announcement{ID: "id of left", Name: "left", Gone: true}, now)
	p.hear(announcement{ID: "id of there", Name: "there"}, now.Add(2*time.Second))
	p.forgetSilent(now.Add(time.Second))
	lost("then", now, "forgotten", "silent")
	p.hear(announcement{ID: "id of forgotten", Name: "forgotten"}, now)
	lost("when one is heard again", now, "silent")
	lost("after a while", now.Add(time.Second))
	lost("for good", now)
}

func TestWhatNoMemberHasIsKnown(t *testing.T) {
	b := openBus(t, bus.Config{Listen: "127.0.0.1:0"})
	gateway := join(t, b, 0, nil)
	unfinished := func() []scheduler.ID {
		t.Helper()
		ids, err := gateway.Unfinished(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return ids
	}
	want := []scheduler.ID{start(t, gateway, "one"), start(t, gateway, "two")}
	slices.Sort(want)
	if diff := cmp.Diff(want, unfinished()); diff != "" {
		t.Errorf("before there is a worker (- want, + got):\n%s", diff)
	}
	i, err := gateway.Stored(t.Context(), want[0])
	if err != nil || i.Result != nil || i.Host != "" || i.Status != scheduler.Queued {
		t.Errorf("one of them is %+v, %v", i, err)
	}
	if _, err := gateway.Stored(t.Context(), 12345); !errors.Is(err, scheduler.ErrUnknown) {
		t.Errorf("one that never was: %v", err)
	}
	join(t, openBus(t, bus.Config{URL: b.URL()}), 1, echo)
	await(t, gateway, want[0])
	await(t, gateway, want[1])
	for len(unfinished()) > 0 { // the queue is told when the result is there
	}
}
