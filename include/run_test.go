package include

import (
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// outcome is what testdata/host.mjs reports after a run.
type outcome struct {
	Exit   int
	Output string
	Error  string
	stdout string
	stderr string
}

// Each function in Faasm's style, in C and C++, optimised and not, compiles without
// a warning, imports from env what its source says and nothing else, with the
// signatures of Faasm's interface and of WASI, and runs. It checks itself: it returns
// 0 if what it did worked. The host is a stand-in, so that this tests the headers,
// the library and the functions.
func TestFunctionsInFaasmsStyle(t *testing.T) {
	exits := map[string]int{
		"chain_named_b.c":    1, // alone, without input
		"chain_named_c.c":    1,
		"exit_code.c":        3,
		"isatty.c":           1, // the stand-in's streams are no terminals
		"numbered.c":         7,
		"numbered_missing.c": 1,
		"return_code.c":      42,
	}
	failures := map[string]string{
		"abort.c":                 "unreachable",
		"host_interface_test.cpp": "host interface test 1",
		"posix.c":                 "env.dup is not provided",
		"zygote_fails.c":          "zygote returned 3",
	}
	s := newSDK(t)
	for _, source := range guests(t) {
		name := filepath.Base(source)
		for _, level := range []string{"-O0", "-O2"} {
			if name == "backtrace_deep.c" && level == "-O0" {
				continue // 5,000 unoptimised frames are more than the linker's stack
			}
			t.Run(name+" at "+level, func(t *testing.T) {
				module := s.link(t, s.compile(t, source, level))
				checkImports(t, module, headerLine(t, source, "env"))
				checkRun(t, module, exits[name], failures[name])
			})
		}
	}
}

// The headers for matrices need Eigen, whose own headers are not free of warnings.
func TestFunctionsWithMatrices(t *testing.T) {
	const eigen = "/usr/include/eigen3"
	if _, err := os.Stat(eigen); err != nil {
		t.Fatalf("%s is missing: install it with apt-get install libeigen3-dev", eigen)
	}
	s := newSDK(t)
	for _, name := range []string{"matrix.cpp", "sgd.cpp"} {
		t.Run(name, func(t *testing.T) {
			source := "../testdata/guests/faasm/eigen/" + name
			module := s.link(t, s.compile(t, source, "-O2"))
			checkImports(t, module, headerLine(t, source, "env"))
			checkRun(t, module, 0, "")
		})
	}
}

func TestMatricesWithoutEigenSayWhatToInstall(t *testing.T) {
	s := newSDK(t)
	source := writeSource(t, "matrix.cpp", "#include <faasm/matrix.h>\n")
	// Without /usr/include, where Eigen is.
	args := []string{"--target=wasm32-wasi", "-nostdlibinc", "-isystem", "/usr/include/wasm32-wasi/c++/v1", "-isystem", "/usr/include/wasm32-wasi", "-I" + s.library.Dir, "-fsyntax-only", source}
	_, stderr, err := tryTool(t, "clang++-19", args...)
	if err == nil || !strings.Contains(stderr, "install libeigen3-dev") {
		t.Errorf("compiling gave %v and %q", err, stderr)
	}
}

// checkImports checks that a module imports these functions from env and no others,
// and every import's signature.
func checkImports(t *testing.T, module string, env []string) {
	t.Helper()
	want := signatures(t)
	got := []string{}
	for _, i := range importsOf(t, module) {
		if want[i.name] != i.signature {
			t.Errorf("imports %s with signature %q, want %q", i.name, i.signature, want[i.name])
		}
		if name, ok := strings.CutPrefix(i.name, "env."); ok {
			got = append(got, name)
		}
	}
	slices.Sort(got)
	slices.Sort(env)
	if diff := cmp.Diff(env, got); diff != "" {
		t.Errorf("imports from env (-expected +actual):\n%s", diff)
	}
}

// checkRun runs a module; failure is empty or part of the error it must end with.
func checkRun(t *testing.T, module string, exit int, failure string) {
	t.Helper()
	got := run(t, module, "")
	if !strings.Contains(got.Error, failure) || (got.Error != "") != (failure != "") || got.Exit != exit {
		t.Errorf("exit %d, error %q; want exit %d, error %q\n%s%s", got.Exit, got.Error, exit, failure, got.stdout, got.stderr)
	}
}

func TestFunctionsInFaasmsStyleTakeInputAndGiveOutput(t *testing.T) {
	s := newSDK(t)
	for _, c := range []struct {
		name, source, input string
		output, stdout      string
		exit                int
	}{
		{"C echoes", "echo.c", "some input", "some input", "", 0},
		{"C echoes nothing", "echo.c", "", "nothing to echo", "", 0},
		{"C++ echoes", "echo.cpp", "some input", "some input", "", 0},
		{"C++ has a default", "echo.cpp", "", "none", "", 0},
		{"typed input has a default", "typed_input.cpp", "", "6 15", "", 0},
		{"typed input is read", "typed_input.cpp", "\x01\x00\x00\x00\x02\x00\x00\x00\x07\x00\x00\x00", "10 15", "", 0},
		{"the calls themselves", "raw_calls.c", "abc", "cba", "", 0},
		{"a chained function sees its input", "chain_named_b.c", "\x00\x01\x02", "", "", 0},
		{"exit runs handlers and flushes", "exit_code.c", "9", "", "leaving\nhandler\n", 9},
		{"a section is timed", "prof.c", "", "", "TIME: summing ", 0},
		{"a section is not timed", "prof_off.c", "", "", "done\n", 0},
		{"a zygote runs after the constructors", "zygote.cpp", "", "", "constructed\nzygote\n", 0},
		{"arrays are printed and compared", "print.cpp", "", "", "[1, 2, 3]\n[200, 7]\nArrays not equal: A=[0.500000, -2.000000] B=[0.500000, 2.000000]\n1 0", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := run(t, s.link(t, s.compile(t, "../testdata/guests/faasm/"+c.source, "-O2")), c.input)
			if got.Error != "" || got.Exit != c.exit || got.Output != c.output || !strings.HasPrefix(got.stdout, c.stdout) {
				t.Errorf("got %+v, want exit %d, output %q and standard output %q", got, c.exit, c.output, c.stdout)
			}
		})
	}
}

