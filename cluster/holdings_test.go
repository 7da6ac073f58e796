package cluster

import (
	"os"
	"strings"
	"testing"

	"github.com/faaslens/faaslens/bus"
	"github.com/faaslens/faaslens/sharedfile"
	"github.com/faaslens/faaslens/state"
)

// holder is one that holds things.
type holder struct {
	*Holdings
	state   *state.Local
	values  *state.Values
	flushed chan struct{} // has an element for each flush of its functions
}

// flushes are functions of which flushes are noted.
type flushes chan struct{}

func (f flushes) Flush() { f <- struct{}{} }

func newHolder(t *testing.T, b *bus.Bus) *holder {
	t.Helper()
	m := &holder{state: state.NewLocal(b.State(), state.Limits{}), flushed: make(chan struct{}, 10)}
	dir := t.TempDir()
	files := sharedfile.New(sharedfile.Config{Open: func() (*os.Root, error) { return os.OpenRoot(dir) }, Remote: b})
	t.Cleanup(func() { files.Close() })
	var err error
	if m.Holdings, err = OpenHoldings(HoldingsConfig{Bus: b, Functions: flushes(m.flushed), State: m.state, Files: files}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Close)
	m.values = state.NewValues(m.state, m.Changed)
	return m
}

var shared = state.Key{User: "demo", Name: "shared"}

// read is what a function reads here that has not pulled the value.
func (m *holder) read(t *testing.T, n int64) string {
	t.Helper()
	v, err := m.state.Value(t.Context(), shared, 0)
	if err != nil {
		t.Fatal(err)
	}
	b := make([]byte, n)
	if err := v.Read(t.Context(), 0, b); err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func (m *holder) put(t *testing.T, text string) {
	t.Helper()
	if err := m.values.Put(t.Context(), shared, int64(len(text)), strings.NewReader(text)); err != nil {
		t.Fatal(err)
	}
}

func TestAFlushReachesEveryMember(t *testing.T) {
	b := openBus(t, bus.Config{Listen: "127.0.0.1:0"})
	here, there := newHolder(t, b), newHolder(t, openBus(t, bus.Config{URL: b.URL()}))
	here.put(t, "old")
	v, err := there.state.Value(t.Context(), shared, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := v.Write(0, []byte("OWN")); err != nil { // and not pushed
		t.Fatal(err)
	}
	here.Flush()
	<-here.flushed
	<-there.flushed // the last that it lets go of
	if got := there.read(t, 3); got != "old" {
		t.Errorf("after the flush it reads %q", got)
	}
	if len(here.flushed) != 0 {
		t.Error("who flushed hears itself")
	}
}

func TestEveryMemberHearsThatAValueWasPut(t *testing.T) {
	b := openBus(t, bus.Config{Listen: "127.0.0.1:0"})
	here, there := newHolder(t, b), newHolder(t, openBus(t, bus.Config{URL: b.URL()}))
	here.put(t, "first")
	if got := there.read(t, 5); got != "first" {
		t.Errorf("it reads %q", got)
	}
	here.put(t, "other")
	for there.read(t, 5) != "other" { // it hears of it meanwhile
	}
	here.put(t, "another size")
	for { // likewise
		v, err := there.state.Value(t.Context(), shared, 0)
		if err != nil {
			t.Fatal(err)
		}
		if v.Size() == 12 {
			return
		}
	}
}

func TestWhoIsClosedHearsNothing(t *testing.T) {
	b := openBus(t, bus.Config{Listen: "127.0.0.1:0"})
	here, closed := newHolder(t, b), newHolder(t, openBus(t, bus.Config{URL: b.URL()}))
	there := newHolder(t, openBus(t, bus.Config{URL: b.URL()}))
	closed.Close()
	closed.Close()
	here.Flush()
	<-there.flushed
	if len(closed.flushed) != 0 {
		t.Error("it hears a flush")
	}
	b.Close()
	here.Flush() // which it can tell nobody
	if len(here.flushed) != 2 {
		t.Errorf("it flushed itself %d times, want 2", len(here.flushed))
	}
}
