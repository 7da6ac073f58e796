package callgrind

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
)

// place is where a cost stands: names as they are in the profile, uncompressed.
type place struct {
	object, function string
	file             string // of the function
	at               string // file of the line, which differs in inlined code
	address          uint64
	line             int
}

// call is what a cost was for that a function had by calling another.
type call struct {
	count  uint64
	target place // its field file is that of the line, too
}

// reader parses a profile.
type reader struct {
	lines     *bufio.Scanner
	number    int
	names     map[string]map[string]string // by kind and number
	events    int
	now       place
	callee    place
	hasCallee [2]bool // object, file
	header    func(line string) error
	cost      func(at place, call *call, cost []uint64) error
}

// Kinds of names, which are numbered separately.
const (
	objectNames   = "ob"
	fileNames     = "fl"
	functionNames = "fn"
)

// Bounds of what is read; callgrind knows some twenty events.
const (
	maxLine   = 1 << 20
	maxEvents = 64
)

// parse reads a profile and gives the lines of its headers and its costs to header and
// cost.
func parse(r io.Reader, header func(string) error, cost func(place, *call, []uint64) error) error {
	p := &reader{
		lines: bufio.NewScanner(r), header: header, cost: cost,
		names: map[string]map[string]string{objectNames: {}, fileNames: {}, functionNames: {}},
	}
	p.lines.Buffer(nil, maxLine)
	for p.next() {
		if err := p.line(p.lines.Text()); err != nil {
			return fmt.Errorf("read what callgrind wrote: line %d: %w", p.number, err)
		}
	}
	if err := p.lines.Err(); err != nil {
		return fmt.Errorf("read what callgrind wrote: %w", err)
	}
	return nil
}

func (p *reader) next() bool {
	p.number++
	return p.lines.Scan()
}

func (p *reader) line(text string) error {
	if text == "" || text[0] == '#' {
		return p.header(text)
	}
	if c := text[0]; c >= '0' && c <= '9' || c == '+' || c == '-' || c == '*' {
		at, cost, err := p.costs(text)
		if err != nil {
			return err
		}
		p.now = at
		return p.cost(at, nil, cost)
	}
	key, value, isPosition := strings.Cut(text, "=")
	if name, rest, isHeader := strings.Cut(text, ":"); isHeader && (!isPosition || len(name) < len(key)) {
		return p.headerLine(name, rest, text)
	}
	if !isPosition {
		return errors.New("it is of no known form")
	}
	return p.position(key, value)
}

func (p *reader) headerLine(name, rest, text string) error {
	switch name {
	case "positions":
		if strings.TrimSpace(rest) != "instr line" {
			return errors.New("want positions of instructions and lines (--dump-instr=yes)")
		}
	case "events":
		if p.events = len(strings.Fields(rest)); p.events > maxEvents {
			return fmt.Errorf("want at most %d events", maxEvents)
		}
	}
	return p.header(text)
}

func (p *reader) position(key, value string) (err error) {
	switch key {
	case "ob":
		p.now.object, err = p.name(objectNames, value)
	case "fl":
		p.now.file, err = p.name(fileNames, value)
		p.now.at = p.now.file
	case "fi", "fe":
		p.now.at, err = p.name(fileNames, value)
	case "fn":
		p.now.function, err = p.name(functionNames, value)
		p.now.at = p.now.file
	case "cob":
		p.callee.object, err = p.name(objectNames, value)
		p.hasCallee[0] = true
	case "cfi", "cfl":
		p.callee.file, err = p.name(fileNames, value)
		p.hasCallee[1] = true
	case "cfn":
		p.callee.function, err = p.name(functionNames, value)
	case "calls":
		return p.call(value)
	default:
		return fmt.Errorf("%q is not known", key)
	}
	return err
}

// name is a name that may be numbered: "(12) name" defines one, "(12)" means it.
func (p *reader) name(kind, value string) (string, error) {
	if !strings.HasPrefix(value, "(") {
		return value, nil
	}
	number, name, ok := strings.Cut(value, ")")
	if !ok {
		return value, nil
	}
	if name = strings.TrimPrefix(name, " "); name != "" {
		p.names[kind][number] = name
		return name, nil
	}
	name, ok = p.names[kind][number]
	if !ok {
		return "", fmt.Errorf("the name %s) has not been said", number)
	}
	return name, nil
}

// call reads a line with calls and the one behind it, which has their cost.
func (p *reader) call(value string) error {
	fields := strings.Fields(value)
	if len(fields) != 3 {
		return errors.New("want a number of calls, an instruction and a line")
	}
	count, err := strconv.ParseUint(fields[0], 0, 64)
	if err != nil {
		return err
	}
	c := &call{count: count, target: p.callee}
	if !p.hasCallee[0] {
		c.target.object = p.now.object
	}
	if !p.hasCallee[1] {
		c.target.file = p.now.at
	}
	c.target.at = c.target.file
	if c.target.address, c.target.line, err = p.subpositions(fields[1:]); err != nil {
		return err
	}
	p.callee, p.hasCallee = place{}, [2]bool{}
	if !p.next() {
		return io.ErrUnexpectedEOF
	}
	at, cost, err := p.costs(p.lines.Text())
	if err != nil {
		return err
	}
	p.now = at
	return p.cost(at, c, cost)
}

// costs reads a line of positions and costs. Costs that are left out are 0.
func (p *reader) costs(text string) (place, []uint64, error) {
	fields := strings.Fields(text)
	if len(fields) < 2 || len(fields) > 2+p.events {
		return place{}, nil, fmt.Errorf("want an instruction, a line and at most %d costs", p.events)
	}
	at := p.now
	var err error
	if at.address, at.line, err = p.subpositions(fields); err != nil {
		return place{}, nil, err
	}
	cost := make([]uint64, p.events)
	for i, f := range fields[2:] {
		if cost[i], err = strconv.ParseUint(f, 0, 64); err != nil {
			return place{}, nil, err
		}
	}
	return at, cost, nil
}

// subpositions reads an address and a line, which may be relative to those before.
func (p *reader) subpositions(fields []string) (uint64, int, error) {
	address, err := relative(fields[0], p.now.address)
	if err != nil {
		return 0, 0, err
	}
	line, err := relative(fields[1], uint64(p.now.line))
	if err != nil {
		return 0, 0, err
	}
	if line > math.MaxInt32 {
		return 0, 0, fmt.Errorf("a line %s cannot be", fields[1])
	}
	return address, int(line), nil
}

func relative(text string, last uint64) (uint64, error) {
	if text == "*" {
		return last, nil
	}
	sign, digits := text[0], text
	if sign == '+' || sign == '-' {
		digits = text[1:]
	}
	v, err := strconv.ParseUint(digits, 0, 64)
	if err != nil {
		return 0, err
	}
	switch sign {
	case '+':
		v = last + v
	case '-':
		v = last - v
	}
	return v, nil
}
