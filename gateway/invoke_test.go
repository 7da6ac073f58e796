package gateway_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/faaslens/faaslens/gateway"
	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/scheduler"
)

func TestFunctionsAreInvokedOverHTTP(t *testing.T) {
	r := newRig(t, scheduler.Config{}, gateway.Config{})
	r.stock("hello.c", "faasm/echo.c", "echo_stdin.c", "args.c", "exit_code.c", "trap_divide.c", "endless.c", "memory_bomb.c", "output_flood.c",
		"chain/caller.c", "chain/broken.c")
	for name, test := range map[string]struct {
		path, body string
		headers    []string
		status     int
		says       string // a regular expression
		exit       string
	}{
		"stdout is the answer":                         {"hello/invoke", "", nil, 200, `^hello`, "0"},
		"Faasm's output is the answer":                 {"echo/invoke", "ping", nil, 200, `^ping$`, "0"},
		"the body is stdin":                            {"echo_stdin/invoke", "pong", nil, 200, `pong`, "0"},
		"arguments come behind those of the cmdline":   {"args/invoke?cmdline=a+b&arg=c+d", "", nil, 200, `(?s)a.*b.*c d`, "0"},
		"an exit code is a failure":                    {"exit_code/invoke", "", nil, 500, `"error":"demo/exit_code exited with \d+"`, `[1-9]\d*`},
		"an exit code may be answered raw":             {"exit_code/invoke?raw", "", nil, 500, `^[^{]*$`, `[1-9]\d*`},
		"a trap has its stack":                         {"trap_divide/invoke", "", nil, 500, `integer divide by zero.*"function":"divide","index":\d+,"file":"[^"]*trap_divide.c"`, ""},
		"a trap may be answered raw":                   {"trap_divide/invoke", "", []string{"Accept: application/octet-stream"}, 500, `^[^{]*$`, ""},
		"a deadline is a gateway's timeout":            {"endless/invoke?timeout=50ms", "", nil, 504, `"code":"deadline"`, ""},
		"a deadline may be a header":                   {"endless/invoke", "", []string{"Faaslens-Timeout: 50ms"}, 504, `"hint":"allow it more time`, ""},
		"memory is limited":                            {"memory_bomb/invoke?memory=16M", "", nil, 500, `"code":"memory"`, ""},
		"output is limited":                            {"output_flood/invoke", "", []string{"Faaslens-Output-Limit: 64K"}, 500, `"code":"output"`, ""},
		"a child's failure is joined with its parents": {"caller/invoke?raw=", "broken", nil, 500, `it returned 1`, "1"},
		"there is no such function":                    {"nobody/invoke", "", nil, 404, `"error":"demo/nobody: no such function"`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			a := r.ask("POST", "/v1/functions/demo/"+test.path, test.body, test.headers...)
			if a.status != test.status || !regexp.MustCompile(test.says).MatchString(a.body) {
				t.Errorf("got %d %s\nwant %d %s", a.status, a.body, test.status, test.says)
			}
			if exit := a.header.Get(gateway.HeaderExitCode); !regexp.MustCompile("^(?:" + test.exit + ")$").MatchString(exit) {
				t.Errorf("the exit code is %q, want %s", exit, test.exit)
			}
			if test.status != 404 && !regexp.MustCompile(`^queue;dur=\d+\.\d{3}, (cold_)?start;dur=\d+\.\d{3}, run;dur=\d+\.\d{3}, wait;dur=\d+\.\d{3}$`).MatchString(a.header.Get("Server-Timing")) {
				t.Errorf("the times are %q", a.header.Get("Server-Timing"))
			}
			if id := a.header.Get(gateway.HeaderInvocation); id == "" {
				t.Error("the invocation has no number")
			}
		})
	}
}

