package cli

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/faaslens/faaslens/internal/guesttest"
)

// Lines of a profile's table, whose order and numbers are those of one run, and lines that
// are only there where there is something to tell.
var (
	tableRow = regexp.MustCompile(`^ +[0-9.]+ ?(ns|µs|ms|s|B|KiB|MiB) +[0-9.]+% +[0-9.]+ ?(ns|µs|ms|s|B|KiB|MiB) +[0-9.]+%  (.*)$`)
	perhaps  = regexp.MustCompile(`^(left out:|and [0-9]+ more function)`)
	listed   = regexp.MustCompile(`^ +(\.|[0-9.]+m?s) +(\.|[0-9.]+m?s) +([0-9]+:.*)$`)
)

// What docs/profiling.md shows is run here. The first row of a table must be of one of the
// first three functions that are shown; listed source must be the same; all else must come
// again, but for its numbers.
func TestThePageOnProfilingShowsWhatHappens(t *testing.T) {
	p := newProfiled(t, "hello.c")
	sources, err := filepath.Glob("../demo/imgsmith/*.c")
	if err != nil {
		t.Fatal(err)
	}
	p.run("faaslens", append([]string{"build", "demo/imgsmith"}, absolute(t, sources)...)...)
	p.run("faaslens", "build", "demo/waits", filepath.Join(guesttest.Dir(), "profile/waits.c"))
	if err := os.Symlink(absolute(t, []string{"../demo"})[0], filepath.Join(p.dir, "demo")); err != nil {
		t.Fatal(err)
	}
	runPage(t, p, "profiling.md", 4, func(s shown, out, log string) {
		printed := make(map[string]bool)
		first, rows := "", 0
		for line := range strings.Lines(out + log) {
			line = strings.TrimSuffix(line, "\n")
			if m := tableRow.FindStringSubmatch(line); m != nil {
				if rows++; rows == 1 {
					first = strings.Replace(m[3], "  cli.test", "  faaslens", 1)
				}
			}
			printed[shape(line, p.dir)] = true
		}
		var most []string // of the functions that are shown
		for _, line := range s.lines {
			if m := tableRow.FindStringSubmatch(line); m != nil {
				if len(most) < 3 {
					most = append(most, m[3])
				}
				continue
			}
			if !perhaps.MatchString(line) && !printed[shape(line, p.dir)] {
				t.Errorf("%s\ndoes not print any more\n%s\n(%s) but\n%.4000s%.3000s", s.command, line, shape(line, p.dir), out, log)
			}
		}
		if len(most) > 0 && !slices.Contains(most, first) {
			t.Errorf("%s\nshows %q first, and prints %q first:\n%s%s", s.command, most, first, out, log)
		}
	})
}

// shape is a line without what differs between runs and places.
func shape(line, dir string) string {
	if m := listed.FindStringSubmatch(line); m != nil {
		return strings.Join(strings.Fields(m[3]), " ")
	}
	line = regexp.MustCompile(`\S*/demo/imgsmith/`).ReplaceAllString(line, "DEMO/")
	line = regexp.MustCompile(`(made by: |kernel: Linux )[^;,]*`).ReplaceAllString(line, "$1")
	line = regexp.MustCompile(`go1\S+ `).ReplaceAllString(line, "GO ")
	return alike(line, dir)
}

func absolute(t *testing.T, paths []string) []string {
	t.Helper()
	for i, path := range paths {
		abs, err := filepath.Abs(path)
		if err != nil {
			t.Fatal(err)
		}
		paths[i] = abs
	}
	return paths
}
