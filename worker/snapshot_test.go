package worker

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/hostcall/wasi"
	"github.com/faaslens/faaslens/internal/guesttest"
	"github.com/faaslens/faaslens/scheduler"
	"github.com/faaslens/faaslens/store"
	"github.com/faaslens/faaslens/wasm/wasmtest"
)

// reopen opens a function of a worker's store by another worker.
func reopen(t *testing.T, w *Worker, cfg Config, name guest.Name) *Function {
	t.Helper()
	cfg.Store = w.cfg.Store
	other, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { other.Close() })
	f, err := other.Open(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func TestWhatInitialisesAFunctionRunsOnce(t *testing.T) {
	w := testWorker(t, Config{Snapshots: true})
	f := add(t, w, "warm/once.cpp")
	s := f.Snapshot()
	want := &Snapshot{
		Steps: []string{"__wasm_call_ctors", "_faasm_zygote"}, Made: true,
		Stdout: []byte("constructor\n"), Stderr: []byte("zygote\n"),
	}
	if d := cmp.Diff(want, s, cmpopts.IgnoreFields(Snapshot{}, "Memory", "Size", "Took", "SHA256")); d != "" {
		t.Fatalf("the snapshot (-want +got):\n%s", d)
	}
	for _, f := range []*Function{f, reopen(t, w, Config{Snapshots: true}, f.Name), reopen(t, w, Config{Snapshots: true, Warm: true}, f.Name)} {
		if got := f.Snapshot(); f.worker != w && got.Made || got.SHA256 != s.SHA256 {
			t.Errorf("another worker has made it again: %+v", got)
		}
		for range 50 {
			stdout, _, o, err := invoke(f, &Invocation{})
			if want := "1 1 1 a string of the zygote's that is on the heap\n"; stdout != want || o.Code != 0 || err != nil {
				t.Fatalf("stdout %q, want %q; code %d, %v", stdout, want, o.Code, err)
			}
		}
	}
}

func TestAFunctionRunsTheSameWithAndWithoutASnapshot(t *testing.T) {
	for _, c := range []struct {
		name, source string
		args         []string
		initial      string // what initialising it prints
		least        int    // frames of its backtrace
	}{
		{name: "it returns", source: "warm/once.cpp", initial: "constructor\n"},
		{name: "it traps", source: "warm/once.cpp", args: []string{"function.wasm", "trap"}, initial: "constructor\n", least: 2},
		{name: "its zygote traps", source: "warm/zygote_traps.c", least: 2},
		{name: "its zygote fails", source: "faasm/zygote_fails.c"},
		{name: "it is in C++", source: "faasm/zygote.cpp"},
		{name: "it is in C", source: "faasm/zygote.c"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := testWorker(t, Config{})
			plain := add(t, w, c.source)
			snapped := reopen(t, w, Config{Snapshots: true}, plain.Name)
			stdout, _, o, err := invoke(plain, &Invocation{Args: c.args})
			again, _, o2, err2 := invoke(snapped, &Invocation{Args: c.args})
			if stdout != c.initial+again || o.Code != o2.Code {
				t.Errorf("stdout %q and %q, code %d and %d", stdout, again, o.Code, o2.Code)
			}
			if (err == nil) != (err2 == nil) || err != nil && err.Error() != err2.Error() {
				t.Fatalf("%v; with a snapshot %v", err, err2)
			}
			var trap, trap2 *guest.Trap
			if errors.As(err, &trap) && errors.As(err2, &trap2) {
				calls := plain.PlainBacktrace(trap.Frames)
				if d := cmp.Diff(calls, snapped.PlainBacktrace(trap2.Frames)); d != "" {
					t.Errorf("the backtrace (-without +with a snapshot):\n%s", d)
				}
				if len(calls) < c.least {
					t.Errorf("the backtrace is %+v", calls)
				}
			}
		})
	}
}

