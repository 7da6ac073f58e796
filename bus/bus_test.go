package bus

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/state"
)

func open(t testing.TB, cfg Config) *Bus {
	t.Helper()
	if cfg.Dir == "" && cfg.URL == "" {
		cfg.Dir = t.TempDir()
	}
	b, err := Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	return b
}

func publish(t *testing.T, b *Bus, id string) {
	t.Helper()
	if err := b.Publish(t.Context(), id, []byte(id)); err != nil {
		t.Fatal(err)
	}
}

func TestWhatWasAcceptedOutlivesTheServer(t *testing.T) {
	dir := t.TempDir()
	first, err := Open(t.Context(), Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	for n := range 3 {
		publish(t, first, fmt.Sprint("job-", n))
	}
	publish(t, first, "job-1") // again: stored once
	first.Close()

	b := open(t, Config{Dir: dir})
	if n, err := b.Queued(t.Context()); n != 3 || err != nil {
		t.Fatalf("%d jobs are queued, %v; want 3", n, err)
	}
	var mu sync.Mutex
	got := make(map[string]int)
	all := make(chan struct{})
	c, err := b.Consume(t.Context(), 2, func(j Job) Verdict {
		mu.Lock()
		defer mu.Unlock()
		if got[string(j.Invocation)]++; len(got) == 3 {
			close(all)
		}
		return Finished
	})
	if err != nil {
		t.Fatal(err)
	}
	<-all
	c.Stop()
	if n, err := b.Queued(t.Context()); n != 0 || err != nil {
		t.Errorf("%d jobs are queued after all were handled, %v", n, err)
	}
	for id, n := range got {
		if n != 1 {
			t.Errorf("%s was handled %d times", id, n)
		}
	}
}

func TestJobsThatAreHandedBackAreGivenAgain(t *testing.T) {
	b := open(t, Config{})
	publish(t, b, "job")
	var attempts atomic.Int32
	done := make(chan struct{})
	c, err := b.Consume(t.Context(), 1, func(j Job) Verdict {
		attempts.Add(1)
		if j.Attempt == 1 {
			return HandBack
		}
		close(done)
		return Finished
	})
	if err != nil {
		t.Fatal(err)
	}
	<-done
	c.Stop()
	if attempts.Load() != 2 {
		t.Errorf("it was given %d times, want 2", attempts.Load())
	}
}

func TestAJobOfAWorkerThatDiedGoesToAnother(t *testing.T) {
	b := open(t, Config{Listen: "127.0.0.1:0", AckWait: 300 * time.Millisecond})
	publish(t, b, "job")
	dies, err := Open(t.Context(), Config{URL: b.URL(), AckWait: 300 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	taken, forever := make(chan struct{}), make(chan struct{})
	if _, err := dies.Consume(t.Context(), 1, func(Job) Verdict { close(taken); <-forever; return Finished }); err != nil {
		t.Fatal(err)
	}
	<-taken
	dies.Close() // without a word: what it took is not given back
	again := make(chan int, 1)
	c, err := b.Consume(t.Context(), 1, func(j Job) Verdict { again <- j.Attempt; return Finished })
	if err != nil {
		t.Fatal(err)
	}
	if n := <-again; n < 2 {
		t.Errorf("the job comes with attempt %d", n)
	}
	c.Stop()
	close(forever)
}

func TestResultsAreWaitedFor(t *testing.T) {
	b := open(t, Config{})
	if _, err := b.Get(t.Context(), "42"); !errors.Is(err, ErrNoResult) {
		t.Errorf("before there is one: %v", err)
	}
	large := bytes.Repeat([]byte("x"), 3<<20)
	got := make(chan []byte, 4)
	watching := make(chan error, 1)
	go func() {
		watching <- b.Watch(context.Background(), "42", func(r []byte) bool { got <- r; return len(r) < 100 })
	}()
	for _, r := range [][]byte{[]byte("running"), large} {
		if err := b.Put(t.Context(), "42", r); err != nil {
			t.Fatal(err)
		}
	}
	if err := <-watching; err != nil {
		t.Fatal(err)
	}
	var last []byte
	for len(got) > 0 {
		last = <-got
	}
	if !bytes.Equal(last, large) {
		t.Errorf("the last that was seen has %d bytes", len(last))
	}
	if r, err := b.Get(t.Context(), "42"); err != nil || !bytes.Equal(r, large) {
		t.Errorf("read again it has %d bytes, %v", len(r), err)
	}
	if _, err := b.Get(t.Context(), "bad key *"); !errors.Is(err, ErrNoResult) {
		t.Errorf("a bad name: %v", err)
	}
}

func TestModulesAreSeenByAll(t *testing.T) {
	b := open(t, Config{Listen: "127.0.0.1:0"})
	other := open(t, Config{URL: b.URL()})
	name := guest.Name{User: "demo", Function: "hello"}
	if err := b.PutModule(t.Context(), name, []byte("first"), ""); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	changes, ready := make(chan Module, 8), make(chan struct{})
	go other.WatchModules(ctx, func(m Module) { changes <- m }, func() { close(ready) })
	if m := <-changes; m.Function != name || m.Deleted {
		t.Errorf("what is there: %+v", m)
	}
	<-ready
	if err := b.PutModule(t.Context(), name, []byte("second"), "prepare"); err != nil {
		t.Fatal(err)
	}
	if m := <-changes; m.WarmExport != "prepare" {
		t.Errorf("the new version is %+v", m)
	}
	if got, err := other.GetModule(t.Context(), name, 100); err != nil || string(got) != "second" {
		t.Errorf("the other process reads %q, %v", got, err)
	}
	if _, err := other.GetModule(t.Context(), name, 3); err == nil || !strings.Contains(err.Error(), "more than") {
		t.Errorf("a module that is too large: %v", err)
	}
	if err := b.DeleteModule(t.Context(), name); err != nil {
		t.Fatal(err)
	}
	if m := <-changes; !m.Deleted {
		t.Errorf("after it was deleted: %+v", m)
	}
}

func TestStateOnTheBusIsThatOfAllHosts(t *testing.T) {
	b := open(t, Config{})
	here, there := state.NewLocal(b.State(), state.Limits{}), state.NewLocal(b.State(), state.Limits{})
	k := state.Key{User: "demo", Name: "a key/with *strange* > letters"}
	const size = 1 << 30
	v, err := here.Value(t.Context(), k, size)
	if err != nil {
		t.Fatal(err)
	}
	for _, at := range []int64{5, 700 << 20, size - 3} {
		if err := v.Write(at, []byte("abc")); err != nil {
			t.Fatal(err)
		}
	}
	if err := v.PushPartial(t.Context()); err != nil {
		t.Fatal(err)
	}
	w, err := there.Value(t.Context(), k, 0)
	if err != nil || w.Size() != size {
		t.Fatalf("another host sees %v, %v", w, err)
	}
	for _, at := range []int64{5, 700 << 20, size - 3} {
		got := make([]byte, 3)
		if err := w.Read(t.Context(), at, got); err != nil || string(got) != "abc" {
			t.Errorf("at %d another host reads %q, %v", at, got, err)
		}
	}
	// Both write into one chunk.
	var wait sync.WaitGroup
	for i, value := range []*state.Value{v, w} {
		wait.Go(func() {
			for n := range 20 {
				at := int64(100 + 2*n + i)
				if err := value.Write(at, []byte{byte(1 + i)}); err != nil {
					t.Error(err)
				}
				if err := value.PushPartial(context.Background()); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wait.Wait()
	if err := v.Pull(t.Context()); err != nil {
		t.Fatal(err)
	}
	got := make([]byte, 40)
	if err := v.Read(t.Context(), 100, got); err != nil || !bytes.Equal(got, bytes.Repeat([]byte{1, 2}, 20)) {
		t.Errorf("both hosts' bytes: %v, %v", got, err)
	}
	keys, err := b.State().List(t.Context(), "demo")
	if err != nil || len(keys) != 1 || keys[0] != k {
		t.Errorf("the keys: %v, %v", keys, err)
	}
	if err := here.Delete(t.Context(), k); err != nil {
		t.Fatal(err)
	}
	if _, err := b.State().Size(t.Context(), k); !errors.Is(err, state.ErrNoValue) {
		t.Errorf("after it was deleted: %v", err)
	}
}

func TestListsOnTheBusKeepTheirOrder(t *testing.T) {
	g := open(t, Config{}).State()
	k, other := state.Key{User: "demo", Name: "list"}, state.Key{User: "demo", Name: "other"}
	for n := range 5 {
		for _, k := range []state.Key{k, other} {
			if err := g.Append(t.Context(), k, fmt.Append(nil, k.Name, n)); err != nil {
				t.Fatal(err)
			}
		}
	}
	all, err := g.Appended(t.Context(), k, 4)
	if err != nil || fmt.Sprintf("%s", all) != "[list0 list1 list2 list3]" {
		t.Errorf("the first four: %s, %v", all, err)
	}
	if err := g.ClearAppended(t.Context(), k); err != nil {
		t.Fatal(err)
	}
	if all, err := g.Appended(t.Context(), k, 4); err != nil || len(all) != 0 {
		t.Errorf("after it was cleared: %s, %v", all, err)
	}
	if all, err := g.Appended(t.Context(), other, 9); err != nil || len(all) != 5 {
		t.Errorf("the other list: %s, %v", all, err)
	}
}

func BenchmarkPublish(b *testing.B) {
	bus := open(b, Config{})
	b.SetParallelism(16)
	var n atomic.Int64
	b.RunParallel(func(p *testing.PB) {
		for p.Next() {
			if err := bus.Publish(context.Background(), fmt.Sprint(n.Add(1)), []byte("invocation")); err != nil {
				b.Error(err)
			}
		}
	})
}

func TestADirectoryHasOneServer(t *testing.T) {
	dir := t.TempDir()
	first := open(t, Config{Dir: dir})
	var used *InUse
	if b, err := Open(t.Context(), Config{Dir: dir}); !errors.As(err, &used) {
		t.Fatalf("opened again: %v, %v", b, err)
	}
	if used.PID != os.Getpid() || used.Dir != dir {
		t.Errorf("used by %d in %s", used.PID, used.Dir)
	}
	first.Close()
	open(t, Config{Dir: dir})
}
