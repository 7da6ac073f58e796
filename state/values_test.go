package state

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"
)

// put makes a value of a text.
func put(t *testing.T, s *Values, k Key, text string) {
	t.Helper()
	if err := s.Put(t.Context(), k, int64(len(text)), strings.NewReader(text)); err != nil {
		t.Fatal(err)
	}
}

func TestWhatIsPutIsSeenWithoutAPullWhereNothingElseWasWritten(t *testing.T) {
	g := new(Memory)
	here, there := NewLocal(g, Limits{}), NewLocal(g, Limits{})
	s := NewValues(here, there.Changed)
	put(t, s, key, "first")
	v, w := value(t, here, key, 0), value(t, there, key, 0)
	for _, v := range []*Value{v, w} {
		if got := read(t, v, 0, 5); string(got) != "first" {
			t.Errorf("read %q", got)
		}
	}
	write(t, w, 1, 'X') // and does not push it
	put(t, s, key, "other")
	if got := read(t, v, 0, 5); string(got) != "other" {
		t.Errorf("after another put, read %q", got)
	}
	if got := read(t, w, 0, 5); string(got) != "oXher" {
		t.Errorf("where a byte was written, read %q", got)
	}
}

func TestAPushDoesNotBringBackWhatAPutReplaced(t *testing.T) {
	g := new(Memory)
	l := NewLocal(g, Limits{})
	s := NewValues(l, nil)
	put(t, s, key, "old bytes")
	v := value(t, l, key, 0)
	read(t, v, 0, 9)
	put(t, s, key, "new words")
	write(t, v, 0, 'N')
	do(t, v.Push)
	got := make([]byte, 9)
	if err := s.Read(t.Context(), key, 0, got); err != nil || string(got) != "New words" {
		t.Errorf("the global tier has %q, %v", got, err)
	}
}

func TestAPullFetchesWhatAPutReplaced(t *testing.T) {
	l := NewLocal(new(Memory), Limits{})
	s := NewValues(l, nil)
	put(t, s, key, "old")
	v := value(t, l, key, 0)
	read(t, v, 0, 3)
	put(t, s, key, "new")
	do(t, v.Pull)
	if got := v.mem.bytes[:3]; string(got) != "new" { // as one who has it mapped sees it
		t.Errorf("after a pull it is %q", got)
	}
}

func TestAValueOfAnotherSizeIsAnotherValue(t *testing.T) {
	g := new(Memory)
	l := NewLocal(g, Limits{})
	s := NewValues(l, nil)
	put(t, s, key, "short")
	session := l.Open(key.User)
	defer session.Close()
	v, err := session.Value(t.Context(), key.Name, 0)
	if err != nil {
		t.Fatal(err)
	}
	read(t, v, 0, 5)
	put(t, s, key, "much longer")
	if got := read(t, v, 0, 5); string(got) != "short" {
		t.Errorf("who has the value sees %q", got)
	}
	w, err := session.Value(t.Context(), key.Name, 0)
	if err != nil {
		t.Fatal(err)
	}
	if got := read(t, w, 0, 11); string(got) != "much longer" {
		t.Errorf("who asks again reads %q", got)
	}
}

func TestAHostThatDidNotHearOfAnotherSizeFindsOut(t *testing.T) {
	g := new(Memory)
	deaf := NewLocal(g, Limits{})
	s := NewValues(NewLocal(g, Limits{}), nil)
	session := deaf.Open(key.User)
	defer session.Close()
	put(t, s, key, strings.Repeat("x", 2*ChunkSize))
	v, err := session.Value(t.Context(), key.Name, 0)
	if err != nil {
		t.Fatal(err)
	}
	read(t, v, 0, 5)
	put(t, s, key, "short")
	if err := v.Fetch(t.Context(), ChunkSize, 1); err == nil || !strings.Contains(err.Error(), "has 5 elsewhere") {
		t.Errorf("reading on: %v", err)
	}
	again, err := session.Value(t.Context(), key.Name, 0)
	if err != nil {
		t.Fatal(err)
	}
	if got := read(t, again, 0, 5); string(got) != "short" {
		t.Errorf("reading anew: %q", got)
	}
}

