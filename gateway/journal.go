package gateway

import (
	"bytes"
	"sync"
	"time"

	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/scheduler"
)

// LogEntry is an invocation that has ended, as the log has it.
type LogEntry struct {
	// Number counts a member's entries since its start: where some are missing, there
	// were more than are kept.
	Number   uint64             `json:"number"`
	Time     time.Time          `json:"time"`
	ID       scheduler.ID       `json:"invocation"`
	Parent   scheduler.ID       `json:"parent,omitempty"`
	Function string             `json:"function"`
	Host     string             `json:"host"` // that ran it
	Took     time.Duration      `json:"took_ns"`
	ExitCode *int32             `json:"exit_code,omitempty"`
	Failure  *scheduler.Failure `json:"failure,omitempty"`
	// The first of what it wrote.
	Stdout *Text `json:"stdout,omitempty"`
	Stderr *Text `json:"stderr,omitempty"`
}

// How many entries the journal keeps, and how much of a stream in each.
const (
	maxEntries   = 4096
	maxEntryText = 4 << 10
)

// line is an entry before anybody asks for it.
type line struct {
	number                 uint64
	finished               time.Time
	took                   time.Duration
	id, parent             scheduler.ID
	function               guest.Name
	value                  int32
	failure                *scheduler.Failure
	stdout, stderr         []byte
	stdoutSize, stderrSize int64
}

// journal is the last invocations that ended.
type journal struct {
	mu      sync.Mutex
	lines   []line // a ring once it is full
	next    uint64 // number of the next
	waiting int    // how many wait for changed
	changed chan struct{}
}

func (j *journal) add(i *scheduler.Invocation) {
	r := i.Result
	l := line{
		finished: i.Times.Finished, took: i.Times.Finished.Sub(i.Times.Queued), id: i.ID, parent: i.Parent,
		function: i.Request.Function, value: r.ReturnValue, failure: r.Failure,
		stdout: clip(r.Stdout), stderr: clip(r.Stderr), stdoutSize: r.StdoutSize, stderrSize: r.StderrSize,
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	l.number = j.next
	if len(j.lines) < maxEntries {
		j.lines = append(j.lines, l)
	} else {
		j.lines[l.number%maxEntries] = l
	}
	j.next++
	if j.waiting > 0 {
		j.waiting = 0
		close(j.changed)
		j.changed = make(chan struct{})
	}
}

// clip is the first of what a function wrote, without keeping the rest.
func clip(b []byte) []byte {
	if cap(b) <= maxEntryText {
		return b
	}
	return bytes.Clone(b[:min(len(b), maxEntryText)])
}

// since are the lines from a number on that are kept and wanted, and what number comes
// next; changed is closed when that is there.
func (j *journal) since(number uint64, wanted func(*line) bool) (found []line, next uint64, changed <-chan struct{}) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for n := max(number, j.next-uint64(len(j.lines))); n < j.next; n++ {
		if l := &j.lines[n%maxEntries]; wanted(l) {
			found = append(found, *l)
		}
	}
	j.waiting++
	return found, j.next, j.changed
}

func (l *line) entry() *LogEntry {
	e := &LogEntry{
		Number: l.number, Time: l.finished.UTC(), ID: l.id, Parent: l.parent, Function: l.function.String(), Took: l.took, Failure: l.failure,
		Stdout: textOf(l.stdout, maxEntryText, l.stdoutSize), Stderr: textOf(l.stderr, maxEntryText, l.stderrSize),
	}
	if l.failure == nil {
		e.ExitCode = &l.value
	}
	return e
}
