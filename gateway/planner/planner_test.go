package planner

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/faaslens/faaslens/engine"
	"github.com/faaslens/faaslens/gateway"
	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/internal/guesttest"
	"github.com/faaslens/faaslens/internal/webtest"
	"github.com/faaslens/faaslens/scheduler"
	"github.com/faaslens/faaslens/sharedfile"
	"github.com/faaslens/faaslens/state"
	"github.com/faaslens/faaslens/store"
	"github.com/faaslens/faaslens/worker"
)

// rig is a planner with real functions and a server before it.
type rig struct {
	t      testing.TB
	store  *store.Store
	values *state.Values
	url    string
	header http.Header // of the last answer
}

func newRig(t testing.TB) *rig {
	t.Helper()
	return newRigWith(t, nil)
}

// newRigWith is newRig, but for what a function changes of the configurations.
func newRigWith(t testing.TB, change func(*worker.Library, *scheduler.Scheduler, *Config)) *rig {
	t.Helper()
	st, err := store.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	local := state.NewLocal(new(state.Memory), state.Limits{})
	w, err := worker.New(worker.Config{Store: st, State: local, Engine: engine.Config{Shards: 1, Slots: 64}, SharedRoot: true})
	if err != nil {
		t.Fatal(err)
	}
	l := worker.NewLibrary(w, 64)
	s := scheduler.New(scheduler.Config{Functions: l, Host: "here"})
	files := sharedfile.New(sharedfile.Config{Open: st.Shared})
	cfg := Config{
		Scheduler: s, Functions: l, Store: st, Files: files, State: state.NewValues(local, nil), Host: "here", Limits: guest.Limits{Timeout: time.Minute},
		MaxBody: 1 << 20, MaxState: 1 << 20, BodyTimeout: time.Minute, Log: slog.New(slog.DiscardHandler),
	}
	if change != nil {
		change(l, s, &cfg)
	}
	server := httptest.NewServer(New(cfg).Handler())
	t.Cleanup(func() {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		s.Close(ctx)
		server.Close()
		l.Close()
		w.Close()
		files.Close()
		st.Close()
	})
	return &rig{t: t, store: st, values: cfg.State, url: server.URL}
}

func (r *rig) ask(method, path, body string, headers ...string) (int, string) {
	r.t.Helper()
	got := webtest.Ask(r.t, method, r.url+path, body, headers...)
	if got.Header.Get("Access-Control-Allow-Origin") != "*" {
		r.t.Errorf("%s %s: who may ask is %q", method, path, got.Header.Get("Access-Control-Allow-Origin"))
	}
	r.header = got.Header
	return got.Status, got.Body
}

// message posts a planner's message.
func (r *rig) message(kind any, payload string) (int, string) {
	r.t.Helper()
	b, err := json.Marshal(map[string]any{"http_type": kind, "payload": payload})
	if err != nil {
		r.t.Fatal(err)
	}
	return r.ask("POST", "/", string(b))
}

func (r *rig) stock(sources ...string) {
	r.t.Helper()
	for _, s := range sources {
		name, _, _ := strings.Cut(filepath.Base(s), ".")
		if status, text := r.ask("PUT", "/f/demo/"+name, string(guesttest.Build(r.t, "2", s))); status != 200 || text != "Function upload complete\n" {
			r.t.Fatalf("upload %s: %d %s", name, status, text)
		}
	}
}