func TestPiecesArePutWithinAValue(t *testing.T) {
	s := NewValues(NewLocal(new(Memory), Limits{}), nil)
	if err := s.PutAt(t.Context(), key, 0, 1, strings.NewReader("x")); !errors.Is(err, ErrNoValue) {
		t.Errorf("into no value: %v", err)
	}
	put(t, s, key, strings.Repeat("-", 3*ChunkSize))
	const at = ChunkSize - 3
	if err := s.PutAt(t.Context(), key, at, 6, strings.NewReader("middle")); err != nil {
		t.Fatal(err)
	}
	got := make([]byte, 8)
	if err := s.Read(t.Context(), key, at-1, got); err != nil || string(got) != "-middle-" {
		t.Errorf("around the piece there is %q, %v", got, err)
	}
	if err := s.PutAt(t.Context(), key, 3*ChunkSize-1, 2, strings.NewReader("xx")); !errors.Is(err, ErrOutside) {
		t.Errorf("beyond the end: %v", err)
	}
	if err := s.Put(t.Context(), key, 0, strings.NewReader("")); err == nil {
		t.Error("a value of no bytes is taken")
	}
	if err := s.Put(t.Context(), key, 9, strings.NewReader("short")); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("a reader that ends early: %v", err)
	}
}

// heaviest is a global tier that notes how much is written at once.
type heaviest struct {
	*Memory
	most, sum int
}

func (h *heaviest) Write(_ context.Context, _ Key, _ int64, ranges []Range) error {
	n := 0
	for _, r := range ranges {
		n += len(r.Data)
	}
	h.most, h.sum = max(h.most, n), h.sum+n
	return nil
}

func TestALargeValueIsPutInPieces(t *testing.T) {
	h := &heaviest{Memory: new(Memory)}
	s := NewValues(NewLocal(h, Limits{}), nil)
	const size = 1 << 30
	buf := make([]byte, 1<<20)
	if err := s.Put(t.Context(), key, size, io.LimitReader(repeat(buf), size)); err != nil {
		t.Fatal(err)
	}
	if h.sum != size || h.most > maxPush {
		t.Errorf("%d bytes were written, up to %d at once; want %d and at most %d", h.sum, h.most, size, maxPush)
	}
}

// repeat is the same bytes without end.
type repeat []byte

func (r repeat) Read(p []byte) (int, error) { return copy(p, r), nil }

func TestValuesAreListedWithTheirSizes(t *testing.T) {
	s := NewValues(NewLocal(new(Memory), Limits{}), nil)
	put(t, s, Key{"demo", "b"}, "four")
	put(t, s, Key{"demo", "a"}, "3 b")
	put(t, s, Key{"other", "c"}, "x")
	all, err := s.List(t.Context(), "demo")
	if err != nil || len(all) != 2 || all[0] != (Listed{"a", 3}) || all[1] != (Listed{"b", 4}) {
		t.Errorf("got %v, %v", all, err)
	}
	if err := s.Delete(t.Context(), Key{"demo", "a"}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Size(t.Context(), Key{"demo", "a"}); !errors.Is(err, ErrNoValue) {
		t.Errorf("what was deleted: %v", err)
	}
}

func TestKeysHaveALength(t *testing.T) {
	for name, bad := range map[string]bool{"": true, "k": false, string(bytes.Repeat([]byte("k"), maxKey)): false, string(bytes.Repeat([]byte("k"), maxKey+1)): true} {
		if err := CheckKey(Key{"demo", name}); errors.Is(err, ErrBadKey) != bad {
			t.Errorf("a key of %d bytes: %v", len(name), err)
		}
	}
}