func TestChainingANumberThatNoFunctionHasSaysWhich(t *testing.T) {
	s := newSDK(t)
	got := run(t, s.link(t, s.compile(t, "../testdata/guests/faasm/numbered_missing.c", "-O2")), "")
	if want := "function 5 is not defined: define it with FAASM_FUNC(name, 5)"; !strings.Contains(got.stderr, want) {
		t.Errorf("standard error is %q, want %q in it", got.stderr, want)
	}
}

func TestAThrownExceptionNamesItsTypeAndTraps(t *testing.T) {
	s := newSDK(t)
	source := writeSource(t, "throw.cpp", "struct Oops {};\nint main() { throw Oops(); }\n")
	got := run(t, s.link(t, s.compile(t, source, "-O2")), "")
	if !strings.Contains(got.Error, "unreachable") || !strings.Contains(got.stderr, "C++ exception of type 4Oops thrown") {
		t.Errorf("got %+v", got)
	}
}

func run(t *testing.T, module, input string) outcome {
	t.Helper()
	stdout, stderr, err := tryTool(t, "node", "--no-warnings", "testdata/host.mjs", module, t.TempDir(), hex.EncodeToString([]byte(input)))
	at := strings.LastIndex(strings.TrimSuffix(stdout, "\n"), "\n")
	if err != nil || at < 0 {
		t.Fatalf("the stand-in host failed: %v\n%s%s", err, stdout, stderr)
	}
	got := outcome{stdout: stdout[:at], stderr: stderr}
	if err := json.Unmarshal([]byte(stdout[at:]), &got); err != nil {
		t.Fatalf("the stand-in host printed %q: %v", stdout, err)
	}
	return got
}
