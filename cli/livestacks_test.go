package cli

import (
	"bytes"
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/internal/guesttest"
	"github.com/faaslens/faaslens/store"
	"github.com/faaslens/faaslens/worker"
)

func TestProcessTellsTheStacksOfItsInvocations(t *testing.T) {
	st, err := store.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	w, err := worker.New(worker.Config{Store: st})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	name := guest.Name{User: "demo", Function: "endless"}
	if _, err := st.Add(name, guesttest.Build(t, "2", "endless.c"), store.AddOptions{}); err != nil {
		t.Fatal(err)
	}
	f, err := w.Open(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()

	var out bytes.Buffer
	s := &session{stdout: &out, env: environment{"XDG_RUNTIME_DIR=" + t.TempDir()}, now: time.Now}
	defer s.answerStacks(w)()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	started := make(chan struct{})
	go func() {
		defer close(ended)
		f.Invoke(ctx, &worker.Invocation{Stderr: onFirstWrite(started)})
	}()
	defer func() {
		cancel()
		<-ended
	}()
	<-started

	r, err := s.ask(os.Getpid())
	if err != nil || len(r.Invocations) != 1 || r.PID != os.Getpid() {
		t.Fatalf("got %+v, %v", r, err)
	}
	if err := s.allStacks(false); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"demo/endless, running for ", "#0 turn at ", "endless.c:", "main at ", "host: engine.(*Module).Run at ", "host: cli.TestProcessTells"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is missing in\n%s", want, &out)
		}
	}
	if _, err := s.ask(1); err == nil || !strings.Contains(err.Error(), "faaslens stack --all") {
		t.Errorf("got %v", err)
	}
}

// onFirstWrite is a writer that closes a channel when it is first used.
type firstWrite struct {
	c    chan struct{}
	done bool
}

func onFirstWrite(c chan struct{}) *firstWrite { return &firstWrite{c: c} }

func (w *firstWrite) Write(p []byte) (int, error) {
	if !w.done {
		w.done = true
		close(w.c)
	}
	return len(p), nil
}
