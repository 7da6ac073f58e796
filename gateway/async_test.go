package gateway_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/faaslens/faaslens/gateway"
	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/internal/guesttest"
	"github.com/faaslens/faaslens/scheduler"
)

func TestInvocationsGoOnWithoutTheirClient(t *testing.T) {
	r := newRig(t, scheduler.Config{}, gateway.Config{})
	r.stock("faasm/echo.c", "endless.c", "trap_divide.c")
	start := func(function, body string) (id string) {
		t.Helper()
		a := r.ask("POST", "/v1/functions/demo/"+function+"/start", body)
		i := decode[gateway.Invocation](t, a)
		if a.status != 202 || a.header.Get("Location") != "/v1/invocations/"+i.ID.String() || a.header.Get(gateway.HeaderInvocation) != i.ID.String() {
			t.Fatalf("got %d %v %s", a.status, a.header, a.body)
		}
		return i.ID.String()
	}
	t.Run("its end is waited for by a long poll", func(t *testing.T) {
		id := start("echo", "later")
		i := decode[gateway.Invocation](t, r.ask("GET", "/v1/invocations/"+id+"?wait=20s", ""))
		if i.Status != "done" || i.ExitCode == nil || *i.ExitCode != 0 || i.OutputSize != 5 {
			t.Errorf("it is %+v", i)
		}
		if a := r.ask("GET", "/v1/invocations/"+id+"/result", ""); a.status != 200 || a.body != "later" {
			t.Errorf("the result is %d %q", a.status, a.body)
		}
	})
	t.Run("one that failed says so as if it had been waited for", func(t *testing.T) {
		a := r.ask("GET", "/v1/invocations/"+start("trap_divide", "")+"/result?wait=20s", "")
		if a.status != 500 || !strings.Contains(a.body, "integer divide by zero") {
			t.Errorf("the result is %d %s", a.status, a.body)
		}
	})
	t.Run("one that runs has no result, is seen, and ends when it is cancelled", func(t *testing.T) {
		id := start("endless", "")
		if a := r.ask("GET", "/v1/invocations/"+id+"/result", ""); a.status != 202 || a.header.Get("Retry-After") == "" {
			t.Errorf("the result is %d %s", a.status, a.body)
		}
		stack := r.ask("GET", "/v1/invocations/"+id+"/stack", "")
		for stack.status == 409 { // it is being started
			stack = r.ask("GET", "/v1/invocations/"+id+"/stack", "")
		}
		for !strings.Contains(stack.body, `"function":"turn"`) { // it is on its way there
			stack = r.ask("GET", "/v1/invocations/"+id+"/stack", "")
		}
		if all := decode[[]gateway.Stack](t, r.ask("GET", "/v1/stacks", "")); len(all) != 1 || all[0].ID.String() != id {
			t.Errorf("the stacks are %+v", all)
		}
		if all := decode[[]gateway.Invocation](t, r.ask("GET", "/v1/invocations", "")); len(all) != 1 || all[0].Status != "running" {
			t.Errorf("the list is %+v", all)
		}
		if c := decode[gateway.Cancelled](t, r.ask("POST", "/v1/invocations/"+id+"/cancel", "")); !c.Cancelled {
			t.Error("it had ended")
		}
		if a := r.ask("GET", "/v1/invocations/"+id+"/result?wait=20s", ""); a.status != 409 || !strings.Contains(a.body, "it was cancelled") {
			t.Errorf("the result is %d %s", a.status, a.body)
		}
		if c := decode[gateway.Cancelled](t, r.ask("POST", "/v1/invocations/"+id+"/cancel", "")); c.Cancelled {
			t.Error("it had not ended")
		}
		if a := r.ask("GET", "/v1/invocations/"+id+"/stack", ""); a.status != 409 || !strings.Contains(a.body, "it is done") {
			t.Errorf("its stack is %d %s", a.status, a.body)
		}
	})
}