func TestAnswersAreFaasms(t *testing.T) {
	r := newRig(t)
	r.stock("faasm/echo.c", "faasm/return_code.c")
	for name, test := range map[string]struct {
		method, path, body string
		status             int
		says               string
	}{
		"ping":                              {"GET", "/ping", "", 200, "PONG"},
		"a path that there is not":          {"GET", "/f/demo/echo", "", 400, "Unrecognised GET request to f/demo/echo"},
		"nothing":                           {"POST", "/", "", 400, "Empty request"},
		"no JSON":                           {"POST", "/", "{", 400, "Bad JSON in request body"},
		"JSON of another shape":             {"POST", "/", "[]", 400, "Bad JSON in request body"},
		"an unknown type":                   {"POST", "/", `{"http_type":99}`, 400, "Unrecognised message type"},
		"a type that is no type":            {"POST", "/", `{"http_type":{"a":1}}`, 400, "Unrecognised message type"},
		"a reset":                           {"POST", "/", `{"http_type":1}`, 200, "Planner fully reset!"},
		"a reset by its name":               {"POST", "/", `{"http_type":"RESET"}`, 200, "Planner fully reset!"},
		"a flush of hosts":                  {"POST", "/", `{"http_type":2}`, 200, "Flushed available hosts!"},
		"a flush of executors":              {"POST", "/", `{"http_type":"3"}`, 200, "Flushed executors!"},
		"a flush of the state":              {"POST", "/", `{"http_type":4}`, 200, "Flushed scheduling state!"},
		"the configuration":                 {"POST", "/", `{"http_type":6}`, 200, `{"hostTimeout":5,"ip":"here","numThreadsHttpServer":4}`},
		"no apps":                           {"POST", "/", `{"http_type":8}`, 200, `{}`},
		"the graph of nothing":              {"POST", "/", `{"http_type":7,"payload":"{\"id\":1}"}`, 500, "Failed getting exec. graph!"},
		"a graph's payload that is no JSON": {"POST", "/", `{"http_type":7,"payload":"x"}`, 400, "Bad JSON in request body"},
		"a batch's that is no JSON":         {"POST", "/", `{"http_type":10,"payload":"x"}`, 400, "Bad JSON in body's payload"},
		"a batch without messages":          {"POST", "/", `{"http_type":10,"payload":"{\"appId\":1,\"user\":\"demo\",\"function\":\"echo\"}"}`, 400, "Bad BatchExecRequest"},
		"a batch with another's message":    {"POST", "/", `{"http_type":10,"payload":"{\"appId\":1,\"user\":\"demo\",\"function\":\"echo\",\"messages\":[{\"appId\":1,\"user\":\"other\",\"function\":\"echo\"}]}"}`, 400, "Bad BatchExecRequest"},
		"the status of no app":              {"POST", "/", `{"http_type":11,"payload":"{\"appId\":1}"}`, 500, "App not registered in results"},
		"a decision":                        {"POST", "/", `{"http_type":12,"payload":"{}"}`, 200, "Decision pre-loaded to planner"},
		"a policy":                          {"POST", "/", `{"http_type":13,"payload":"bin-pack"}`, 200, "Policy set correctly"},
		"an unknown policy":                 {"POST", "/", `{"http_type":13,"payload":"best"}`, 400, `Unrecognised policy "best": want bin-pack, compact or spot`},
		"which policy":                      {"POST", "/", `{"http_type":14}`, 200, "bin-pack"},
		"a worker's call":                   {"POST", "/", `{"user":"demo","function":"echo","input_data":"plain"}`, 200, "plain"},
		"a worker's call that returns 42":   {"POST", "/", `{"user":"demo","function":"return_code"}`, 500, "Call failed (return value=42)"},
		"a worker's call of nobody":         {"POST", "/", `{"user":"","function":"echo"}`, 400, "user name is empty: want USER/FUNCTION, such as demo/hello"},
		"a worker's flush":                  {"POST", "/", `{"type":3}`, 200, "Flush sent"},
		"what never was":                    {"POST", "/", `{"id":1,"status":true}`, 500, "FAILED: no such invocation: it never was, or its result has expired"},
		"no module":                         {"PUT", "/f/demo/bad", "text", 400, "demo/bad: not a valid WebAssembly module: at offset 0x0"},
		"a bad name":                        {"PUT", "/f/demo/-bad", "text", 400, `function name "-bad" starts with '-'`},
		"a file without a path":             {"PUT", "/file", "x", 400, "Bad request, expected file path header FilePath"},
		"no file":                           {"GET", "/file", "", 400, "Bad request, expected file path header FilePath"},
	} {
		t.Run(name, func(t *testing.T) {
			if status, text := r.ask(test.method, test.path, test.body); status != test.status || !strings.HasPrefix(text, test.says) {
				t.Errorf("got %d %q, want %d %q", status, text, test.status, test.says)
			}
		})
	}
}

