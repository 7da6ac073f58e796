package compiler

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/faaslens/faaslens/engine"
	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/hostcall"
	"github.com/faaslens/faaslens/wasm"
	"github.com/faaslens/faaslens/wasm/wasmtest"
)

// What the compiling process does when it is called so, instead of compiling.
var pretences = map[string]func(){
	"aborts": func() {
		os.Stderr.WriteString("\nthread '<unnamed>' panicked at compiler.rs:7:\non purpose\nnote: run with\nSIGABRT: abort\nPC=0x0\n")
		syscall.Kill(os.Getpid(), syscall.SIGABRT)
		select {}
	},
	"is killed":      func() { syscall.Kill(os.Getpid(), syscall.SIGKILL) },
	"talks nonsense": func() { os.Stdout.WriteString("nonsense"); os.Exit(exitAnswered) },
	"talks for ever": func() {
		for {
			os.Stderr.Write(make([]byte, 1<<20))
		}
	},
	"never ends": func() {
		os.NewFile(imageFD, "image").WriteString("begun")
		select {}
	},
	"says nothing": func() { os.Exit(1) },
}

// TestMain makes this program of tests the process that compiles, too.
func TestMain(m *testing.M) {
	if len(os.Args) == 3 && os.Args[1] == Argument {
		if pretend, ok := pretences[os.Args[0]]; ok {
			pretend()
		}
		os.Exit(Process(os.Args[2], os.Stdout))
	}
	os.Exit(m.Run())
}

func testImage(t *testing.T) *os.File {
	t.Helper()
	f, err := os.Create(filepath.Join(t.TempDir(), "image"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

// program is a module that exports "run", a function (i32) -> i32 with this body and so
// many locals beside its parameter.
func program(code []byte, locals uint64) []byte {
	body := wasmtest.Cat(wasmtest.U(1), wasmtest.U(locals), wasmtest.B(0x7f), code, wasmtest.B(0x0b))
	i32 := []guest.ValueType{guest.I32}
	return wasmtest.Module(
		wasmtest.Section(1, wasmtest.Vec(wasmtest.FuncType(i32, i32), wasmtest.FuncType(nil, nil))),
		wasmtest.Section(3, wasmtest.Vec(wasmtest.U(0))),
		wasmtest.Section(4, wasmtest.Vec(wasmtest.B(0x70, 0, 10))),
		wasmtest.Section(5, wasmtest.Vec(wasmtest.B(0, 1))),
		wasmtest.Section(13, wasmtest.Vec(wasmtest.B(0, 1))),
		wasmtest.Section(7, wasmtest.Vec(wasmtest.Export("run", 0, 0))),
		wasmtest.Section(10, wasmtest.Vec(wasmtest.Cat(wasmtest.U(uint64(len(body))), body))),
	)
}

// repeat is code again and again, about size bytes, and then local 0.
func repeat(size int, code ...byte) []byte {
	return append(bytes.Repeat(code, size/len(code)), 0x20, 0)
}

// throws has many places that throw an exception.
func throws() []byte {
	return program(repeat(256<<10, 0x20, 0, 0x04, 0x40, 0x08, 0, 0x0b), 0) // local.get 0, if, throw 0, end
}

// nestedTries calls from within 500 try_tables, again and again.
func nestedTries() []byte {
	try := wasmtest.Cat(
		wasmtest.B(0x02, 0x40),                                // block
		bytes.Repeat(wasmtest.B(0x1f, 0x40, 1, 0x02, 0), 500), // try_table (catch_all 0)
		bytes.Repeat(wasmtest.B(0x20, 0, 0x10, 0, 0x1a), 200), // local.get 0, call 0, drop
		bytes.Repeat(wasmtest.B(0x0b), 501))
	return program(repeat(128<<10, try...), 0)
}

// loops has many loops in which a thousand locals live.
func loops() []byte {
	var use []byte
	for i := range uint64(1000) { // local i = local i + 1
		use = wasmtest.Cat(use, wasmtest.B(0x20), wasmtest.U(1+i), wasmtest.B(0x41, 1, 0x6a, 0x21), wasmtest.U(1+i))
	}
	return program(wasmtest.Cat(use, repeat(128<<10, 0x03, 0x40, 0x20, 0, 0x0d, 0, 0x0b)[:128<<10/7*7], use, wasmtest.B(0x20, 0)), 1000)
}

// maxRSS is the largest that a process which has ended and was waited for ever was, in
// bytes.
func maxRSS(t *testing.T) uint64 {
	t.Helper()
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_CHILDREN, &r); err != nil {
		t.Fatal(err)
	}
	return uint64(r.Maxrss) << 10
}

func TestHostileModulesHarmNobodyButThemselves(t *testing.T) {
	const memory = 256 << 20
	for name, module := range map[string][]byte{
		"many places that throw":   throws(),
		"calls in nested handlers": nestedTries(),
		"loops with many locals":   loops(),
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := wasm.Parse(module); err != nil {
				t.Fatal(err)
			}
			err := (&Compiler{Name: "faaslens", Memory: memory}).Compile(context.Background(), engine.Compilation{Module: module, Image: testImage(t)})
			var failure *guest.CompileFailure
			if !errors.As(err, &failure) || failure.Memory != memory || err.Error() != "compiling it takes more than 256 MiB of memory" {
				t.Errorf("got %v: %+v", err, failure)
			}
			// Beside its limit it has what it began with.
			if rss := maxRSS(t); rss > memory+128<<20 {
				t.Errorf("it took %s", guest.FormatBytes(rss))
			}
		})
	}
	t.Run("more time than it has", func(t *testing.T) {
		err := (&Compiler{Name: "faaslens", Memory: 4 << 30, Time: time.Second}).Compile(context.Background(), engine.Compilation{Module: loops(), Image: testImage(t)})
		var failure *guest.CompileFailure
		if !errors.As(err, &failure) || failure.Time != time.Second {
			t.Errorf("got %v: %+v", err, failure)
		}
	})
}

