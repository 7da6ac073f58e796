package perf

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const script = `faaslens 
	             528 mix (inlined)
	             528 big (/data/jitted-19086-1.so)
	             150 std::pair<int, int> f(void (*)(int)) (/data/jitted-19086-1.so)
	          d60094 runtime.mstart (/usr/bin/faaslens)

faaslens 
	ffffffff81601d4c schedule ([kernel.kallsyms])
	            3871 [unknown] (/usr/lib/libgcc_s.so.1)
	               0 [unknown] ([unknown])

# a comment
two words 
	            1234 a;b (/tmp/perf-12.map)

two words 
	            1234 a;b (/tmp/perf-12.map)

faaslens 

`

func TestFoldMarksWhoseCodeItIs(t *testing.T) {
	got, err := Fold(strings.NewReader(script))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]int{
		"faaslens;runtime.mstart;std::pair<int, int> f(void (*)(int))_[j];big_[j];mix_[i]": 1,
		"faaslens;[unknown];[unknown];schedule_[k]":                                        1,
		"two words;a:b_[j]": 2,
		"faaslens":          1,
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("stacks (-want +got):\n%s", d)
	}
	var b strings.Builder
	if err := WriteFolded(&b, map[string]int{"b": 2, "a;c": 1}); err != nil || b.String() != "a;c 1\nb 2\n" {
		t.Errorf("written: %q, %v", b.String(), err)
	}
}

func FuzzFold(f *testing.F) {
	f.Add(script)
	f.Add("\t1 a (b)\n")
	f.Fuzz(func(t *testing.T, script string) {
		folded, err := Fold(strings.NewReader(script))
		if err != nil {
			return
		}
		for stack := range folded {
			if strings.ContainsAny(stack, "\n\x00") {
				t.Errorf("stack %q", stack)
			}
		}
	})
}
