package toolchain

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestSortCFlags(t *testing.T) {
	for name, c := range map[string]struct {
		flags []string
		want  cFlags
	}{
		"a standard goes to its own language": {
			[]string{"-std=c++20", "-std=gnu17"},
			cFlags{c: []string{"-std=gnu17"}, cxx: []string{"-std=c++20"}}},
		"what the linker alone understands goes to it alone": {
			[]string{"-lm", "-L", "dir", "-Wl,--gc-sections", "-Xlinker", "--verbose"},
			cFlags{link: []string{"-lm", "-L", "dir", "-Wl,--gc-sections", "-Xlinker", "--verbose"}}},
		"an argument stays with its flag, even if it looks like another": {
			[]string{"-include", "-o", "-I", "-std=c99"},
			cFlags{c: []string{"-include", "-o", "-I", "-std=c99"}, cxx: []string{"-include", "-o", "-I", "-std=c99"}, link: []string{"-include", "-o", "-I", "-std=c99"}}},
		"what all objects must agree on goes to the library too": {
			[]string{"-mno-simd128", "-O1"},
			cFlags{c: []string{"-mno-simd128", "-O1"}, cxx: []string{"-mno-simd128", "-O1"}, link: []string{"-mno-simd128", "-O1"}, target: []string{"-mno-simd128"}}},
		"a flag at the end that wants an argument is left to the compiler to refuse": {
			[]string{"-I"},
			cFlags{c: []string{"-I"}, cxx: []string{"-I"}, link: []string{"-I"}}},
		"a reactor brings its own start": {
			[]string{"-mexec-model=reactor"},
			cFlags{c: []string{"-mexec-model=reactor"}, cxx: []string{"-mexec-model=reactor"}, link: []string{"-mexec-model=reactor"}, ownStart: true}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := sortCFlags(c.flags)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got, cmp.AllowUnexported(cFlags{}), cmpopts.EquateEmpty()); diff != "" {
				t.Error(diff)
			}
		})
	}
	for _, f := range []string{"-c", "-E", "-o", "-ofile", "-x", "-fsyntax-only"} {
		if _, err := sortCFlags([]string{f}); err == nil {
			t.Errorf("%s is accepted", f)
		}
	}
}

func TestMergeMissing(t *testing.T) {
	m := mergeMissing([]*MissingTool{
		debian("a", "because", "one", "two"),
		debian("b", "because", "two", "three"),
		{What: "c", Why: "also", Install: "do this"},
	})
	want := "missing a, b, c: because; also\n  install it with: apt-get install one two three; do this"
	if m.Error() != want {
		t.Errorf("%q, want %q", m.Error(), want)
	}
	if mergeMissing(nil) != nil {
		t.Error("nothing missing is something")
	}
}

// FuzzToolOutput feeds what tools say about themselves to those who read it.
func FuzzToolOutput(f *testing.F) {
	f.Add("Debian clang version 19.1.7 (3~deb12u1)\nTarget: x86_64")
	f.Add("clang version 99999999999999999999.1")
	f.Add(`{"reason":"compiler-artifact","target":{"kind":["bin"]},"filenames":["/t/a.wasm","/t/a.d"]}`)
	f.Add(`{"reason":"compiler-artifact","target":{"kind":["bin","lib"]},"filenames":[7]}`)
	f.Add("{\n}\n[")
	f.Fuzz(func(t *testing.T, s string) {
		if v, ok := parseVersion("clang version", s); ok && (v.Major < 0 || v.Major > 999999) {
			t.Errorf("%v from %q", v, s)
		}
		for _, p := range cargoPrograms([]byte(s)) {
			if !strings.HasSuffix(p, ".wasm") {
				t.Errorf("program %q from %q", p, s)
			}
		}
	})
}

func TestHintsAreForTheLanguageThatFailed(t *testing.T) {
	const output = "error: cannot use 'throw' with exceptions disabled"
	if hintFor(CXX, output) == "" || hintFor(Rust, output) != "" {
		t.Errorf("hints %q, %q", hintFor(CXX, output), hintFor(Rust, output))
	}
}
