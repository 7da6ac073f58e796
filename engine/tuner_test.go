package engine

import (
	"context"
	"testing"
	"time"

	"github.com/faaslens/faaslens/engine/internal/wasmtime"
)

// try runs trials of a tuner until it has decided.
func try(t *testing.T, n *tuner, cost map[wasmtime.Reset]wasmtime.Cost) wasmtime.Reset {
	t.Helper()
	for range 10 * maxTries {
		if !n.trying.Load() {
			return wasmtime.Reset(n.reset.Load())
		}
		way := wasmtime.Reset(n.reset.Load())
		n.note(way, cost[way])
	}
	t.Fatal("it tries for ever")
	return 0
}

func TestTheCheapestWayIsTaken(t *testing.T) {
	settled := func(d time.Duration, faults int64) wasmtime.Cost {
		return wasmtime.Cost{Settled: true, Time: d, Faults: faults}
	}
	for _, c := range []struct {
		name   string
		memory uint64
		cost   map[wasmtime.Reset]wasmtime.Cost
		want   wasmtime.Reset
	}{
		{"by its time", 1 << 20, map[wasmtime.Reset]wasmtime.Cost{
			wasmtime.ResetSticky: settled(9, 0), wasmtime.ResetScan: settled(5, 0), wasmtime.ResetCopy: settled(7, 0), wasmtime.ResetFresh: settled(8, 0)}, wasmtime.ResetScan},
		{"by the guest's page faults", 1 << 20, map[wasmtime.Reset]wasmtime.Cost{
			wasmtime.ResetSticky: settled(1000, 0), wasmtime.ResetScan: settled(900, 0), wasmtime.ResetCopy: settled(800, 0), wasmtime.ResetFresh: settled(700, 10)}, wasmtime.ResetCopy},
		{"none that was not seen", 1 << 20, map[wasmtime.Reset]wasmtime.Cost{
			wasmtime.ResetSticky: settled(9, 0), wasmtime.ResetFresh: settled(8, 0), wasmtime.ResetCopy: {Time: 1}}, wasmtime.ResetFresh},
		{"the first if none was seen", 1 << 20, nil, wasmtime.ResetSticky},
		{"not copying much", maxCopied + 1, map[wasmtime.Reset]wasmtime.Cost{
			wasmtime.ResetSticky: settled(9, 0), wasmtime.ResetScan: settled(9, 1), wasmtime.ResetCopy: settled(1, 0), wasmtime.ResetFresh: settled(99, 0)}, wasmtime.ResetSticky},
	} {
		if got := try(t, newTuner(ResetMeasured, c.memory), c.cost); got != c.want {
			t.Errorf("%s: it took %d, want %d", c.name, got, c.want)
		}
	}
}

func TestTheWaysAreTriedAgain(t *testing.T) {
	e := warmEngine(t, Config{Shards: 1, Slots: 1})
	m := compileWarm(t, e, `(module (memory (export "memory") 1) (func (export "run") (i32.store (i32.const 0) (i32.const 1))))`)
	run := func() {
		if _, err := m.Run(context.Background(), &Run{States: []any{&told{}}}); err != nil {
			t.Fatal(err)
		}
	}
	tuner := m.warm.tuner
	for range 4 * maxTries {
		run()
	}
	if tuner.trials != 1 || m.Reset() == ResetMeasured {
		t.Fatalf("after %d runs %d trials have ended; the way is %s", 4*maxTries, tuner.trials, m.Reset())
	}
	tuner.left.Store(2)
	for range 4 * maxTries {
		run()
	}
	if tuner.trials != 2 {
		t.Errorf("%d trials have ended, want 2", tuner.trials)
	}
}

func TestAWayThatIsGivenIsKept(t *testing.T) {
	for _, way := range []Reset{ResetSticky, ResetScan, ResetCopy, ResetFresh} {
		e := warmEngine(t, Config{Shards: 1, Slots: 1, Reset: way})
		m := compileWarm(t, e, `(module (memory (export "memory") 1) (func (export "run")))`)
		for range 3 {
			if _, err := m.Run(context.Background(), &Run{States: []any{&told{}}}); err != nil {
				t.Fatal(err)
			}
		}
		if kept := len(m.warm.parked[0]) == 1; m.Reset() != way || kept != (way != ResetFresh) {
			t.Errorf("%s: it is %s, and an instance is kept: %v", way, m.Reset(), kept)
		}
	}
}

func TestPagesThatWereOnlyCopiedDoNotCountAsWritten(t *testing.T) {
	e := warmEngine(t, Config{Shards: 1, Slots: 1, Reset: ResetCopy})
	m := compileWarm(t, e, `(module (memory (export "memory") 3) (func (export "run") (i32.store (i32.const 70000) (i32.const 1))))`)
	for _, way := range []wasmtime.Reset{wasmtime.ResetCopy, wasmtime.ResetSticky, wasmtime.ResetSticky} {
		m.warm.tuner.reset.Store(int32(way))
		if _, err := m.Run(context.Background(), &Run{States: []any{&told{}}}); err != nil {
			t.Fatal(err)
		}
	}
	s := <-m.warm.parked[0]
	if n := s.native.Written(); n > 1 {
		t.Errorf("%d pages are written back, want 1", n)
	}
	m.warm.parked[0] <- s
}