func TestAFailureTellsTheStacksOfAllWhoWaited(t *testing.T) {
	r := newRig(t, scheduler.Config{}, gateway.Config{})
	r.stock("chain/caller.c", "chain/broken.c")
	p := decode[gateway.Problem](t, r.ask("POST", "/v1/functions/demo/caller/invoke", "broken"))
	if len(p.Failures) != 1 {
		t.Fatalf("%d failures, want that of broken: %+v", len(p.Failures), p)
	}
	f := p.Failures[0]
	var way []string
	for _, frame := range f.Failure.Frames {
		way = append(way, frame.Function)
	}
	for _, c := range f.Failure.Callers {
		way = append(way, c.Function.String()+":")
		for _, frame := range c.Frames {
			way = append(way, frame.Function)
		}
	}
	got := strings.Join(way, " ")
	if f.Function != "demo/broken" || !regexp.MustCompile(`^divide main .*_start demo/caller: .*main .*_start$`).MatchString(got) {
		t.Errorf("the way to the failure of %s is %s", f.Function, got)
	}
}

func TestABadRequestIsToldWhatToDo(t *testing.T) {
	r := newRig(t, scheduler.Config{}, gateway.Config{MaxInput: 1 << 10, MaxModule: 1 << 10})
	r.stock("hello.c")
	big := strings.Repeat("x", 1<<10+1)
	invoke := "/v1/functions/demo/hello/invoke"
	for name, test := range map[string]struct {
		method, path, body string
		status             int
		says               string
	}{
		"an unknown path":                    {"GET", "/v2/functions", "", 404, "there is nothing at /v2/functions"},
		"a wrong method":                     {"GET", invoke, "", 405, "GET is not for"},
		"a wrong method elsewhere":           {"POST", "/metrics", "", 405, "use GET, HEAD"},
		"an input that is too large":         {"POST", invoke, big, 413, "the body has more than 1 KiB"},
		"a module that is too large":         {"PUT", "/v1/functions/demo/big", big, 413, "the body has more than 1 KiB"},
		"an empty module":                    {"PUT", "/v1/functions/demo/empty", "", 400, "the body is empty"},
		"no module":                          {"PUT", "/v1/functions/demo/text", "hello", 422, "not a valid WebAssembly module"},
		"a bad name":                         {"POST", "/v1/functions/demo/he%20llo/invoke", "", 400, "only letters, digits"},
		"a name that leads elsewhere":        {"PUT", "/v1/functions/demo/..%2F..%2Fetc", "x", 400, "starts with '.'"},
		"a bad timeout":                      {"POST", invoke + "?timeout=soon", "", 400, "give a duration"},
		"no timeout":                         {"POST", invoke + "?timeout=0s", "", 400, "give a duration"},
		"a timeout beyond the server's":      {"POST", invoke + "?timeout=100h", "", 400, "the server allows 1h0m0s at most"},
		"a bad size":                         {"POST", invoke + "?memory=lots", "", 400, "want bytes"},
		"memory beyond the server's":         {"POST", invoke + "?memory=1T", "", 400, "the server allows 4 GiB at most"},
		"output beyond the server's":         {"POST", invoke + "?output-limit=1T", "", 400, "the server allows 64 MiB at most"},
		"an unknown parameter":               {"POST", invoke + "?tiemout=1s", "", 400, `the parameter \"tiemout\" is not known`},
		"a parameter twice":                  {"POST", invoke + "?timeout=1s&timeout=2s", "", 400, `the parameter \"timeout\" is there 2 times`},
		"a query that cannot be read":        {"POST", invoke + "?a=%zz", "", 400, "the query cannot be read"},
		"an argument with a zero byte":       {"POST", invoke + "?arg=a%00b", "", 400, "has a zero byte"},
		"an unknown function to start":       {"POST", "/v1/functions/demo/nobody/start", "", 404, "no such function"},
		"an unknown function to show":        {"GET", "/v1/functions/demo/nobody", "", 404, "no such function"},
		"a function that is near to others":  {"POST", "/v1/functions/demo/hell/invoke", "", 404, `"near":["demo/hello"`},
		"one of another user":                {"POST", "/v1/functions/deno/hello/start", "", 404, `"hint":"did you mean demo/hello? GET `},
		"an unknown function to remove":      {"DELETE", "/v1/functions/demo/nobody", "", 404, "no such function"},
		"a bad number of an invocation":      {"GET", "/v1/invocations/latest", "", 400, "is no invocation's number"},
		"an invocation that never was":       {"GET", "/v1/invocations/1", "", 404, "it never was, or its result has expired"},
		"a result that never was":            {"GET", "/v1/invocations/1/result", "", 404, "it never was, or its result has expired"},
		"to cancel what never was":           {"POST", "/v1/invocations/1/cancel", "", 404, "it never was"},
		"the graph of what never was":        {"GET", "/v1/invocations/1/graph", "", 404, "it never was"},
		"the stack of what never was":        {"GET", "/v1/invocations/1/stack", "", 404, "it never was"},
		"a bad time to wait":                 {"GET", "/v1/invocations/1?wait=soon", "", 400, "give a duration up to 1m0s"},
		"a bad number of entries of the log": {"GET", "/v1/logs?tail=-1", "", 400, "give a number of entries"},
		"a bad name in the log":              {"GET", "/v1/logs?function=hello", "", 400, "want USER/FUNCTION"},
	} {
		t.Run(name, func(t *testing.T) {
			a := r.ask(test.method, test.path, test.body)
			p := decode[gateway.Problem](t, a)
			if a.status != test.status || p.Status != test.status || !strings.Contains(a.body, test.says) {
				t.Errorf("got %d %s\nwant %d %s", a.status, a.body, test.status, test.says)
			}
			if got := a.header.Get("Content-Type"); got != "application/problem+json" {
				t.Errorf("its type is %s", got)
			}
			if allow := a.header.Get("Allow"); (allow != "") != (test.status == 405) {
				t.Errorf("Allow is %q", allow)
			}
			if p.Title != http.StatusText(p.Status) {
				t.Errorf("its title is %q", p.Title)
			}
		})
	}
}

