package gateway

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/faaslens/faaslens/guest"
)

// FuzzWhatIsInvokedAtSight asks the mux about each path that is taken for an invocation.
func FuzzWhatIsInvokedAtSight(f *testing.F) {
	for _, path := range []string{
		"/v1/functions/demo/hello/invoke", "/v1/functions/demo/hello/invoke?arg=1", "/v1/functions/demo/%68ello/invoke",
		"/v1/functions/demo/hello/start", "/v1/functions/demo/hello", "/v1/functions/demo/hello/invoke/", "/v1/functions//hello/invoke",
		"/v1/functions/../hello/invoke", "/v1/functions/demo/./invoke", "/v1/functions/demo/a%2fb/invoke", "/v1/functions/demo/a%20b/invoke",
		"//v1/functions/demo/hello/invoke", "http://somewhere:80/v1/functions/demo/hello/invoke",
	} {
		f.Add("POST", path)
	}
	f.Add("GET", "/v1/functions/demo/hello/invoke")
	f.Fuzz(func(t *testing.T, method, path string) {
		u, err := url.ParseRequestURI(path)
		if err != nil {
			return
		}
		r := &http.Request{Method: method, URL: u, Header: http.Header{}}
		found, ok := invoked(r)
		if plain := "/v1/functions/demo/hello/invoke"; method == "POST" && path == plain && !ok {
			t.Fatal(plain, "is left to the mux")
		}
		if !ok {
			return
		}
		var want guest.Name
		mux := http.NewServeMux()
		mux.HandleFunc("POST /v1/functions/{user}/{function}/invoke", func(_ http.ResponseWriter, r *http.Request) {
			want = guest.Name{User: r.PathValue("user"), Function: r.PathValue("function")}
		})
		mux.ServeHTTP(httptest.NewRecorder(), r)
		if found != want {
			t.Errorf("%s %s invokes %v, and by the mux %v", method, path, found, want)
		}
	})
}
