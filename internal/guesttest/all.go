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

// All returns all guests, optimised; those below symbols not optimised, too; and some with
// vector instructions. With 'go test -short' it returns only those and those below symbols,
// which are in all languages.
func All(t testing.TB) []Guest {
	t.Helper()
	var all []Guest
	patterns := []string{"faasm/eigen/*.cpp", "symbols/*"}
	if !testing.Short() {
		patterns = append(patterns, "*.c", "ends/*.c", "faasm/*.c", "faasm/*.cpp")
	}
	for _, pattern := range patterns {
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
