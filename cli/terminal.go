package cli

import (
	"os"

	"golang.org/x/sys/unix"
)

// isTerminal reports whether a reader or writer is a terminal.
func isTerminal(stream any) bool {
	f, ok := stream.(*os.File)
	if !ok {
		return false
	}
	_, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	return err == nil
}

// colour is an attribute of ECMA-48's "select graphic rendition".
type colour string

const (
	bold colour = "1"
	red  colour = "1;31"
)

// coloured reports whether what goes to stderr may have colours (no-color.org).
func (s *session) coloured() bool {
	return s.env.get("NO_COLOR") == "" && s.env.get("TERM") != "dumb" && isTerminal(s.stderr)
}

// paint colours a text for stderr.
func (s *session) paint(c colour, text string) string {
	if !s.coloured() {
		return text
	}
	return "\x1b[" + string(c) + "m" + text + "\x1b[0m"
}
