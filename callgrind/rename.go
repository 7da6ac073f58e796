package callgrind

import (
	"bufio"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// HostNames says which object and function of the host an address is in; "" where it
// is not known.
type HostNames func(address uint64) (object, function string)

// Summary is what a profile says of guests: costs are by event, in the profile's order.
type Summary struct {
	Events []string
	Guest  []uint64 // within the guests' functions themselves
	Total  []uint64
}

// Rename reads a profile that callgrind wrote with --dump-instr=yes and writes it with
// the names of compiled code. Costs stay what and where they are, by instruction, except
// that they are given to the functions that the instructions are in.
//
// Callgrind takes jumps in code that it does not know for calls, and loses its way when
// the host changes stacks to answer a call: calls that do not lead to the start of a
// function are left out.
func Rename(w io.Writer, profile io.Reader, codes []*Code, host HostNames) (*Summary, error) {
	out := bufio.NewWriterSize(w, 1<<16)
	r := &renamer{
		out:   &writer{w: out, names: map[string]map[string]int{objectNames: {}, fileNames: {}, functionNames: {}}},
		codes: codes, host: host, summary: &Summary{},
		self: make(map[spot][]uint64), calls: make(map[edge]*called),
	}
	if err := parse(profile, r.headerLine, r.cost); err != nil {
		return nil, err
	}
	r.writeGuests()
	if r.out.totals != "" {
		fmt.Fprintf(out, "\n%s\n", r.out.totals)
	}
	if err := out.Flush(); err != nil {
		return nil, fmt.Errorf("write the profile: %w", err)
	}
	return r.summary, nil
}

// spot is an instruction of compiled code: the number of the code, and the address.
type spot struct {
	code    int
	address uint64
}

// edge is a call from an instruction of compiled code. Its target is a place without a
// line that varies: of compiled code, only its start.
type edge struct {
	from spot
	to   place
}

// called is how often, and what it cost.
type called struct {
	count uint64
	cost  []uint64
}

type renamer struct {
	out     *writer
	codes   []*Code
	host    HostNames
	summary *Summary
	self    map[spot][]uint64
	calls   map[edge]*called
}

func (r *renamer) headerLine(text string) error {
	name, rest, _ := strings.Cut(text, ":")
	switch name {
	case "totals":
		r.out.totals = text // it stands at the end
		return nil
	case "events":
		r.summary.Events = strings.Fields(rest)
		r.summary.Guest = make([]uint64, len(r.summary.Events))
		r.summary.Total = make([]uint64, len(r.summary.Events))
	}
	if text != "" || !r.out.begun {
		fmt.Fprintln(r.out.w, text)
	}
	return nil
}

// find finds the compiled code at an address.
func (r *renamer) find(address uint64) (spot, bool) {
	for i, c := range r.codes {
		if address >= c.Start && address < c.End {
			return spot{i, address}, true
		}
	}
	return spot{}, false
}

// cost takes one line of the profile.
func (r *renamer) cost(at place, c *call, cost []uint64) error {
	if c == nil {
		add(r.summary.Total, cost)
	}
	from, guest := r.find(at.address)
	switch {
	case guest && c == nil:
		r.self[from] = sum(r.self[from], cost)
		add(r.summary.Guest, cost)
	case guest:
		to, ok := r.target(c.target)
		if !ok || r.codes[from.code].returns(from.address) {
			return nil
		}
		e := edge{from, to}
		if r.calls[e] == nil {
			r.calls[e] = &called{cost: make([]uint64, len(cost))}
		}
		r.calls[e].count += c.count
		add(r.calls[e].cost, cost)
	case c == nil:
		r.out.cost(r.hostPlace(at), cost)
	default:
		if to, ok := r.target(c.target); ok {
			r.out.call(r.hostPlace(at), to, c.count, cost)
		}
	}
	return nil
}

// target is where a call leads to; false if that is not a function's start.
func (r *renamer) target(to place) (place, bool) {
	at, guest := r.find(to.address)
	if !guest {
		return r.hostPlace(to), true
	}
	code := r.codes[at.code]
	i, ok := code.functionAt(at.address)
	if !ok || code.functions[i].start != at.address {
		return place{}, false
	}
	f := code.functions[i]
	return place{object: code.Object, function: f.name, file: fileName(f.file), at: fileName(f.file), address: code.inFile(f.start), line: f.line}, true
}

// hostPlace gives host code its own name where callgrind has it in a function that it
// took compiled code for.
func (r *renamer) hostPlace(at place) place {
	name, _, _ := strings.Cut(at.function, "'")
	address, err := strconv.ParseUint(name, 0, 64)
	if err != nil {
		return at
	}
	if _, guest := r.find(address); !guest {
		return at
	}
	at.function, at.file, at.at, at.line = fmt.Sprintf("0x%x", at.address), unknown, unknown, 0
	if object, function := r.host(at.address); function != "" {
		at.object, at.function = object, function
	}
	return at
}

// unknown is callgrind's name for what has none.
const unknown = "???"

func fileName(path string) string {
	if path == "" {
		return unknown
	}
	return path
}

// writeGuests writes what is known of compiled code, function by function.
func (r *renamer) writeGuests() {
	calls := make(map[spot][]edge)
	for e := range r.calls {
		calls[e.from] = append(calls[e.from], e)
		if r.self[e.from] == nil {
			r.self[e.from] = make([]uint64, len(r.summary.Events))
		}
	}
	spots := slices.SortedFunc(maps.Keys(r.self), func(a, b spot) int {
		if a.code != b.code {
			return a.code - b.code
		}
		if a.address < b.address {
			return -1
		}
		return 1
	})
	for _, s := range spots {
		at := r.guestPlace(s)
		r.out.cost(at, r.self[s])
		edges := calls[s]
		slices.SortFunc(edges, func(a, b edge) int {
			return strings.Compare(a.to.object+a.to.function, b.to.object+b.to.function)
		})
		for _, e := range edges {
			c := r.calls[e]
			r.out.call(at, e.to, c.count, c.cost)
		}
	}
}

func (r *renamer) guestPlace(s spot) place {
	code := r.codes[s.code]
	at := place{object: code.Object, function: unknown, file: unknown, at: unknown, address: code.inFile(s.address)}
	if i, ok := code.functionAt(s.address); ok {
		at.function, at.file = code.functions[i].name, fileName(code.functions[i].file)
		l := code.lineAt(s.address)
		at.at, at.line = fileName(l.file), l.line
	}
	return at
}

func add(to, cost []uint64) {
	for i, c := range cost {
		to[i] += c
	}
}

func sum(a, b []uint64) []uint64 {
	if a == nil {
		a = make([]uint64, len(b))
	}
	add(a, b)
	return a
}
