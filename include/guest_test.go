package include

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

func TestAZygoteExportsItselfAndTheConstructorsStandBesideIt(t *testing.T) {
	s := newSDK(t)
	for _, c := range []struct {
		name   string
		source string
		want   []string
	}{
		{"in C++", "zygote.cpp", []string{"_faasm_zygote", "__wasm_call_ctors", "_start", "memory", "__indirect_function_table"}},
		{"in C", "zygote.c", []string{"_faasm_zygote", "__wasm_call_ctors", "_start", "memory", "__indirect_function_table"}},
		{"the library's own, when it is called", "zygote_called.c", []string{"_faasm_zygote", "_start"}},
		{"the allocator, where the host needs it", "chain_output.cpp", []string{"malloc", "_start", "__indirect_function_table"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			module := s.link(t, s.compile(t, "../testdata/guests/faasm/"+c.source, "-O2"))
			exports := runTool(t, "wasm-objdump", "-x", "-j", "Export", module)
			for _, name := range c.want {
				if !strings.Contains(exports, `-> "`+name+`"`) {
					t.Errorf("%s is not exported:\n%s", name, exports)
				}
			}
		})
	}
}

func TestAFunctionWithoutAZygoteExportsNone(t *testing.T) {
	s := newSDK(t)
	module := s.link(t, s.compile(t, "../testdata/guests/faasm/hello.c", "-O2"))
	if exports := runTool(t, "wasm-objdump", "-x", "-j", "Export", module); strings.Contains(exports, "_faasm_zygote") {
		t.Errorf("exports a zygote:\n%s", exports)
	}
}

// Faasm's own C functions import __faasm_memory_layout_protection, because its
// header leaves C without a definition.
func TestMemoryLayoutProtectionIsDefinedInCToo(t *testing.T) {
	s := newSDK(t)
	for _, source := range []string{"hello.c", "hello.cpp"} {
		module := s.link(t, s.compile(t, "../testdata/guests/faasm/"+source, "-O2"))
		code := runTool(t, "wasm-objdump", "-d", module)
		_, body, found := strings.Cut(code, "__faasm_memory_layout_protection")
		if body, _, _ = strings.Cut(body, "| end"); !found || !strings.Contains(body, "memory.grow") {
			t.Errorf("%s: no definition with a memory.grow in it", source)
		}
	}
}

func TestHeadersParseOnTheMachineThatBuildsThem(t *testing.T) {
	library, err := Install(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, compiler, extension string }{
		{"C", "gcc", ".c"},
		{"C++", "g++", ".cpp"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var text strings.Builder
			for _, name := range names() {
				if filepath.Dir(name) == "faasm" && !needsEigen(name) {
					text.WriteString("#include <" + name + ">\n")
				}
			}
			text.WriteString("int main(void) { return 0; }\n")
			source := writeSource(t, "native"+c.extension, text.String())
			runTool(t, c.compiler, "-Wall", "-Wextra", "-Werror", "-I"+library.Dir, "-c", source, "-o", source+".o")
		})
	}
}

func TestHeadersCompileUnderEveryStandard(t *testing.T) {
	s := newSDK(t)
	for source, standards := range map[string][]string{
		"all_headers.c":   {"c99", "c11", "c17", "gnu23"},
		"all_headers.cpp": {"c++11", "c++14", "c++17", "c++20"},
	} {
		for _, standard := range standards {
			t.Run(standard, func(t *testing.T) {
				s.compile(t, "../testdata/guests/faasm/"+source, "-std="+standard)
			})
		}
	}
}

// A function that throws ends with a trap and the type's name where the C++
// library has no exceptions; it must not need an import.
func TestAThrowLinksWithoutAnImport(t *testing.T) {
	s := newSDK(t)
	source := writeSource(t, "throw.cpp", "#include <stdexcept>\nint main(int argc, char **) { if (argc > 5) throw std::runtime_error(\"six\"); return 0; }\n")
	for _, i := range importsOf(t, s.link(t, s.compile(t, source, "-O2"))) {
		if strings.HasPrefix(i.name, "env.") {
			t.Errorf("imports %s", i.name)
		}
	}
}

func needsEigen(header string) bool {
	return header == "faasm/matrix.h" || header == "faasm/sgd.h"
}

func writeSource(t *testing.T, name, text string) string {
	t.Helper()
	at := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(at, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return at
}

// imported is one function import, named MODULE.NAME; the signature is as in
// testdata/signatures.txt.
type imported struct{ name, signature string }

func importsOf(t *testing.T, module string) []imported {
	t.Helper()
	types := map[string]string{}
	typeLine := regexp.MustCompile(`(?m)^ - type\[(\d+)\] \((.*)\) -> (.*)$`)
	for _, m := range typeLine.FindAllStringSubmatch(runTool(t, "wasm-objdump", "-x", "-j", "Type", module), -1) {
		types[m[1]] = letters(t, m[2]) + ":" + letters(t, m[3])
	}
	var all []imported
	importLine := regexp.MustCompile(`(?m)^ - func\[\d+\] sig=(\d+).* <- (\S+)$`)
	text := runTool(t, "wasm-objdump", "-x", "-j", "Import", module)
	for _, m := range importLine.FindAllStringSubmatch(text, -1) {
		all = append(all, imported{m[2], types[m[1]]})
	}
	if count := regexp.MustCompile(`Import\[(\d+)\]`).FindStringSubmatch(text); count != nil {
		if n, err := strconv.Atoi(count[1]); err != nil || n != len(all) {
			t.Fatalf("%d of %s imports understood:\n%s", len(all), count[1], text)
		}
	}
	return all
}

// letters turns "i32, i64" into "iI"; "nil" is nothing.
func letters(t *testing.T, valueTypes string) string {
	t.Helper()
	letter := map[string]string{"i32": "i", "i64": "I", "f32": "f", "f64": "F", "nil": "", "": ""}
	var b strings.Builder
	for v := range strings.SplitSeq(valueTypes, ", ") {
		l, ok := letter[v]
		if !ok {
			t.Fatalf("value type %q in a signature", v)
		}
		b.WriteString(l)
	}
	return b.String()
}

// signatures reads testdata/signatures.txt.
func signatures(t *testing.T) map[string]string {
	t.Helper()
	text, err := os.ReadFile("testdata/signatures.txt")
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for line := range strings.Lines(string(text)) {
		if f := strings.Fields(line); len(f) == 2 && f[0] != "#" {
			all[f[0]] = f[1]
		}
	}
	return all
}
