package symfile

import (
	"bytes"
	"encoding/binary"

	"github.com/faaslens/faaslens/wasm"
)

// KeepAddresses is a module's bytes, in which DWARF's expressions spell the addresses of
// variables in memory as constants. The engine, which is to compile it, translates no
// expression with an address and leaves the variable without a place; a constant it
// passes on, for Build to make an address of. It leaves out units and namespaces that have
// variables only: anchors behind all others keep them. Nothing else differs, nor has any
// code another offset.
//
// Units of other versions than DWARF 4 stay as they are.
func KeepAddresses(m *wasm.Module) []byte {
	info, abbrevs := payload(m, ".debug_info"), payload(m, ".debug_abbrev")
	k := keeper{info: info, lists: payload(m, ".debug_loc"), done: make(map[uint64]bool)}
	all, _ := units(info)
	known := abbreviations{section: abbrevs}
	for _, u := range all {
		known.visit(info, u, wasmAddress, k.attribute)
	}
	if !k.kept {
		return m.Bytes()
	}
	contents := map[string][]byte{".debug_info": info, ".debug_loc": k.lists}
	if lines := payload(m, ".debug_line"); lines != nil && len(k.variables) > 0 && k.code != 0 && behindCode(m, ".debug_info", ".debug_abbrev", ".debug_line") {
		contents[".debug_info"] = append(info, anchors(k, len(abbrevs), len(lines))...)
		contents[".debug_abbrev"] = append(abbrevs, anchorAbbreviations...)
		contents[".debug_line"] = append(lines, anchorLines...)
	}
	return m.ReplaceCustom(contents)
}

// payload is a copy of a custom section's; nil if there is none.
func payload(m *wasm.Module, name string) []byte {
	c, _ := m.Custom(name)
	return bytes.Clone(c.Payload)
}

// behindCode reports whether sections may grow without moving code.
func behindCode(m *wasm.Module, names ...string) bool {
	code, ok := m.CodeSection()
	for _, name := range names {
		c, _ := m.Custom(name)
		ok = ok && c.Offset > code.Content
	}
	return ok
}

const wasmAddress = 4 // bytes of an address in WebAssembly's DWARF

// keeper goes through the entries of .debug_info.
type keeper struct {
	info, lists []byte
	done        map[uint64]bool // lists by where they start
	kept        bool            // something has changed
	variables   []uint32        // entries outside functions that have an address
	code        uint32          // where a function starts
}

func (k *keeper) attribute(a attribute) {
	value := cursor{b: k.info[a.from:a.to]}
	switch {
	case a.isList():
		if at := value.number(4); !k.done[at] {
			k.done[at] = true
			k.list(at)
		}
	case a.form == formExpr && keep(value.take(value.leb())):
		k.kept = true
		if a.tag == tagVariable && !a.within {
			k.variables = append(k.variables, uint32(a.entry))
		}
	case a.tag == tagSubprogram && a.name == attrLowPC && a.form == formAddr && k.code == 0:
		if code := uint32(value.number(wasmAddress)); code < tombstone {
			k.code = code
		}
	}
}

// list keeps the addresses in a list of locations (DWARF 4, section 2.6.2).
func (k *keeper) list(at uint64) {
	c := cursor{b: k.lists, at: int(min(at, uint64(len(k.lists))))}
	for !c.short {
		start, end := c.number(wasmAddress), c.number(wasmAddress)
		if c.short || start == 0 && end == 0 {
			return
		}
		if start == 1<<32-1 {
			continue // a new base
		}
		if expr := c.take(c.number(2)); !c.short && keep(expr) {
			k.kept = true
		}
	}
}

// threadsVariables starts the expressions of variables of a thread's, of which there is one:
// the place of all of them, a global that the linker has left out, to which the address is
// added.
var threadsVariables = []byte{opWasmLocation, 3, 0xff, 0xff, 0xff, 0xff}

// tombstone and the address behind it stand for what the linker left out.
const tombstone = 1<<32 - 2

// keep writes constants over the addresses in an expression, and reports whether it did.
//
// The engine finds some operations by their numbers, wherever those are: an addition of
// a constant, for which it adds the frame's base, and jumps. None may be in a constant; of
// the two ways to write one, one will do.
func keep(expr []byte) bool {
	kept := bytes.Clone(expr)
	if bytes.HasPrefix(kept, threadsVariables) && len(kept) == len(threadsVariables)+1+wasmAddress+1 && kept[len(kept)-1] == opPlus {
		// They are where their address says.
		kept[len(kept)-1] = opNop
		for i := range threadsVariables {
			kept[i] = opNop
		}
	}
	all, ok := operations(kept, wasmAddress)
	if !ok {
		return false
	}
	for _, o := range all {
		if o.op != opAddr {
			continue
		}
		in := kept[o.from:o.to]
		address := binary.LittleEndian.Uint32(in[1:])
		if address >= tombstone {
			return false
		}
		if in[0] = opConst4u; misread(in[1:]) && address < 1<<28 {
			in[0] = opConstu
			for i := range 4 {
				in[1+i] = byte(address>>(7*i))&0x7f | 0x80
			}
			in[4] &^= 0x80
		}
	}
	if bytes.Equal(kept, expr) || misread(kept) {
		return false
	}
	copy(expr, kept)
	return true
}

func misread(b []byte) bool { return bytes.ContainsAny(b, string([]rune{opPlusUconst, opBra, opSkip})) }

// constantOf is the address that an operation has, as keep writes it.
func constantOf(operation []byte) (uint64, bool) {
	c := cursor{b: operation}
	switch op := c.number(1); {
	case op == opConst4u:
		return c.number(4), true
	case op == opConstu && len(operation) == 5:
		return c.leb(), true
	}
	return 0, false
}
