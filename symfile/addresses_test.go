package symfile

import (
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/faaslens/faaslens/internal/guesttest"
	"github.com/faaslens/faaslens/toolchain"
	"github.com/faaslens/faaslens/wasm"
)

func TestAddressesAreWrittenAsConstantsThatTheEngineDoesNotMisread(t *testing.T) {
	for name, c := range map[string]struct{ expr, want string }{
		"a variable":                           {"\x03\x60\x89\x01\x00", "\x0c\x60\x89\x01\x00"},
		"with the number of an addition":       {"\x03\x00\x23\x01\x00", "\x10\x80\xc6\x84\x00"},
		"with the number of a jump":            {"\x03\x28\x01\x00\x00", "\x10\xa8\x82\x80\x00"},
		"with one that no form hides":          {"\x03\x23\x00\x00\x28", "\x03\x23\x00\x00\x28"},
		"in pieces":                            {"\x03\x00\x10\x00\x00\x93\x04\x03\x2f\x00\x00\x00\x93\x04", "\x0c\x00\x10\x00\x00\x93\x04\x10\xaf\x80\x80\x00\x93\x04"},
		"a pointer's value":                    {"\x03\x00\x10\x00\x00\x9f", "\x0c\x00\x10\x00\x00\x9f"},
		"what the linker left out":             {"\x03\xff\xff\xff\xff", "\x03\xff\xff\xff\xff"},
		"behind an operation that is unknown":  {"\xe0\x03\x00\x10\x00\x00", "\xe0\x03\x00\x10\x00\x00"},
		"with something added, in a function":  {"\x03\x00\x10\x00\x00\x23\x04", "\x03\x00\x10\x00\x00\x23\x04"},
		"with an operand that is not complete": {"\x03\x00\x10", "\x03\x00\x10"},
		"a variable of a thread's":             {"\xed\x03\xff\xff\xff\xff\x03\x74\x89\x01\x00\x22", "\x96\x96\x96\x96\x96\x96\x0c\x74\x89\x01\x00\x96"},
		"one of several threads":               {"\xed\x03\x01\x00\x00\x00\x03\x74\x89\x01\x00\x22", "\xed\x03\x01\x00\x00\x00\x03\x74\x89\x01\x00\x22"},
		"no address":                           {"\x91\x0c", "\x91\x0c"},
	} {
		got := []byte(c.expr)
		if changed := keep(got); string(got) != c.want || changed != (c.expr != c.want) {
			t.Errorf("%s: % x, want % x; changed %v", name, got, c.want, changed)
		}
	}
}

func TestAPlaceInTheGuestsMemoryBecomesOneOfTheHosts(t *testing.T) {
	const host = "\x03\x00\x10\x00\x00\x00\x00\x00\x00\x06\x23" // addr 0x1000, deref, plus_uconst
	for name, c := range map[string]struct{ expr, want string }{
		"a variable":                   {"\x0c\x60\x89\x01\x00", host + "\xe0\x92\x06"},
		"one in the other spelling":    {"\x10\x80\xc6\x84\x00", host + "\x80\xc6\x04"},
		"in pieces":                    {"\x0c\x00\x10\x00\x00\x93\x04\x50\x93\x04", host + "\x80\x20\x93\x04\x50\x93\x04"},
		"what was one of a thread's":   {"\x96\x96\x0c\x60\x89\x01\x00\x96", host + "\xe0\x92\x06"},
		"a number":                     {"\x0c\x00\x10\x00\x00\x9f", "\x0c\x00\x10\x00\x00\x9f"},
		"a number of another length":   {"\x10\x07", "\x10\x07"},
		"what the engine calculates":   {"\x0c\x00\x10\x00\x00\x75\x38\x06\x22", "\x0c\x00\x10\x00\x00\x75\x38\x06\x22"},
		"an operation that is unknown": {"\x0c\x00\x10\x00\x00\xe0", "\x0c\x00\x10\x00\x00\xe0"},
	} {
		if got := (translator{memory: 0x1000}).translate([]byte(c.expr)); string(got) != c.want {
			t.Errorf("%s: % x, want % x", name, got, c.want)
		}
	}
}

// llvm-dwarfdump says what differs.
func TestOfAModuleOnlyItsExpressionsChange(t *testing.T) {
	for _, source := range [][]string{{"debug/globals.c", "debug/tables.c"}, {"debug/globals.cpp"}} {
		for _, opt := range []toolchain.Opt{"0", "2"} {
			before, err := wasm.Parse(guesttest.Build(t, opt, source...))
			if err != nil {
				t.Fatal(err)
			}
			after, err := wasm.Parse(KeepAddresses(before))
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(before.Bodies, after.Bodies); d != "" {
				t.Errorf("%s: the code has moved: %s", source, d)
			}
			old, kept := dwarfdump(t, before), dwarfdump(t, after)
			unit := strings.LastIndex(kept, ": Compile Unit:")
			kept, anchors := kept[:strings.LastIndex(kept[:unit], "\n")], kept[unit:]
			addresses := regexp.MustCompile(`DW_OP_(addr|const4u|constu) (0x[0-9a-f]{3,7})\b`)
			n := strings.Count(old, "DW_OP_addr")
			if d := cmp.Diff(strings.Fields(addresses.ReplaceAllString(old, "$2")), strings.Fields(addresses.ReplaceAllString(kept, "$2"))); d != "" {
				t.Errorf("%s -O%s (-want +got):\n%s", source, opt, d)
			}
			if left := regexp.MustCompile(`\(DW_OP_addr 0x[0-9a-f]{3,7}\)`).FindString(kept); left != "" {
				t.Errorf("%s -O%s: %s is left", source, opt, left)
			}
			if n < 5 || strings.Count(anchors, "DW_TAG_variable") < 5 {
				t.Errorf("%s: %d addresses, anchors %s", source, n, anchors)
			}
		}
	}
}

func dwarfdump(t *testing.T, m *wasm.Module) string {
	t.Helper()
	_, entries, _ := strings.Cut(tell(t, m.Bytes(), "llvm-19", "llvm-dwarfdump-19", "--debug-info"), ".debug_info contents:")
	return entries
}

func FuzzKeepAddresses(f *testing.F) {
	m, err := wasm.Parse(guesttest.Build(f, "0", "debug/globals.cpp"))
	if err != nil {
		f.Fatal(err)
	}
	info, abbrevs, lists := payload(m, ".debug_info"), payload(m, ".debug_abbrev"), payload(m, ".debug_loc")
	f.Add(info, abbrevs, lists)
	f.Add(info[:200], abbrevs, lists)
	f.Add(info, abbrevs[:20], lists)
	f.Fuzz(func(t *testing.T, info, abbrevs, lists []byte) {
		m, err := wasm.Parse(m.ReplaceCustom(map[string][]byte{".debug_info": info, ".debug_abbrev": abbrevs, ".debug_loc": lists}))
		if err != nil {
			return // too large a module
		}
		if _, err := wasm.Parse(KeepAddresses(m)); err != nil {
			t.Error(err)
		}
		rewriteInfo(sections{info: info, abbrevs: abbrevs}, nil, translator{}.translate)
	})
}
