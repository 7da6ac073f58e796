package gateway_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/faaslens/faaslens/gateway"
	"github.com/faaslens/faaslens/scheduler"
	"github.com/faaslens/faaslens/state"
)

func TestStateComesAndGoesOverHTTP(t *testing.T) {
	r := newRig(t, scheduler.Config{}, gateway.Config{})
	const path = "/v1/state/demo/a%2Fkey%20of%20mine"
	a := r.ask("PUT", path, "0123456789")
	if a.status != 201 || a.header.Get("Location") != "/v1/state/demo/a%2Fkey%20of%20mine" {
		t.Fatalf("got %d %v %s", a.status, a.header, a.body)
	}
	want := gateway.Value{User: "demo", Listed: state.Listed{Key: "a/key of mine", Size: 10}}
	if diff := cmp.Diff(want, decode[gateway.Value](t, a)); diff != "" {
		t.Error(diff)
	}
	for name, test := range map[string]struct {
		rang, body, content string
		status              int
	}{
		"all of it":                         {"", "0123456789", "", 200},
		"a range":                           {"bytes=2-4", "234", "bytes 2-4/10", 206},
		"from a byte on":                    {"bytes=8-", "89", "bytes 8-9/10", 206},
		"the last bytes":                    {"bytes=-3", "789", "bytes 7-9/10", 206},
		"more of the last than there are":   {"bytes=-30", "0123456789", "bytes 0-9/10", 206},
		"a range that goes beyond the end":  {"bytes=9-20", "9", "bytes 9-9/10", 206},
		"several ranges, which are ignored": {"bytes=0-1,3-4", "0123456789", "", 200},
		"another unit, which is ignored":    {"lines=1-2", "0123456789", "", 200},
		"a range that is none":              {"bytes=4-2", "0123456789", "", 200},
	} {
		t.Run(name, func(t *testing.T) {
			a := r.ask("GET", path, "", "Range: "+test.rang)
			if a.status != test.status || a.body != test.body || a.header.Get("Content-Range") != test.content || a.header.Get("Accept-Ranges") != "bytes" {
				t.Errorf("got %d %q %v", a.status, a.body, a.header)
			}
		})
	}
	if a := r.ask("GET", path, "", "Range: bytes=10-"); a.status != 416 || a.header.Get("Content-Range") != "bytes */10" {
		t.Errorf("a range beyond the end: %d %v", a.status, a.header)
	}
	if a := r.ask("PUT", path+"?offset=3", "XY"); a.status != 200 || decode[gateway.Value](t, a).Size != 10 {
		t.Errorf("a part: %d %s", a.status, a.body)
	}
	if a := r.ask("GET", path, ""); a.body != "012XY56789" {
		t.Errorf("after that it is %q", a.body)
	}
	if a := r.ask("PUT", path, "short"); a.status != 200 {
		t.Errorf("a new value: %d %s", a.status, a.body)
	}
	if a := r.ask("GET", "/v1/state/demo", ""); a.body != `[{"key":"a/key of mine","size":5}]`+"\n" {
		t.Errorf("the list is %s", a.body)
	}
	if a := r.ask("HEAD", path, ""); a.status != 200 || a.header.Get("Content-Length") != "5" {
		t.Errorf("HEAD: %d %v", a.status, a.header)
	}
	if a := r.ask("DELETE", path, ""); a.status != 204 {
		t.Errorf("DELETE: %d %s", a.status, a.body)
	}
	if a := r.ask("DELETE", path, ""); a.status != 404 {
		t.Errorf("DELETE again: %d %s", a.status, a.body)
	}
	if a := r.ask("GET", "/v1/state/demo", ""); a.body != "[]\n" {
		t.Errorf("the list is then %s", a.body)
	}
}

