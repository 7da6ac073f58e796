package wasm

import (
	"cmp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/faaslens/faaslens/guest"
)

// NamedIndex is one entry of a name map.
type NamedIndex struct {
	Index uint32
	Name  string
}

// NameMap gives names to indices, in ascending order of index.
type NameMap []NamedIndex

// Lookup returns the name of an index; false if it has none.
func (m NameMap) Lookup(i uint32) (string, bool) {
	k, ok := slices.BinarySearchFunc(m, i, func(e NamedIndex, i uint32) int { return cmp.Compare(e.Index, i) })
	if !ok {
		return "", false
	}
	return m[k].Name, true
}

// IndirectNameMap gives names to indices within indices: locals in functions,
// labels in functions, fields in types.
type IndirectNameMap struct {
	groups []nameGroup
	names  NameMap // of all groups, one behind the other
}

type nameGroup struct {
	index       uint32
	first, last int // in names
}

// Len returns how many outer indices have names within them.
func (m IndirectNameMap) Len() int { return len(m.groups) }

// Lookup returns the names within an outer index; nil if there are none.
func (m IndirectNameMap) Lookup(outer uint32) NameMap {
	k, ok := slices.BinarySearchFunc(m.groups, outer, func(g nameGroup, i uint32) int { return cmp.Compare(g.index, i) })
	if !ok {
		return nil
	}
	g := m.groups[k]
	return m.names[g.first:g.last:g.last]
}

// Names is a name section (section 7.5.1 and the extended names of wasm-tools
// and LLVM).
type Names struct {
	Module   string
	Funcs    NameMap
	Locals   IndirectNameMap // by function
	Labels   IndirectNameMap // by function
	Types    NameMap
	Tables   NameMap
	Memories NameMap
	Globals  NameMap
	Elements NameMap // segments
	Data     NameMap // segments
	Fields   IndirectNameMap
	Tags     NameMap
}

// Subsections of the name section.
const (
	namesModule byte = iota
	namesFuncs
	namesLocals
	namesLabels
	namesTypes
	namesTables
	namesMemories
	namesGlobals
	namesElements
	namesData
	namesFields
	namesTags
)

// Func returns a function's name; "" if it has none.
func (n *Names) Func(i guest.FuncIndex) string {
	s, _ := n.Funcs.Lookup(uint32(i))
	return s
}

// Names reads the name section. It always returns what could be read; the error,
// a *guest.InvalidModule, notes the first damage. A module without a name
// section gives empty Names and no error. Every call reads the section anew: keep
// the result. A name that is not UTF-8 has its bad bytes replaced; of two names
// for an index the first counts.
func (m *Module) Names() (*Names, error) {
	names := &Names{}
	c, ok := m.Custom("name")
	if !ok {
		return names, nil
	}
	// One copy of the payload backs every name, instead of one for each.
	n := &nameReader{reader: payloadReader(c, m), text: string(c.Payload), base: int(c.Offset)}
	for n.pos < n.end {
		id := n.byte("a subsection's id")
		size := n.u32("a subsection's size")
		if n.err != nil {
			break // what follows cannot be found
		}
		whole := n.end
		next := min(n.pos+int(size), whole)
		if n.pos+int(size) > whole {
			n.failAt(n.pos, "subsection %d takes %d bytes, %d are left", id, size, n.left())
			n.note()
		}
		n.end = next
		n.subsection(names, id)
		n.note()
		n.pos, n.end = next, whole
	}
	n.note()
	if n.first != nil {
		return names, n.first
	}
	return names, nil
}

type nameReader struct {
	*reader
	text  string
	base  int
	first *guest.InvalidModule
}

// note keeps the first damage and makes the reader usable again.
func (n *nameReader) note() {
	if n.first == nil {
		n.first = n.err
	}
	n.err = nil
}

func (n *nameReader) subsection(names *Names, id byte) {
	switch id {
	case namesModule:
		names.Module = n.nameText()
	case namesFuncs:
		names.Funcs = n.nameMap(nil)
	case namesLocals:
		names.Locals = n.indirect()
	case namesLabels:
		names.Labels = n.indirect()
	case namesTypes:
		names.Types = n.nameMap(nil)
	case namesTables:
		names.Tables = n.nameMap(nil)
	case namesMemories:
		names.Memories = n.nameMap(nil)
	case namesGlobals:
		names.Globals = n.nameMap(nil)
	case namesElements:
		names.Elements = n.nameMap(nil)
	case namesData:
		names.Data = n.nameMap(nil)
	case namesFields:
		names.Fields = n.indirect()
	case namesTags:
		names.Tags = n.nameMap(nil)
	}
}

// nameText reads a name as a part of the payload's one copy.
func (n *nameReader) nameText() string {
	size := n.u32("a name's length")
	start := n.pos
	if n.take(uint64(size), "a name") == nil {
		return ""
	}
	s := n.text[start-n.base : start-n.base+int(size)]
	if !utf8.ValidString(s) {
		n.failAt(start, "a name is not UTF-8")
		n.note()
		s = strings.ToValidUTF8(s, "\uFFFD")
	}
	return s
}

// claim reads a vector's length, cut to what the rest can hold at size bytes
// each, so that damage there loses only what is really missing.
func (n *nameReader) claim(size int) int {
	count := n.u32("a number of names")
	if most := n.left() / size; n.err == nil && int64(count) > int64(most) {
		n.failAt(n.pos, "claims %d names, but only %d bytes are left", count, n.left())
		n.note()
		return most
	}
	return int(count)
}

// nameMap appends the names that follow to into and puts them in order.
func (n *nameReader) nameMap(into NameMap) NameMap {
	count := n.claim(2)
	first := len(into)
	into = slices.Grow(into, count)
	for range count {
		start := n.pos
		i := n.u32("an index")
		s := n.nameText()
		if n.err != nil {
			break
		}
		if k := len(into); k > first && into[k-1].Index >= i {
			n.failAt(start, "index %d stands behind index %d", i, into[k-1].Index)
			n.note()
		}
		into = append(into, NamedIndex{i, s})
	}
	return into[:first+len(inOrder(into[first:], func(e NamedIndex) uint32 { return e.Index }))]
}

func (n *nameReader) indirect() IndirectNameMap {
	var m IndirectNameMap
	count := n.claim(2)
	m.groups = make([]nameGroup, 0, count)
	for range count {
		if n.err != nil {
			break
		}
		start := n.pos
		i := n.u32("an index")
		if n.err != nil {
			break
		}
		if k := len(m.groups); k > 0 && m.groups[k-1].index >= i {
			n.failAt(start, "index %d stands behind index %d", i, m.groups[k-1].index)
			n.note()
		}
		first := len(m.names)
		m.names = n.nameMap(m.names)
		m.groups = append(m.groups, nameGroup{i, first, len(m.names)})
	}
	m.groups = inOrder(m.groups, func(g nameGroup) uint32 { return g.index })
	return m
}

// inOrder sorts s by index, if need be, and drops all but the first of an index.
func inOrder[E any](s []E, index func(E) uint32) []E {
	byIndex := func(a, b E) int { return cmp.Compare(index(a), index(b)) }
	if !slices.IsSortedFunc(s, byIndex) {
		slices.SortStableFunc(s, byIndex)
	}
	return slices.CompactFunc(s, func(a, b E) bool { return index(a) == index(b) })
}