func TestWhatReachesOutOfMemoryIsNotDoneToTakeASnapshot(t *testing.T) {
	w := testWorker(t, Config{Snapshots: true})
	f := add(t, w, "warm/reaches_out.c")
	if got, want := f.Snapshot().Refused, "its initialisation calls path_create_directory"; !strings.HasPrefix(got, want) {
		t.Errorf("the snapshot was refused with %q, want %q", got, want)
	}
	for i, want := range []string{"made 1\n", "made 0\n"} {
		if stdout, _, _, err := invoke(f, &Invocation{}); stdout != want || err != nil {
			t.Errorf("invocation %d: %q, %v; want %q", i, stdout, err, want)
		}
	}
	if again := reopen(t, w, Config{Snapshots: true}, f.Name).Snapshot(); again.Made || again.Refused != f.Snapshot().Refused {
		t.Errorf("the refusal was not kept: %+v", again)
	}
}

func TestOnlyAServiceStartsFromFilesThatItReadOnce(t *testing.T) {
	w := testWorker(t, Config{})
	name := guest.Name{User: "test", Function: "reads"}
	if _, err := w.cfg.Store.Add(name, guesttest.Build(t, "2", "warm/reads_file.c"), store.AddOptions{}); err != nil {
		t.Fatal(err)
	}
	root, err := w.cfg.Store.FunctionRoot(name)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	write := func(text string) {
		if err := root.WriteFile("model", []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	check := func(f *Function, want string, dirs ...wasi.Preopen) {
		t.Helper()
		if stdout, _, _, err := invoke(f, &Invocation{Preopens: dirs}); stdout != want || err != nil {
			t.Errorf("printed %q, %v; want %q", stdout, err, want)
		}
	}
	write("one")
	single := reopen(t, w, Config{Snapshots: true}, name)
	service := reopen(t, w, Config{Snapshots: true, Warm: true}, name)
	check(single, "one")
	check(service, "one")
	write("two")
	check(single, "two")
	check(service, "one")
	// The C library looks for directories in a constructor.
	check(service, "two", wasi.Preopen{Guest: "/data", Root: root})
	check(reopen(t, w, Config{Snapshots: true, Warm: true}, name), "two")
	if single.Snapshot().Refused == "" || service.Snapshot().Refused != "" {
		t.Errorf("refused %q and %q", single.Snapshot().Refused, service.Snapshot().Refused)
	}
}

func TestTheExportThatWasAskedForPreparesTheFunction(t *testing.T) {
	w := testWorker(t, Config{Snapshots: true})
	name := guest.Name{User: "test", Function: "table"}
	module := guesttest.Build(t, "2", "warm/table.c")
	open := func(cfg Config, export string) (*Function, error) {
		t.Helper()
		if _, err := w.cfg.Store.Add(name, module, store.AddOptions{WarmExport: export}); err != nil {
			t.Fatal(err)
		}
		cfg.Store = w.cfg.Store
		other, err := New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { other.Close() })
		f, err := other.Open(t.Context(), name)
		if err == nil {
			t.Cleanup(func() { f.Close() })
		}
		return f, err
	}
	for _, cfg := range []Config{{Snapshots: true}, {Snapshots: true, Warm: true}, {}} {
		f, err := open(cfg, "prepare")
		if err != nil {
			t.Fatal(err)
		}
		for range 3 {
			if stdout, _, o, err := invoke(f, &Invocation{}); stdout != "332833500\n" || o.Code != 0 || err != nil {
				t.Fatalf("%+v: %q, code %d, %v", cfg, stdout, o.Code, err)
			}
		}
		_, _, _, err = invoke(f, &Invocation{Args: []string{"f", "fail"}})
		var trap *guest.Trap
		if !errors.As(err, &trap) {
			t.Fatalf("told to fail: %v", err)
		}
		calls := f.Backtrace(trap.Frames)
		if i := 1; len(calls) < 3 || calls[i].Function != "fail" || calls[i+1].Function != "main" || calls[i+1].Line != 37 {
			t.Errorf("the backtrace is %+v", calls)
		}
	}
	f, err := open(Config{Snapshots: true}, "")
	if err != nil {
		t.Fatal(err)
	}
	if _, _, _, err := invoke(f, &Invocation{}); err == nil || f.Snapshot() != nil {
		t.Errorf("without the export: %v, %+v", err, f.Snapshot())
	}
	for export, want := range map[string]string{
		"prepair": "does not export a function prepair", "prepare_some": "cannot be its warm-up", "_start": "is called in each invocation",
	} {
		if _, err := open(Config{}, export); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", export, err, want)
		}
	}
}

