package toolchain_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/faaslens/faaslens/toolchain"
	"github.com/google/go-cmp/cmp"
)

func TestRequestErrors(t *testing.T) {
	set := toolchain.Find(t.Context(), host(), toolchain.C)
	dir := t.TempDir()
	for name, c := range map[string]struct {
		request toolchain.Request
		want    string
	}{
		"no sources":                         {toolchain.Request{}, "no sources"},
		"a source that does not exist":       {toolchain.Request{Sources: []string{"testdata/c/nothing.c"}}, "source testdata/c/nothing.c: no such file"},
		"a header":                           {toolchain.Request{Sources: []string{"testdata/faasm/include/faasm/faasm.h"}}, "is a header: leave it out"},
		"an unknown extension":               {toolchain.Request{Sources: []string{write(t, "a.f90", "")}}, `no language has the extension ".f90"`},
		"two languages that do not mix":      {toolchain.Request{Sources: []string{"testdata/c/sum.c", "testdata/go/main.go"}}, "only C and C++ mix"},
		"a language that is not the file's":  {toolchain.Request{Lang: toolchain.Rust, Sources: []string{"testdata/c/sum.c"}}, "is c, and --lang says rust"},
		"an empty directory":                 {toolchain.Request{Sources: []string{dir}}, "neither a Cargo.toml nor Go files"},
		"a flag that renames the output":     {toolchain.Request{Sources: []string{"testdata/c/sum.c"}, Flags: []string{"-o", "x"}}, "compiler flag -o cannot be used"},
		"a flag that stops before the link":  {toolchain.Request{Sources: []string{"testdata/c/sum.c"}, Flags: []string{"-S"}}, "compiler flag -S cannot be used"},
		"a level that does not exist":        {toolchain.Request{Sources: []string{"testdata/c/sum.c"}, Opt: "9"}, `optimisation level "9"`},
		"a language that was not looked for": {toolchain.Request{Sources: []string{"testdata/go/main.go"}}, "not looked for"},
		"a missing include directory":        {toolchain.Request{Sources: []string{"testdata/c/sum.c"}, IncludeDirs: []string{dir + "/none"}}, "include directory"},
		"a missing library source":           {toolchain.Request{Sources: []string{"testdata/c/sum.c"}, LibSources: []string{"none.c"}}, "library source"},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, _, err := tryBuild(t, set, c.request)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %q", err, c.want)
			}
		})
	}
}

func TestCompileErrors(t *testing.T) {
	tools(t, toolchain.C) // says what to install if something is missing
	var sources []string
	for _, name := range []string{"first", "second", "third"} {
		sources = append(sources, write(t, name+".c", "int "+name+"(void) { return missing_"+name+"; }\n"))
	}
	dir := t.TempDir()
	output := filepath.Join(dir, "function.wasm")
	if err := os.WriteFile(output, []byte("the module before"), 0o644); err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	temp := t.TempDir()
	set := toolchain.Find(t.Context(), toolchain.Host{Env: append(os.Environ(), "TMPDIR="+temp)}, toolchain.C)
	_, err := set.Build(t.Context(), toolchain.Request{Sources: sources, Output: output, Log: &log, Jobs: 3})

	var failed *toolchain.CompileError
	if !errors.As(err, &failed) {
		t.Fatalf("error %v", err)
	}
	if failed.ExitCode != 1 || failed.What != "compile "+sources[0] || failed.Command[0] != set.Clangs[0].Path || !strings.Contains(failed.Output, "missing_first") {
		t.Errorf("error %+v", failed)
	}
	if i, j, k := strings.Index(log.String(), "missing_first"), strings.Index(log.String(), "missing_second"), strings.Index(log.String(), "missing_third"); i < 0 || j < i || k < j {
		t.Errorf("errors are not in the order of the sources:\n%s", log.String())
	}
	if strings.Contains(log.String(), "\x1b[") {
		t.Errorf("colours where nobody asked: %q", log.String())
	}
	if data, err := os.ReadFile(output); err != nil || string(data) != "the module before" {
		t.Errorf("the output is now %q, %v", data, err)
	}
	for _, d := range []string{temp, dir} {
		left, err := os.ReadDir(d)
		if err != nil || d == temp && len(left) > 0 || d == dir && len(left) != 1 {
			t.Errorf("left in %s: %v, %v", d, left, err)
		}
	}

	t.Run("colours where the log is a terminal", func(t *testing.T) {
		_, _, out, _ := tryBuild(t, set, toolchain.Request{Sources: sources[:1], Colour: true})
		if !strings.Contains(out, "\x1b[") {
			t.Errorf("no colours: %q", out)
		}
	})
}

