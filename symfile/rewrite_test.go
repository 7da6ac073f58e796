package symfile

import (
	"debug/dwarf"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"
)

// rewriteAbbreviations: a unit with a language; a variable with a name, an expression and
// references to its type, in the unit and anywhere; a type with a name.
const rewriteAbbreviations = "" +
	"\x01\x11\x01" + "\x13\x05" + "\x00\x00" +
	"\x02\x34\x00" + "\x03\x08" + "\x02\x18" + "\x49\x13" + "\x47\x10" + "\x00\x00" +
	"\x03\x24\x00" + "\x03\x08" + "\x00\x00" +
	"\x04\x11\x01" + "\x03\x08" + "\x10\x17" + "\x00\x00" +
	"\x00"

// rewriteUnit has a type, three variables of that type, which refer to the type of the unit
// at other too, and another type. Its entries start at the places that are returned.
func rewriteUnit(start, other int) []byte {
	b := []byte("\x00\x00\x00\x00\x04\x00\x00\x00\x00\x00\x08" + "\x01\x1c\x00")
	kind := uint32(len(b))
	b = append(b, "\x03first\x00"...)
	for i, expr := range []string{"\x0c\x00\x10\x00\x00", "\x50", "\x0c\x00\x20\x00\x00"} {
		b = append(b, fmt.Sprintf("\x02v%d\x00%c%s", i, len(expr), expr)...)
		b = binary.LittleEndian.AppendUint32(b, kind)
		b = binary.LittleEndian.AppendUint32(b, uint32(other)+kind)
	}
	b = append(b, "\x03last\x00\x00"...)
	binary.LittleEndian.PutUint32(b, uint32(len(b)-4))
	return b
}

func TestEntriesReferToWhatTheyDidWhenOthersGrow(t *testing.T) {
	size := len(rewriteUnit(0, 0))
	info := append(rewriteUnit(0, size), rewriteUnit(size, 0)...)
	before := entriesOf(t, info)
	got, _ := rewriteInfo(sections{info: info, abbrevs: []byte(rewriteAbbreviations)}, nil, translator{memory: 0x1000}.translate)
	if len(got) <= len(info) {
		t.Fatalf("%d bytes are now %d", len(info), len(got))
	}
	after := entriesOf(t, got)
	want := strings.NewReplacer("language 28", "language 4",
		"0c00100000", "0300100000000000000623"+"8020", "0c00200000", "0300100000000000000623"+"8040").Replace(before)
	if after != want {
		t.Errorf("got\n%s\nwant\n%s", after, want)
	}
}

// entriesOf writes entries, and for references the names that they lead to.
func entriesOf(t *testing.T, info []byte) string {
	t.Helper()
	d, err := dwarf.New([]byte(rewriteAbbreviations), nil, nil, info, nil, nil, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	for r := d.Reader(); ; {
		e, err := r.Next()
		if err != nil {
			t.Fatal(err)
		}
		if e == nil {
			return text.String()
		}
		if e.Tag == dwarf.TagCompileUnit {
			fmt.Fprintf(&text, "unit, language %d\n", e.Val(dwarf.AttrLanguage))
		} else if e.Tag != 0 {
			fmt.Fprintf(&text, "%v %x", e.Val(dwarf.AttrName), e.Val(dwarf.AttrLocation))
			for _, attr := range []dwarf.Attr{dwarf.AttrType, dwarf.AttrSpecification} {
				if at, ok := e.Val(attr).(dwarf.Offset); ok {
					r := d.Reader()
					r.Seek(at)
					target, err := r.Next()
					if err != nil {
						t.Fatal(err)
					}
					fmt.Fprintf(&text, " %s, before %v: %v", attr, at < e.Offset, target.Val(dwarf.AttrName))
				}
			}
			text.WriteString("\n")
		}
	}
}

func TestTheUnitOfTheAnchorsIsTakenOut(t *testing.T) {
	one := rewriteUnit(0, 0)
	anchors := []byte("\x00\x00\x00\x00\x04\x00\x00\x00\x00\x00\x08" + "\x04" + anchorName + "\x00\x00\x00\x00" + "\x02v\x00\x01\x50\x0e\x00\x00\x00\x0e\x00\x00\x00" + "\x00")
	binary.LittleEndian.PutUint32(anchors, uint32(len(anchors)-4))
	translate := translator{}.translate
	abbrevs := []byte(rewriteAbbreviations)
	with, _ := rewriteInfo(sections{info: append(one[:len(one):len(one)], anchors...), abbrevs: abbrevs}, nil, translate)
	if without, _ := rewriteInfo(sections{info: one, abbrevs: abbrevs}, nil, translate); string(with) != string(without) || without == nil {
		t.Errorf("got  % x\nwant % x", with, without)
	}
}

func TestWhatTheEngineDoesNotWriteIsLeftAlone(t *testing.T) {
	whole := rewriteUnit(0, 0)
	for name, damage := range map[string]func([]byte) []byte{
		"a unit of DWARF 5":           func(b []byte) []byte { b[4] = 5; return b },
		"addresses of four bytes":     func(b []byte) []byte { b[10] = 4; return b },
		"an unknown abbreviation":     func(b []byte) []byte { b[14] = 9; return b },
		"a unit that ends too early":  func(b []byte) []byte { return b[:len(b)-1] },
		"a length beyond the section": func(b []byte) []byte { b[2] = 1; return b },
		"a header that is cut":        func(b []byte) []byte { return append(b, 1, 0, 0, 0) },
	} {
		if got, _ := rewriteInfo(sections{info: damage([]byte(string(whole))), abbrevs: []byte(rewriteAbbreviations)}, nil, translator{}.translate); got != nil {
			t.Errorf("%s: % x", name, got)
		}
	}
}
