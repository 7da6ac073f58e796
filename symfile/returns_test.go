package symfile

import (
	"debug/dwarf"
	"encoding/binary"
	"testing"
)

// returnAbbreviations: a unit with ranges; a function with a name, code and a type; a
// structure and a basic type, with name and size, the first with where its table of virtual
// functions is; a function that is declared, and one with
// the entry that declares it; a name for a type.
const returnAbbreviations = "" +
	"\x01\x11\x01" + "\x13\x05" + "\x55\x17" + "\x00\x00" +
	"\x02\x2e\x00" + "\x03\x08" + "\x11\x01" + "\x49\x13" + "\x00\x00" +
	"\x03\x13\x00" + "\x03\x08" + "\x1d\x13" + "\x0b\x0b" + "\x00\x00" +
	"\x04\x24\x00" + "\x03\x08" + "\x0b\x0b" + "\x00\x00" +
	"\x05\x2e\x00" + "\x03\x08" + "\x49\x13" + "\x00\x00" +
	"\x06\x2e\x00" + "\x03\x08" + "\x11\x01" + "\x47\x13" + "\x00\x00" +
	"\x07\x16\x00" + "\x03\x08" + "\x49\x13" + "\x00\x00" +
	"\x00"

func returnUnit() []byte {
	b := []byte("\x00\x00\x00\x00\x04\x00\x00\x00\x00\x00\x08" + "\x01\x04\x00\x00\x00\x00\x00")
	at := make(map[string]uint32)
	add := func(code, name, rest string, refersTo ...string) {
		at[name] = uint32(len(b))
		b = append(b, code+name+"\x00"+rest...)
		for _, r := range refersTo {
			b = binary.LittleEndian.AppendUint32(b, at[r])
		}
	}
	const code = "\x01\x00\x00\x00\x00\x00\x00\x00"
	const itself = "\x00\x00\x00\x00"
	add("\x03", "Pair", itself+"\x08")
	add("\x03", "Nothing", itself+"\x00")
	add("\x03", "WebAssemblyPtrWrapper<Pair>", itself+"\x04")
	add("\x04", "int", "\x04")
	add("\x04", "__int128", "\x10")
	add("\x07", "pair_t", "", "Pair")
	add("\x05", "declared", "", "Pair")
	add("\x05", "number", "", "int")
	for _, kind := range []string{"Pair", "pair_t", "Nothing", "WebAssemblyPtrWrapper<Pair>", "int", "__int128"} {
		add("\x02", "returns "+kind, code, kind)
	}
	add("\x06", "defined", code, "declared")
	add("\x06", "defined number", code, "number")
	b = append(b, 0)
	binary.LittleEndian.PutUint32(b, uint32(len(b)-4))
	return b
}

func TestFunctionsReturnWhatDebuggersCanFind(t *testing.T) {
	unit := returnUnit()
	both := append(unit[:len(unit):len(unit)], unit...)
	info, abbrevs := rewriteInfo(sections{info: both, abbrevs: []byte(returnAbbreviations)}, nil, translator{}.translate)
	d, err := dwarf.New(abbrevs, nil, nil, info, nil, nil, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	typed := map[string]bool{
		"declared": true, "number": true, "pair_t": true,
		"returns Nothing": true, "returns WebAssemblyPtrWrapper<Pair>": true, "returns int": true,
	}
	units := 0
	for r := d.Reader(); ; {
		e, err := r.Next()
		if err != nil {
			t.Fatal(err)
		}
		if e == nil {
			break
		}
		name, _ := e.Val(dwarf.AttrName).(string)
		switch {
		case e.Tag == dwarf.TagCompileUnit:
			units++
			if e.Val(dwarf.AttrLowpc) != uint64(0) {
				t.Errorf("the unit's addresses count from %v", e.Val(dwarf.AttrLowpc))
			}
		case (e.Val(dwarf.AttrType) != nil) != typed[name]:
			t.Errorf("%s: type %v", name, e.Val(dwarf.AttrType))
		case e.Val(dwarf.AttrContainingType) != nil:
			t.Errorf("%s: has virtual functions by %v", name, e.Val(dwarf.AttrContainingType))
		case (e.Val(dwarf.AttrCalling) != nil) != (name == "defined"):
			t.Errorf("%s: calling convention %v", name, e.Val(dwarf.AttrCalling))
		}
	}
	if units != 2 {
		t.Errorf("%d units", units)
	}
}
