package cli

import (
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/store"
)

func TestDataDirectory(t *testing.T) {
	for _, c := range []struct {
		name, want string
		env        environment
	}{
		{"its own variable comes first", "/a", environment{"FAASLENS_DIR=/a", "FAASM_LOCAL_DIR=/b", "XDG_DATA_HOME=/c", "HOME=/d"}},
		{"then Faasm's", "/b", environment{"FAASM_LOCAL_DIR=/b", "XDG_DATA_HOME=/c", "HOME=/d"}},
		{"an empty one does not count", "/b", environment{"FAASLENS_DIR=", "FAASM_LOCAL_DIR=/b"}},
		{"then the XDG directory", "/c/faaslens", environment{"XDG_DATA_HOME=/c", "HOME=/d"}},
		{"a relative XDG directory does not count", "/d/.local/share/faaslens", environment{"XDG_DATA_HOME=c", "HOME=/d"}},
		{"then one at home", "/d/.local/share/faaslens", environment{"HOME=/d"}},
		{"of two values the last counts", "/b", environment{"FAASLENS_DIR=/a", "FAASLENS_DIR=/b"}},
		{"without any there is none", "", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir, err := c.env.dataDir()
			if dir != c.want || (err != nil) != (c.want == "") {
				t.Errorf("%q, %v; want %q", dir, err, c.want)
			}
		})
	}
}

func TestExitCodes(t *testing.T) {
	wrap := func(err error) error { return fmt.Errorf("demo/x: %w", err) }
	for _, c := range []struct {
		name string
		err  error
		want int
	}{
		{"misuse", wrap(misuse("no")), 2},
		{"not found", wrap(store.ErrNotFound), 127},
		{"a bad module", wrap(&guest.InvalidModule{}), 126},
		{"imports that do not fit", wrap(&guest.LinkError{}), 126},
		{"whatever else is in the way of running", wrap(&cannotRun{errors.New("no")}), 126},
		{"a trap", wrap(&guest.Trap{}), 134},
		{"a deadline", wrap(&guest.Limit{Kind: guest.LimitDeadline}), 124},
		{"memory", wrap(&guest.Limit{Kind: guest.LimitMemory}), 137},
		{"a table", wrap(&guest.Limit{Kind: guest.LimitTable}), 137},
		{"output", wrap(&guest.Limit{Kind: guest.LimitOutput}), 153},
		{"native stack", wrap(&guest.Limit{Kind: guest.LimitStack}), 134},
		{"an interrupt", wrap(&interrupted{syscall.SIGINT}), 130},
		{"a request to end", wrap(&interrupted{syscall.SIGTERM}), 143},
		{"anything else", errors.New("no"), 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			if have := exitCode(c.err); have != c.want {
				t.Errorf("exit code %d, want %d", have, c.want)
			}
		})
	}
}

func TestFunctionCodesNeverTurnIntoSuccess(t *testing.T) {
	for code, want := range map[int32]int{0: 0, 1: 1, 255: 255, 256: 255, 257: 1, -1: 255, -99: 157, math.MinInt32: 255} {
		if have := functionCode(code); have != want {
			t.Errorf("%d ends with %d, want %d", code, have, want)
		}
	}
}

func TestDirectoriesAreParsed(t *testing.T) {
	for _, c := range []struct {
		spec, host, guest string
		readOnly          bool
	}{
		{"data:/data", "data", "/data", false},
		{"data:/data:ro", "data", "/data", true},
		{"data:/data:rw", "data", "/data", false},
		{"/a:b:/data", "/a:b", "/data", false},
		{".:.", ".", ".", false},
		{"ro:ro:ro", "ro", "ro", true},
		{"data", "", "", false},
		{"data:", "", "", false},
		{":/data", "", "", false},
		{":ro", "", "", false},
		{"", "", "", false},
	} {
		p, host, err := parseDirectory(c.spec)
		if host != c.host || p.Guest != c.guest || p.ReadOnly != c.readOnly || (err != nil) != (c.host == "") {
			t.Errorf("%q is %q as %q, read-only %v, %v", c.spec, host, p.Guest, p.ReadOnly, err)
		}
	}
}

func TestFaasmOptions(t *testing.T) {
	known := map[string]bool{"input-data": true, "cmdline": true, "clean": false, "client": true}
	for _, c := range []struct {
		name, args string
		positional []string
		values     map[string]string
		err        string
	}{
		{"a value may be the next argument", "u --input-data x f", []string{"u", "f"}, map[string]string{"input-data": "x"}, ""},
		{"or behind an equals sign", "--cmdline=a=b u", []string{"u"}, map[string]string{"cmdline": "a=b"}, ""},
		{"a value may look like an option", "--cmdline --clean", nil, map[string]string{"cmdline": "--clean"}, ""},
		{"a beginning is enough", "--in x --cle", nil, map[string]string{"input-data": "x", "clean": ""}, ""},
		{"unless it could be two", "--cl", nil, nil, "option '--cl' is ambiguous"},
		{"unknown", "--bogus", nil, nil, "unrecognised option '--bogus'"},
		{"a value is missing", "--cmdline", nil, nil, "the required argument for option '--cmdline' is missing"},
		{"a value too much", "--clean=1", nil, nil, "option '--clean' does not take any arguments"},
		{"twice", "--clean --clean", nil, nil, "option '--clean' cannot be specified more than once"},
	} {
		t.Run(c.name, func(t *testing.T) {
			positional, values, err := parseOptions(strings.Fields(c.args), known)
			if c.err != "" {
				if err == nil || err.Error() != c.err {
					t.Errorf("got %v, want %s", err, c.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.positional, positional) + cmp.Diff(c.values, values); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// fixed is a moment that logs show.
func fixed() time.Time { return time.Date(2026, 1, 2, 17, 4, 5, 0, time.UTC) }

func TestProgressIsShownWhenItTakesLong(t *testing.T) {
	name := guest.Name{User: "demo", Function: "big"}
	tick := func(p *progress) {
		for d := time.Duration(0); d <= 25*time.Second; d += 500 * time.Millisecond {
			p.compiling(name, 12<<20, d)
		}
		p.done()
	}
	t.Run("on a terminal one line changes and goes", func(t *testing.T) {
		var b strings.Builder
		tick(&progress{w: &b, terminal: true, next: progressAfter})
		if !strings.HasPrefix(b.String(), "\r\x1b[Kcompiling demo/big (12 MiB), 2s so far\r") || !strings.HasSuffix(b.String(), "25s so far\r\x1b[K") {
			t.Errorf("%q", b.String())
		}
	})
	t.Run("elsewhere there is a line now and then", func(t *testing.T) {
		var b strings.Builder
		tick(&progress{w: &b, next: progressAfter})
		want := "compiling demo/big (12 MiB), 2s so far\ncompiling demo/big (12 MiB), 12s so far\ncompiling demo/big (12 MiB), 22s so far\n"
		if b.String() != want {
			t.Errorf("%q", b.String())
		}
	})
}

func TestFaasmLogLines(t *testing.T) {
	var b strings.Builder
	s := &session{stdout: &b, env: environment{"LOG_LEVEL=warn"}, now: fixed}
	log := s.faasmLog()
	log.info("not shown")
	log.fail("shown: %d", 1)
	line := b.String()
	if ok, _ := filepath.Match("\\[17:04:05\\] \\[*\\] \\[E\\] shown: 1\n", line); !ok {
		t.Errorf("%q", line)
	}
}
