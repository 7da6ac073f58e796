package symbol

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/ianlancetaylor/demangle"
)

// Names that are longer stay as they are: demangling grows them, and takes time.
const (
	maxMangled   = 1 << 14
	maxDemangled = 17 // as a power of two
)

// demangleName returns a name for people: C++ with its parameters, Rust without its
// hash. A name that is not mangled stays as it is.
func demangleName(name string) string { return demangled(name) }

// withoutParameters returns the name for people without parameters.
func withoutParameters(name string) string { return demangled(name, demangle.NoParams) }

// llvmName returns the name as LLVM's tools print it, which read Rust's older names
// as if they were C++'s.
func llvmName(name string) string {
	if strings.HasPrefix(name, "_R") {
		return demangled(name)
	}
	return demangled(name, demangle.NoRust)
}

// demangled demangles a name of C++ (Itanium C++ ABI, section 5.1) or Rust (RFC
// 2603, and the form before it). What a compiler appends to a name of its own copy
// of a function stands in parentheses.
func demangled(name string, options ...demangle.Option) string {
	if len(name) > maxMangled || !isMangled(name) {
		return name
	}
	options = append(options, demangle.LLVMStyle, demangle.MaxLength(maxDemangled))
	if unresolved.MatchString(name) {
		options = append(options, demangle.NoParams, demangle.NoTemplateParams)
	}
	if s, ok := parseMangled(name, options); ok {
		return s
	}
	if base, suffix, ok := strings.Cut(name, "."); ok {
		if s, ok := parseMangled(base, options); ok {
			return s + " (." + suffix + ")"
		}
	}
	return name
}

func isMangled(name string) bool {
	return strings.HasPrefix(name, "_Z") || strings.HasPrefix(name, "_R")
}

// unresolved finds names with an unresolved name (Itanium C++ ABI, section 5.1.6)
// in an expression. The demangler counts its parts as substitutions, as GCC does
// and clang does not: every S_ behind it would be taken for another type. What it
// says about parameters is left out there.
var unresolved = regexp.MustCompile(`sr[0-9]+[A-Za-z_]`)

// taggedConstructor finds constructors and destructors with an ABI tag. The
// demangler takes such a one that is a template for an ordinary function, whose
// first parameter is its result.
var taggedConstructor = regexp.MustCompile(`(?:C[1-5]|D[0-5])(B([0-9]+))`)

func parseMangled(name string, options []demangle.Option) (string, bool) {
	if !slices.Contains(options, demangle.NoRust) {
		name = keepUnderscores(name)
	}
	plain, tags := cutTags(name)
	if len(tags) == 0 {
		s, err := demangle.ToString(name, options...)
		return s, err == nil
	}
	a, err := demangle.ToAST(plain, options...)
	if err != nil {
		return "", false
	}
	putTags(a, tags)
	return demangle.ASTToString(a, options...), true
}

// legacyRust finds the form that Rust's names have by default.
var legacyRust = regexp.MustCompile(`^_ZN([0-9]+[^0-9].*)17h[0-9a-f]{16}E$`)

// keepUnderscores doubles the underscore that an identifier of Rust's older form starts
// with: the demangler drops one, which is right only before a $, where the compiler put
// it.
func keepUnderscores(name string) string {
	m := legacyRust.FindStringSubmatchIndex(name)
	if m == nil {
		return name
	}
	var b strings.Builder
	b.WriteString(name[:m[2]])
	for rest := name[m[2]:m[3]]; rest != ""; {
		digits := 0
		for digits < len(rest) && rest[digits] >= '0' && rest[digits] <= '9' {
			digits++
		}
		size, err := strconv.Atoi(rest[:digits])
		if err != nil || size == 0 || size > len(rest)-digits {
			return name
		}
		id := rest[digits : digits+size]
		if id[0] == '_' && !strings.HasPrefix(id, "_$") {
			id = "_" + id
		}
		fmt.Fprintf(&b, "%d%s", len(id), id)
		rest = rest[digits+size:]
	}
	return b.String() + name[m[3]:]
}

// cutTags takes the ABI tags of constructors and destructors out of a name.
func cutTags(name string) (plain string, tags []string) {
	matches := taggedConstructor.FindAllStringSubmatchIndex(name, -1)
	if matches == nil {
		return name, nil
	}
	var b strings.Builder
	from := 0
	for _, m := range matches {
		size, err := strconv.Atoi(name[m[4]:m[5]])
		if err != nil || size > len(name)-m[1] {
			continue
		}
		b.WriteString(name[from:m[2]])
		tags = append(tags, name[m[1]:m[1]+size])
		from = m[1] + size
	}
	return b.String() + name[from:], tags
}

// putTags gives the constructors and destructors their tags back, if it is clear
// which is whose.
func putTags(a demangle.AST, tags []string) {
	var places []*demangle.AST
	a.Traverse(func(a demangle.AST) bool {
		switch a := a.(type) {
		case *demangle.Constructor:
			places = append(places, &a.Name)
		case *demangle.Destructor:
			places = append(places, &a.Name)
		}
		return true
	})
	if len(places) != len(tags) {
		return
	}
	for i, p := range places {
		*p = &demangle.TaggedName{Name: *p, Tag: &demangle.Name{Name: tags[i]}}
	}
}
