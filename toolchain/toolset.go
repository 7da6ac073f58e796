package toolchain

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// Toolset is what a machine has for building functions.
type Toolset struct {
	// Clangs are all clangs, best first, also those that lack something.
	Clangs []Clang
	Go     *GoTool   // nil if there is none
	Rust   *RustTool // nil if there is none

	host    Host
	missing [Rust + 1]*MissingTool // by language
	looked  [Rust + 1]bool
}

// Find looks for the tools of the languages given, or of all if none is. It runs
// the tools to ask for their versions, and finishes early when ctx ends.
func Find(ctx context.Context, h Host, langs ...Lang) Toolset {
	if len(langs) == 0 {
		langs = Languages()
	}
	t := Toolset{host: h}
	for _, l := range langs {
		t.looked[l] = true
	}
	if t.looked[C] || t.looked[CXX] {
		t.Clangs = findClangs(ctx, h)
		for _, l := range []Lang{C, CXX} {
			_, t.missing[l] = t.clang(l)
		}
		t.looked[C], t.looked[CXX] = true, true
	}
	if t.looked[Go] {
		t.Go, t.missing[Go] = findGo(ctx, h)
	}
	if t.looked[Rust] {
		t.Rust, t.missing[Rust] = findRust(ctx, h)
	}
	return t
}

// clang picks the best compiler that lacks nothing, or says what the best lacks.
// One compiler builds all of a function: objects of two releases need not fit.
func (t Toolset) clang(lang Lang) (*Clang, *MissingTool) {
	if len(t.Clangs) == 0 {
		return nil, mergeMissing(noClang(t.host, lang))
	}
	for i := range t.Clangs {
		if len(t.Clangs[i].lacks(lang)) == 0 {
			return &t.Clangs[i], nil
		}
	}
	nearest := slices.MinFunc(t.Clangs, func(a, b Clang) int { return len(a.lacks(lang)) - len(b.lacks(lang)) })
	return nil, mergeMissing(nearest.lacks(lang))
}

// Missing returns what a language's sources cannot be built without, or nil if
// they can be built. A language that [Find] was not asked for is not missing anything.
func (t Toolset) Missing(lang Lang) *MissingTool {
	if int(lang) >= len(t.missing) {
		return nil
	}
	return t.missing[lang]
}

// Check is one line of the doctor's report on languages.
type Check struct {
	Lang Lang
	// Using says what would build the language: path and version of each part.
	Using string
	// Missing is nil where the language can be built.
	Missing *MissingTool
	// Note says what is weaker than it could be; often empty.
	Note string
}

// Checks reports on every language that [Find] was asked for, in the order of
// [Languages].
func (t Toolset) Checks() []Check {
	var checks []Check
	for _, l := range Languages() {
		if t.looked[l] {
			checks = append(checks, t.check(l))
		}
	}
	return checks
}

func (t Toolset) check(l Lang) Check {
	c := Check{Lang: l, Missing: t.missing[l]}
	if c.Missing != nil {
		return c
	}
	switch l {
	case C, CXX:
		clang, _ := t.clang(l)
		c.Using = fmt.Sprintf("%s (%s), %s (%s), %s", clang.Path, clang.Version, clang.Linker, clang.LinkerVersion, clang.Sysroot.Lib)
		if l == CXX {
			c.Using += fmt.Sprintf(", libc++ %s", clang.Sysroot.CXX)
		}
		if clang.Version.Major < preferredClang {
			c.Note = fmt.Sprintf("clang %d or newer keeps more variables visible in optimised code: %s", preferredClang, noClang(t.host, l)[0].Install)
		}
	case Go:
		c.Using = fmt.Sprintf("%s (%s)", t.Go.Path, t.Go.Version)
		c.Note = "Go writes no DWARF for WebAssembly: functions have names, but no lines or variables"
	case Rust:
		c.Using = fmt.Sprintf("%s (%s) for %s", t.Rust.Rustc, t.Rust.Version, t.Rust.Target)
		if t.Rust.Cargo != "" {
			c.Using += ", " + t.Rust.Cargo
		} else {
			c.Note = t.Rust.MissingCargo.Error()
		}
		if t.Rust.Newer != "" {
			c.Note = strings.TrimPrefix(c.Note+"\n"+t.Rust.Newer+" is newer and lacks the library: rustup target add wasm32-wasip1", "\n")
		}
	}
	return c
}
