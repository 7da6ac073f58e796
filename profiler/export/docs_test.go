package export

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
)

// docs/flamegraphs.md shows what is really written, in the colours that there really are.
func TestDocumentationIsCurrent(t *testing.T) {
	text, err := os.ReadFile("../../docs/flamegraphs.md")
	if err != nil {
		t.Fatal(err)
	}
	doc := string(text)
	folded := render(t, guestProfile(), Folded, Options{SampleType: "samples", Annotate: true})
	if !strings.Contains(doc, "```text\n"+string(folded)+"```\n") {
		t.Errorf("the folded stacks are now\n%s", folded)
	}
	for _, k := range Kinds() {
		if want := "`" + kindColour(k).String() + "` | " + k.String() + " |"; !strings.Contains(doc, want) {
			t.Errorf("there is no row %s", want)
		}
	}
	for _, f := range Formats() {
		if !strings.Contains(doc, "\n| `"+string(f)+"` |") {
			t.Errorf("there is no row of the format %s", f)
		}
	}
	var members map[string]any
	if err := json.Unmarshal(render(t, guestProfile(), JSON, Options{}), &members); err != nil {
		t.Fatal(err)
	}
	for name := range members {
		if !strings.Contains(doc, "`"+name+"`") {
			t.Errorf("the member %s of the JSON is not described", name)
		}
	}
}