func TestDamagedSnapshotsAreMadeAgain(t *testing.T) {
	w := testWorker(t, Config{Snapshots: true})
	f := add(t, w, "warm/once.cpp")
	dir, err := w.cfg.Store.ObjectDir(f.Name)
	if err != nil {
		t.Fatal(err)
	}
	for _, pattern := range []string{frozenFile, descriptionFile} {
		found, err := filepath.Glob(filepath.Join(dir, snapshotDir, "*", pattern))
		if err != nil || len(found) != 1 {
			t.Fatalf("%s: %q, %v", pattern, found, err)
		}
		b, err := os.ReadFile(found[0])
		if err != nil {
			t.Fatal(err)
		}
		for what, damaged := range map[string][]byte{
			"cut off": b[:len(b)/2], "empty": nil, "changed": bytes.ToUpper(b),
		} {
			if err := os.WriteFile(found[0], damaged, 0o644); err != nil {
				t.Fatal(err)
			}
			again := reopen(t, w, Config{Snapshots: true}, f.Name)
			if stdout, _, _, err := invoke(again, &Invocation{}); err != nil || !strings.HasPrefix(stdout, "1 1 1 ") {
				t.Errorf("%s %s: %q, %v", pattern, what, stdout, err)
			}
			if now, err := os.ReadFile(found[0]); err != nil || !again.Snapshot().Made && !bytes.Equal(now, damaged) {
				t.Errorf("%s %s: %v, made again: %v", pattern, what, err, again.Snapshot().Made)
			}
		}
	}
}

func TestACancelledOpeningSaysSo(t *testing.T) {
	w := testWorker(t, Config{})
	name := add(t, w, "warm/once.cpp").Name
	other, err := New(Config{Store: w.cfg.Store, Snapshots: true})
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("enough"))
	if f, err := other.Open(ctx, name); err == nil || !strings.Contains(err.Error(), "enough") {
		t.Errorf("%v, %v", f, err)
	}
}

func TestInstancesOfModulesThatHideGlobalsAreKept(t *testing.T) {
	w := testWorker(t, Config{Warm: true})
	name := guest.Name{User: "test", Function: "hidden"}
	// A counter that is a global which nothing exports; its code is what it exits with.
	module := wasmtest.Module(
		wasmtest.Section(1, wasmtest.Vec(wasmtest.FuncType(nil, []guest.ValueType{guest.I32}))),
		wasmtest.Section(3, wasmtest.Vec(wasmtest.B(0))),
		wasmtest.Section(5, wasmtest.Vec(wasmtest.B(0, 1))),
		wasmtest.Section(6, wasmtest.Vec(wasmtest.Cat(wasmtest.B(0x7f, 1), wasmtest.I32Const(41)))),
		wasmtest.Section(7, wasmtest.Vec(wasmtest.Export("memory", 2, 0), wasmtest.Export("main", 0, 0))),
		wasmtest.Section(10, wasmtest.Vec(wasmtest.Body(0x23, 0, 0x41, 1, 0x6a, 0x24, 0, 0x23, 0))),
	)
	if _, err := w.cfg.Store.Add(name, module, store.AddOptions{}); err != nil {
		t.Fatal(err)
	}
	f, err := w.Open(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for range 50 {
		if _, _, o, err := invoke(f, &Invocation{}); err != nil || o.Code != 42 {
			t.Fatalf("code %d, %v; want 42", o.Code, err)
		}
	}
	if !f.module.Kept() {
		t.Error("its instances are not kept")
	}
}

func TestAnInvocationThatInitialisesItselfHasItsBacktrace(t *testing.T) {
	w := testWorker(t, Config{})
	f := reopen(t, w, Config{Snapshots: true}, add(t, w, "warm/once.cpp").Name)
	want := func(inv *Invocation) []scheduler.Frame {
		t.Helper()
		_, _, _, err := invoke(f, inv)
		var trap *guest.Trap
		if !errors.As(err, &trap) {
			t.Fatal(err)
		}
		return f.PlainBacktrace(trap.Frames)
	}
	args := []string{"function.wasm", "trap"}
	from := want(&Invocation{Args: args})
	f.snapshot.Reads = []string{readsArguments} // as if it had
	if d := cmp.Diff(from, want(&Invocation{Args: args})); d != "" || f.opened.Load() == nil {
		t.Errorf("the backtrace (-from the snapshot +without):\n%s", d)
	}
}
