package wast

import (
	"strconv"
	"strings"

	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/wasm"
)

// Style says how identifiers are made of names.
type Style uint8

const (
	// Portable replaces what not all readers of the format take in an identifier, and
	// makes each identifier unique.
	Portable Style = iota
	// Readable keeps names as they are, in quotes where need be: for people, in
	// listings that nothing reads back.
	Readable
)

// identifiers are what a module's things are called: "$name", or "" for those without
// a name.
type identifiers struct {
	style                                                  Style
	funcs                                                  func(guest.FuncIndex) string
	types, tables, memories, globals, elements, data, tags map[uint32]string
	locals                                                 wasm.IndirectNameMap
}

// newIdentifiers takes the names of a module's name section, and of functions what name
// says; nil leaves that to the name section too.
func newIdentifiers(m *wasm.Module, style Style, name func(guest.FuncIndex) string) *identifiers {
	names, _ := m.Names() // what can be read of a damaged section is better than nothing
	if name == nil {
		name = names.Func
	}
	ids := &identifiers{style: style, locals: names.Locals}
	for _, space := range []struct {
		to   *map[uint32]string
		from wasm.NameMap
	}{
		{&ids.types, names.Types}, {&ids.tables, names.Tables}, {&ids.memories, names.Memories}, {&ids.globals, names.Globals},
		{&ids.elements, names.Elements}, {&ids.data, names.Data}, {&ids.tags, names.Tags},
	} {
		*space.to = ids.all(space.from)
	}
	if style == Readable {
		ids.funcs = func(i guest.FuncIndex) string { return readable(name(i)) }
		return ids
	}
	var funcs wasm.NameMap
	for i := range m.Funcs {
		if n := name(guest.FuncIndex(i)); n != "" {
			funcs = append(funcs, wasm.NamedIndex{Index: uint32(i), Name: n})
		}
	}
	all := ids.all(funcs)
	ids.funcs = func(i guest.FuncIndex) string { return all[uint32(i)] }
	return ids
}

// all makes the identifiers of one index space.
func (ids *identifiers) all(names wasm.NameMap) map[uint32]string {
	made := make(map[uint32]string, len(names))
	taken := make(map[string]int, len(names))
	for _, n := range names {
		switch {
		case n.Name == "":
		case ids.style == Readable:
			made[n.Index] = readable(n.Name)
		default:
			made[n.Index] = unique(portable(n.Name), taken)
		}
	}
	return made
}

// unique returns an identifier that is not taken, with a number behind it if need be,
// and takes it. taken has for each identifier the number to go on with.
func unique(id string, taken map[string]int) string {
	next, again := taken[id]
	if !again {
		taken[id] = 1
		return id
	}
	for ; ; next++ {
		candidate := id + "." + strconv.Itoa(next)
		if _, again := taken[candidate]; !again {
			taken[id], taken[candidate] = next+1, 1
			return candidate
		}
	}
}

// idChars are the characters of identifiers beside letters and digits (section 6.3.5).
const idChars = "!#$%&'*+-./:<=>?@\\^_`|~"

func isIDChar(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || strings.IndexByte(idChars, c) >= 0
}

// portable makes an identifier of a name; what may not be in one becomes "_".
func portable(name string) string {
	b := make([]byte, 0, len(name)+1)
	b = append(b, '$')
	for i := range len(name) {
		c := name[i]
		if !isIDChar(c) {
			c = '_'
		}
		b = append(b, c)
	}
	return string(b)
}

// readable makes an identifier of a name, in quotes if it has characters that others
// may not have.
func readable(name string) string {
	if name == "" {
		return ""
	}
	for i := range len(name) {
		if !isIDChar(name[i]) {
			return "$" + string(appendString(nil, []byte(name)))
		}
	}
	return "$" + name
}

// appendString writes a string of the format (section 6.3.3): printable characters as
// they are, other bytes in hexadecimal.
func appendString(to, s []byte) []byte {
	const digits = "0123456789abcdef"
	to = append(to, '"')
	for _, c := range s {
		switch {
		case c == '"' || c == '\\':
			to = append(to, '\\', c)
		case c >= 0x20 && c < 0x7f:
			to = append(to, c)
		default:
			to = append(to, '\\', digits[c>>4], digits[c&15])
		}
	}
	return append(to, '"')
}
