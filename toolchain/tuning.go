package toolchain

import (
	"slices"
	"strings"
)

// tuning are options of LLVM, whose back end for WebAssembly never interleaves the
// iterations of a loop that it vectorised, and unrolls hardly any: it cares for small
// code. The processors that it runs on gain from both, as clang knows when it compiles
// for them. What each loop costs still decides, and no more than four iterations
// become one, so that the code grows little.
var tuning = []string{
	"-force-target-max-vector-interleave=2",
	"-unroll-partial-threshold=100",
	"-unroll-max-count=4",
}

// tuningFlags are the options for a compilation with the user's flags at levels that
// ask for speed before size. LLVM takes an option once: one that the user gives is left
// out here.
func tuningFlags(level Opt, user []string) []string {
	given := map[string]bool{}
	for i, f := range user {
		switch {
		case f == "-O":
			level = O1
		case f == "-Ofast" || f == "-O4":
			level = O3
		case strings.HasPrefix(f, "-O") && (i == 0 || !takesArgument[user[i-1]]):
			level = Opt(strings.TrimPrefix(f, "-O"))
		case i > 0 && user[i-1] == "-mllvm":
			given[llvmOption(f)] = true
		case strings.HasPrefix(f, "-mllvm="):
			given[llvmOption(strings.TrimPrefix(f, "-mllvm="))] = true
		}
	}
	if !slices.Contains([]Opt{O2, O3}, level) {
		return nil
	}
	var flags []string
	for _, t := range tuning {
		if !given[llvmOption(t)] {
			flags = append(flags, "-mllvm", t)
		}
	}
	return flags
}

// llvmOption is an option's name, which one or two dashes may precede and a value follow.
func llvmOption(f string) string {
	name, _, _ := strings.Cut(strings.TrimLeft(f, "-"), "=")
	return name
}
