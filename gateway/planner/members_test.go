package planner

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/faaslens/faaslens/bus"
	"github.com/faaslens/faaslens/cluster"
	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/internal/guesttest"
	"github.com/faaslens/faaslens/scheduler"
	"github.com/faaslens/faaslens/store"
	"github.com/faaslens/faaslens/worker"
)

// newMember is a rig that has some functions and shares a queue with others; atOnce is how
// many invocations it takes out of that at a time.
func newMember(t *testing.T, b *bus.Bus, name string, atOnce int, sources ...string) *rig {
	t.Helper()
	var c *cluster.Cluster
	r := newRigWith(t, func(l *worker.Library, s *scheduler.Scheduler, cfg *Config) {
		for _, source := range sources {
			function, _, _ := strings.Cut(filepath.Base(source), ".")
			if _, err := l.Publish(t.Context(), guest.Name{User: "demo", Function: function}, guesttest.Build(t, "2", source), store.AddOptions{}); err != nil {
				t.Fatal(err)
			}
		}
		var err error
		if c, err = cluster.Open(t.Context(), cluster.Config{Bus: b, Scheduler: s, Host: name, AtOnce: atOnce}); err != nil {
			t.Fatal(err)
		}
		cfg.Queue, cfg.Host, cfg.Elsewhere = c, name, atOnce == 0
	})
	t.Cleanup(c.Close) // before its scheduler
	return r
}

func openBus(t *testing.T, url string) *bus.Bus {
	t.Helper()
	cfg := bus.Config{URL: url}
	if url == "" {
		cfg = bus.Config{Dir: t.TempDir(), Listen: "127.0.0.1:0"}
	}
	b, err := bus.Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	return b
}

// A gateway takes a batch, a worker runs it, and both tell of it in Faasm's words.
func TestAnyMemberAnswersForABatch(t *testing.T) {
	b := openBus(t, "")
	gateway := newMember(t, b, "gateway", 0)
	input := base64.StdEncoding.EncodeToString([]byte("in"))
	status, text := gateway.message("EXECUTE_BATCH", `{"appId":42,"user":"demo","function":"echo","messages":[`+
		`{"id":900,"appId":42,"user":"demo","function":"echo","input_data":"`+input+`"},{"appId":42,"user":"demo","function":"chain_named_a"}]}`)
	if status != 200 || text != `{"appId":42,"finished":false}` {
		t.Fatalf("%d %s", status, text)
	}
	if status, text = gateway.message("EXECUTE_BATCH_STATUS", `{"appId":42}`); status != 200 || text != `{"appId":42,"finished":false,"expectedNumMessages":2}` {
		t.Errorf("before there is a worker: %d %s", status, text)
	}
	if status, text = gateway.message("GET_IN_FLIGHT_APPS", ""); status != 200 || text != `{"apps":[{"appId":42,"size":2,"hostIps":["gateway","gateway"]}]}` {
		t.Errorf("the applications: %d %s", status, text)
	}
	worker := newMember(t, openBus(t, b.URL()), "worker", 2, "faasm/echo.c", "faasm/chain_named_a.cpp", "faasm/chain_named_b.c", "faasm/chain_named_c.c")
	for _, r := range []*rig{gateway, worker} {
		s := r.finished(42)
		echo, chain := s.Results[0], s.Results[1]
		if echo.ID != 900 || echo.Output != "in" || echo.Input != input || echo.ExecutedHost == "" {
			t.Errorf("the first is %+v", echo)
		}
		if chain.ReturnValue != 0 || len(chain.Chained) != 2 {
			t.Errorf("the second is %+v", chain)
		}
		status, text := r.message("GET_EXEC_GRAPH", fmt.Sprintf(`{"id":%d,"appId":42}`, chain.ID))
		if status != 200 || !strings.HasPrefix(text, "{ \n\"root\": { \"msg\": {\"id\":") || strings.Count(text, `"appId":42`) != 3 {
			t.Errorf("the graph is %d %s", status, text)
		}
	}
	if status, text = worker.message("FLUSH_SCHEDULING_STATE", ""); status != 200 {
		t.Errorf("%d %s", status, text)
	}
	if status, text = gateway.message("EXECUTE_BATCH_STATUS", `{"appId":42}`); status != 500 || text != "App not registered in results" {
		t.Errorf("after it was forgotten: %d %s", status, text)
	}
}

// finishedBatch is a batch's status, as far as the tests look.
type finishedBatch struct {
	Finished bool
	Results  []struct {
		ID           int32
		Input        string `json:"input_data"`
		Output       string `json:"output_data"`
		ExecutedHost string
		ReturnValue  int
		Chained      []int `json:"chainedMsgIds"`
	} `json:"messageResults"`
}

// finished polls, as clients do, until a batch has ended.
func (r *rig) finished(app int) finishedBatch {
	r.t.Helper()
	var s finishedBatch
	for !s.Finished {
		status, text := r.message("EXECUTE_BATCH_STATUS", fmt.Sprintf(`{"appId":%d}`, app))
		s = finishedBatch{}
		if err := json.Unmarshal([]byte(text), &s); status != 200 || err != nil {
			r.t.Fatalf("%d %s, %v", status, text, err)
		}
	}
	return s
}

func TestAWorkersMessagesGoThroughTheQueue(t *testing.T) {
	b := openBus(t, "")
	gateway := newMember(t, b, "gateway", 0)
	worker := newMember(t, openBus(t, b.URL()), "worker", 2, "faasm/echo.c")
	if status, text := gateway.ask("POST", "/", `{"user":"demo","function":"echo","input_data":"there and back"}`); status != 200 || text != "there and back" {
		t.Errorf("a call that waits: %d %q", status, text)
	}
	status, id := gateway.ask("POST", "/", `{"user":"demo","function":"echo","input_data":"later","async":true}`)
	if status != 200 {
		t.Fatalf("%d %s", status, id)
	}
	for _, r := range []*rig{worker, gateway} {
		text := "RUNNING"
		for text == "RUNNING" {
			status, text = r.ask("POST", "/", `{"id":`+id+`,"status":true}`)
		}
		if status != http.StatusOK || !strings.Contains(text, `"output_data":"later"`) {
			t.Errorf("its end is %d %s", status, text)
		}
	}
}

func TestABatchIsNotAcknowledgedWhereItCannotBeStored(t *testing.T) {
	b := openBus(t, "")
	r := newMember(t, b, "gateway", 0)
	b.Close()
	began := time.Now()
	status, text := r.message("EXECUTE_BATCH", `{"appId":1,"user":"demo","function":"echo","messages":[{"appId":1,"user":"demo","function":"echo"}]}`)
	if status != 500 || text != "No available hosts" {
		t.Errorf("%d %s after %v", status, text, time.Since(began))
	}
}