func TestRequestsForStateThatAreWrongSayWhy(t *testing.T) {
	r := newRig(t, scheduler.Config{}, gateway.Config{MaxState: 2 << 20})
	if a := r.ask("PUT", "/v1/state/demo/there", "value"); a.status != 201 {
		t.Fatalf("%d %s", a.status, a.body)
	}
	large := strings.Repeat("x", 2<<20+1)
	for name, test := range map[string]struct {
		method, path, body string
		status             int
		says               string
	}{
		"a value that there is not":         {"GET", "/v1/state/demo/none", "", 404, "demo/none: there is no such value"},
		"a part of one that there is not":   {"PUT", "/v1/state/demo/none?offset=0", "x", 404, "there is no such value"},
		"a part beyond the end":             {"PUT", "/v1/state/demo/there?offset=3", "long", 416, "not within the value"},
		"an offset beyond all numbers":      {"PUT", "/v1/state/demo/there?offset=99999999999999999999", "x", 416, "not within the value"},
		"an offset that is none":            {"PUT", "/v1/state/demo/there?offset=-1", "x", 400, "it is none"},
		"a parameter that is none":          {"PUT", "/v1/state/demo/there?ofset=1", "x", 400, `"ofset" is not known`},
		"an offset that is there twice":     {"PUT", "/v1/state/demo/there?offset=1&offset=2", "x", 400, `"offset" is there 2 times`},
		"a large offset, as it was given":   {"PUT", "/v1/state/demo/there?offset=99999999999999999999", "x", 416, "from 99999999999999999999 on"},
		"a range that is no header":         {"GET", "/v1/state/demo/there?offset=3", "", 400, `"offset" is not known`},
		"a query to get that is none":       {"GET", "/v1/state/demo/there?%zz", "", 400, "cannot be read"},
		"a part to delete":                  {"DELETE", "/v1/state/demo/there?offset=3", "", 400, `"offset" is not known`},
		"a list by a parameter":             {"GET", "/v1/state/demo?prefix=t", "", 400, `"prefix" is not known`},
		"a value named as users see it":     {"PUT", "/v1/state/demo/there?offset=4", "long", 416, "state demo/there: 4 bytes from 4 on"},
		"a query that is none":              {"PUT", "/v1/state/demo/there?offset=%zz", "x", 400, "cannot be read"},
		"no body":                           {"PUT", "/v1/state/demo/there", "", 400, "at least one byte"},
		"a body that is too large":          {"PUT", "/v1/state/demo/there", large, 413, "more than 2 MiB"},
		"a user that is none":               {"GET", "/v1/state/-x/key", "", 400, "user name"},
		"the list of a user that is none":   {"GET", "/v1/state/-x", "", 400, "user name"},
		"a key that is too long":            {"PUT", "/v1/state/demo/" + strings.Repeat("k", 1025), "x", 400, "1 to 1,024 bytes"},
		"a method that is none":             {"PATCH", "/v1/state/demo/there", "", 405, "PATCH is not for"},
		"a method that the list has not":    {"PUT", "/v1/state/demo", "", 405, "PUT is not for"},
		"the state of nobody":               {"GET", "/v1/state", "", 404, "there is nothing at"},
		"a key with the length of nothing":  {"GET", "/v1/state/demo/", "", 404, "there is nothing at"},
		"a key that leads up, as it stands": {"GET", "/v1/state/demo/..%2Fthere", "", 404, "there is no such value"},
	} {
		t.Run(name, func(t *testing.T) {
			a := r.ask(test.method, test.path, test.body)
			if p := decode[gateway.Problem](t, a); a.status != test.status || !strings.Contains(p.Error, test.says) {
				t.Errorf("got %d %q, want %d %q", a.status, p.Error, test.status, test.says)
			}
		})
	}
	if p := decode[gateway.Problem](t, r.ask("GET", "/v1/state/demo/their", "")); len(p.Near) != 1 || p.Near[0] != "there" {
		t.Errorf("near to a value that there is not are %q", p.Near)
	}
	if a := r.ask("PUT", "/v1/state/demo/there", "part", "Content-Range: bytes 0-3/5"); a.status != 400 {
		t.Errorf("Content-Range: %d %s", a.status, a.body)
	}
	if a := r.ask("GET", "/v1/state/demo/there", ""); a.body != "value" {
		t.Errorf("after all that the value is %q", a.body)
	}
	r.gateway.Drain()
	if a := r.ask("PUT", "/v1/state/demo/there", "late"); a.status != 503 {
		t.Errorf("while it drains: %d %s", a.status, a.body)
	}
}

