package gateway

import (
	"encoding/json"
	"log/slog"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/faaslens/faaslens/scheduler"
)

// testdata/openapi-3.1.schema.json is the OpenAPI Initiative's own JSON Schema of
// descriptions (https://spec.openapis.org/oas/3.1/schema/2022-10-07).
func TestTheDescriptionIsValidOpenAPI(t *testing.T) {
	schema, err := os.Open("testdata/openapi-3.1.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	defer schema.Close()
	parsed, err := jsonschema.UnmarshalJSON(schema)
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("openapi.schema", parsed); err != nil {
		t.Fatal(err)
	}
	valid, err := c.Compile("openapi.schema")
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(openAPI))
	if err != nil {
		t.Fatal(err)
	}
	if err := valid.Validate(doc); err != nil {
		t.Error(err)
	}
	doc.(map[string]any)["paths"].(map[string]any)["/healthz"] = map[string]any{"get": map[string]any{"responses": "some"}}
	if valid.Validate(doc) == nil {
		t.Error("a description with an operation that is none is taken")
	}
}

func TestTheDescriptionHasWhatIsServedAndNothingElse(t *testing.T) {
	var doc struct {
		OpenAPI string                                `json:"openapi"`
		Paths   map[string]map[string]json.RawMessage `json:"paths"`
	}
	if err := json.Unmarshal([]byte(openAPI), &doc); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(doc.OpenAPI, "3.1") {
		t.Errorf("it is in OpenAPI %s, want 3.1", doc.OpenAPI)
	}
	var described []string
	for path, methods := range doc.Paths {
		for m := range methods {
			if m != "parameters" {
				described = append(described, strings.ToUpper(m)+" "+path)
			}
		}
	}
	s := scheduler.New(scheduler.Config{})
	t.Cleanup(func() { s.Close(t.Context()) })
	g := New(Config{Scheduler: s, Ledger: NewLedger(slog.New(slog.DiscardHandler))})
	var served []string
	for _, r := range g.routes() {
		served = append(served, r.method+" "+r.path)
	}
	slices.Sort(described)
	slices.Sort(served)
	if diff := cmp.Diff(served, described); diff != "" {
		t.Errorf("served and described differ (- served, + described):\n%s", diff)
	}
}