// A batch as faasmctl sends it, and polls for it.
func TestABatchRuns(t *testing.T) {
	r := newRig(t)
	r.stock("faasm/echo.c", "faasm/chain_named_a.cpp", "faasm/chain_named_b.c", "faasm/chain_named_c.c")
	var messages []string
	for n := range 3 {
		messages = append(messages, fmt.Sprintf(`{"id":%d,"appId":42,"user":"demo","function":"echo","input_data":%q}`, 900+n, base64.StdEncoding.EncodeToString(fmt.Append(nil, "in ", n))))
	}
	messages = append(messages, `{"appId":42,"user":"demo","function":"chain_named_a","record_exec_graph":true}`)
	status, text := r.message("EXECUTE_BATCH", `{"appId":42,"groupId":0,"user":"demo","function":"echo","type":0,"messages":[`+strings.Join(messages, ",")+`]}`)
	if status != 200 || text != `{"appId":42,"finished":false}` {
		t.Fatalf("%d %s", status, text)
	}
	var s struct {
		AppID    int
		Finished bool
		Results  []struct {
			ID          int32
			Function    string
			Output      string `json:"output_data"`
			ReturnValue int
			Chained     []int `json:"chainedMsgIds"`
		} `json:"messageResults"`
		Expected int `json:"expectedNumMessages"`
	}
	for !s.Finished {
		status, text := r.message(11, `{"appId":42}`)
		if err := json.Unmarshal([]byte(text), &s); status != 200 || err != nil {
			t.Fatalf("%d %s, %v", status, text, err)
		}
	}
	if s.AppID != 42 || s.Expected != 4 || len(s.Results) != 4 {
		t.Fatalf("the end is %+v", s)
	}
	for n, m := range s.Results[:3] {
		if m.ID != int32(900+n) || m.Output != fmt.Sprint("in ", n) {
			t.Errorf("message %d is %+v", n, m)
		}
	}
	root := s.Results[3]
	if root.ReturnValue != 0 || len(root.Chained) != 2 {
		t.Errorf("the parent is %+v", root)
	}
	status, text = r.message("GET_EXEC_GRAPH", fmt.Sprintf(`{"id":%d,"appId":42}`, root.ID))
	if status != 200 || strings.Count(text, `"appId":42`) != 3 || !strings.HasPrefix(text, "{ \n\"root\": { \"msg\": {\"id\":") {
		t.Errorf("its graph is %d %s", status, text)
	}
}

func TestAWorkersCallGoesOnByItself(t *testing.T) {
	r := newRig(t)
	r.stock("faasm/echo.c")
	status, id := r.ask("POST", "/", `{"user":"demo","function":"echo","input_data":"later","async":true}`)
	if status != 200 {
		t.Fatalf("%d %s", status, id)
	}
	text := "RUNNING"
	for text == "RUNNING" {
		status, text = r.ask("POST", "/", `{"id":`+id+`,"status":true}`)
	}
	if status != 200 || !strings.Contains(text, `"output_data":"later"`) {
		t.Errorf("its end is %d %s", status, text)
	}
	if status, text := r.ask("POST", "/", `{"id":`+id+`,"exec_graph":true}`); status != 200 || !strings.Contains(text, `"root"`) {
		t.Errorf("its graph is %d %s", status, text)
	}
}

