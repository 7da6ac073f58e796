package cli

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/faaslens/faaslens/internal/guesttest"
)

var update = flag.Bool("update", false, "write goldens and docs/cli.md anew")

// TestMain makes this program of tests faaslens and Faasm's tools, too, as scripts
// call them.
func TestMain(m *testing.M) {
	main := func() { os.Exit(Main(os.Args, os.Stdin, os.Stdout, os.Stderr, os.Environ())) }
	programs := map[string]func(){"faaslens": main}
	for name := range faasmTools() {
		programs[name] = main
	}
	testscript.Main(m, programs)
}

// guests are the functions that scripts find in the shared data directory.
func guests() map[string][]string {
	return map[string][]string{
		"demo/hello":     {"faasm/hello.c"},
		"demo/echo":      {"faasm/echo.c"},
		"demo/echopp":    {"faasm/echo.cpp"},
		"demo/ret":       {"faasm/return_code.c"},
		"demo/exit":      {"faasm/exit_code.c"},
		"demo/args":      {"faasm/args_env.c"},
		"demo/file_io":   {"faasm/file_io.c"},
		"demo/zygote":    {"faasm/zygote.c"},
		"demo/zygotepp":  {"faasm/zygote.cpp"},
		"demo/badzygote": {"faasm/zygote_fails.c"},
		"demo/chain":     {"faasm/chain_named_a.cpp"},
		"demo/s3":        {"faasm/s3.cpp"},
		"chain/caller":   {"chain/caller.c"},
		"chain/broken":   {"chain/broken.c"},
		"chain/pointer":  {"faasm/chain_ptr.c"},
		"chain/state":    {"faasm/state_whole.c"},
		"python/py_func": {"ends/python.c"},
		"t/ends":         {"ends/ends.c", "-O0"},
		"t/bare":         {"ends/ends.c", "-O0", "--strip"},
		"t/files":        {"ends/files.c"},
		"t/endless":      {"endless.c"},
		"t/unknown":      {"ends/unknown.c"},
		"t/waits":        {"profile/waits.c"},
		"demo/endless":   {"endless.c"},
	}
}

// buildGuests builds the shared functions by the command that users have, two at a
// time: clang and the engine's compiler use what processors there are.
func buildGuests(t *testing.T) (dataDir string) {
	t.Helper()
	dataDir = t.TempDir()
	env := append(os.Environ(), "FAASLENS_DIR="+dataDir)
	slots := make(chan struct{}, max(2, runtime.NumCPU()))
	var building sync.WaitGroup
	for name, args := range guests() {
		slots <- struct{}{}
		building.Go(func() {
			defer func() { <-slots }()
			var log bytes.Buffer
			args = append([]string{"faaslens", "build", name, filepath.Join(guesttest.Dir(), args[0])}, args[1:]...)
			if code := Main(args, nil, &log, &log, env); code != 0 {
				t.Errorf("%s: exit code %d\n%s", strings.Join(args, " "), code, log.String())
			}
		})
	}
	building.Wait()
	if t.Failed() {
		t.FailNow()
	}
	return dataDir
}

// Scripts find in their environment FAASLENS_DIR with the functions of guests, which
// they must not change, and GUESTS with the sources.
func TestScripts(t *testing.T) {
	shared := buildGuests(t)
	// 'go tool pprof' is built where it is used; with its own home, each script would do so.
	cache, err := exec.Command("go", "env", "GOCACHE").Output()
	if err != nil {
		t.Fatalf("go env GOCACHE: %v", err)
	}
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		UpdateScripts:       *update,
		RequireExplicitExec: true,
		Setup: func(e *testscript.Env) error {
			e.Setenv("FAASLENS_DIR", shared)
			e.Setenv("GUESTS", guesttest.Dir())
			e.Setenv("HOME", filepath.Join(e.WorkDir, "home"))
			e.Setenv("GOCACHE", strings.TrimSpace(string(cache)))
			for name, content := range oddFiles() {
				if err := os.WriteFile(filepath.Join(e.WorkDir, name), []byte(content), 0o644); err != nil {
					return err
				}
			}
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits":   exits,
			"signals": signals,
			"faasm":   faasmLines,
			"run-of":  runOf,
			"mask":    mask,
			"serves":  serves,
			"drains":  drains,
		},
	})
}

