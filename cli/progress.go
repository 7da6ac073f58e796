package cli

import (
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/faaslens/faaslens/guest"
)

// progress tells people that a function is being compiled, once that takes long:
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
	if elapsed < progressAfter {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	line := fmt.Sprintf("compiling %s (%s), %s so far", name, guest.FormatBytes(uint64(size)), elapsed.Round(100*time.Millisecond))
	switch {
	case p.terminal:
		fmt.Fprintf(p.w, "\r\x1b[K%s", line)
		p.shown = true
	case elapsed >= p.next:
		fmt.Fprintln(p.w, line)
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
