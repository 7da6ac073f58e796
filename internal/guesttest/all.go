package guesttest

import (
	"path/filepath"
	"slices"
	"testing"

	"github.com/faaslens/faaslens/toolchain"
)

// Guest is one way to build one guest.
type Guest struct {
	Name   string // says which
	Source string // from Dir
	Opt    toolchain.Opt
	Flags  []string
}

// Build builds the guest.
func (g Guest) Build(t testing.TB) []byte {
	t.Helper()
	return BuildFlags(t, g.Opt, g.Flags, g.Source)
}

// All returns all guests, optimised; those in package symbol's directory not optimised,
// too; and one with vector instructions.
func All(t testing.TB) []Guest {
	t.Helper()
	var all []Guest
	for _, pattern := range []string{"*.c", "ends/*.c", "faasm/*.c", "faasm/*.cpp", "faasm/eigen/*.cpp", "symbols/*"} {
		paths, err := filepath.Glob(filepath.Join(Dir(), pattern))
		if err != nil || len(paths) == 0 {
			t.Fatalf("no guests are at %s: %v", pattern, err)
		}
		for _, p := range paths {
			source, err := filepath.Rel(Dir(), p)
			if err != nil {
				t.Fatal(err)
			}
			g := Guest{Name: source, Source: source, Opt: "2"}
			if filepath.Base(filepath.Dir(p)) == "eigen" {
				g.Flags = []string{"-isystem/usr/include/eigen3"}
				v := g
				v.Name, v.Flags = source+" with vectors", append(slices.Clone(g.Flags), "-msimd128", "-mrelaxed-simd")
				all = append(all, v)
			}
			all = append(all, g)
			if ext := filepath.Ext(p); filepath.Dir(source) == "symbols" && ext != ".go" {
				g.Name, g.Opt = source+" not optimised", "0"
				all = append(all, g)
			}
		}
	}
	return all
}
