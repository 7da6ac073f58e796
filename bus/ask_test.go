package bus

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"
)

func TestQuestionsAreAnsweredAsOftenAndAsLongAsNeedBe(t *testing.T) {
	b := open(t, Config{Listen: "127.0.0.1:0"})
	other := open(t, Config{URL: b.URL()})
	large := bytes.Repeat([]byte("0123456789abcdef"), 3*partSize/16)
	heard := make(chan *Question, 1)
	stop, err := b.HearQuestions("me", func(q *Question) {
		heard <- q
		for _, answer := range [][]byte{[]byte("first"), large, nil} {
			if err := q.Answer(answer); err != nil {
				t.Error(err)
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	var got [][]byte
	err = other.Ask(t.Context(), "me", []byte("what?"), func(answer []byte) bool {
		got = append(got, answer)
		return len(answer) > 0
	})
	if q := <-heard; err != nil || string(q.Text) != "what?" || len(got) != 3 || string(got[0]) != "first" || !bytes.Equal(got[1], large) {
		t.Fatalf("%q is answered by %d texts, %v", q.Text, len(got), err)
	}
	if err := other.Tell("me", []byte("well")); err != nil {
		t.Fatal(err)
	}
	if q := <-heard; string(q.Text) != "well" {
		t.Errorf("what was told is %q", q.Text)
	}
	stop()
	none := func([]byte) bool { return false }
	for err = nil; err == nil; { // the server hears of the end a moment later
		err = other.Ask(t.Context(), "me", nil, none)
	}
	if !errors.Is(err, ErrNobody) {
		t.Errorf("nobody says %v", err)
	}
	if err := other.Ask(t.Context(), "me", make([]byte, MaxMessage+1<<20), none); err == nil || !strings.Contains(err.Error(), "NATS takes") {
		t.Errorf("a question that is too long: %v", err)
	}
}

func TestWhoDoesNotAnswerIsNotWaitedForForEver(t *testing.T) {
	b := open(t, Config{})
	if _, err := b.HearQuestions("mute", func(*Question) {}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := b.Ask(ctx, "mute", nil, nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("it says %v", err)
	}
}

func TestNewsReachAll(t *testing.T) {
	b := open(t, Config{Listen: "127.0.0.1:0"})
	other := open(t, Config{URL: b.URL()})
	news := make(chan string, 2)
	for _, one := range []*Bus{b, other} {
		if _, err := one.HearNews(func(text []byte) { news <- string(text) }); err != nil {
			t.Fatal(err)
		}
	}
	if err := other.Announce([]byte("hear")); err != nil {
		t.Fatal(err)
	}
	if a, b := <-news, <-news; a != "hear" || b != "hear" {
		t.Errorf("the news are %q and %q", a, b)
	}
}

func TestWhatIsQueuedIsFoundAndWithdrawn(t *testing.T) {
	b := open(t, Config{})
	publish(t, b, "one")
	publish(t, b, "two")
	if text, err := b.Pending(t.Context(), "one"); string(text) != "one" || err != nil {
		t.Errorf("the first is %q, %v", text, err)
	}
	if err := b.Withdraw(t.Context(), "one"); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Pending(t.Context(), "one"); !errors.Is(err, ErrNoResult) {
		t.Errorf("what was withdrawn is there: %v", err)
	}
	if err := b.Withdraw(t.Context(), "one"); !errors.Is(err, ErrNoResult) {
		t.Errorf("it is withdrawn twice: %v", err)
	}
	got := make(chan string, 2)
	c, err := b.Consume(t.Context(), 2, func(j Job) Verdict { got <- string(j.Invocation); return Finished })
	if err != nil {
		t.Fatal(err)
	}
	if s := <-got; s != "two" {
		t.Errorf("%q is handled", s)
	}
	c.Stop()
}

func TestANameIsReservedOnce(t *testing.T) {
	b := open(t, Config{Keep: time.Hour})
	if d, err := b.Reserve(t.Context(), "numbers.7"); d != time.Hour || err != nil {
		t.Errorf("it is reserved for %v, %v", d, err)
	}
	if _, err := b.Reserve(t.Context(), "numbers.7"); !errors.Is(err, ErrTaken) {
		t.Errorf("it is reserved again: %v", err)
	}
}
