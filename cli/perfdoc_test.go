package cli

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/faaslens/faaslens/internal/guesttest"
)

// shown is a command in a document, and the lines that it is said to print.
type shown struct {
	command string
	lines   []string
}

// readShown reads a document's console blocks.
func readShown(text string) []shown {
	var all []shown
	inside := false
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		command, isCommand := strings.CutPrefix(line, "$ ")
		switch {
		case strings.HasPrefix(line, "```"):
			inside = line == "```console"
		case inside && isCommand:
			all = append(all, shown{command: command})
		case inside && len(all) > 0 && line != "...":
			last := &all[len(all)-1]
			last.lines = append(last.lines, line)
		}
	}
	return all
}

// alike replaces what differs from run to run: numbers, hashes and where files are.
func alike(line, dir string) string {
	line = strings.ReplaceAll(line, filepath.Join(dir, "data"), "/var/lib/faaslens")
	line = regexp.MustCompile(`[0-9a-f]{40}`).ReplaceAllString(line, "HASH")
	line = regexp.MustCompile(`%\w+`).ReplaceAllString(line, "REGISTER")
	line = regexp.MustCompile(`[0-9][0-9a-f,.]*(µs|ms|s\b)?`).ReplaceAllString(line, "N")
	return strings.Join(strings.Fields(line), " ")
}

// What docs/perf.md shows is run here, and every line of output must come again, but for
// its numbers.
func TestThePagesOnPerfShowWhatHappens(t *testing.T) {
	p := newProfiled(t, "hello.c")
	source, err := os.ReadFile(filepath.Join(guesttest.Dir(), "perf/shares.c"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(p.dir, "shares.c"), source, 0o600); err != nil {
		t.Fatal(err)
	}
	runPage(t, p, "perf.md", 10, func(s shown, out, log string) {
		printed := make(map[string]bool)
		for line := range strings.Lines(out + log) {
			printed[alike(line, p.dir)] = true
		}
		for _, line := range s.lines {
			if !printed[alike(line, p.dir)] {
				t.Errorf("%s\ndoes not print any more\n%s\n(%s) but\n%.3000s%.1000s", s.command, line, alike(line, p.dir), out, log)
			}
		}
	})
}

// runPage runs the commands that a page of the documentation shows, of which there are so
// many at least, and checks what each prints.
func runPage(t *testing.T, p *profiled, page string, atLeast int, check func(s shown, out, log string)) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("../docs", page))
	if err != nil {
		t.Fatal(err)
	}
	all := readShown(string(text))
	if len(all) < atLeast {
		t.Fatalf("only %d commands in the page", len(all))
	}
	for _, s := range all {
		out, log, err := p.try(nil, "sh", "-c", s.command)
		if err != nil {
			t.Fatalf("%s: %v\n%s%s", s.command, err, out, log)
		}
		check(s, out, log)
	}
}
