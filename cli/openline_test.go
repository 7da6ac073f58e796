package cli

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestMessagesBeginOnLinesOfTheirOwn(t *testing.T) {
	const message = "faaslens: it failed\n"
	for name, c := range map[string]struct {
		writes []string
		want   string
	}{
		"after nothing":                {nil, message},
		"after a whole line":           {[]string{"said\n"}, "said\n" + message},
		"after a part of a line":       {[]string{"said\n", "more"}, "said\nmore\n" + message},
		"after a line that came apart": {[]string{"said", "\n"}, "said\n" + message},
		"after an empty write":         {[]string{"said", ""}, "said\n" + message},
	} {
		t.Run(name, func(t *testing.T) {
			var b bytes.Buffer
			s := &session{stdout: io.Discard, stderr: &b}
			_, stderr := s.guestStreams()
			for _, text := range c.writes {
				if _, err := io.WriteString(stderr, text); err != nil {
					t.Fatal(err)
				}
			}
			s.complain("it failed")
			if diff := cmp.Diff(c.want, b.String()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestAPipeIsLeftToTheFunction(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	s := &session{stdout: io.Discard, stderr: w}
	if _, stderr := s.guestStreams(); stderr != io.Writer(w) {
		t.Errorf("stderr is %T, and no deadline ends a write to it", stderr)
	}
	f, err := os.Create(filepath.Join(t.TempDir(), "file"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	s.stderr = f
	if _, stderr := s.guestStreams(); stderr == io.Writer(f) {
		t.Error("what goes to a file is not watched")
	}
}
