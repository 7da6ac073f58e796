package toolchain

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Lang is a source language. The zero value, [Auto], means "by the sources' names".
type Lang uint8

const (
	Auto Lang = iota
	C
	CXX
	Go
	Rust
)

var langNames = [...]string{Auto: "auto", C: "c", CXX: "c++", Go: "go", Rust: "rust"}

// Languages returns every language that can be built, in a fixed order.
func Languages() []Lang { return []Lang{C, CXX, Go, Rust} }

func (l Lang) String() string {
	if int(l) < len(langNames) {
		return langNames[l]
	}
	return fmt.Sprintf("language %d", uint8(l))
}

// ParseLang reads "c", "c++" (also "cpp", "cxx"), "go" or "rust".
func ParseLang(s string) (Lang, error) {
	switch strings.ToLower(s) {
	case "c":
		return C, nil
	case "c++", "cpp", "cxx":
		return CXX, nil
	case "go":
		return Go, nil
	case "rust":
		return Rust, nil
	}
	return Auto, fmt.Errorf("language %q: want c, c++, go or rust", s)
}

// Opt is an optimisation level. The zero value means [O2].
type Opt string

const (
	O0 Opt = "0"
	O1 Opt = "1"
	O2 Opt = "2"
	O3 Opt = "3"
	Os Opt = "s"
	Oz Opt = "z"
)

// ParseOpt reads "-O0", "-O1", "-O2", "-O3", "-Os" or "-Oz", with or without "-O".
func ParseOpt(s string) (Opt, error) {
	switch o := Opt(strings.TrimPrefix(s, "-O")); o {
	case O0, O1, O2, O3, Os, Oz:
		return o, nil
	}
	return "", fmt.Errorf("optimisation level %q: want -O0, -O1, -O2, -O3, -Os or -Oz", s)
}

func (o Opt) orDefault() Opt {
	if o == "" {
		return O2
	}
	return o
}

// sourceKind is what one source argument is.
type sourceKind uint8

const (
	cSource sourceKind = iota
	cxxSource
	linkInput // an object or an archive: goes to the linker as it is
	goSource
	rustSource
)

func (k sourceKind) lang() Lang {
	switch k {
	case cxxSource:
		return CXX
	case goSource:
		return Go
	case rustSource:
		return Rust
	}
	return C
}

var kindByExtension = map[string]sourceKind{
	".c": cSource, ".s": cSource, ".S": cSource, ".i": cSource,
	".cc": cxxSource, ".cpp": cxxSource, ".cxx": cxxSource, ".c++": cxxSource,
	".C": cxxSource, ".cp": cxxSource, ".CPP": cxxSource, ".ii": cxxSource,
	".o": linkInput, ".a": linkInput,
	".go": goSource,
	".rs": rustSource,
}

// source is one source argument, as given and with its kind.
type source struct {
	path string // as the user wrote it
	kind sourceKind
	dir  bool
}

// classify finds the language of a build and the kind of each of its sources.
// dir is where relative paths start.
func classify(lang Lang, dir string, paths []string) (Lang, []source, error) {
	if len(paths) == 0 {
		return Auto, nil, errors.New("no sources: name the files, the Go package's directory or the Rust crate's directory to build")
	}
	var sources []source
	for _, p := range paths {
		s, err := classifyOne(lang, dir, p)
		if err != nil {
			return Auto, nil, err
		}
		sources = append(sources, s)
	}
	built, err := commonLang(lang, sources)
	return built, sources, err
}

func classifyOne(lang Lang, dir, path string) (source, error) {
	if strings.HasPrefix(path, "-") {
		path = "./" + path // a compiler would take it for a flag
	}
	full := within(dir, path)
	info, err := os.Stat(full)
	if err != nil {
		return source{}, fmt.Errorf("source %s: %w", path, errors.Unwrap(err))
	}
	if filepath.Base(path) == "Cargo.toml" {
		return source{path: filepath.Dir(path), kind: rustSource, dir: true}, nil
	}
	if info.IsDir() {
		kind, err := classifyDir(full, path)
		return source{path: path, kind: kind, dir: true}, err
	}
	ext := filepath.Ext(path)
	kind, known := kindByExtension[ext]
	switch {
	case known && kind == linkInput:
	case lang == C && (!known || kind == cxxSource):
		kind = cSource
	case lang == CXX && (!known || kind == cSource && ext == ".c"):
		kind = cxxSource
	case known:
	case lang == Rust:
		kind = rustSource
	case ext == ".h" || ext == ".hh" || ext == ".hpp" || ext == ".hxx":
		return source{}, fmt.Errorf("source %s is a header: leave it out, and give its directory to the compiler with -- -I%s", path, filepath.Dir(path))
	default:
		return source{}, fmt.Errorf("source %s: no language has the extension %q: name it with --lang c, c++, go or rust", path, ext)
	}
	return source{path: path, kind: kind}, nil
}

func classifyDir(full, path string) (sourceKind, error) {
	if _, err := os.Stat(filepath.Join(full, "Cargo.toml")); err == nil {
		return rustSource, nil
	}
	entries, err := os.ReadDir(full)
	if err != nil {
		return 0, fmt.Errorf("source directory %s: %w", path, err)
	}
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), ".go") {
			return goSource, nil
		}
	}
	return 0, fmt.Errorf("source directory %s has neither a Cargo.toml nor Go files: for C and C++ name the files themselves", path)
}

// commonLang decides what is built: all sources must belong to one language,
// except that C, C++ and objects mix.
func commonLang(lang Lang, sources []source) (Lang, error) {
	built := sources[0].kind.lang()
	for _, s := range sources[1:] {
		l := s.kind.lang()
		if isC(built) && isC(l) {
			built = max(built, l)
			continue
		}
		if l != built {
			return Auto, fmt.Errorf("sources %s (%s) and %s (%s) cannot go into one function: only C and C++ mix", sources[0].path, built, s.path, l)
		}
	}
	if lang == CXX && isC(built) {
		built = CXX // objects and archives written in C++ need its library
	}
	if lang != Auto && lang != built && !(isC(lang) && isC(built)) {
		return Auto, fmt.Errorf("source %s is %s, and --lang says %s", sources[0].path, built, lang)
	}
	return built, nil
}

func isC(l Lang) bool { return l == C || l == CXX }

// within resolves path against dir, unless it is absolute already.
func within(dir, path string) string {
	if filepath.IsAbs(path) || dir == "" {
		return path
	}
	return filepath.Join(dir, path)
}