func TestWhoWaitsForAnAncestorIsTold(t *testing.T) {
	r := newRig(t, scheduler.Config{}, gateway.Config{})
	r.stock("chain/ancestor.c")
	id, err := r.scheduler.Start(&scheduler.Request{ID: 4711, Function: guest.Name{User: "demo", Function: "ancestor"}, Input: []byte("4711")})
	if err != nil || id != 4711 {
		t.Fatal(id, err)
	}
	i := decode[gateway.Invocation](t, r.ask("GET", "/v1/invocations/"+id.String()+"?wait=20s", ""))
	if len(i.Chained) != 1 {
		t.Fatalf("it is %+v", i)
	}
	child := decode[gateway.Invocation](t, r.ask("GET", "/v1/invocations/"+i.Chained[0].String(), ""))
	if child.Failure == nil || !strings.Contains(child.Failure.Message, "it would wait for itself") {
		t.Errorf("the child that waits for its parent ended with %+v", child.Failure)
	}
	if diff := cmp.Diff(int32(1), *i.ExitCode); diff != "" {
		t.Errorf("the parent's exit code: %s", diff)
	}
}

func TestAnUnknownFunctionIsUnknownWhileAllWorkersAreBusy(t *testing.T) {
	r := newRig(t, scheduler.Config{Workers: 1}, gateway.Config{})
	r.stock("endless.c")
	i := decode[gateway.Invocation](t, r.ask("POST", "/v1/functions/demo/endless/start", ""))
	for i.Status != "running" {
		i = decode[gateway.Invocation](t, r.ask("GET", "/v1/invocations/"+i.ID.String(), ""))
	}
	if a := r.ask("POST", "/v1/functions/demo/nobody/invoke", ""); a.status != 404 {
		t.Errorf("%d %s", a.status, a.body)
	}
	r.ask("POST", "/v1/invocations/"+i.ID.String()+"/cancel", "")
}
