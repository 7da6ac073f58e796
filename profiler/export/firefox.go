package export

import (
	"bufio"
	"cmp"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/google/pprof/profile"
)

// firefoxVersion is that of the processed profile format.
const firefoxVersion = 57

// The names below are those of the format: src/types/profile in Firefox Profiler's
// repository describes them.

type firefoxCategory struct {
	Name          string   `json:"name"`
	Color         string   `json:"color"`
	Subcategories []string `json:"subcategories"`
}

type firefoxMeta struct {
	Interval                   float64           `json:"interval"` // ms
	StartTime                  float64           `json:"startTime"`
	ProcessType                int               `json:"processType"`
	Categories                 []firefoxCategory `json:"categories"`
	Product                    string            `json:"product"`
	Stackwalk                  int               `json:"stackwalk"`
	Version                    int               `json:"version"` // of the Gecko format that this one goes with
	PreprocessedProfileVersion int               `json:"preprocessedProfileVersion"`
	Symbolicated               bool              `json:"symbolicated"`
	SymbolicationNotSupported  bool              `json:"symbolicationNotSupported"`
	MarkerSchema               []struct{}        `json:"markerSchema"`
	ImportedFrom               string            `json:"importedFrom"`
	UsesOnlyOneStackType       bool              `json:"usesOnlyOneStackType"`
	SourceCodeIsNotOnSearchfox bool              `json:"sourceCodeIsNotOnSearchfox"`
	KeepProfileThreadOrder     bool              `json:"keepProfileThreadOrder"`
}

// firefoxCategories are the kinds, in the order of [Kinds]. One has to be grey.
func firefoxCategories() []firefoxCategory {
	colors := map[Kind]string{Host: "blue", Guest: "green", Library: "yellow", HostCall: "purple", Kernel: "orange", Unknown: "grey"}
	var all []firefoxCategory
	for _, k := range Kinds() {
		all = append(all, firefoxCategory{Name: k.String(), Color: colors[k], Subcategories: []string{"Other"}})
	}
	return all
}

// firefoxThread is the samples that one function, or no function, was the cause of.
type firefoxThread struct {
	name    string
	samples []*profile.Sample
}

// firefoxThreads splits samples by the functions that were invoked.
func firefoxThreads(p *profile.Profile) []firefoxThread {
	byName := make(map[string][]*profile.Sample)
	for _, s := range p.Sample {
		name := strings.Join(s.Label["function"], ",")
		if user := strings.Join(s.Label["user"], ","); user != "" && !strings.Contains(name, "/") {
			name = user + "/" + name
		}
		byName[name] = append(byName[name], s)
	}
	var all []firefoxThread
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		all = append(all, firefoxThread{name, byName[name]})
	}
	return all
}

// writeFirefox writes a thread for each function that was invoked, with the values of one
// type. A profile does not say when its samples were taken: they follow each other, each
// as long as its value.
func writeFirefox(w *bufio.Writer, p *profile.Profile, selected int, o Options) error {
	unit := firefoxUnitOf(p.SampleType[selected])
	texts := newStringTable()
	out := newObject(w)
	out.member("meta", firefoxMeta{
		Interval: firefoxInterval(p), StartTime: float64(p.TimeNanos) / 1e6,
		Categories: firefoxCategories(), Product: cmp.Or(o.Title, "faaslens"), Stackwalk: 1, Version: 30,
		PreprocessedProfileVersion: firefoxVersion, Symbolicated: true, SymbolicationNotSupported: true,
		MarkerSchema: []struct{}{}, ImportedFrom: "faaslens", UsesOnlyOneStackType: true,
		SourceCodeIsNotOnSearchfox: true, KeepProfileThreadOrder: true,
	})
	out.member("libs", []struct{}{})
	out.name("threads")
	w.WriteByte('[')
	functions := newFunctionTable(p)
	for i, t := range firefoxThreads(p) {
		if i > 0 {
			w.WriteString(",\n")
		}
		g := mergeStacks(functions, p.SampleType, t.samples)
		if err := writeFirefoxThread(w, g, selected, unit, texts, cmp.Or(t.name, "no function"), i); err != nil {
			return err
		}
	}
	w.WriteByte(']')
	out.object("shared", func(shared *objectWriter) { shared.member("stringArray", texts.all) })
	return out.close()
}

// firefoxInterval returns the time between samples in milliseconds.
func firefoxInterval(p *profile.Profile) float64 {
	if p.PeriodType != nil && p.Period > 0 {
		if u := firefoxUnitOf(p.PeriodType); u.weight == "tracing-ms" {
			return float64(p.Period) * u.factor
		}
	}
	return 1
}

// firefoxUnit is how the format takes values.
type firefoxUnit struct {
	weight string  // WeightType
	factor float64 // from the profile's unit to that one
}

func firefoxUnitOf(t *profile.ValueType) firefoxUnit {
	switch t.Unit {
	case "nanoseconds":
		return firefoxUnit{"tracing-ms", 1e-6}
	case "microseconds":
		return firefoxUnit{"tracing-ms", 1e-3}
	case "milliseconds":
		return firefoxUnit{"tracing-ms", 1}
	case "seconds":
		return firefoxUnit{"tracing-ms", 1e3}
	case "bytes":
		return firefoxUnit{"bytes", 1}
	}
	return firefoxUnit{"samples", 1}
}

// firefoxSamples are the rows of a thread's table of samples.
type firefoxSamples struct {
	stacks  []int
	weights []float64
	times   []float64
}

func newFirefoxSamples(g *graph, selected int, unit firefoxUnit) *firefoxSamples {
	s := &firefoxSamples{stacks: []int{}, weights: []float64{}, times: []float64{}}
	now := 0.0
	put := func(n int, v float64) {
		s.stacks = append(s.stacks, n-1) // their table has no root
		s.weights = append(s.weights, v*unit.factor)
		s.times = append(s.times, now)
		if unit.weight == "tracing-ms" {
			now += math.Abs(v) * unit.factor
		} else {
			now++
		}
	}
	for n := range g.nodes {
		if v := g.values[selected][n]; v != 0 {
			put(n, float64(v))
		}
		if g.base != nil && g.base[selected][n] != 0 {
			put(n, -float64(g.base[selected][n]))
		}
	}
	return s
}
