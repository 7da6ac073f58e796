package export

import (
	"bufio"
	"encoding/json"
	"iter"
	"time"

	"github.com/google/pprof/profile"
)

// objectWriter writes a JSON object member by member, and the members of long arrays one
// by one.
type objectWriter struct {
	w   *bufio.Writer
	any bool // of its members is written
	err error
}

func newObject(w *bufio.Writer) *objectWriter {
	w.WriteByte('{')
	return &objectWriter{w: w}
}

func (o *objectWriter) name(name string) {
	if o.any {
		o.w.WriteString(",\n")
	}
	o.any = true
	o.marshal(name)
	o.w.WriteByte(':')
}

func (o *objectWriter) marshal(v any) {
	b, err := json.Marshal(v) // which turns bytes that are no UTF-8 into U+FFFD
	if err != nil && o.err == nil {
		o.err = err
	}
	if _, err := o.w.Write(b); err != nil && o.err == nil {
		o.err = err
	}
}

func (o *objectWriter) member(name string, v any) {
	o.name(name)
	o.marshal(v)
}

// object writes a member that is an object.
func (o *objectWriter) object(name string, fill func(*objectWriter)) {
	o.name(name)
	inner := newObject(o.w)
	fill(inner)
	if err := inner.close(); err != nil && o.err == nil {
		o.err = err
	}
}

func (o *objectWriter) close() error {
	if err := o.w.WriteByte('}'); err != nil && o.err == nil {
		o.err = err
	}
	return o.err
}

// array writes a member that is an array, one element a line.
func array[T any](o *objectWriter, name string, elements iter.Seq[T]) {
	o.name(name)
	o.w.WriteByte('[')
	first := true
	for e := range elements {
		if !first {
			o.w.WriteString(",\n")
		}
		first = false
		o.marshal(e)
		if o.err != nil {
			return
		}
	}
	o.w.WriteByte(']')
}

// mapped returns what a function makes of each element.
func mapped[S, T any](all []S, f func(int, S) T) iter.Seq[T] {
	return func(yield func(T) bool) {
		for i, e := range all {
			if !yield(f(i, e)) {
				return
			}
		}
	}
}

// writeJSON writes a Document.
func writeJSON(w *bufio.Writer, p *profile.Profile, selected int) error {
	o := newObject(w)
	o.member("format", DocumentFormat)
	o.member("version", DocumentVersion)
	o.member("sample_types", valueTypes(p))
	o.member("default_type", p.SampleType[selected].Type)
	if p.TimeNanos != 0 {
		o.member("time", time.Unix(0, p.TimeNanos).UTC().Format(time.RFC3339Nano))
	}
	if p.DurationNanos != 0 {
		o.member("duration_ns", p.DurationNanos)
	}
	if p.PeriodType != nil {
		o.member("period", p.Period)
		o.member("period_type", DocumentType{p.PeriodType.Type, p.PeriodType.Unit})
	}
	if len(p.Comments) > 0 {
		o.member("comments", p.Comments)
	}
	modules, functions, locations := indices(p.Mapping), indices(p.Function), indices(p.Location)
	array(o, "modules", mapped(p.Mapping, func(_ int, m *profile.Mapping) DocumentModule {
		return DocumentModule{File: m.File, BuildID: m.BuildID, Start: m.Start, End: m.Limit, Offset: m.Offset}
	}))
	array(o, "functions", mapped(p.Function, func(_ int, f *profile.Function) DocumentFunction {
		d := DocumentFunction{Name: f.Name, File: f.Filename, Line: f.StartLine}
		if f.SystemName != f.Name {
			d.Linkage = f.SystemName
		}
		return d
	}))
	array(o, "locations", mapped(p.Location, func(_ int, l *profile.Location) DocumentLocation {
		return documentLocation(l, modules, functions)
	}))
	array(o, "samples", mapped(p.Sample, func(_ int, s *profile.Sample) DocumentSample {
		return documentSample(s, locations)
	}))
	return o.close()
}

func valueTypes(p *profile.Profile) []DocumentType {
	var all []DocumentType
	for _, t := range p.SampleType {
		all = append(all, DocumentType{t.Type, t.Unit})
	}
	return all
}

func indices[T comparable](all []T) map[T]int {
	m := make(map[T]int, len(all))
	for i, e := range all {
		m[e] = i
	}
	return m
}

func documentLocation(l *profile.Location, modules map[*profile.Mapping]int, functions map[*profile.Function]int) DocumentLocation {
	d := DocumentLocation{Address: l.Address}
	if l.Mapping != nil {
		m := modules[l.Mapping]
		d.Module = &m
	}
	for _, line := range l.Line {
		if line.Function == nil {
			continue
		}
		d.Lines = append(d.Lines, DocumentLine{
			Function: functions[line.Function], Line: line.Line, Column: line.Column, Kind: kindOf(l.Mapping, line.Function).String(),
		})
	}
	if len(d.Lines) == 0 {
		d.Kind = kindOf(l.Mapping, nil).String()
	}
	return d
}

func documentSample(s *profile.Sample, locations map[*profile.Location]int) DocumentSample {
	d := DocumentSample{Stack: make([]int, len(s.Location)), Values: s.Value, Base: s.DiffBaseSample()}
	for i, l := range s.Location {
		d.Stack[i] = locations[l]
	}
	for key, values := range s.Label {
		if key == baseLabel {
			continue
		}
		if d.Labels == nil {
			d.Labels = make(map[string][]string)
		}
		d.Labels[key] = values
	}
	for key, values := range s.NumLabel {
		if d.Numbers == nil {
			d.Numbers = make(map[string][]DocumentNumber)
		}
		for i, v := range values {
			n := DocumentNumber{Value: v}
			if units := s.NumUnit[key]; i < len(units) {
				n.Unit = units[i]
			}
			d.Numbers[key] = append(d.Numbers[key], n)
		}
	}
	return d
}
