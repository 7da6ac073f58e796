package gateway_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// description is what a server says of itself: every answer in the tests is held against
// it.
type description struct {
	document any
	compiler *jsonschema.Compiler
}

func describe(t testing.TB, url string) *description {
	t.Helper()
	resp, err := http.Get(url + "/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	doc, err := jsonschema.UnmarshalJSON(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	d := &description{doc, jsonschema.NewCompiler()}
	if err := d.compiler.AddResource("api.json", doc); err != nil {
		t.Fatal(err)
	}
	return d
}

// check holds an answer in JSON against the description, unless the path or the method is
// not described.
func (d *description) check(t testing.TB, method, path string, a answer) {
	t.Helper()
	kind, _, _ := strings.Cut(a.header.Get("Content-Type"), ";")
	at := d.responses(method, path)
	if at == nil {
		return
	}
	at = d.follow(append(at, strconv.Itoa(a.status)))
	if d.at(at) == nil {
		t.Errorf("%s %s: the status %d is not described\n%s", method, path, a.status, a.body)
		return
	}
	if a.body == "" && d.at(append(at, "content")) == nil {
		return
	}
	at = append(at, "content", kind, "schema")
	if d.at(at) == nil {
		t.Errorf("%s %s: a body of type %s is not described for %d", method, path, kind, a.status)
		return
	}
	if !strings.HasSuffix(kind, "json") || len(a.body) == 0 {
		return
	}
	schema, err := d.compiler.Compile("api.json#" + pointer(at))
	if err != nil {
		t.Fatal(err)
	}
	for values := json.NewDecoder(strings.NewReader(a.body)); ; {
		var one json.RawMessage
		if err := values.Decode(&one); err == io.EOF {
			return
		} else if err != nil {
			t.Errorf("%s %s: %v in %s", method, path, err, a.body)
			return
		}
		v, err := jsonschema.UnmarshalJSON(bytes.NewReader(one))
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(v); err != nil {
			t.Errorf("%s %s: %d is not as described: %v\n%s", method, path, a.status, err, a.body)
		}
	}
}

// responses is where the responses to a request are described; nil if they are not.
func (d *description) responses(method, path string) []string {
	path, _, _ = strings.Cut(path, "?")
	for template := range d.document.(map[string]any)["paths"].(map[string]any) {
		if !matches(template, path) {
			continue
		}
		if at := []string{"paths", template, strings.ToLower(method), "responses"}; d.at(at) != nil {
			return at
		}
	}
	return nil
}

func matches(template, path string) bool {
	want, have := strings.Split(template, "/"), strings.Split(path, "/")
	if len(want) != len(have) {
		return false
	}
	for i := range want {
		if want[i] != have[i] && !strings.HasPrefix(want[i], "{") {
			return false
		}
	}
	return true
}

// at is what the description has at a place; nil if it has nothing.
func (d *description) at(place []string) any {
	v := d.document
	for _, p := range place {
		m, ok := v.(map[string]any)
		if !ok {
			return nil
		}
		v = m[p]
	}
	return v
}

// follow is the place that a reference at a place leads to, or the place itself.
func (d *description) follow(place []string) []string {
	m, ok := d.at(place).(map[string]any)
	if !ok {
		return place
	}
	if ref, ok := m["$ref"].(string); ok {
		return strings.Split(strings.TrimPrefix(ref, "#/"), "/")
	}
	return place
}

// pointer is a place as RFC 6901 writes it within a URL.
func pointer(place []string) string {
	escape := strings.NewReplacer("~", "~0", "/", "~1", "{", "%7B", "}", "%7D", "+", "%2B")
	var b strings.Builder
	for _, p := range place {
		b.WriteString("/" + escape.Replace(p))
	}
	return b.String()
}