func TestProcessThatBreaksDownIsAnError(t *testing.T) {
	for _, c := range []struct {
		name, says string
		failure    bool
	}{
		{"aborts", "the compiler broke down on it: thread '<unnamed>' panicked at compiler.rs:7: on purpose", true},
		{"is killed", "the compiler broke down on it: signal: killed", true},
		{"says nothing", "the compiler broke down on it: exit status 1", true},
		{"talks nonsense", "read what the compiling process says: invalid character", false},
		{"talks for ever", "compiling it takes more than 1s of processor time", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			err := (&Compiler{Name: c.name, Time: 100 * time.Millisecond}).Compile(ctx, engine.Compilation{Module: wasmtest.Module(), Image: testImage(t)})
			var failure *guest.CompileFailure
			if err == nil || !strings.Contains(err.Error(), c.says) || errors.As(err, &failure) != c.failure {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestModulesThatAreNotValidAreRefusedInTheEnginesWords(t *testing.T) {
	for name, module := range map[string][]byte{
		"no module":              []byte("no module"),
		"nothing":                nil,
		"a body that is not one": program([]byte{0x6a}, 0),
	} {
		t.Run(name, func(t *testing.T) {
			err := (&Compiler{Name: "faaslens"}).Compile(context.Background(), engine.Compilation{Module: module, Image: testImage(t)})
			want := engine.Compile(engine.Compilation{Module: module, Image: testImage(t)})
			var invalid *guest.InvalidModule
			if !errors.As(err, &invalid) || len(module) > 0 && err.Error() != want.Error() {
				t.Errorf("got %v, want %v", err, want)
			}
		})
	}
}

// newEngine is an engine that has modules compiled by c.
func newEngine(t *testing.T, c *Compiler) *engine.Engine {
	t.Helper()
	calls, err := hostcall.NewTable()
	if err != nil {
		t.Fatal(err)
	}
	e, err := engine.New(engine.Config{Calls: calls, Slots: 1, Shards: 1, Compile: c.Compile})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	return e
}

func TestCancellingKillsTheProcess(t *testing.T) {
	e, dir := newEngine(t, &Compiler{Name: "never ends"}), t.TempDir()
	m, err := wasm.Parse(program([]byte{0x20, 0}, 0))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	_, err = e.Compile(ctx, m, engine.ModuleOptions{CacheDir: dir, Progress: func(time.Duration) {
		files, _ := filepath.Glob(filepath.Join(dir, ".*"))
		for _, f := range files {
			if b, _ := os.ReadFile(f); string(b) == "begun" {
				cancel()
			}
		}
	}})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
		t.Errorf("left in the cache: %v, %v", left, err)
	}
	if _, err := syscall.Wait4(-1, nil, syscall.WNOHANG, nil); !errors.Is(err, syscall.ECHILD) {
		t.Errorf("there is still a process: %v", err)
	}
}

func TestProcessEndsWithTheOneThatStartedIt(t *testing.T) {
	// This test again, in a process that compiles for ever and is killed.
	if os.Getenv("FAASLENS_TEST_COMPILES") != "" {
		image := os.NewFile(3, "image")
		t.Error((&Compiler{Name: "never ends"}).Compile(context.Background(), engine.Compilation{Module: wasmtest.Module(), Image: image}))
		return
	}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	cmd := exec.Command("/proc/self/exe", "-test.run=^"+t.Name()+"$")
	cmd.Env = append(os.Environ(), "FAASLENS_TEST_COMPILES=1")
	cmd.ExtraFiles = []*os.File{w}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	w.Close()
	b := make([]byte, 5)
	if _, err := r.Read(b); err != nil || string(b) != "begun" {
		t.Errorf("got %q, %v", b, err)
	}
	cmd.Process.Kill()
	cmd.Wait()
	if n, err := r.Read(b); n != 0 { // at the end when nobody can write any more
		t.Errorf("got %d bytes, %v", n, err)
	}
}

func TestTwoProcessesCompileTheSameModuleAtOnce(t *testing.T) {
	dir := t.TempDir()
	m, err := wasm.Parse(program(repeat(1000, 0x20, 0, 0x1a), 0))
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for range 4 {
		e := newEngine(t, &Compiler{Name: "faaslens"})
		all.Go(func() {
			c, err := e.Compile(context.Background(), m, engine.ModuleOptions{CacheDir: dir, Steps: []engine.Step{{Export: "run"}}})
			if err != nil {
				t.Error(err)
				return
			}
			if _, err := c.Run(context.Background(), &engine.Run{}); err != nil {
				t.Error(err)
			}
			if err := c.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if left, err := os.ReadDir(dir); err != nil || len(left) != 2 {
		t.Errorf("in the cache: %v, %v", left, err)
	}
}

func TestLimitsGrowWithTheModule(t *testing.T) {
	for _, c := range []struct {
		size   int
		memory uint64
		time   time.Duration
	}{
		{0, 1 << 30, time.Minute},
		{1 << 20, 1 << 30, 70 * time.Second},
		{32 << 20, 2 << 30, 380 * time.Second},
	} {
		if m, d := DefaultMemory(c.size), DefaultTime(c.size); m != c.memory || d != c.time {
			t.Errorf("%d bytes: %d, %v", c.size, m, d)
		}
	}
}
