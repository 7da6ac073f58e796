package worker

import (
	"context"
	"errors"
	"io"
	"os"
	"testing"
	"time"

	"github.com/faaslens/faaslens/guest"
)

// A function that writes to a pipe which nobody reads ends with its invocation, and
// what was read in time is what it wrote.
func TestAPipeThatNobodyReadsHoldsNobodyUp(t *testing.T) {
	w := testWorker(t, Config{})
	flood := add(t, w, "output_flood.c")
	for name, stream := range map[string]func(*Invocation, *os.File){
		"stdout": func(inv *Invocation, f *os.File) { inv.Stdout = f },
		"stderr": func(inv *Invocation, f *os.File) { inv.Stderr, inv.Args = f, []string{"flood", "stderr"} },
	} {
		t.Run(name+" until the deadline", func(t *testing.T) {
			r, pipe, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			defer pipe.Close()
			inv := &Invocation{Limits: guest.Limits{Timeout: 50 * time.Millisecond}}
			stream(inv, pipe)
			var l *guest.Limit
			if _, err := flood.Invoke(context.Background(), inv); !errors.As(err, &l) || l.Kind != guest.LimitDeadline || len(l.Frames) == 0 {
				t.Errorf("got %v", err)
			}
		})
	}
	t.Run("while another reads", func(t *testing.T) {
		r, pipe, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		read := make(chan int64)
		go func() {
			n, _ := io.Copy(io.Discard, r)
			read <- n
		}()
		const limit = 8 << 20
		var l *guest.Limit
		if _, err := flood.Invoke(context.Background(), &Invocation{Stdout: pipe, Limits: guest.Limits{Output: limit}}); !errors.As(err, &l) || l.Kind != guest.LimitOutput {
			t.Errorf("got %v", err)
		}
		pipe.Close()
		if n := <-read; n != limit {
			t.Errorf("%d bytes came through, want %d", n, limit)
		}
	})
}
