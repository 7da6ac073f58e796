package worker

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/internal/guesttest"
	"github.com/faaslens/faaslens/store"
)

// keepRefused keeps the function whose exports cannot be called once for all, with one of
// them to prepare it.
func keepRefused(t *testing.T, w *Worker, export string) guest.Name {
	t.Helper()
	return keepPrepared(t, w, export, "warm/refused.c")
}

// keepPrepared keeps a function that is prepared by one of its exports.
func keepPrepared(t *testing.T, w *Worker, export, source string) guest.Name {
	t.Helper()
	name := guest.Name{User: "test", Function: export}
	if _, err := w.cfg.Store.Add(name, guesttest.Build(t, "2", source), store.AddOptions{WarmExport: export}); err != nil {
		t.Fatal(err)
	}
	return name
}

// patience is how long an initialisation may take in these tests that does not end.
const patience = 20 * time.Millisecond

func TestWhatFailsToInitialiseAFunctionIsTriedOnce(t *testing.T) {
	w := testWorker(t, Config{})
	for export, want := range map[string]string{
		"loops":  "its initialisation takes more than 20ms",
		"traps":  "its initialisation ends in a trap: unreachable executed",
		"exits":  "its initialisation exits, with code 3",
		"fails":  "its initialisation ends in a trap: fails failed (return value 7)",
		"writes": "its initialisation writes more than 64 KiB",
	} {
		t.Run("it "+export, func(t *testing.T) {
			name := keepRefused(t, w, export)
			cfg := Config{Snapshots: true}
			if export == "loops" {
				cfg.Initial.Timeout = patience
			}
			first := reopen(t, w, cfg, name).Snapshot()
			if !first.Made || first.Refused != want {
				t.Fatalf("%+v, want %q", first, want)
			}
			cfg.Warm = true // a service
			if again := reopen(t, w, cfg, name).Snapshot(); again.Made || again.Refused != want {
				t.Errorf("it was tried again: %+v", again)
			}
			if shown := FindSnapshot(w.cfg.Store, name, reopen(t, w, cfg, name).Module(), export); shown == nil || shown.Refused != want {
				t.Errorf("what is kept says %+v", shown)
			}
			cfg.Retry = true
			if again := reopen(t, w, cfg, name).Snapshot(); !again.Made || again.Refused != want {
				t.Errorf("it was not tried when told to: %+v", again)
			}
		})
	}
}

func TestARefusalIsBelievedForItsLimitsAndLess(t *testing.T) {
	for _, c := range []struct {
		name, export       string
		first, second      guest.Limits
		triedAgain, refuse bool
	}{
		{name: "the same time", export: "loops", first: guest.Limits{Timeout: patience}, second: guest.Limits{Timeout: patience}, refuse: true},
		{name: "less time", export: "loops", first: guest.Limits{Timeout: patience}, second: guest.Limits{Timeout: patience / 2}, refuse: true},
		{name: "more time", export: "loops", first: guest.Limits{Timeout: patience}, second: guest.Limits{Timeout: 2 * patience}, triedAgain: true, refuse: true},
		{name: "more time for what did not run out of it", export: "traps", first: guest.Limits{Timeout: time.Hour}, second: guest.Limits{Timeout: -1}, refuse: true},
		{name: "less memory", export: "allocates", first: guest.Limits{Memory: 16 << 20}, second: guest.Limits{Memory: 8 << 20}, refuse: true},
		{name: "more memory", export: "allocates", first: guest.Limits{Memory: 16 << 20}, second: guest.Limits{Memory: 64 << 20}, triedAgain: true},
		{name: "the usual memory", export: "allocates", first: guest.Limits{Memory: 16 << 20}, triedAgain: true},
		{name: "more stack", export: "traps", first: guest.Limits{Stack: 1 << 20}, second: guest.Limits{Stack: 2 << 20}, triedAgain: true, refuse: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := testWorker(t, Config{})
			name := keepRefused(t, w, c.export)
			if s := reopen(t, w, Config{Snapshots: true, Initial: c.first}, name).Snapshot(); s.Refused == "" {
				t.Fatalf("%+v", s)
			}
			s := reopen(t, w, Config{Snapshots: true, Initial: c.second}, name).Snapshot()
			if s.Made != c.triedAgain || (s.Refused != "") != c.refuse {
				t.Errorf("tried again: %v, refused %q", s.Made, s.Refused)
			}
		})
	}
}

