package cli

import (
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/faaslens/faaslens/guest"
)

// progress tells people what is being done, such as compiling, once that takes long:
// one line that changes on a terminal, a line now and then elsewhere.
type progress struct {
	w        io.Writer
	terminal bool

	mu    sync.Mutex
	shown bool
	next  time.Duration // when a plain line is due
}

// When progress is first shown, and how often plain lines follow.
const (
	progressAfter = 2 * time.Second
	progressEvery = 10 * time.Second
)

func (s *session) newProgress() *progress {
	return &progress{w: s.stderr, terminal: isTerminal(s.stderr), next: progressAfter}
}

// compiling is told again and again while a function is compiled.
func (p *progress) compiling(name guest.Name, size int, elapsed time.Duration) {
	p.show(elapsed, func() string {
		return fmt.Sprintf("compiling %s (%s), %s so far", name, guest.FormatBytes(uint64(size)), elapsed.Round(100*time.Millisecond))
	})
}

// show shows a line about something that has taken that long; text is called only if it
// is shown.
func (p *progress) show(elapsed time.Duration, text func() string) {
	if elapsed < progressAfter {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.terminal:
		fmt.Fprintf(p.w, "\r\x1b[K%s", text())
		p.shown = true
	case elapsed >= p.next:
		fmt.Fprintln(p.w, text())
		p.next += progressEvery
	}
}

// done removes the line that changes.
func (p *progress) done() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.shown {
		fmt.Fprint(p.w, "\r\x1b[K")
		p.shown = false
	}
}