func TestSharedFilesComeAndGo(t *testing.T) {
	r := newRig(t)
	const header = "FilePath: some/dir/file.txt"
	if status, text := r.ask("PUT", "/file", "content", header); status != 200 || text != "Shared file uploaded\n" {
		t.Fatalf("%d %s", status, text)
	}
	if status, text := r.ask("GET", "/file", "", header); status != 200 || text != "content" {
		t.Errorf("%d %s", status, text)
	}
	if status, text := r.ask("GET", "/file", "", "FilePath: some/dir"); status != 200 || text != "IS_DIR" {
		t.Errorf("a directory: %d %s", status, text)
	}
	if status, text := r.ask("GET", "/file", "", "FilePath: none"); status != 500 || text != "Empty response" {
		t.Errorf("no file: %d %s", status, text)
	}
	for _, path := range []string{"../etc/passwd", "/etc/passwd", "a/../../b"} {
		if status, _ := r.ask("PUT", "/file", "x", "FilePath: "+path); status != 400 {
			t.Errorf("%s is taken: %d", path, status)
		}
	}
	for name, path := range map[string]string{
		"a directory": "some/dir", "a file as a directory": "some/dir/file.txt/x", "a name that is too long": strings.Repeat("x", 256),
	} {
		if status, text := r.ask("PUT", "/file", "x", "FilePath: "+path); status != 400 {
			t.Errorf("%s: %d %s", name, status, text)
		}
	}
	if status, text := r.ask("GET", "/file", "", "FilePath: a/"+strings.Repeat("x", 256)); status != 400 {
		t.Errorf("to get a name that is too long: %d %s", status, text)
	}
	if status, text := r.ask("PUT", "/file", "", "FilePath: empty"); status != 200 {
		t.Errorf("an empty file: %d %s", status, text)
	}
	if status, text := r.ask("GET", "/file", "", "FilePath: empty"); status != 500 || text != "Empty response" {
		t.Errorf("to get an empty file, as from Faasm: %d %s", status, text)
	}
	if status, text := r.ask("PUT", "/p/demo/py", "def f(): pass"); status != 200 || text != "Python function upload complete\n" {
		t.Errorf("%d %s", status, text)
	}
	b, err := os.ReadFile(filepath.Join(r.store.Dir(), "shared", "pyfuncs", "demo", "py", "function.py"))
	if err != nil || string(b) != "def f(): pass" {
		t.Errorf("the Python function is %q, %v", b, err)
	}
	if status, text := r.ask("PUT", "/file", strings.Repeat("x", 1<<20+1), header); status != 413 {
		t.Errorf("a file that is too large: %d %s", status, text)
	}
}

// Whatever is posted, the planner answers and goes on.
func FuzzMessages(f *testing.F) {
	for _, s := range []string{
		`{"http_type":10,"payload":"{\"appId\":1,\"user\":\"a\",\"function\":\"b\",\"messages\":[{\"appId\":1,\"user\":\"a\",\"function\":\"b\"}]}"}`,
		`{"http_type":11,"payload":"{\"appId\":-1}"}`, `{"http_type":7,"payload":"{\"id\":-5}"}`, `{"user":"a","function":"b"}`, `{"id":1,"status":true}`, `{}`, `null`,
	} {
		f.Add(s)
	}
	r := newRig(f)
	f.Fuzz(func(t *testing.T, body string) {
		r.t = t
		if status, text := r.ask("POST", "/", body); status != 200 && status != 400 && status != 500 && status != 503 {
			t.Errorf("%q is answered with %d %s", body, status, text)
		}
	})
}

func TestAvailableHostsAreThoseThatRunFunctions(t *testing.T) {
	started := time.UnixMilli(1700000000000)
	r := newRigWith(t, func(_ *worker.Library, _ *scheduler.Scheduler, cfg *Config) {
		cfg.Members = func(context.Context) []gateway.MemberStatus {
			return []gateway.MemberStatus{
				{Host: "gateway", Started: started}, {Host: "one", Workers: 4, Running: 3, Started: started}, {Host: "two", Workers: 2, Started: started},
				{Host: "killed", Silent: true}, {Host: "leaving", Workers: 2, Draining: true},
			}
		}
	})
	status, text := r.message("GET_AVAILABLE_HOSTS", "")
	want := `{"hosts":[{"ip":"one","slots":4,"usedSlots":3,"registerTs":{"epochMs":"1700000000000"}},{"ip":"two","slots":2,"registerTs":{"epochMs":"1700000000000"}}]}`
	if status != 200 || text != want {
		t.Errorf("%d %s\nwant %s", status, text, want)
	}
	if status, text := newRig(t).message("GET_AVAILABLE_HOSTS", ""); status != 200 || !strings.Contains(text, `"slots":`) {
		t.Errorf("alone: %d %s", status, text)
	}
}