func TestHintsNameTheFlagsThatHelp(t *testing.T) {
	set := tools(t, toolchain.C)
	for name, text := range map[string]string{
		"signals":    "#include <signal.h>\nint main(void) { return raise(0) == 1; }\n",
		"mmap":       "#include <sys/mman.h>\nint main(void) { return mmap(0, 8, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == 0; }\n",
		"CPU clocks": "#include <time.h>\nint main(void) { return clock() == 1; }\n",
		"getpid":     "#include <unistd.h>\nint main(void) { return getpid() == 0; }\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			source := write(t, "main.c", text)
			_, _, _, err := tryBuild(t, set, toolchain.Request{Sources: []string{source}})
			var failed *toolchain.CompileError
			if !errors.As(err, &failed) {
				t.Fatalf("error %v", err)
			}
			_, flags, ok := strings.Cut(failed.Hint, "build with -- ")
			if !ok {
				t.Fatalf("hint %q", failed.Hint)
			}
			if _, _, log, err := tryBuild(t, set, toolchain.Request{Sources: []string{source}, Flags: strings.Fields(flags)}); err != nil {
				t.Errorf("with %s: %v\n%s", flags, err, log)
			}
		})
	}
}

func TestDebugPathsAreTheCompilersOwn(t *testing.T) {
	set := tools(t, toolchain.C)
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "part.c"), []byte("int main(void) { return 0; }\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	module, _ := build(t, set, toolchain.Request{Dir: dir, Sources: []string{"part.c"}})
	dump := run(t, "llvm-dwarfdump-19", "llvm-19", "--debug-info", "--recurse-depth=0", module)
	if !strings.Contains(dump, `DW_AT_name	("part.c")`) || !strings.Contains(dump, `DW_AT_comp_dir	("`+dir+`")`) {
		t.Error(dump)
	}
}

// TestCancel stops a build whose compiler hangs, with a child of its own. Both
// hold a pipe open: its end is the proof that both are gone.
func TestCancel(t *testing.T) {
	m := newMachine(t)
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	m.clang("clang-19", 19, "exec >"+pipe+"; echo started; /bin/sleep 1000 & wait")
	m.lld("wasm-ld-19", 19)
	m.builtins(19)
	m.libc()
	set := toolchain.Find(t.Context(), m.host(), toolchain.C)

	ctx, cancel := context.WithCancelCause(t.Context())
	result := make(chan error, 1)
	output := filepath.Join(t.TempDir(), "function.wasm")
	go func() {
		_, err := set.Build(ctx, toolchain.Request{Sources: []string{"testdata/c/sum.c"}, Output: output})
		result <- err
	}()
	f, err := os.Open(pipe)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := io.ReadFull(f, make([]byte, len("started\n"))); err != nil {
		t.Fatal(err)
	}
	changed := errors.New("the user changed his mind")
	cancel(changed)
	if err := <-result; !errors.Is(err, changed) {
		t.Errorf("error %v", err)
	}
	if rest, err := io.ReadAll(f); err != nil || len(rest) > 0 {
		t.Errorf("rest %q, %v", rest, err)
	}
	if _, err := os.Stat(output); !os.IsNotExist(err) {
		t.Errorf("output: %v", err)
	}
}

func TestParse(t *testing.T) {
	for in, want := range map[string]toolchain.Lang{"c": toolchain.C, "c++": toolchain.CXX, "CPP": toolchain.CXX, "go": toolchain.Go, "rust": toolchain.Rust} {
		if got, err := toolchain.ParseLang(in); got != want || err != nil {
			t.Errorf("ParseLang(%q) = %v, %v", in, got, err)
		}
	}
	if _, err := toolchain.ParseLang("java"); err == nil {
		t.Error("java is a language")
	}
	var got []toolchain.Opt
	for _, in := range []string{"-O0", "-O1", "O2", "3", "-Os", "-Oz"} {
		o, _ := toolchain.ParseOpt(in)
		got = append(got, o)
	}
	if diff := cmp.Diff([]toolchain.Opt{"0", "1", "", "3", "s", "z"}, got); diff != "" {
		t.Error(diff)
	}
}