// oddFiles are files that a script cannot hold: modules that no compiler writes.
func oddFiles() map[string]string {
	const preamble = "\x00asm\x01\x00\x00\x00"
	var imports strings.Builder
	for i := range 300 {
		fmt.Fprintf(&imports, "\x01m\x03%03d\x00\x00", i)
	}
	return map[string]string{
		"binary":      "\xff\x00\n", // no UTF-8, and no module
		"nomain.wasm": preamble,
		// A reactor: no function of it is a program's.
		"reactor.wasm": preamble +
			"\x01\x04\x01\x60\x00\x00" +
			"\x03\x02\x01\x00" +
			"\x07\x19\x02\x0b_initialize\x00\x00\x07prepare\x00\x00" +
			"\x0a\x04\x01\x02\x00\x0b",
		// Imports sched_yield twice, and calls both.
		"twice.wasm": preamble +
			"\x01\x08\x02\x60\x00\x01\x7f\x60\x00\x00" + // types () -> i32, () -> ()
			"\x02\x4b\x02" + strings.Repeat("\x16wasi_snapshot_preview1\x0bsched_yield\x00\x00", 2) +
			"\x03\x02\x01\x01" +
			"\x07\x0a\x01\x06_start\x00\x02" +
			"\x0a\x0a\x01\x08\x00\x10\x00\x1a\x10\x01\x1a\x0b",
		// A function with 2^32-1 locals, twice.
		"locals.wasm": preamble +
			"\x01\x04\x01\x60\x00\x00" +
			"\x03\x02\x01\x00" +
			"\x07\x0a\x01\x06_start\x00\x00" +
			"\x0a\x10\x01\x0e\x02" + strings.Repeat("\xff\xff\xff\xff\x0f\x7f", 2) + "\x0b",
		// A section of 4 GiB.
		"section.wasm": preamble + "\x01\xff\xff\xff\xff\x0f",
		// 300 functions of nobody's.
		"imports.wasm": preamble +
			"\x01\x04\x01\x60\x00\x00" +
			"\x02\xe2\x12\xac\x02" + imports.String() +
			"\x03\x02\x01\x00" +
			"\x07\x0b\x01\x06_start\x00\xac\x02" +
			"\x0a\x04\x01\x02\x00\x0b",
		// A function _start that adds two numbers where there are none.
		"badcode.wasm": preamble +
			"\x01\x04\x01\x60\x00\x00" + // type () -> ()
			"\x03\x02\x01\x00" +
			"\x07\x0a\x01\x06_start\x00\x00" +
			"\x0a\x05\x01\x03\x00\x6a\x0b",
	}
}

// exits CODE PROGRAM ARG... runs a program that must end with that exit code.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE PROGRAM ARG...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	have := 0
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		have = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if have != want {
		ts.Fatalf("exit code %d, want %d\n[stdout]\n%s[stderr]\n%s", have, want, ts.ReadFile("stdout"), ts.ReadFile("stderr"))
	}
}

