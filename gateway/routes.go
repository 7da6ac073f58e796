package gateway

import (
	"net/http"
	"slices"
	"strings"

	"github.com/faaslens/faaslens/guest"
)

// route is a method and a path with what answers it.
type route struct {
	method, path string
	handle       http.HandlerFunc
}

// routes are all that is served.
func (g *Gateway) routes() []route {
	const function = "/v1/functions/{user}/{function}"
	const invocation = "/v1/invocations/{id}"
	const value = "/v1/state/{user}/{key}"
	return []route{
		{"GET", "/v1/functions", g.listFunctions},
		{"PUT", function, g.upload},
		{"GET", function, g.showFunction},
		{"DELETE", function, g.removeFunction},
		{"POST", function + "/invoke", g.invoke},
		{"POST", function + "/start", g.start},
		{"GET", "/v1/invocations", g.listInvocations},
		{"GET", invocation, g.showInvocation},
		{"GET", invocation + "/result", g.result},
		{"POST", invocation + "/cancel", g.cancel},
		{"GET", invocation + "/graph", g.graph},
		{"GET", invocation + "/stack", g.stack},
		{"GET", "/v1/state/{user}", g.listState},
		{"GET", value, g.getState},
		{"PUT", value, g.putState},
		{"DELETE", value, g.removeState},
		{"GET", "/v1/stacks", g.stacks},
		{"GET", "/v1/logs", g.logs},
		{"GET", "/v1/status", g.status},
		{"POST", "/v1/flush", g.flush},
		{"GET", "/healthz", g.healthy},
		{"GET", "/readyz", g.ready},
		{"GET", "/metrics", g.cfg.Ledger.metrics(g.cfg.Scheduler, g.cfg.Functions, g.cfg.Backlog)},
		{"GET", "/openapi.json", g.openAPI},
	}
}

// Handler answers all paths.
func (g *Gateway) Handler() http.Handler {
	mux := http.NewServeMux()
	methods := make(map[string][]string)
	for _, r := range g.routes() {
		mux.HandleFunc(r.method+" "+r.path, r.handle)
		methods[r.path] = append(methods[r.path], r.method)
	}
	for path, allowed := range methods {
		if slices.Contains(allowed, "GET") {
			allowed = append(allowed, "HEAD")
		}
		slices.Sort(allowed)
		allow := strings.Join(allowed, ", ")
		mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Allow", allow)
			fail(w, &Problem{Status: http.StatusMethodNotAllowed, Error: r.Method + " is not for " + r.URL.Path, Hint: "use " + allow})
		})
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		fail(w, &Problem{Status: http.StatusNotFound, Error: "there is nothing at " + r.URL.Path, Hint: "GET /openapi.json describes what there is"})
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if name, ok := invoked(r); ok {
			g.invokeFunction(w, r, name)
			return
		}
		mux.ServeHTTP(w, r)
	})
}

// invoked is the function that a request invokes, where that is plain to see. Most requests
// are of this kind, and the mux, which takes a fifth of a short function's time to find what
// answers them, would come to the same. It is not ok where the mux is to decide.
func invoked(r *http.Request) (name guest.Name, ok bool) {
	rest, ok := strings.CutPrefix(r.URL.Path, "/v1/functions/")
	if !ok || r.Method != http.MethodPost || r.URL.RawPath != "" {
		return guest.Name{}, false
	}
	name.User, rest, _ = strings.Cut(rest, "/")
	name.Function, rest, _ = strings.Cut(rest, "/")
	// A name that is valid has nothing in it that a path could be rid of.
	return name, rest == "invoke" && name.Validate() == nil
}
