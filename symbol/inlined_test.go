package symbol_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestFunctionsWithCopiesOfOthersAreFound(t *testing.T) {
	table, _ := open(t, "symbols/shapes.c", "2")
	for _, c := range []struct {
		what, name string
		want       string // one of the functions; "" if there are none
	}{
		{"a function that is inlined twice into one", "distance2", "compare"},
		{"one that is inlined into an inlined one", "dot", "main"},
		{"one that has code of its own only", "fib", ""},
		{"no function", "thric", ""},
		{"no name", "", ""},
	} {
		t.Run(c.what, func(t *testing.T) {
			var got []string
			for _, f := range table.InlinedInto(c.name) {
				got = append(got, f.Name)
				if f.Import || f.Size() == 0 {
					t.Errorf("%+v has no code", f)
				}
			}
			if (c.want == "") != (got == nil) || c.want != "" && !slices.Contains(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
			if d := cmp.Diff(slices.Compact(slices.Clone(got)), got); d != "" {
				t.Errorf("given twice (-once +got):\n%s", d)
			}
		})
	}
}
