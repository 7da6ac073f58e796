package gateway_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/faaslens/faaslens/engine"
	"github.com/faaslens/faaslens/gateway"
	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/internal/guesttest"
	"github.com/faaslens/faaslens/internal/webtest"
	"github.com/faaslens/faaslens/scheduler"
	"github.com/faaslens/faaslens/state"
	"github.com/faaslens/faaslens/store"
	"github.com/faaslens/faaslens/worker"
)

// rig is a service with real functions and a server before it.
type rig struct {
	t         testing.TB
	store     *store.Store
	library   *worker.Library
	scheduler *scheduler.Scheduler
	ledger    *gateway.Ledger
	gateway   *gateway.Gateway
	url       string
	described *description
}

func newRig(t testing.TB, schedule scheduler.Config, cfg gateway.Config) *rig {
	t.Helper()
	return newStateRig(t, nil, schedule, cfg)
}

// newStateRig is newRig with state for the functions.
func newStateRig(t testing.TB, l *state.Local, schedule scheduler.Config, cfg gateway.Config) *rig {
	t.Helper()
	st, err := store.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	w, err := worker.New(worker.Config{Store: st, State: l, Engine: engine.Config{Shards: 1, Slots: max(64, schedule.MaxInstances+schedule.MaxRoots)}})
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{t: t, store: st, library: worker.NewLibrary(w, 64), ledger: gateway.NewLedger(slog.New(slog.DiscardHandler))}
	if cfg.Host == "" {
		cfg.Host = "here"
	}
	schedule.Functions, schedule.Host, schedule.Ended = r.library, cfg.Host, r.ledger.Ended
	r.scheduler = scheduler.New(schedule)
	cfg.Scheduler, cfg.Functions, cfg.Store, cfg.Ledger = r.scheduler, r.library, st, r.ledger
	r.gateway = gateway.New(cfg)
	server := httptest.NewUnstartedServer(nil)
	server.Config = gateway.Server(r.gateway.Handler(), slog.New(slog.DiscardHandler))
	server.Start()
	r.url = server.URL
	r.described = describe(t, r.url)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		r.scheduler.Close(ctx)
		r.gateway.Close()
		server.Close()
		r.library.Close()
		w.Close()
		st.Close()
	})
	return r
}

// stock publishes guests, each named as its file without the extension.
func (r *rig) stock(sources ...string) {
	r.t.Helper()
	for _, s := range sources {
		name := s[strings.LastIndexByte(s, '/')+1:]
		name, _, _ = strings.Cut(name, ".")
		if _, err := r.library.Publish(context.Background(), guest.Name{User: "demo", Function: name}, guesttest.Build(r.t, "2", s), store.AddOptions{}); err != nil {
			r.t.Fatal(err)
		}
	}
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   string
}

// ask asks the server. Options are headers, "Name: value".
func (r *rig) ask(method, path, body string, headers ...string) answer {
	r.t.Helper()
	got := webtest.Ask(r.t, method, r.url+path, body, headers...)
	a := answer{got.Status, got.Header, got.Body}
	r.described.check(r.t, method, path, a)
	return a
}

// decode reads an answer's JSON, of which every member must be known.
func decode[T any](t testing.TB, a answer) T {
	t.Helper()
	var v T
	d := json.NewDecoder(bytes.NewReader([]byte(a.body)))
	d.DisallowUnknownFields()
	if err := d.Decode(&v); err != nil {
		t.Fatalf("%v in %s", err, a.body)
	}
	return v
}
