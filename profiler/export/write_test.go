package export

import (
	"bytes"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/pprof/profile"
)

func writeFile(t *testing.T, name string, content []byte) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, content, 0o644); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestEveryFormatIsDeterministic(t *testing.T) {
	for _, f := range Formats() {
		t.Run(string(f), func(t *testing.T) {
			first := render(t, guestProfile(), f, Options{Source: source})
			if second := render(t, guestProfile(), f, Options{Source: source}); !bytes.Equal(first, second) {
				t.Error("the same profile was written in two ways")
			}
		})
	}
	// What shows merged stacks does not depend on the order of samples.
	for _, f := range []Format{Folded, HTML, SVG, Firefox, Speedscope} {
		t.Run(string(f)+" of shuffled samples", func(t *testing.T) {
			p := guestProfile()
			rand.New(rand.NewPCG(1, 2)).Shuffle(len(p.Sample), func(i, j int) { p.Sample[i], p.Sample[j] = p.Sample[j], p.Sample[i] })
			slices.Reverse(p.Location)
			if diff := cmp.Diff(string(render(t, guestProfile(), f, Options{})), string(render(t, p, f, Options{}))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestWriteRefuses(t *testing.T) {
	broken := guestProfile()
	broken.Sample[0].Value = broken.Sample[0].Value[:1]
	for _, c := range []struct {
		name    string
		p       *profile.Profile
		f       Format
		options Options
		want    string
	}{
		{"a format that is none", guestProfile(), "pdf", Options{}, `write profile as pdf: format "pdf": there are pprof, folded, html, svg, firefox, speedscope, json`},
		{"a type of values that is not there", guestProfile(), SVG, Options{SampleType: "wall"}, `write profile as svg: sample type "wall": the profile has samples, cpu`},
		{"a profile without types", &profile.Profile{}, HTML, Options{}, "write profile as html: it has no sample types"},
		{"a broken profile", broken, Pprof, Options{}, "write profile as pprof: mismatch: sample has 1 values vs. 2 types"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := Write(new(bytes.Buffer), c.p, c.f, c.options)
			if err == nil || err.Error() != c.want {
				t.Errorf("error %v, want %s", err, c.want)
			}
		})
	}
}

// fullDisk takes some bytes and then none.
type fullDisk struct{ room int }

var errFull = errors.New("no room")

func (d *fullDisk) Write(b []byte) (int, error) {
	if d.room -= len(b); d.room < 0 {
		return 0, errFull
	}
	return len(b), nil
}

func TestEveryFormatReportsAFullDisk(t *testing.T) {
	p := wideProfile(20_000)
	for _, f := range Formats() {
		for _, room := range []int{0, 100_000} {
			if err := Write(&fullDisk{room}, p, f, Options{}); !errors.Is(err, errFull) && (f != SVG || room == 0) {
				t.Errorf("%s with room for %d bytes: error %v, want %v", f, room, err, errFull)
			}
		}
	}
}

func TestEveryFormatTakesOddProfiles(t *testing.T) {
	empty := newProfileBuilder(cpuTypes()...)
	noStacks := newProfileBuilder(cpuTypes()...)
	noStacks.sample([]int64{3, 30}, nil)
	noLines := newProfileBuilder(cpuTypes()...)
	noLines.sample([]int64{3, 30}, nil, noLines.at(guestFile), noLines.at(""))
	largest := newProfileBuilder(cpuTypes()...)
	for range 3 {
		largest.sample([]int64{1<<63 - 1, 1<<63 - 1}, nil, largest.at(guestFile, "a"))
		largest.sample([]int64{-1 << 63, -1 << 63}, nil, largest.at(guestFile, "b"))
	}
	for name, p := range map[string]*profile.Profile{
		"nothing": empty.p, "samples without stacks": noStacks.p, "locations without functions": noLines.p,
		"the largest values": largest.p, "hostile names": hostileProfile(), "a Go program's": goProfile(t),
	} {
		for _, f := range Formats() {
			t.Run(name+" as "+string(f), func(t *testing.T) {
				out := render(t, p, f, Options{Source: source})
				if strings.HasSuffix(f.Extension(), ".json") && !json.Valid(out) {
					t.Errorf("this is no JSON: %s", out)
				}
			})
		}
	}
}

func TestPprofKeepsEverything(t *testing.T) {
	out := render(t, guestProfile(), Pprof, Options{})
	p, err := profile.ParseData(out)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(guestProfile().String(), p.String()); diff != "" {
		t.Error(diff)
	}
	raw := pprofRaw(t, out)
	for _, part := range []string{"wasm:demo/imgsmith", "weigh /src/imgsmith/weights.c:9", "function:[demo/imgsmith]"} {
		if !strings.Contains(raw, part) {
			t.Errorf("go tool pprof -raw does not show %s:\n%s", part, raw)
		}
	}
}

func TestJSONKeepsEverything(t *testing.T) {
	want := guestProfile()
	want.Sample[0].NumLabel = map[string][]int64{"bytes": {4096}}
	want.Sample[0].NumUnit = map[string][]string{"bytes": {"bytes"}}
	var d Document
	decoder := json.NewDecoder(bytes.NewReader(render(t, want, JSON, Options{})))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&d); err != nil {
		t.Fatal(err)
	}
	if d.Format != DocumentFormat || d.Version != DocumentVersion || d.DefaultType != "cpu" || d.Time != "2023-11-14T22:13:20Z" {
		t.Errorf("it begins with %q %d %q %q", d.Format, d.Version, d.DefaultType, d.Time)
	}
	if diff := cmp.Diff(strings.ReplaceAll(want.String(), "()", ""), strings.ReplaceAll(documentProfile(&d).String(), "()", "")); diff != "" {
		t.Error(diff)
	}
	if l := d.Locations[2]; l.Lines[0].Kind != "library" {
		t.Errorf("__main_void is %+v, want a library's", l)
	}
}

// documentProfile makes a profile of a Document again.
func documentProfile(d *Document) *profile.Profile {
	p := &profile.Profile{
		DurationNanos: d.Duration, TimeNanos: 1_700_000_000_000_000_000, Comments: d.Comments,
		Period: d.Period, PeriodType: &profile.ValueType{Type: d.PeriodType.Type, Unit: d.PeriodType.Unit},
	}
	for _, t := range d.SampleTypes {
		p.SampleType = append(p.SampleType, &profile.ValueType{Type: t.Type, Unit: t.Unit})
	}
	for i, m := range d.Modules {
		p.Mapping = append(p.Mapping, &profile.Mapping{
			ID: uint64(i + 1), File: m.File, BuildID: m.BuildID, Start: m.Start, Limit: m.End, Offset: m.Offset, HasFunctions: true,
		})
	}
	for i, f := range d.Functions {
		p.Function = append(p.Function, &profile.Function{ID: uint64(i + 1), Name: f.Name, Filename: f.File, StartLine: f.Line})
	}
	for i, l := range d.Locations {
		loc := &profile.Location{ID: uint64(i + 1), Address: l.Address}
		if l.Module != nil {
			loc.Mapping = p.Mapping[*l.Module]
		}
		for _, line := range l.Lines {
			loc.Line = append(loc.Line, profile.Line{Function: p.Function[line.Function], Line: line.Line, Column: line.Column})
		}
		p.Location = append(p.Location, loc)
	}
	for _, s := range d.Samples {
		sample := &profile.Sample{Value: s.Values, Label: s.Labels}
		for _, l := range s.Stack {
			sample.Location = append(sample.Location, p.Location[l])
		}
		for key, numbers := range s.Numbers {
			sample.NumLabel, sample.NumUnit = map[string][]int64{}, map[string][]string{}
			for _, n := range numbers {
				sample.NumLabel[key] = append(sample.NumLabel[key], n.Value)
				sample.NumUnit[key] = append(sample.NumUnit[key], n.Unit)
			}
		}
		p.Sample = append(p.Sample, sample)
	}
	return p
}
