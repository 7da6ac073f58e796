package engine

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/wasm"
	"github.com/faaslens/faaslens/wasm/wasmtest"
)

func elsewhere(_ context.Context, c Compilation) error { return Compile(c) }

// keepImage compiles a module by an engine of such a configuration and returns its image.
func keepImage(t *testing.T, cfg Config, dir string) (image []byte, cached bool) {
	t.Helper()
	cfg.Calls, cfg.Slots, cfg.Shards = testCalls(t), 1, 1
	e, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	m := openCached(t, e, dir, returnsSeven)
	defer m.Close()
	if s, _, err := run(m, guest.Limits{}); err != nil || s.values[0] != 7 {
		t.Errorf("got %v", err)
	}
	image, err = os.ReadFile(m.Image())
	if err != nil {
		t.Fatal(err)
	}
	return image, m.Cached()
}

func TestImagesThatAreCompiledElsewhereAreTheSame(t *testing.T) {
	for name, cfg := range map[string]Config{
		"as it is by default":          {},
		"for debuggers":                {DebugInfo: true},
		"for valgrind":                 {Emulated: true},
		"for copies":                   {CopyImages: true},
		"with a large stack and table": {Stack: MaxStack, TableElements: 1000, KeepResident: 1},
	} {
		t.Run(name, func(t *testing.T) {
			here, _ := keepImage(t, cfg, t.TempDir())
			dir := t.TempDir()
			cfg.Compile = elsewhere
			there, _ := keepImage(t, cfg, dir)
			// The engine writes debug information in an order of chance.
			if len(here) != len(there) || !cfg.DebugInfo && !bytes.Equal(here, there) {
				t.Errorf("the images differ: %d and %d bytes", len(here), len(there))
			}
			cfg.Compile = nil
			if _, cached := keepImage(t, cfg, dir); !cached {
				t.Error("it was compiled again")
			}
		})
	}
}

func TestWhatTheCompilerSaysOfAModuleIsTheError(t *testing.T) {
	for name, c := range map[string]struct {
		err error
		is  func(error) bool
	}{
		"it is not valid":         {&guest.InvalidModule{Offset: 3, Reason: "on purpose"}, func(err error) bool { return errors.As(err, new(*guest.InvalidModule)) }},
		"the compiler broke down": {&guest.CompileFailure{Reason: "on purpose"}, func(err error) bool { return errors.As(err, new(*guest.CompileFailure)) }},
	} {
		t.Run(name, func(t *testing.T) {
			dir, calls := t.TempDir(), 0
			e, err := New(Config{Calls: testCalls(t), Slots: 1, Shards: 1, Compile: func(_ context.Context, what Compilation) error {
				calls++
				_, err := what.Image.WriteString("half of an image")
				return errors.Join(err, c.err)
			}})
			if err != nil {
				t.Fatal(err)
			}
			defer e.Close()
			_, err = e.Compile(context.Background(), wat(t, returnsSeven), ModuleOptions{Steps: []Step{{Export: "run"}}, CacheDir: dir})
			if !c.is(err) || calls != 1 {
				t.Errorf("got %v after %d calls", err, calls)
			}
			if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
				t.Errorf("left in the cache: %v, %v", left, err)
			}
		})
	}
}

