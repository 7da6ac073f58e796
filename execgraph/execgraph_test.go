package execgraph

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/scheduler"
)

// at is a moment so many microseconds after the start.
func at(us int) time.Time {
	return time.UnixMilli(1_700_000_000_000).Add(time.Duration(us) * time.Microsecond)
}

// tree is a parent with two children: one that trapped and one, with a name that is none,
// that runs.
func tree() *scheduler.Node {
	pointer := uint32(7)
	name := guest.Name{User: "demo", Function: "parent"}
	broken := &scheduler.Node{Invocation: scheduler.Invocation{
		ID: 2, Parent: 1, Host: "here", Worker: 1, Status: scheduler.Done,
		Request: &scheduler.Request{Function: name, Pointer: &pointer, Input: []byte("in")},
		Times:   scheduler.Times{Queued: at(100), Started: at(150), Finished: at(900), Ready: 50 * time.Microsecond, Cold: true},
		Result:  &scheduler.Result{ReturnValue: 1, Failure: &scheduler.Failure{Kind: "trap", Code: "unreachable executed", Message: "trap: unreachable executed"}},
	}}
	odd := &scheduler.Node{Invocation: scheduler.Invocation{
		ID: 3, Parent: 1, Host: "here", Worker: -1, Status: scheduler.Queued,
		Request: &scheduler.Request{Function: guest.Name{User: "demo", Function: "\"<b>\x1b[31m\\\n"}},
		Times:   scheduler.Times{Queued: at(200)},
	}}
	return &scheduler.Node{
		Invocation: scheduler.Invocation{
			ID: 1, Host: "here", Worker: 0, Status: scheduler.Done, Chained: []scheduler.ID{2, 3},
			Request: &scheduler.Request{Function: name},
			Times:   scheduler.Times{Queued: at(0), Started: at(20), Finished: at(1000), Ready: 10 * time.Microsecond, Waited: 700 * time.Microsecond},
			Result:  &scheduler.Result{Output: []byte("out")},
		},
		Chained: []*scheduler.Node{broken, odd},
	}
}

func TestFaasmsFormIsExact(t *testing.T) {
	var b bytes.Buffer
	if err := WriteFaasm(&b, tree(), 77, at(1000)); err != nil {
		t.Fatal(err)
	}
	want := "{ \n" + `"root": { "msg": {"id":1,"appId":77,"mainHost":"here","user":"demo","function":"parent","output_data":"out","start_ts":"1700000000000","executedHost":"here","finish_ts":"1700000000001","record_exec_graph":true,"chainedMsgIds":[2,3],"intExecGraphDetails":{"queue_us":20,"ready_us":10,"run_us":270,"wait_us":700,"worker":0},"execGraphDetails":{"status":"done"}}, ` + "\n" +
		`"chained": [` + "\n" +
		`{ "msg": {"id":2,"appId":77,"mainHost":"here","user":"demo","function":"parent","input_data":"aW4=","output_data":"Task 2 threw exception. What: trap: unreachable executed","funcPtr":7,"returnValue":1,"start_ts":"1700000000000","executedHost":"here","finish_ts":"1700000000000","record_exec_graph":true,"intExecGraphDetails":{"cold_start":1,"queue_us":50,"ready_us":50,"run_us":700,"wait_us":0,"worker":1},"execGraphDetails":{"failure":"trap: unreachable executed","status":"done"}}}, ` + "\n" +
		`{ "msg": {"id":3,"appId":77,"mainHost":"here","user":"demo","function":"\"\u003cb\u003e\u001b[31m\\\n","start_ts":"1700000000000","record_exec_graph":true,"intExecGraphDetails":{"queue_us":800,"ready_us":0,"run_us":0,"wait_us":0,"worker":-1},"execGraphDetails":{"status":"queued"}}}` + "\n" +
		"]}\n }"
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Error(diff)
	}
	if !json.Valid(b.Bytes()) {
		t.Error("it is no JSON")
	}
}

func TestTheTreeIsForPeople(t *testing.T) {
	var b bytes.Buffer
	if err := WriteText(&b, tree(), at(1000)); err != nil {
		t.Fatal(err)
	}
	want := `FUNCTION                   INVOCATION  QUEUE  START      RUN    WAIT   WORKER  END
demo/parent                1           20µs   10µs       270µs  700µs  here/0  exit 0
├─ demo/parent at 7        2           50µs   50µs cold  700µs  0s     here/1  trap: unreachable executed
└─ demo/\"<b>\x1b[31m\\\n  3           800µs  0s         0s     0s     -       queued
`
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Error(diff)
	}
}

// Graphviz is the oracle where it is installed with the tests' tools; the syntax of what
// is quoted is checked in any case.
func TestDOTQuotesWhatGuestsName(t *testing.T) {
	var b bytes.Buffer
	if err := WriteDOT(&b, tree(), at(1000)); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`i1 [label="demo/parent 1\nqueue 20µs, start 10µs\nrun 270µs, wait 700µs\nhere/0: exit 0", fillcolor=white];`,
		`i2 [label="demo/parent at 7 2\nqueue 50µs, cold start 50µs\nrun 700µs, wait 0s\nhere/1: trap: unreachable executed", fillcolor=mistyrose];`,
		"i1 -> i2;", "i1 -> i3;",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %s in\n%s", want, b.String())
		}
	}
	dot, err := exec.LookPath("dot")
	if err != nil {
		t.Fatalf("%v: apt-get install graphviz", err)
	}
	cmd := exec.Command(dot, "-Tcanon")
	cmd.Stdin = &b
	if out, err := cmd.CombinedOutput(); err != nil || strings.Count(string(out), "->") != 2 {
		t.Errorf("Graphviz says %v\n%s", err, out)
	}
}

func TestTheDrawingIsXMLWithARowForEach(t *testing.T) {
	var b bytes.Buffer
	if err := WriteSVG(&b, tree(), at(1000)); err != nil {
		t.Fatal(err)
	}
	rows, bars := 0, 0
	for d := xml.NewDecoder(&b); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if e, ok := token.(xml.StartElement); ok {
			switch e.Name.Local {
			case "title":
				rows++
			case "rect":
				bars++
			case "b", "script":
				t.Errorf("a name became an element: %v", e)
			}
		}
	}
	// Bars: 4, 3 and 1, beside five in the legend and the ground.
	if rows != 3 || bars != 8+5+1 {
		t.Errorf("%d rows and %d rectangles", rows, bars)
	}
}

func TestAThousandDeepIsWritten(t *testing.T) {
	root := tree()
	leaf := root.Chained[0]
	for range 1000 {
		next := *tree().Chained[0]
		leaf.Chained = []*scheduler.Node{&next}
		leaf = &next
	}
	for name, write := range map[string]func(io.Writer) error{
		"Faasm": func(w io.Writer) error { return WriteFaasm(w, root, 1, at(1000)) },
		"text":  func(w io.Writer) error { return WriteText(w, root, at(1000)) },
		"DOT":   func(w io.Writer) error { return WriteDOT(w, root, at(1000)) },
		"SVG":   func(w io.Writer) error { return WriteSVG(w, root, at(1000)) },
	} {
		var b bytes.Buffer
		if err := write(&b); err != nil || b.Len() < 1000*40 || b.Len() > 2<<20 {
			t.Errorf("%s: %d bytes, %v", name, b.Len(), err)
		}
	}
}
