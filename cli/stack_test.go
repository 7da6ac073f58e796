package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/symbol"
	"github.com/faaslens/faaslens/worker"
)

func TestLongStacksLoseTheirMiddle(t *testing.T) {
	var stack []worker.Frame
	for i := range 10000 {
		stack = append(stack, worker.Frame{Code: guest.CodeOffset(i), Offset: guest.FileOffset(i), Location: symbol.Location{Function: fmt.Sprintf("f%d", i)}})
	}
	var b strings.Builder
	w := stackWriter{w: &b}
	w.write(stack)
	lines := strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n")
	want := []string{"    #39   f39 (+0x27)", "    …     9950 more", "    #9990 f9990 (+0x2706)"}
	if len(lines) != innerLines+1+outerLines {
		t.Fatalf("%d lines", len(lines))
	}
	if diff := cmp.Diff(want, lines[39:42]); diff != "" {
		t.Error(diff)
	}
}

func TestCallsAreDescribed(t *testing.T) {
	at := symbol.Location{Function: "f(int)", File: "/src/a.cc", Line: 3, Column: 9}
	for _, c := range []struct {
		name, want string
		change     func(*symbol.Location)
	}{
		{"with its place", "f(int) at /src/a.cc:3:9", func(*symbol.Location) {}},
		{"inlined", "f(int) at /src/a.cc:3:9 (inlined)", func(l *symbol.Location) { l.Inlined = true }},
		{"without a column", "f(int) at /src/a.cc:3", func(l *symbol.Location) { l.Column = 0 }},
		{"in code that the compiler made", "f(int) at /src/a.cc", func(l *symbol.Location) { l.Line, l.Column = 0, 0 }},
		{"without its place", "f(int) (+0x1f)", func(l *symbol.Location) { l.File = "" }},
		{"with damage", "f(int) (+0x1f) (debug info unreadable: cut short)",
			func(l *symbol.Location) { l.File, l.Note = "", "debug info unreadable: cut short" }},
		{"with what would steer a terminal", `\x1b[2Jf at /src/\n:3:9`,
			func(l *symbol.Location) { l.Function, l.File = "\x1b[2Jf", "/src/\n" }},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := at
			c.change(&l)
			if have := callText(&worker.Frame{Code: 0x1f, Location: l}, nil); have != c.want {
				t.Errorf("%q, want %q", have, c.want)
			}
		})
	}
}

func TestMovedSourcesAreFound(t *testing.T) {
	m, err := parseSourceMap([]string{"/build=/home/me", "/build/lib/=lib", "/only/this.c=/that.c"})
	if err != nil {
		t.Fatal(err)
	}
	for file, want := range map[string]string{
		"/build/a.c":     "/home/me/a.c",
		"/build/lib/b.c": "lib/b.c",
		"/builder/c.c":   "/builder/c.c",
		"/only/this.c":   "/that.c",
		"":               "",
	} {
		if have := m.path(file); have != want {
			t.Errorf("%s is at %s, want %s", file, have, want)
		}
	}
	for _, bad := range []string{"", "a", "=b", "a="} {
		if _, err := parseSourceMap([]string{bad}); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}

func TestExcerpts(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	source := write("a.c", "one\n\ttwo\nthree\x1b[2J\nfour\r\nfive\nsix\n")
	secret := write("secret", "one\ntwo\n")
	now := time.Now().Add(time.Minute)
	for _, c := range []struct {
		name, file, want string
		line             int
		built            time.Time
	}{
		{"two lines about it", source, "        1 | one\n        2 |     two\n      > 3 | three\\x1b[2J\n        4 | four\n        5 | five\n", 3, now},
		{"at the start", source, "      > 1 | one\n        2 |     two\n        3 | three\\x1b[2J\n", 1, now},
		{"at the end", source, "        4 | four\n        5 | five\n      > 6 | six\n", 6, now},
		{"behind the end", source, "        (the file has no line 7)\n", 7, now},
		{"of a newer file", source, "      > 1 | one\n        2 |     two\n        3 | three\\x1b[2J\n        (a.c is newer than the function: lines may have moved)\n", 1, now.Add(-time.Hour)},
		{"of what is no source", secret, "", 1, now},
		{"of a file that is not there", source + "c", "", 1, now},
		{"of a directory", dir, "", 1, now},
		{"of a device", "/dev/zero", "", 1, now},
	} {
		t.Run(c.name, func(t *testing.T) {
			var b strings.Builder
			frames := []worker.Frame{{}, {Location: symbol.Location{File: c.file, Line: c.line}}}
			if e := findExcerpt(frames, nil, c.built); e != nil {
				e.write(&b)
			}
			if diff := cmp.Diff(c.want, b.String()); diff != "" {
				t.Error(diff)
			}
		})
	}
}
