package wasm

import (
	"fmt"
	"strings"

	"github.com/faaslens/faaslens/guest"
)

// TypeForm is what a type describes, in the binary format's encoding.
type TypeForm byte

const (
	FormFunc   TypeForm = 0x60
	FormStruct TypeForm = 0x5f
	FormArray  TypeForm = 0x5e
)

const (
	typeRec      = 0x4e
	typeSubFinal = 0x4f
	typeSub      = 0x50
)

// Type is one entry of the type index space (section 5.3.8). A recursion group
// contributes each of its types.
type Type struct {
	Form TypeForm
	// Func is the signature of a function type. A typed reference in it is
	// only its first byte, 0x63 or 0x64; String has the whole.
	Func guest.FuncType
	// Group is how many types are in the recursion group that starts with this one;
	// 0 if none does, or if it stands for itself.
	Group int
	// Super is the supertype, with HasSuper; Open means that others may have this one
	// for theirs.
	Super          uint32
	HasSuper, Open bool
	raw            []byte // from the form byte on
}

// Field is a field of a structure, or the element of an array; its type may be packed.
type Field struct {
	Type    ValueType
	Mutable bool
}

// Signature returns the parameters and results of a function type, whole.
func (t Type) Signature() (params, results []ValueType) {
	if t.Form != FormFunc {
		return nil, nil
	}
	r := &reader{b: t.raw, pos: 1, end: len(t.raw)}
	read := func() []ValueType {
		var all []ValueType
		for n := r.count("types", 1, maxParams); n > 0 && r.ok(); n-- {
			all = append(all, r.valueType("type"))
		}
		return all
	}
	params = read()
	return params, read()
}

// Fields returns the fields of a structure, or the element of an array.
func (t Type) Fields() []Field {
	r := &reader{b: t.raw, pos: 1, end: len(t.raw)}
	n := 1
	switch t.Form {
	case FormFunc:
		return nil
	case FormStruct:
		n = r.count("fields", 2, maxStructFields)
	}
	var all []Field
	for ; n > 0 && r.ok(); n-- {
		all = append(all, Field{Type: r.storageType("field"), Mutable: r.mutability()})
	}
	return all
}

// String returns the type for people: "(i32, i64) -> i32", "struct {mut i32, i8}"
// or "array {mut externref}".
func (t Type) String() string {
	r := &reader{b: t.raw, end: len(t.raw)}
	if len(t.raw) == 0 {
		return t.Func.String()
	}
	var b strings.Builder
	switch TypeForm(r.byte("form")) {
	case FormFunc:
		b.WriteString("(" + r.typeList() + ")")
		n := r.peek()
		switch results := r.typeList(); {
		case n == 1:
			b.WriteString(" -> " + results)
		case results != "":
			b.WriteString(" -> (" + results + ")")
		}
	case FormStruct:
		b.WriteString("struct {")
		for i, n := 0, r.count("fields", 2, maxStructFields); i < n && r.ok(); i++ {
			if i > 0 {
				b.WriteString(", ")
			}
			b.WriteString(r.fieldString())
		}
		b.WriteString("}")
	case FormArray:
		b.WriteString("array {" + r.fieldString() + "}")
	}
	return b.String()
}

func (r *reader) typeList() string {
	var b strings.Builder
	for i, n := 0, r.count("types", 1, maxParams); i < n && r.ok(); i++ {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(r.valueType("type").String())
	}
	return b.String()
}

func (r *reader) fieldString() string {
	t := r.storageType("field")
	if r.byte("mutability") != 0 {
		return "mut " + t.String()
	}
	return t.String()
}

// types reads the type section.
func (p *parser) types(r *reader) {
	n := r.count("types", 2, maxTypes)
	p.m.Types = make([]Type, 0, min(n, r.left()/3+1))
	// Every value type takes at least a byte, so that this never grows and
	// signatures may point into it.
	arena := make([]guest.ValueType, 0, r.left())
	for i := 0; i < n && r.ok(); i++ {
		if r.peek() != typeRec {
			arena = p.subType(r, arena)
			continue
		}
		r.byte("a recursion group")
		k, first := r.count("types in a recursion group", 2, maxTypes), len(p.m.Types)
		for range k {
			if r.ok() {
				arena = p.subType(r, arena)
			}
		}
		if first < len(p.m.Types) {
			p.m.Types[first].Group = k
		}
	}
}

func (p *parser) subType(r *reader, arena []guest.ValueType) []guest.ValueType {
	if len(p.m.Types) >= maxTypes {
		r.failAt(r.pos, "has more than %d types; engines take no more", maxTypes)
		return arena
	}
	var t Type
	if c := r.peek(); c == typeSub || c == typeSubFinal {
		r.byte("a subtype")
		t.Open = c == typeSub
		if t.HasSuper = r.count("supertypes", 1, maxSupertypes) > 0; t.HasSuper {
			t.Super = r.index("supertype", maxTypes)
		}
	}
	start := r.pos
	t.Form = TypeForm(r.byte("a type's form"))
	switch t.Form {
	case FormFunc:
		t.Func.Params, arena = r.valueTypes(arena, "parameter", maxParams)
		t.Func.Results, arena = r.valueTypes(arena, "result", maxResults)
	case FormStruct:
		for k := r.count("fields", 2, maxStructFields); k > 0 && r.ok(); k-- {
			r.field()
		}
	case FormArray:
		r.field()
	default:
		r.failAt(start, "0x%02x is not the form of a type that this reader knows", byte(t.Form))
	}
	t.raw = r.b[start:r.pos:r.pos]
	p.m.Types = append(p.m.Types, t)
	return arena
}

func (r *reader) valueTypes(arena []guest.ValueType, what string, limit int) (types, rest []guest.ValueType) {
	first := len(arena)
	for n := r.count(what+"s", 1, limit); n > 0 && r.ok(); n-- {
		arena = append(arena, r.valueType(what).Code)
	}
	if first == len(arena) {
		return nil, arena
	}
	return arena[first:len(arena):len(arena)], arena
}

func (r *reader) field() {
	r.storageType("field")
	r.mutability()
}

func (r *reader) mutability() bool {
	start := r.pos
	c := r.byte("mutability")
	if c > 1 {
		r.failAt(start, "mutability is 0x%02x; it must be 0 or 1", c)
	}
	return c == 1
}

// funcTypeIndex reads the index of a type that must be a function's.
func (p *parser) funcTypeIndex(r *reader, what string) uint32 {
	start := r.pos
	i := r.index("type", len(p.m.Types))
	if r.ok() && p.m.Types[i].Form != FormFunc {
		r.failAt(start, "%s has type %d, which is not a function type", what, i)
	}
	return i
}

// FuncType returns the signature of a function, imported or not; false if there
// is no such function.
func (m *Module) FuncType(i guest.FuncIndex) (guest.FuncType, bool) {
	if uint64(i) >= uint64(len(m.Funcs)) {
		return guest.FuncType{}, false
	}
	return m.Types[m.Funcs[i]].Func, true
}

func (f TypeForm) String() string {
	switch f {
	case FormFunc:
		return "func"
	case FormStruct:
		return "struct"
	case FormArray:
		return "array"
	}
	return fmt.Sprintf("form 0x%02x", byte(f))
}
