package gateway_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/faaslens/faaslens/gateway"
	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/scheduler"
)

func BenchmarkRun(b *testing.B) {
	r := newRig(b, scheduler.Config{}, gateway.Config{})
	r.stock("hello.c")
	b.ReportAllocs()
	for b.Loop() {
		i, err := r.scheduler.Run(b.Context(), &scheduler.Request{Function: guest.Name{User: "demo", Function: "hello"}})
		if err != nil || i.Result.Failure != nil {
			b.Fatal(i.Result, err)
		}
	}
}

// nowhere is a response that nobody reads.
type nowhere struct {
	header http.Header
	status int
}

func (n *nowhere) Header() http.Header         { return n.header }
func (n *nowhere) Write(p []byte) (int, error) { return len(p), nil }
func (n *nowhere) WriteHeader(status int)      { n.status = status }

func BenchmarkInvoke(b *testing.B) {
	r := newRig(b, scheduler.Config{}, gateway.Config{})
	r.stock("hello.c")
	h := r.gateway.Handler()
	w := &nowhere{}
	b.ReportAllocs()
	for b.Loop() {
		w.header, w.status = make(http.Header), 0
		h.ServeHTTP(w, httptest.NewRequest("POST", "/v1/functions/demo/hello/invoke", nil))
		if w.status > 200 {
			b.Fatal(w.status)
		}
	}
}