func TestWhatFailsForWantOfAFileIsTriedAgain(t *testing.T) {
	w := testWorker(t, Config{})
	name := keepRefused(t, w, "reads")
	cfg := Config{Snapshots: true, Warm: true}
	for range 2 {
		if s := reopen(t, w, cfg, name).Snapshot(); !s.Made || s.Refused != "its initialisation ends in a trap: reads failed (return value 1)" {
			t.Fatalf("%+v", s)
		}
	}
	root, err := w.cfg.Store.FunctionRoot(name)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	if err := root.WriteFile("model", nil, 0o644); err != nil {
		t.Fatal(err)
	}
	f := reopen(t, w, cfg, name)
	if s := f.Snapshot(); s.Refused != "" {
		t.Errorf("with the file: %+v", s)
	}
	if shown := FindSnapshot(w.cfg.Store, name, f.original, "reads"); shown == nil || !shown.Again {
		t.Errorf("what is kept says %+v", shown)
	}
}

func TestADamagedRefusalIsTriedAgain(t *testing.T) {
	w := testWorker(t, Config{})
	name := keepRefused(t, w, "traps")
	f := reopen(t, w, Config{Snapshots: true}, name)
	dir, err := w.cfg.Store.ObjectDir(name)
	if err != nil {
		t.Fatal(err)
	}
	found, err := filepath.Glob(filepath.Join(dir, snapshotDir, "*", descriptionFile))
	if err != nil || len(found) != 1 {
		t.Fatalf("%q, %v", found, err)
	}
	kept, err := os.ReadFile(found[0])
	if err != nil {
		t.Fatal(err)
	}
	for what, damaged := range map[string][]byte{
		"cut off": kept[:len(kept)/2], "empty": nil, "of other steps": bytes.ReplaceAll(kept, []byte(`"traps"`), []byte(`"loops"`)),
		"without its reason": bytes.Replace(kept, []byte(`"refused"`), []byte(`"unknown"`), 1),
		"of the past":        bytes.Replace(kept, []byte(`"memory": 1073741824`), []byte(`"timeout_ns": -1`), 1),
	} {
		if bytes.Equal(damaged, kept) {
			t.Fatalf("%s: nothing is damaged in %s", what, kept)
		}
		if err := os.WriteFile(found[0], damaged, 0o644); err != nil {
			t.Fatal(err)
		}
		if again := reopen(t, w, Config{Snapshots: true}, name).Snapshot(); !again.Made || again.Refused != f.Snapshot().Refused {
			t.Errorf("%s: %+v", what, again)
		}
		if again := reopen(t, w, Config{Snapshots: true}, name).Snapshot(); again.Made {
			t.Errorf("%s: it was not kept again: %+v", what, again)
		}
	}
}

func TestPublishingTriesToInitialiseOnce(t *testing.T) {
	var tried []string
	w := testWorker(t, Config{
		Snapshots: true, Warm: true, Initial: guest.Limits{Timeout: patience},
		Initialised: func(f *Function) { tried = append(tried, f.Snapshot().Refused) },
	})
	l := NewLibrary(w, 1)
	defer l.Close()
	name := guest.Name{User: "test", Function: "loops"}
	for n := range 2 { // each upload is a try of its own
		if _, err := l.Publish(context.Background(), name, guesttest.Build(t, "2", "warm/refused.c"), store.AddOptions{WarmExport: "loops"}); err != nil {
			t.Fatal(err)
		}
		if len(tried) != n+1 || !strings.HasPrefix(tried[n], "its initialisation takes more than ") {
			t.Errorf("after upload %d it was tried with %q", n+1, tried)
		}
	}
	_, err := l.Publish(context.Background(), name, guesttest.Build(t, "2", "warm/refused.c"), store.AddOptions{WarmExport: "_start"})
	if err == nil || !strings.Contains(err.Error(), "is called in each invocation") || w.cfg.Store.WarmExport(name, guesttest.Build(t, "2", "warm/refused.c")) != "loops" {
		t.Errorf("prepared by its main function: %v", err)
	}
}