func TestModuleRunsWhereThereIsNoRoomForItsImage(t *testing.T) {
	var log bytes.Buffer
	dir, full := t.TempDir(), true
	e, err := New(Config{Calls: testCalls(t), Slots: 1, Shards: 1, Log: slog.New(slog.NewTextHandler(&log, nil)), Compile: func(_ context.Context, c Compilation) error {
		if full {
			full = false
			return errors.New("no space left on device")
		}
		return Compile(c)
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	m := openCached(t, e, dir, returnsSeven)
	defer m.Close()
	if s, _, err := run(m, guest.Limits{}); err != nil || s.values[0] != 7 || m.Image() != "" {
		t.Errorf("got %v, image %q", err, m.Image())
	}
	if left := cachedFiles(t, dir, "*"); len(left) != 0 || !strings.Contains(log.String(), "no space left on device") {
		t.Errorf("left %v, log %s", left, &log)
	}
}

func TestWhatKilledProcessesLeftIsRemoved(t *testing.T) {
	dir := t.TempDir()
	old, fresh := dir+"/.writing-old", dir+"/.writing-fresh"
	for _, p := range []string{old, fresh} {
		if err := os.WriteFile(p, nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if long := time.Now().Add(-2 * writingTime); os.Chtimes(old, long, long) != nil {
		t.Fatal("no time")
	}
	openCached(t, testEngine(t), dir, returnsSeven).Close()
	if left := cachedFiles(t, dir, ".writing-*"); len(left) != 1 || left[0] != fresh {
		t.Errorf("left: %v", left)
	}
}

// Exceptions with their references work without the proposals for typed references and
// managed objects, which are off.
func TestExceptionsAreCaughtAndThrownAgain(t *testing.T) {
	const exnref = 0x69
	catch := wasmtest.Cat( // with a local for the exception
		wasmtest.B(1, 1, exnref),
		wasmtest.B(0x02, exnref),              // block (result exnref)
		wasmtest.B(0x1f, 0x40, 1, 0x03, 0),    // try_table (catch_all_ref 0)
		wasmtest.B(0x41, 7, 0x08, 0),          // i32.const 7, throw 0
		wasmtest.B(0x0b, 0x00, 0x0b, 0x21, 0), // end, unreachable, end, local.set 0
		wasmtest.B(0x02, 0x7f),                // block (result i32)
		wasmtest.B(0x1f, 0x40, 1, 0x00, 0, 0), // try_table (catch 0 0)
		wasmtest.B(0x20, 0, 0x0a),             // local.get 0, throw_ref
		wasmtest.B(0x0b, 0x00, 0x0b, 0x10, 0), // end, unreachable, end, call 0
		wasmtest.B(0x0b))                      // end
	m, err := wasm.Parse(wasmtest.Module(
		wasmtest.Section(1, wasmtest.Vec(wasmtest.FuncType(nil, nil), wasmtest.FuncType([]guest.ValueType{guest.I32}, nil))),
		wasmtest.Section(2, wasmtest.Vec(wasmtest.Import("env", "put", 0, 1))),
		wasmtest.Section(3, wasmtest.Vec(wasmtest.U(0))),
		wasmtest.Section(13, wasmtest.Vec(wasmtest.B(0, 1))),
		wasmtest.Section(7, wasmtest.Vec(wasmtest.Export("run", 0, 1))),
		wasmtest.Section(10, wasmtest.Vec(wasmtest.Cat(wasmtest.U(uint64(len(catch))), catch))),
	))
	if err != nil {
		t.Fatal(err)
	}
	c, err := testEngine(t).Compile(context.Background(), m, ModuleOptions{Steps: []Step{{Export: "run"}}})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if s, _, err := run(c, guest.Limits{}); err != nil || len(s.values) != 1 || s.values[0] != 7 {
		t.Errorf("got %v", err)
	}
}

func TestManagedObjectsAreRefused(t *testing.T) {
	m, err := wasm.Parse(wasmtest.Module(
		wasmtest.Section(1, wasmtest.Vec(wasmtest.FuncType(nil, nil), wasmtest.B(0x5f, 0))), // a structure without fields
		wasmtest.Section(3, wasmtest.Vec(wasmtest.U(0))),
		wasmtest.Section(7, wasmtest.Vec(wasmtest.Export("run", 0, 0))),
		wasmtest.Section(10, wasmtest.Vec(wasmtest.Body())),
	))
	if err != nil {
		t.Fatal(err)
	}
	_, err = testEngine(t).Compile(context.Background(), m, ModuleOptions{Steps: []Step{{Export: "run"}}})
	var invalid *guest.InvalidModule
	if !errors.As(err, &invalid) || !strings.Contains(invalid.Reason, "without the gc feature") {
		t.Errorf("got %v", err)
	}
}
