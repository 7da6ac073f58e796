package export

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/pprof/profile"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// speedscopeFile is the part of FileFormat.File that is looked at.
type speedscopeFile struct {
	Shared   struct{ Frames []speedscopeFrame }
	Profiles []struct {
		Name, Unit string
		EndValue   int64
		Samples    [][]int
		Weights    []int64
	}
	ActiveProfileIndex int
}

// The schema is the one that speedscope publishes.
func TestSpeedscopeFilesFitTheirSchema(t *testing.T) {
	schema, err := jsonschema.NewCompiler().Compile("testdata/speedscope/file-format-schema.json")
	if err != nil {
		t.Fatal(err)
	}
	d, err := Diff(guestProfile(), hostileProfile())
	if err != nil {
		t.Fatal(err)
	}
	for name, p := range map[string]*profile.Profile{
		"of a guest": guestProfile(), "of hostile names": hostileProfile(), "of a difference": d, "of a Go program": goProfile(t),
	} {
		t.Run(name, func(t *testing.T) {
			out := render(t, p, Speedscope, Options{Title: "x"})
			v, err := jsonschema.UnmarshalJSON(bytes.NewReader(out))
			if err != nil {
				t.Fatal(err)
			}
			if err := schema.Validate(v); err != nil {
				t.Error(err)
			}
			var f speedscopeFile
			if err := json.Unmarshal(out, &f); err != nil {
				t.Fatal(err)
			}
			// What the schema does not say: how the parts fit.
			for _, p := range f.Profiles {
				sum := int64(0)
				for i, w := range p.Weights {
					if sum += w; w < 0 {
						t.Errorf("profile %s: weight %d of sample %d is negative", p.Name, w, i)
					}
				}
				if len(p.Samples) != len(p.Weights) || sum != p.EndValue {
					t.Errorf("profile %s: %d samples, %d weights, together %d, end %d", p.Name, len(p.Samples), len(p.Weights), sum, p.EndValue)
				}
				for _, s := range p.Samples {
					for _, frame := range s {
						if frame < 0 || frame >= len(f.Shared.Frames) {
							t.Fatalf("profile %s: no frame %d", p.Name, frame)
						}
					}
				}
			}
		})
	}
}

func TestSpeedscopeFileOfAGuest(t *testing.T) {
	var f speedscopeFile
	if err := json.Unmarshal(render(t, guestProfile(), Speedscope, Options{}), &f); err != nil {
		t.Fatal(err)
	}
	if f.ActiveProfileIndex != 1 || f.Profiles[1].Name != "cpu" || f.Profiles[1].Unit != "nanoseconds" || f.Profiles[0].Unit != "none" {
		t.Errorf("profiles %+v", f.Profiles)
	}
	heaviest := 0
	for i, w := range f.Profiles[1].Weights {
		if w > f.Profiles[1].Weights[heaviest] {
			heaviest = i
		}
	}
	var stack []string
	for _, i := range f.Profiles[1].Samples[heaviest] {
		stack = append(stack, f.Shared.Frames[i].Name)
	}
	want := []string{"runtime.main", "engine.(*Module).Run", "__main_void", "main", "transform", "weights_apply", "weigh"}
	if diff := cmp.Diff(want, stack); diff != "" {
		t.Error(diff)
	}
}
