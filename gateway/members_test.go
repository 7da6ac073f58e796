package gateway_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/faaslens/faaslens/gateway"
	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/scheduler"
)

// neighbours are other members, in the same process: what each answers, by kind. One
// without answers is silent.
type neighbours map[string]map[string]func(ctx context.Context, question []byte) ([]byte, error)

// desk is where one member asks the others.
type desk struct {
	self string
	all  neighbours
}

func (d desk) Members() (names []string) {
	for name := range d.all {
		if name != d.self {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

func (d desk) Lost() []string { return []string{"killed"} }

func (d desk) Ask(ctx context.Context, only, kind string, question any, each func(string, []byte, error)) {
	text, err := json.Marshal(question)
	for _, name := range d.Members() {
		if only != "" && name != only {
			continue
		}
		f := d.all[name][kind]
		if f == nil {
			each(name, nil, errors.New("it is silent"))
			continue
		}
		var answer []byte
		if err == nil {
			answer, err = f(ctx, text)
		}
		each(name, answer, err)
	}
}

func (d desk) Answer(kind string, f func(context.Context, []byte) ([]byte, error)) {
	if d.all[d.self] == nil {
		d.all[d.self] = make(map[string]func(context.Context, []byte) ([]byte, error))
	}
	d.all[d.self][kind] = f
}

// neighbourhood is two members, "here" and "there", and one that is silent.
func neighbourhood(t *testing.T) (here, there *rig) {
	all := neighbours{"mute": nil}
	there = newRig(t, scheduler.Config{}, gateway.Config{Host: "there", Members: desk{"there", all}})
	here = newRig(t, scheduler.Config{}, gateway.Config{Host: "here", Members: desk{"here", all}})
	return here, there
}

func TestAnyMemberTellsOfAll(t *testing.T) {
	here, there := neighbourhood(t)
	for _, r := range []*rig{here, there} {
		r.stock("endless.c", "faasm/echo.c")
		r.ask("POST", "/v1/functions/demo/echo/invoke", "x")
		decode[gateway.Invocation](t, r.ask("POST", "/v1/functions/demo/endless/start", ""))
	}
	get := func(path string) answer {
		t.Helper()
		a := here.ask("GET", path, "")
		if a.status != 200 || a.header.Get(gateway.HeaderSilent) != "mute" {
			t.Fatalf("%s answers %d without %q: %s", path, a.status, a.header.Get(gateway.HeaderSilent), a.body)
		}
		return a
	}
	hosts := func(all []string) string { slices.Sort(all); return strings.Join(slices.Compact(all), " ") }
	t.Run("its invocations", func(t *testing.T) {
		var of []string
		for _, i := range decode[[]gateway.Invocation](t, get("/v1/invocations")) {
			of = append(of, i.Host)
		}
		if hosts(of) != "here there" {
			t.Errorf("they are of %v", of)
		}
	})
	t.Run("where they are", func(t *testing.T) {
		for {
			var of []string
			for _, s := range decode[[]gateway.Stack](t, get("/v1/stacks")) {
				of = append(of, s.Host)
			}
			if hosts(of) == "here there" { // they are on their way
				break
			}
		}
		i := decode[[]gateway.Invocation](t, there.ask("GET", "/v1/invocations?member=there", ""))[0]
		if s := decode[gateway.Stack](t, here.ask("GET", "/v1/invocations/"+i.ID.String()+"/stack", "")); s.Host != "there" || s.ID != i.ID {
			t.Errorf("one is at %+v", s)
		}
	})
	t.Run("what it is doing", func(t *testing.T) {
		st := decode[gateway.Status](t, here.ask("GET", "/v1/status", ""))
		var of []string
		for _, m := range st.Members {
			of = append(of, m.Host)
			if m.Silent != (m.Host == "mute") {
				t.Errorf("a member is %+v", m)
			}
		}
		k := slices.IndexFunc(st.Functions, func(f gateway.FunctionCount) bool { return f.Function == "demo/echo" })
		if hosts(of) != "here mute there" || st.Running != 2 || k < 0 || st.Functions[k].Ended != 2 {
			t.Errorf("the members are %v: %+v", of, st)
		}
	})
	t.Run("its log", func(t *testing.T) {
		var of []string
		for line := range strings.Lines(get("/v1/logs").body) {
			of = append(of, decode[gateway.LogEntry](t, answer{body: line}).Host)
		}
		if len(of) != 2 || hosts(of) != "here there" {
			t.Errorf("the entries are of %v", of)
		}
		if last := get("/v1/logs?tail=1").body; decode[gateway.LogEntry](t, answer{body: last}).Host != "there" {
			t.Errorf("the last entry is %s", last)
		}
	})
	t.Run("but for one that is asked for", func(t *testing.T) {
		for _, path := range []string{"/v1/invocations", "/v1/stacks", "/v1/logs"} {
			a := here.ask("GET", path+"?member=there", "")
			if strings.Contains(a.body, `"host":"here"`) || !strings.Contains(a.body, `"host":"there"`) || a.header.Get(gateway.HeaderSilent) != "" {
				t.Errorf("%s says %s", path, a.body)
			}
		}
		a := here.ask("GET", "/v1/status?member=nobody", "")
		if a.status != 404 || !strings.Contains(a.body, "there are here, mute, there") {
			t.Errorf("one that is not there: %d %s", a.status, a.body)
		}
	})
}

func TestALogIsFollowedOnAllMembers(t *testing.T) {
	here, there := neighbourhood(t)
	for _, r := range []*rig{here, there} {
		r.stock("faasm/echo.c")
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, "GET", here.url+"/v1/logs?follow&tail=0", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	lines := bufio.NewReader(resp.Body)
	for _, r := range []*rig{there, here, there} {
		id := r.ask("POST", "/v1/functions/demo/echo/invoke", "x").header.Get(gateway.HeaderInvocation)
		line, err := lines.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		if e := decode[gateway.LogEntry](t, answer{body: line}); e.ID.String() != id {
			t.Errorf("the log goes on with %+v, want %s", e, id)
		}
	}
}

// FuzzQuestionsOfOthers asks a member what others may ask it.
func FuzzQuestionsOfOthers(f *testing.F) {
	for _, q := range []string{`{}`, `{"query":"tail=3&function=demo/echo","since":7}`, `{"query":"%zz","tail":true}`, `{"since":18446744073709551615}`, `null`, `[`} {
		f.Add([]byte(q))
	}
	all := neighbours{}
	newRig(f, scheduler.Config{}, gateway.Config{Host: "here", Members: desk{"here", all}})
	f.Fuzz(func(t *testing.T, q []byte) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel() // it waits for nothing
		for kind, ask := range all["here"] {
			if b, err := ask(ctx, q); err == nil && !json.Valid(b) {
				t.Errorf("%s is answered with %q", kind, b)
			}
		}
	})
}

// accepted are invocations that are in a queue, by their numbers; nil is one that has ended.
type accepted map[scheduler.ID]*scheduler.Invocation

func (a accepted) Unfinished(context.Context) ([]scheduler.ID, error) {
	return slices.Sorted(maps.Keys(a)), nil
}

func (a accepted) Stored(_ context.Context, id scheduler.ID) (scheduler.Invocation, error) {
	if a[id] == nil {
		return scheduler.Invocation{}, scheduler.ErrUnknown
	}
	return *a[id], nil
}

func TestWhatNoMemberHasIsListed(t *testing.T) {
	echo := &scheduler.Request{Function: guest.Name{User: "demo", Function: "echo"}}
	queue := accepted{
		1: {ID: 1, Request: echo, Worker: -1, Times: scheduler.Times{Queued: time.Now().Add(-time.Minute)}},
		3: nil, 5: {ID: 5, Request: echo, Result: &scheduler.Result{}},
	}
	r := newRig(t, scheduler.Config{}, gateway.Config{Host: "here", Members: desk{"here", neighbours{}}, Accepted: queue})
	r.stock("endless.c")
	running := decode[gateway.Invocation](t, r.ask("POST", "/v1/functions/demo/endless/start", ""))
	queue[running.ID] = &scheduler.Invocation{ID: running.ID, Request: echo, Worker: -1}
	a := r.ask("GET", "/v1/invocations", "")
	list := decode[[]gateway.Invocation](t, a)
	if a.header.Get(gateway.HeaderLost) != "killed" {
		t.Errorf("those are lost: %q", a.header.Get(gateway.HeaderLost))
	}
	if len(list) != 2 || list[0].ID != 1 || list[0].Status != "queued" || list[0].Host != "" || list[0].QueueTime < time.Minute || list[1].Function != "demo/endless" {
		t.Errorf("the list is %s", a.body)
	}
	if list := decode[[]gateway.Invocation](t, r.ask("GET", "/v1/invocations?member=here", "")); len(list) != 1 || list[0].ID != running.ID {
		t.Errorf("of one member, it is %+v", list)
	}
}