func TestABodyWithoutALengthIsTaken(t *testing.T) {
	r := newRig(t, scheduler.Config{}, gateway.Config{MaxState: 3 << 20})
	send := func(n int64) int {
		t.Helper()
		req, err := http.NewRequest("PUT", r.url+"/v1/state/demo/k", io.MultiReader(io.LimitReader(ones{}, n)))
		if err != nil {
			t.Fatal(err)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		return resp.StatusCode
	}
	if status := send(3 << 20); status != 201 {
		t.Errorf("3 MiB: %d", status)
	}
	if status := send(3<<20 + 1); status != 413 {
		t.Errorf("one byte more: %d", status)
	}
	if a := r.ask("HEAD", "/v1/state/demo/k", ""); a.header.Get("Content-Length") != fmt.Sprint(3<<20) {
		t.Errorf("the value has %s bytes", a.header.Get("Content-Length"))
	}
	if left, err := os.ReadDir(r.store.Dir()); err != nil || strings.Contains(fmt.Sprint(left), ".body-") {
		t.Errorf("left in the directory: %v, %v", left, err)
	}
}

// ones are bytes without end.
type ones struct{}

func (ones) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 1
	}
	return len(p), nil
}

func TestAHalfSentValueLeavesTheOldOne(t *testing.T) {
	r := newRig(t, scheduler.Config{}, gateway.Config{BodyTimeout: 50 * time.Millisecond})
	r.ask("PUT", "/v1/state/demo/k", "whole")
	conn, err := net.Dial("tcp", strings.TrimPrefix(r.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "PUT /v1/state/demo/k HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhal")
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode != 408 {
		t.Errorf("a body that stops: %s", resp.Status)
	}
	if a := r.ask("GET", "/v1/state/demo/k", ""); a.body != "whole" {
		t.Errorf("the value is %q", a.body)
	}
}

// reads is a global tier that counts the bytes that are read of it, and fails beyond some.
type reads struct {
	*state.Memory
	sum, most int64
}

func (g *reads) Read(ctx context.Context, k state.Key, offset int64, buf []byte) error {
	if g.sum += int64(len(buf)); g.most > 0 && g.sum > g.most {
		return io.ErrClosedPipe
	}
	return g.Memory.Read(ctx, k, offset, buf)
}

func TestARangeFetchesItsChunksAlone(t *testing.T) {
	g := &reads{Memory: new(state.Memory)}
	const size = 1 << 30
	k := state.Key{User: "demo", Name: "k"}
	if err := g.Write(t.Context(), k, size, []state.Range{{Offset: size / 2, Data: []byte("middle")}}); err != nil {
		t.Fatal(err)
	}
	r := newRig(t, scheduler.Config{}, gateway.Config{State: state.NewValues(state.NewLocal(g, state.Limits{}), nil)})
	if a := r.ask("GET", "/v1/state/demo/k", "", fmt.Sprintf("Range: bytes=%d-%d", size/2, size/2+5)); a.body != "middle" {
		t.Errorf("got %d %q", a.status, a.body)
	}
	if g.sum > state.ChunkSize {
		t.Errorf("%d bytes were fetched", g.sum)
	}
	g.sum, g.most = 0, 3*state.ChunkSize
	resp, err := http.Get(r.url + "/v1/state/demo/k")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if n, err := io.Copy(io.Discard, resp.Body); err == nil || n > g.most {
		t.Errorf("a value that cannot be read to its end ends after %d bytes with %v", n, err)
	}
	if a := r.ask("GET", "/v1/state/demo/k", ""); a.status != 500 {
		t.Errorf("one that cannot be read at all: %d", a.status)
	}
}

func TestFunctionsSeeWhatIsPut(t *testing.T) {
	l := state.NewLocal(new(state.Memory), state.Limits{})
	r := newStateRig(t, l, scheduler.Config{}, gateway.Config{State: state.NewValues(l, nil)})
	r.stock("faasm/state_peek.c")
	for _, value := range []string{"one", "two", "three"} {
		r.ask("PUT", "/v1/state/demo/peeked", value)
		if a := r.ask("POST", "/v1/functions/demo/state_peek/invoke", ""); a.body != value {
			t.Errorf("after %q was put, the function reads %d %q", value, a.status, a.body)
		}
	}
	if a := r.ask("POST", "/v1/functions/demo/state_peek/invoke", "3hree"); a.status != 200 {
		t.Fatalf("%d %s", a.status, a.body)
	}
	if a := r.ask("GET", "/v1/state/demo/peeked", ""); a.body != "3hree" {
		t.Errorf("after the function has pushed it is %q", a.body)
	}
}
