package profiler

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/google/pprof/profile"

	"github.com/faaslens/faaslens/codemap"
	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/symbol"
)

// Mappings of locations that are no code.
const (
	hostCalls       = "[host calls]"
	invocationParts = "[invocation]"
	unknownCode     = "[unknown]"
)

// Names in the mapping "[unknown]".
const (
	unknownStack  = "[unknown]"
	framesLeftOut = "[frames left out]"
)

// locations makes the locations of one profile, each once.
type locations struct {
	functions map[functionKey]*profile.Function
	guests    map[guestKey]*profile.Location
	hosts     map[*profile.Location]*profile.Location
	named     map[namedKey]*profile.Location
	mappings  map[*area]*profile.Mapping
	pseudo    map[string]*profile.Mapping
	places    map[placeKey][]symbol.Location
}

type functionKey struct {
	name, linkage, file string
	line                int
}

type guestKey struct {
	area    *area
	address uintptr
}

type namedKey struct{ mapping, name string }

type placeKey struct {
	area *area
	at   guest.CodeOffset
}

func newLocations() *locations {
	return &locations{
		functions: make(map[functionKey]*profile.Function),
		guests:    make(map[guestKey]*profile.Location),
		hosts:     make(map[*profile.Location]*profile.Location),
		named:     make(map[namedKey]*profile.Location),
		mappings:  make(map[*area]*profile.Mapping),
		pseudo:    make(map[string]*profile.Mapping),
		places:    make(map[placeKey][]symbol.Location),
	}
}

// guest is the location of an address in a guest's code.
func (l *locations) guest(a *area, address uintptr) *profile.Location {
	key := guestKey{a, address}
	loc, ok := l.guests[key]
	if !ok {
		loc = &profile.Location{Mapping: l.mapping(a), Address: uint64(address), Line: l.lines(a, address)}
		l.guests[key] = loc
	}
	return loc
}

func (l *locations) mapping(a *area) *profile.Mapping {
	m, ok := l.mappings[a]
	if !ok {
		m = &profile.Mapping{
			Start: uint64(a.base), Limit: uint64(a.limit),
			File: "wasm:" + a.function.Name.String(), BuildID: a.buildID,
		}
		l.mappings[a] = m
	}
	return m
}

// lines are the calls at an address, innermost first.
func (l *locations) lines(a *area, address uintptr) []profile.Line {
	f, ok := a.code.NearestFrame(address - a.base)
	if !ok {
		name := "engine stub"
		if s, ok := a.stub(address); ok {
			name = s.Name
		}
		return []profile.Line{{Function: l.function(functionKey{name: name})}}
	}
	if f.Offset == codemap.NoPlace {
		if body, ok := a.function.Module.Body(f.Func); ok {
			f.Offset = body.Offset
		}
	}
	at, ok := a.function.Module.CodeOffset(f.Offset)
	if !ok {
		return []profile.Line{{Function: l.function(functionKey{name: "function " + strconv.Itoa(int(f.Func))})}}
	}
	var lines []profile.Line
	for _, p := range l.place(a, at) {
		key := functionKey{p.Function, p.Linkage, p.File, p.Declared}
		if key.line == 0 && !p.Inlined {
			if fn, ok := a.function.Symbols().Func(f.Func); ok && fn.File == p.File {
				key.line = fn.Line
			}
		}
		if key.name == "" {
			key.name = "function " + strconv.Itoa(int(f.Func))
		}
		lines = append(lines, profile.Line{Function: l.function(key), Line: int64(p.Line), Column: int64(p.Column)})
	}
	return lines
}

func (l *locations) place(a *area, at guest.CodeOffset) []symbol.Location {
	key := placeKey{a, at}
	p, ok := l.places[key]
	if !ok {
		p = a.function.Symbols().At(at)
		l.places[key] = p
	}
	return p
}

func (l *locations) function(key functionKey) *profile.Function {
	f, ok := l.functions[key]
	if !ok {
		f = &profile.Function{Name: key.name, SystemName: key.linkage, Filename: key.file, StartLine: int64(key.line)}
		if f.SystemName == "" {
			f.SystemName = f.Name
		}
		l.functions[key] = f
	}
	return f
}

// host is a location of C code with the name that its symbol table gives.
func (l *locations) host(bare *profile.Location, name string) *profile.Location {
	loc, ok := l.hosts[bare]
	if !ok {
		named := *bare
		named.Address++
		named.Line = []profile.Line{{Function: l.function(functionKey{name: demangled(name), linkage: name})}}
		loc = &named
		l.hosts[bare] = loc
	}
	return loc
}

// pseudoLocation is a location that is no code: a host call, a part of an invocation,
// or what is not known.
func (l *locations) pseudoLocation(mapping, name string) *profile.Location {
	key := namedKey{mapping, name}
	loc, ok := l.named[key]
	if !ok {
		m, ok := l.pseudo[mapping]
		if !ok {
			m = &profile.Mapping{File: mapping}
			l.pseudo[mapping] = m
		}
		loc = &profile.Location{Mapping: m, Line: []profile.Line{{Function: l.function(functionKey{name: name})}}}
		l.named[key] = loc
	}
	return loc
}

// finish gives a profile the tables that its samples refer to, numbered. All of its
// locations have names, so that readers need not look for any.
func finish(p *profile.Profile) error {
	p.Location, p.Function, p.Mapping = nil, nil, nil
	locations := make(map[*profile.Location]bool)
	functions := make(map[*profile.Function]bool)
	mappings := make(map[*profile.Mapping]bool)
	for _, s := range p.Sample {
		for _, loc := range s.Location {
			if locations[loc] {
				continue
			}
			locations[loc] = true
			p.Location = append(p.Location, loc)
			loc.ID = uint64(len(p.Location))
			if m := loc.Mapping; m != nil && !mappings[m] {
				mappings[m] = true
				p.Mapping = append(p.Mapping, m)
			}
			describe(loc)
			for _, line := range loc.Line {
				if f := line.Function; !functions[f] {
					functions[f] = true
					p.Function = append(p.Function, f)
					f.ID = uint64(len(p.Function))
				}
			}
		}
	}
	// Readers take the first mapping for what the profile is of.
	slices.SortStableFunc(p.Mapping, func(a, b *profile.Mapping) int {
		return cmp.Compare(mappingRank(a), mappingRank(b))
	})
	for i, m := range p.Mapping {
		m.ID = uint64(i + 1)
	}
	if err := p.CheckValid(); err != nil {
		return fmt.Errorf("make the profile: %w", err)
	}
	return nil
}

// describe tells the mapping what its location has.
func describe(loc *profile.Location) {
	m := loc.Mapping
	if m == nil {
		return
	}
	m.HasFunctions = true
	m.HasInlineFrames = m.HasInlineFrames || len(loc.Line) > 1
	for _, line := range loc.Line {
		m.HasFilenames = m.HasFilenames || line.Function.Filename != ""
		m.HasLineNumbers = m.HasLineNumbers || line.Line != 0
	}
}

// mappingRank puts guests first and what is no code last.
func mappingRank(m *profile.Mapping) int {
	switch {
	case strings.HasPrefix(m.File, "wasm:"):
		return 0
	case strings.HasPrefix(m.File, "["):
		return 2
	}
	return 1
}
