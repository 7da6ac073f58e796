package cli

import (
	"io"
	"io/fs"
	"os"
	"sync/atomic"
)

// openLine is whether what functions wrote last, where messages go too, ended within a
// line. Functions that were chained write at the same time.
type openLine struct {
	open atomic.Bool
}

// end ends the line, if it is open. l may be nil.
func (l *openLine) end(w io.Writer) {
	if l != nil && l.open.Swap(false) {
		_, _ = w.Write([]byte{'\n'}) // the message that follows fails, too
	}
}

// lineWriter tells an open line what is written.
type lineWriter struct {
	w    io.Writer
	line *openLine
}

// Write implements io.Writer.
func (l *lineWriter) Write(p []byte) (int, error) {
	n, err := l.w.Write(p)
	if n > 0 {
		l.line.open.Store(p[n-1] != '\n')
	}
	return n, err
}

// guestStreams are stdout and stderr for functions. What they write there is watched, so
// that messages begin on lines of their own.
func (s *session) guestStreams() (stdout, stderr io.Writer) {
	stdout, stderr = s.stdout, s.stderr
	if mayBlock(stderr) {
		return stdout, stderr
	}
	s.line = new(openLine)
	if isTerminal(stdout) && isTerminal(stderr) {
		stdout = &lineWriter{stdout, s.line}
	}
	return stdout, &lineWriter{stderr, s.line}
}

// mayBlock reports whether a writer is a pipe or the like, whose reader can keep a function
// waiting: it must be a plain file then for the function's deadline to end that.
func mayBlock(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok || isTerminal(f) {
		return false
	}
	info, err := f.Stat()
	return err != nil || info.Mode()&(fs.ModeNamedPipe|fs.ModeSocket|fs.ModeCharDevice) != 0
}
