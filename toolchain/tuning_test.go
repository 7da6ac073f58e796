package toolchain

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTuningFlags(t *testing.T) {
	const interleave, threshold, count = "-force-target-max-vector-interleave=2", "-unroll-partial-threshold=100", "-unroll-max-count=4"
	all := []string{interleave, threshold, count}
	for name, c := range map[string]struct {
		level Opt
		user  []string
		want  []string
	}{
		"-O2 has them":                                  {O2, nil, all},
		"-O3 has them":                                  {O3, nil, all},
		"-O1 has none":                                  {O1, nil, nil},
		"-O0 has none":                                  {O0, nil, nil},
		"-Os has none, for it asks for size":            {Os, nil, nil},
		"-Oz has none, for it asks for size":            {Oz, nil, nil},
		"the user's level counts":                       {O2, []string{"-O3", "-Os"}, nil},
		"the user's last level counts":                  {O0, []string{"-Os", "-O2"}, all},
		"-Ofast is -O3 and more":                        {O0, []string{"-Ofast"}, all},
		"-O is -O1":                                     {O2, []string{"-O"}, nil},
		"what belongs to another flag is no level":      {O2, []string{"-include", "-O0"}, all},
		"an option of the user's own is not said twice": {O2, []string{"-mllvm", "--unroll-max-count=8"}, []string{interleave, threshold}},
		"nor one whose value comes after":               {O2, []string{"-mllvm", "-unroll-max-count", "-mllvm", "8"}, []string{interleave, threshold}},
		"nor one in a single word":                      {O2, []string{"-mllvm=-unroll-partial-threshold=30"}, []string{interleave, count}},
		"options of other passes change nothing":        {O2, []string{"-mllvm", "-inline-threshold=400", "-fno-vectorize"}, all},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			for pair := range slices.Chunk(tuningFlags(c.level, c.user), 2) {
				if len(pair) != 2 || pair[0] != "-mllvm" {
					t.Fatalf("%q is no option for LLVM", strings.Join(pair, " "))
				}
				got = append(got, pair[1])
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}