// signals NAME CODE PROGRAM ARG... runs a program with a terminal's patience: when
// the first line is on its stderr, it gets the signal, and must then end with that
// exit code. Its stdin stays open until it has.
func signals(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 3 {
		ts.Fatalf("usage: signals NAME CODE PROGRAM ARG...")
	}
	signal := map[string]os.Signal{"INT": syscall.SIGINT, "TERM": syscall.SIGTERM}[args[0]]
	want, err := strconv.Atoi(args[1])
	ts.Check(err)
	cmd := exec.Command(findProgram(ts, args[2]), args[3:]...)
	cmd.Dir = ts.Getenv("WORK")
	cmd.Env = []string{"FAASLENS_DIR=" + ts.Getenv("FAASLENS_DIR"), "PATH=" + ts.Getenv("PATH")}
	stdin, err := cmd.StdinPipe()
	ts.Check(err)
	defer stdin.Close()
	stderr, err := cmd.StderrPipe()
	ts.Check(err)
	ts.Check(cmd.Start())
	lines := bufio.NewReader(stderr)
	line, err := lines.ReadString('\n')
	ts.Check(err)
	ts.Check(cmd.Process.Signal(signal))
	rest, err := io.ReadAll(lines)
	ts.Check(err)
	_ = cmd.Wait() // its exit code is what counts
	if have := cmd.ProcessState.ExitCode(); have != want {
		ts.Fatalf("%v, want exit code %d\n%s%s", cmd.ProcessState, want, line, rest)
	}
	ts.Check(os.WriteFile(ts.MkAbs("said"), append([]byte(line), rest...), 0o644))
}

func findProgram(ts *testscript.TestScript, name string) string {
	for _, dir := range filepath.SplitList(ts.Getenv("PATH")) {
		if path := filepath.Join(dir, name); isFile(path) {
			return path
		}
	}
	ts.Fatalf("%s is not on the PATH", name)
	return ""
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

// faasm FILE writes the last command's stdout to FILE, with the times, threads and
// directories of Faasm's log masked.
func faasmLines(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: faasm FILE")
	}
	prefix := regexp.MustCompile(`(?m)^\[\d\d:\d\d:\d\d\] \[\d+\]`)
	text := prefix.ReplaceAllString(ts.ReadFile("stdout"), "[TIME] [THREAD]")
	text = strings.ReplaceAll(text, ts.Getenv("FAASLENS_DIR"), "DATA")
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(text), 0o644))
}

// run-of FILE writes the runs that the last command printed as JSON to FILE, indented,
// with what varies set to zero.
func runOf(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: run-of FILE")
	}
	var all bytes.Buffer
	d := json.NewDecoder(strings.NewReader(ts.ReadFile("stdout")))
	d.DisallowUnknownFields()
	for d.More() {
		var r runReport
		ts.Check(d.Decode(&r))
		if r.Ending.Kind != "error" && (r.ElapsedNS <= 0 || r.MemoryBytes == 0) {
			ts.Fatalf("a run took no time or no memory: %+v", r)
		}
		r.ElapsedNS, r.MemoryBytes = 0, 0
		for i := range r.Ending.Frames {
			f := &r.Ending.Frames[i]
			if f.Offset <= f.CodeOffset {
				ts.Fatalf("the code section is not behind the start of the module: %+v", f)
			}
			f.Offset, f.CodeOffset, f.Function, f.File = 0, 0, 0, maskPaths(ts, f.File)
		}
		r.Ending.Closer = maskPaths(ts, r.Ending.Closer)
		ts.Check(writeJSON(&all, r))
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), all.Bytes(), 0o644))
}

// mask FILE writes the last command's stderr to FILE, with offsets, times and
// directories masked.
func mask(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: mask FILE")
	}
	text := ts.ReadFile("stderr")
	text = regexp.MustCompile(`\+0x[0-9a-f]+`).ReplaceAllString(text, "+OFFSET")
	text = regexp.MustCompile(`\d+(\.\d+)?(ns|µs|ms|s)\b`).ReplaceAllString(text, "TIME")
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(maskPaths(ts, text)), 0o644))
}

// maskPaths masks what of paths and offsets differs from build to build.
func maskPaths(ts *testscript.TestScript, text string) string {
	text = regexp.MustCompile(`--at 0x[0-9a-f]+ --build [0-9a-f]{8}`).ReplaceAllString(text, "--at OFFSET --build ID")
	text = regexp.MustCompile(`\bsrc-[0-9a-f]+`).ReplaceAllString(text, "src-HASH")
	text = strings.ReplaceAll(text, ts.Getenv("FAASLENS_DIR"), "DATA")
	return strings.ReplaceAll(text, ts.Getenv("GUESTS"), "GUESTS")
}