func TestAnInvocationEndsWithItsClient(t *testing.T) {
	r := newRig(t, scheduler.Config{}, gateway.Config{})
	r.stock("endless.c")
	c, err := net.Dial("tcp", strings.TrimPrefix(r.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(c, "POST /v1/functions/demo/endless/invoke HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
	var all []gateway.Invocation
	for len(all) == 0 {
		all = decode[[]gateway.Invocation](t, r.ask("GET", "/v1/invocations", ""))
	}
	c.Close()
	i := decode[gateway.Invocation](t, r.ask("GET", "/v1/invocations/"+all[0].ID.String()+"?wait=30s", ""))
	if i.Failure == nil || i.Failure.Code != "cancelled" {
		t.Errorf("it is %+v", i)
	}
}

func TestResultsExpire(t *testing.T) {
	r := newRig(t, scheduler.Config{KeepCount: 1}, gateway.Config{})
	r.stock("faasm/echo.c")
	first := r.ask("POST", "/v1/functions/demo/echo/invoke", "one").header.Get(gateway.HeaderInvocation)
	r.ask("POST", "/v1/functions/demo/echo/invoke", "two")
	a := r.ask("GET", "/v1/invocations/"+first+"/result", "")
	if a.status != 404 || !strings.Contains(a.body, "its result has expired") {
		t.Errorf("got %d %s", a.status, a.body)
	}
}

func TestABodyMustArriveInTime(t *testing.T) {
	r := newRig(t, scheduler.Config{}, gateway.Config{BodyTimeout: 50 * time.Millisecond})
	r.stock("faasm/echo.c")
	for name, head := range map[string]string{
		"of a known length":   "Content-Length: 10\r\n\r\nhalf",
		"of an unknown one":   "Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n",
		"that never begins":   "Content-Length: 10\r\n\r\n",
		"that claims a lot":   "Content-Length: 67108864\r\n\r\nx",
		"with a broken chunk": "Transfer-Encoding: chunked\r\n\r\nzz\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			c, err := net.Dial("tcp", strings.TrimPrefix(r.url, "http://"))
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			fmt.Fprintf(c, "POST /v1/functions/demo/echo/invoke HTTP/1.1\r\nHost: x\r\n%s", head)
			resp, err := http.ReadResponse(bufio.NewReader(c), nil)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			b, err := io.ReadAll(resp.Body)
			if err != nil {
				t.Fatal(err)
			}
			want, says := 408, "did not arrive in time"
			if name == "with a broken chunk" {
				want, says = 400, "read the body"
			}
			if resp.StatusCode != want || !strings.Contains(string(b), says) || !resp.Close {
				t.Errorf("got %d %s, closes %v", resp.StatusCode, b, resp.Close)
			}
		})
	}
}

func TestFunctionsAreUploadedListedShownAndRemoved(t *testing.T) {
	r := newRig(t, scheduler.Config{}, gateway.Config{})
	const path = "/v1/functions/demo/changing"
	hello, other := string(guesttest.Build(t, "2", "hello.c")), string(guesttest.Build(t, "2", "faasm/hello.c"))
	if a := r.ask("PUT", path, hello); a.status != 201 || a.header.Get("Location") != path || decode[gateway.Function](t, a).Function != "demo/changing" {
		t.Fatalf("got %d %s", a.status, a.body)
	}
	first := r.ask("POST", path+"/invoke", "")
	if !strings.HasPrefix(first.header.Get("Server-Timing"), "queue;") || strings.Contains(first.header.Get("Server-Timing"), "cold") {
		t.Errorf("what was uploaded starts cold: %s", first.header.Get("Server-Timing"))
	}
	if a := r.ask("PUT", path, other); a.status != 200 {
		t.Fatalf("got %d %s", a.status, a.body)
	}
	if a := r.ask("POST", path+"/invoke", ""); a.body != "Hello from C\n" || a.body == first.body {
		t.Errorf("after the upload of another version it says %q", a.body)
	}
	if a := r.ask("PUT", path, "\x00asm\x01\x00\x00\x00"); a.status != 422 {
		t.Errorf("a module without a main function: %d %s", a.status, a.body)
	}
	if a := r.ask("POST", path+"/invoke", ""); a.body != "Hello from C\n" {
		t.Errorf("after an upload that failed it says %q", a.body)
	}
	if all := decode[[]gateway.Function](t, r.ask("GET", "/v1/functions?user=demo", "")); len(all) != 1 || all[0].Size != int64(len(other)) {
		t.Errorf("the list is %+v", all)
	}
	f := decode[gateway.Function](t, r.ask("GET", path, ""))
	if len(f.Imports) == 0 || len(f.Exports) == 0 || !f.Lines {
		t.Errorf("it is %+v", f)
	}
	if a := r.ask("POST", "/v1/flush", ""); a.status != 204 {
		t.Errorf("flush: %d", a.status)
	}
	if a := r.ask("POST", path+"/invoke", ""); !strings.Contains(a.header.Get("Server-Timing"), "cold_start") {
		t.Errorf("after a flush it is not loaded anew: %s", a.header.Get("Server-Timing"))
	}
	if a := r.ask("DELETE", path, ""); a.status != 204 {
		t.Errorf("delete: %d %s", a.status, a.body)
	}
	if a := r.ask("POST", path+"/invoke", ""); a.status != 404 {
		t.Errorf("after it was removed: %d %s", a.status, a.body)
	}
}

func TestTheGraphComesInFourForms(t *testing.T) {
	r := newRig(t, scheduler.Config{}, gateway.Config{})
	r.stock("chain/fan.c", "faasm/echo.c")
	id := r.ask("POST", "/v1/functions/demo/fan/invoke", "3").header.Get(gateway.HeaderInvocation)
	path := "/v1/invocations/" + id + "/graph"
	var graph struct {
		Root struct {
			Msg     struct{ ID, AppID int }
			Chained []json.RawMessage
		}
	}
	if err := json.Unmarshal([]byte(r.ask("GET", path, "").body), &graph); err != nil || len(graph.Root.Chained) != 3 || fmt.Sprint(graph.Root.Msg.ID) != id {
		t.Errorf("JSON: %+v, %v", graph, err)
	}
	if a := r.ask("GET", path+"?format=dot", ""); strings.Count(a.body, " -> ") != 3 {
		t.Errorf("DOT: %s", a.body)
	}
	if a := r.ask("GET", path+"?format=text", ""); strings.Count(a.body, "─ demo/echo") != 3 {
		t.Errorf("text: %s", a.body)
	}
	if a := r.ask("GET", path+"?format=svg", ""); strings.Count(a.body, "<title>demo/") != 4 || a.header.Get("Content-Type") != "image/svg+xml" {
		t.Errorf("SVG: %s", a.body)
	}
	if a := r.ask("GET", path+"?format=png", ""); a.status != 400 {
		t.Errorf("PNG: %d", a.status)
	}
}

// 1,000 invocations that wait for one another, and 1,000 that one waits for, end on two
// workers.
func TestManyWaitOnTwoWorkers(t *testing.T) {
	r := newRig(t, scheduler.Config{Workers: 2, MaxInstances: 1100, MaxRoots: 8}, gateway.Config{})
	r.stock("chain/fan.c", "chain/deep.c", "faasm/echo.c")
	for function, says := range map[string]string{"fan": "1000 came back\n", "deep": "1000"} {
		t.Run(function, func(t *testing.T) {
			if a := r.ask("POST", "/v1/functions/demo/"+function+"/invoke?timeout=5m", "1000"); a.status != 200 || a.body != says {
				t.Errorf("got %d %s", a.status, a.body)
			}
		})
	}
}

func TestAChainThatIsTooDeepSaysSoAtItsRoot(t *testing.T) {
	r := newRig(t, scheduler.Config{Workers: 2, MaxInstances: 1100, MaxRoots: 8, MaxDepth: 3 * scheduler.MaxCallers}, gateway.Config{})
	r.stock("chain/deep.c")
	a := r.ask("POST", "/v1/functions/demo/deep/invoke", "1000")
	p := decode[gateway.Problem](t, a)
	if a.status != 500 || len(p.Failures) != 1 || !strings.Contains(p.Failures[0].Failure.Message, "as deep as it may be") {
		t.Errorf("got %d %.2000s", a.status, a.body)
	}
}

func TestADrainingServiceTakesNothingMore(t *testing.T) {
	r := newRig(t, scheduler.Config{}, gateway.Config{})
	r.stock("faasm/echo.c")
	if a := r.ask("GET", "/readyz", ""); a.status != 200 {
		t.Errorf("readyz: %d", a.status)
	}
	id := decode[gateway.Invocation](t, r.ask("POST", "/v1/functions/demo/echo/start", "kept")).ID.String()
	r.gateway.Drain()
	r.scheduler.Close(t.Context())
	for _, q := range [][2]string{{"GET", "/readyz"}, {"POST", "/v1/functions/demo/echo/invoke"}, {"POST", "/v1/functions/demo/echo/start"}, {"PUT", "/v1/functions/demo/echo"}} {
		if a := r.ask(q[0], q[1], ""); a.status != 503 || a.header.Get("Retry-After") == "" {
			t.Errorf("%s %s: %d %s", q[0], q[1], a.status, a.body)
		}
	}
	if a := r.ask("GET", "/v1/invocations/"+id+"/result", ""); a.status != 200 || a.body != "kept" {
		t.Errorf("what was accepted before: %d %s", a.status, a.body)
	}
	if a := r.ask("GET", "/healthz", ""); a.status != 200 {
		t.Errorf("healthz: %d", a.status)
	}
	if s := decode[gateway.Status](t, r.ask("GET", "/v1/status", "")); !s.Draining {
		t.Error("the status does not say that it drains")
	}
}

func TestTooMuchThatWaitsIsRefused(t *testing.T) {
	r := newRig(t, scheduler.Config{Workers: 1, MaxRoots: 1, MaxQueued: 1}, gateway.Config{})
	r.stock("endless.c")
	var ids []string
	for {
		a := r.ask("POST", "/v1/functions/demo/endless/start", "")
		if a.status == 503 {
			if !strings.Contains(a.body, "too many invocations are waiting") {
				t.Errorf("refused for %s", a.body)
			}
			break
		}
		if ids = append(ids, a.header.Get(gateway.HeaderInvocation)); len(ids) > 3 {
			t.Fatalf("%d are taken", len(ids))
		}
	}
	for _, id := range ids {
		r.ask("POST", "/v1/invocations/"+id+"/cancel", "")
	}
}

func TestTheLogHasWhatFunctionsWrote(t *testing.T) {
	r := newRig(t, scheduler.Config{}, gateway.Config{})
	r.stock("hello.c", "faasm/echo.c", "output_flood.c")
	for _, f := range []string{"hello", "echo", "output_flood", "hello"} {
		r.ask("POST", "/v1/functions/demo/"+f+"/invoke?output-limit=1M", "")
	}
	entries := func(query string) (all []gateway.LogEntry) {
		t.Helper()
		a := r.ask("GET", "/v1/logs"+query, "")
		for line := range strings.Lines(a.body) {
			all = append(all, decode[gateway.LogEntry](t, answer{body: line}))
		}
		return all
	}
	all := entries("")
	if len(all) != 4 || !strings.HasPrefix(all[0].Stdout.Text, "hello") || all[3].Number != 3 {
		t.Fatalf("the log is %+v", all)
	}
	if flood := all[2]; flood.Failure == nil || flood.Stdout.Size != 1<<20 || len(flood.Stdout.Text) > 4<<10 {
		t.Errorf("a long output is kept as %d bytes of %d", len(flood.Stdout.Text), flood.Stdout.Size)
	}
	if some := entries("?function=demo/hello&tail=1"); len(some) != 1 || some[0].Number != 3 {
		t.Errorf("the last of hello is %+v", some)
	}
	if some := entries("?invocation=" + all[1].ID.String()); len(some) != 1 || some[0].Function != "demo/echo" {
		t.Errorf("one invocation's log is %+v", some)
	}
}

func TestTheLogIsFollowed(t *testing.T) {
	r := newRig(t, scheduler.Config{}, gateway.Config{})
	r.stock("hello.c")
	resp, err := http.Get(r.url + "/v1/logs?follow&tail=0")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	lines := bufio.NewReader(resp.Body)
	for n := range 3 {
		r.ask("POST", "/v1/functions/demo/hello/invoke", "")
		line, err := lines.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		if e := decode[gateway.LogEntry](t, answer{body: line}); e.Number != uint64(n) {
			t.Errorf("entry %d has number %d", n, e.Number)
		}
	}
	r.gateway.Close()
	if _, err := lines.ReadString('\n'); err != io.EOF {
		t.Errorf("when the gateway closes: %v", err)
	}
}

func TestMetricsHaveFewLabels(t *testing.T) {
	r := newRig(t, scheduler.Config{}, gateway.Config{})
	r.stock("hello.c")
	const functions = 205
	for n := range functions {
		name := guest.Name{User: "many", Function: fmt.Sprint("f", n)}
		r.ledger.Ended(scheduler.Invocation{Request: &scheduler.Request{Function: name}, Result: &scheduler.Result{}})
	}
	r.ask("POST", "/v1/functions/demo/nobody/invoke", "")
	a := r.ask("GET", "/metrics", "")
	if n := strings.Count(a.body, "faaslens_invocation_seconds_count{"); n != 201 {
		t.Errorf("%d functions have labels, want 200 and one for the others", n)
	}
	for _, want := range []string{
		`faaslens_invocations_total{function="many/f0",outcome="success"} 1`,
		`faaslens_invocations_total{function="(others)",outcome="success"} 5`,
		`faaslens_invocations_total{function="(others)",outcome="error"} 1`,
		"faaslens_queue_seconds_count 206", `faaslens_functions_ready{instances="fresh"} 1`, `faaslens_functions_ready{instances="sticky"} 0`, "faaslens_workers 2", "faaslens_queued 0", "go_goroutines ",
	} {
		if !strings.Contains(a.body, want) {
			t.Errorf("no %s", want)
		}
	}
}
