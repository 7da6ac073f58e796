package symfile

import (
	"bytes"
	"encoding/binary"
)

// returned is what entries of a unit say about the values of its functions.
type returned struct {
	info, strings []byte
	unit          unit
	types         map[int]returnType
	functions     []returnFunction
}

type returnType struct {
	tag, size uint64
	of        int // the type of which it is one; 0 for none
	pointer   bool
}

type returnFunction struct {
	entry    int
	value    int // its type; 0 for none
	declared int // the entry that has its type; 0 for none
	hasCode  bool
}

// theirPointers is how the engine's names of the guest's pointers and references begin.
const theirPointers = "WebAssembly"

// inMemory finds the functions of a unit with values that do not come back in a register,
// as debuggers expect of values of their size: WebAssembly's C interface has the caller
// give the address of a place for structures, and the engine does so for all that is in
// more than one register. It is withoutType for a function that says its type itself, and
// withConvention for one that is declared elsewhere.
func inMemory(known *abbreviations, info, strings []byte, u unit) map[int]kind {
	r := returned{info: info, strings: strings, unit: u, types: make(map[int]returnType)}
	known.visit(info, u, 8, r.attribute)
	found := make(map[int]kind)
	values := make(map[int]int)
	for _, f := range r.functions {
		values[f.entry] = f.value
	}
	for _, f := range r.functions {
		switch {
		case !f.hasCode:
		case r.isInMemory(f.value, 0):
			found[f.entry] = withoutType
		case f.value == 0 && r.isInMemory(values[f.declared], 0):
			found[f.entry] = withConvention
		}
	}
	return found
}

func (r *returned) attribute(a attribute) {
	switch a.tag {
	case tagSubprogram:
		if a.first {
			r.functions = append(r.functions, returnFunction{entry: a.entry})
		}
		f := &r.functions[len(r.functions)-1]
		switch a.name {
		case attrType:
			f.value = r.reference(a)
		case attrSpecification:
			f.declared = r.reference(a)
		case attrLowPC:
			f.hasCode = true
		}
	case tagTypedef, tagConst, tagVolatile, tagBase, tagArray, tagStructure, tagClass, tagUnion:
		t := r.types[a.entry]
		t.tag = a.tag
		switch a.name {
		case attrType:
			t.of = r.reference(a)
		case attrByteSize:
			value := cursor{b: r.info[a.from:a.to]}
			t.size = value.number(uint64(min(a.to-a.from, 8)))
		case attrName:
			t.pointer = bytes.HasPrefix(r.text(a), []byte(theirPointers))
		}
		r.types[a.entry] = t
	}
}

// reference is the entry to which an attribute leads in its unit; 0 if it is not such a one.
func (r *returned) reference(a attribute) int {
	if a.form != formRef4 {
		return 0
	}
	return r.unit.start + int(binary.LittleEndian.Uint32(r.info[a.from:]))
}

// text is the rest of the strings from an attribute's value on.
func (r *returned) text(a attribute) []byte {
	if a.form != formStrp {
		return r.info[a.from:a.to]
	}
	at := binary.LittleEndian.Uint32(r.info[a.from:])
	return r.strings[min(uint64(at), uint64(len(r.strings))):]
}

func (r *returned) isInMemory(entry, depth int) bool {
	const longest = 32 // chains of names for a type
	t, ok := r.types[entry]
	if !ok || depth > longest {
		return false
	}
	switch t.tag {
	case tagTypedef, tagConst, tagVolatile:
		return r.isInMemory(t.of, depth+1)
	case tagBase:
		return t.size > 8
	}
	return !t.pointer && t.size > 0
}
