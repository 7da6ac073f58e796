package callgrind

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const source = `static inline __attribute__((always_inline)) int twice(int x) { return x + x; }
__attribute__((noinline)) int leaf(int x) {
  return twice(x) + 1;
}
int top(int x) {
  return leaf(x) + leaf(x + 1);
}
`

// start is where the code is in memory in these tests.
const start = 0x50000000

// compile makes an ELF file with functions leaf and top.
func compile(t testing.TB) *Code {
	t.Helper()
	dir := t.TempDir()
	path, object := filepath.Join(dir, "guest.c"), filepath.Join(dir, "guest.so")
	if err := os.WriteFile(path, []byte(source), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("gcc", "-g", "-O1", "-shared", "-fPIC", "-o", object, path).CombinedOutput(); err != nil {
		t.Fatalf("gcc (apt-get install gcc): %v\n%s", err, out)
	}
	c, err := Open(object, start)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func (c *Code) named(t testing.TB, name string) function {
	t.Helper()
	for _, f := range c.functions {
		if f.name == name {
			return f
		}
	}
	t.Fatalf("no function %s", name)
	return function{}
}

// profile is what callgrind writes of host code that calls top, which calls leaf, where
// it knows neither: it takes the end of top for a call into its middle, and has host
// code in the guest's functions.
func profile(top, leaf, end function, ret uint64) string {
	return fmt.Sprintf(`# callgrind format
version: 1
creator: callgrind-3.19.0
positions: instr line
events: Ir Dr
summary: 164 5

ob=(1) /bin/host
fl=(1) host.c
fn=(1) run
0x1000 10 5
+4 +2 6 1
cob=(2) ???
cfi=(2) ???
cfn=(2) 0x%[1]x
calls=1 0x%[1]x 0
* * 150 4
fi=(3) host.h
+1 +1 1
fe=(1)
+1 -1 1

ob=(2)
fl=(2)
fn=(2)
0x%[1]x 0 20 2
cfn=(3) 0x%[2]x
calls=2 0x%[2]x 0
* 0 60
0x2000 0 1 1
cfn=(4) 0x%[3]x
calls=1 0x%[3]x 0
* 0 9

fn=(3)
0x%[2]x 0 30
0x%[4]x 0 40 1
cfn=(2)
calls=1 0x%[3]x 0
* 0 7

fn=(5) 0x3000
0x3000 0 60

totals: 164 5
`, top.start, leaf.start, end.start, ret)
}

func TestRenameGivesCostsToTheFunctionsThatTheyAreIn(t *testing.T) {
	c := compile(t)
	top, leaf := c.named(t, "top"), c.named(t, "leaf")
	middle := function{start: top.start + 4}
	ret := leaf.start
	for !c.returns(ret) {
		ret++
	}
	host := func(address uint64) (string, string) {
		if address == 0x2000 {
			return "/bin/host", "callback"
		}
		return "", ""
	}
	var b strings.Builder
	got, err := Rename(&b, strings.NewReader(profile(top, leaf, middle, ret)), []*Code{c}, host)
	if err != nil {
		t.Fatal(err)
	}
	if want := (&Summary{Events: []string{"Ir", "Dr"}, Guest: []uint64{90, 3}, Total: []uint64{164, 5}}); cmp.Diff(want, got) != "" {
		t.Errorf("summary %+v, want %+v", got, want)
	}
	at := func(address uint64) string { return fmt.Sprintf("0x%x %d", c.inFile(address), c.lineAt(address).line) }
	want := fmt.Sprintf(`# callgrind format
version: 1
creator: callgrind-3.19.0
positions: instr line
events: Ir Dr
summary: 164 5

ob=(1) /bin/host
fl=(1) host.c
fn=(1) run
0x1000 10 5 0
0x1004 12 6 1
cob=(2) %[1]s
cfi=(2) %[2]s
cfn=(2) top
calls=1 0x%[3]x 5
0x1004 12 150 4
fi=(3) host.h
0x1005 13 1 0
fe=(1)
0x1006 12 1 0

fl=(4) ???
fn=(3) callback
0x2000 0 1 1

ob=(3) ???
fl=(4)
fn=(4) 0x3000
0x3000 0 60 0

ob=(2)
fl=(2)
fn=(5) leaf
%[4]s 30 0
%[5]s 40 1

fl=(2)
fn=(2)
%[6]s 20 2
cob=(2)
cfi=(2)
cfn=(5)
calls=2 %[7]s
%[6]s 60 0

totals: 164 5
`, c.Object, filepath.Join(filepath.Dir(c.Object), "guest.c"), c.inFile(top.start), at(leaf.start), at(ret), at(top.start), at(leaf.start))
	if d := cmp.Diff(want, b.String()); d != "" {
		t.Errorf("profile (-want +got):\n%s", d)
	}
	again, err := Rename(&strings.Builder{}, strings.NewReader(b.String()), nil, host)
	if err != nil || cmp.Diff(again.Total, got.Total) != "" {
		t.Errorf("what was written, read again: %+v, %v", again, err)
	}
}

func TestRenameRefusesWhatItDoesNotUnderstand(t *testing.T) {
	const head = "positions: instr line\nevents: Ir\n"
	for name, c := range map[string]struct{ text, want string }{
		"positions without instructions":     {"positions: line\nevents: Ir\n", "--dump-instr=yes"},
		"a name that was not said":           {head + "fn=(1)\n", "has not been said"},
		"more costs than events":             {head + "0x1 2 3 4\n", "at most 1 costs"},
		"a cost that is no number":           {head + "0x1 2 x\n", "invalid syntax"},
		"calls without their cost":           {head + "calls=1 0x2 3\n", "unexpected EOF"},
		"calls without a place":              {head + "calls=1\n", "want a number of calls"},
		"jumps":                              {head + "jump=1 0x2 3\n", "not known"},
		"no profile":                         {"hello\n", "no known form"},
		"a line that is longer than any are": {head + "fn=" + strings.Repeat("x", maxLine+1) + "\n", "too long"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Rename(&strings.Builder{}, strings.NewReader(c.text), nil, nil)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %q", err, c.want)
			}
		})
	}
	if _, err := Open(filepath.Join(t.TempDir(), "none"), 0); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("Open of no file: %v", err)
	}
}

func FuzzRename(f *testing.F) {
	c := compile(f)
	top, leaf := c.named(f, "top"), c.named(f, "leaf")
	f.Add(profile(top, leaf, function{start: top.start + 4}, leaf.start))
	f.Add("positions: instr line\nevents: Ir\nfn=(1) f\n+3 -2 1\n")
	host := func(uint64) (string, string) { return "", "" }
	f.Fuzz(func(t *testing.T, text string) {
		var b strings.Builder
		first, err := Rename(&b, strings.NewReader(text), []*Code{c}, host)
		if err != nil {
			return
		}
		again, err := Rename(&strings.Builder{}, strings.NewReader(b.String()), nil, host)
		if err != nil {
			t.Fatalf("what was written is refused: %v\n%s", err, b.String())
		}
		if d := cmp.Diff(first.Total, again.Total); d != "" {
			t.Errorf("costs changed (-first +again):\n%s", d)
		}
	})
}
