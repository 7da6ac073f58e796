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

func TestStartUpIsFolded(t *testing.T) {
	of := func(names ...string) (frames []worker.Frame) {
		for i, n := range names {
			frames = append(frames, worker.Frame{Code: guest.CodeOffset(i), Offset: guest.FileOffset(i), Location: symbol.Location{Function: n, Line: 1, File: "a.c"}})
		}
		return frames
	}
	startedBy := func(file string) []worker.Frame {
		frames := of("main", "_start")
		frames[1].File = file
		return frames
	}
	for _, c := range []struct {
		name   string
		frames []worker.Frame
		want   string
	}{
		{"behind main", of("main", "__main_void", "__original_main", "_start"), "    #0 main at a.c:1\n    …  3 start-up frames\n"},
		{"of Go", of("main.main", "wasm_pc_f_loop", "_rt0_wasm_wasip1"), "    #0 main.main at a.c:1\n    …  2 start-up frames\n"},
		{"but one alone", of("main", "_start"), "    #0 main at a.c:1\n    #1 _start at a.c:1\n"},
		{"of our start code alone", startedBy("/cache/objects/src-1/start.c"), "    #0 main at a.c:1\n    …  1 start-up frame\n"},
		{"but another's start code alone", startedBy("/src/restart.c"), "    #0 main at a.c:1\n    #1 _start at /src/restart.c:1\n"},
		{"but all of a stack", of("__original_main", "_start"), "    #0 __original_main at a.c:1\n    #1 _start at a.c:1\n"},
		{"but inside of others", of("__main_void", "_start", "main"), "    #0 __main_void at a.c:1\n    #1 _start at a.c:1\n    #2 main at a.c:1\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var b strings.Builder
			w := stackWriter{w: &b}
			w.write(c.frames)
			if diff := cmp.Diff(c.want, b.String()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestHowToGetLines(t *testing.T) {
	for note, want := range map[string]string{
		"no debug info: build with -g":                                "no debug info: build with -g",
		"no debug info: it is in \"x\", which was not found":          "no debug info: it is in \"x\", which was not found; build it again, without --strip or with -g",
		"debug info unreadable: cut short":                            "debug info unreadable: cut short; build it again, and leave out tools that change modules afterwards, such as wasm-opt",
		"debug info unreadable: split debug file a.dwo: no such file": "debug info unreadable: split debug file a.dwo: no such file; put the file there that belongs to this build, or build it again, without -gsplit-dwarf",
		symbol.NoGoLines + "; the function is declared in line 3":     "Go writes none for WebAssembly",
	} {
		if have := adviseOnLines(note); have != want {
			t.Errorf("%q becomes %q, want %q", note, have, want)
		}
	}
}

func TestModulesWordsDoNotSteerTheTerminal(t *testing.T) {
	name := guest.Name{User: "t", Function: "x"}
	for _, e := range []ending{
		errorEnding(&guest.LinkError{Missing: []guest.MissingImport{{Module: "env", Name: "\x1b[2J", Kind: "function", Want: "()"}}}),
		{kind: "trap", message: "trap: env.\x1b[2J is not provided\r"},
	} {
		var b strings.Builder
		s := &session{stderr: &b, now: time.Now}
		e.write(s, &b, name)
		log := faasmLog{w: &b, now: time.Now}
		log.logEnding(&e)
		if strings.ContainsAny(b.String(), "\x1b\r") || !strings.Contains(b.String(), `\x1b[2J`) {
			t.Errorf("it writes %q", b.String())
		}
	}
}

func TestHintsAreGivenWhereTheyHelp(t *testing.T) {
	advice := trapAdvice(&guest.Trap{Code: guest.TrapIntegerDivideByZero}, guest.Limits{})
	own, inlined := worker.Frame{}, worker.Frame{Location: symbol.Location{Inlined: true}}
	for _, c := range []struct {
		name, advice, want string
		frames             []worker.Frame
	}{
		{"inlined calls have no frames of their own", advice, advice + "; build it with -O0 for every function's own frame", []worker.Frame{inlined, own}},
		{"-O0 gives no others where nothing is inlined", advice, advice, []worker.Frame{own, own}},
		{"other advice stays alone", "", "", []worker.Frame{inlined, own}},
	} {
		if have := adviseOnInlining(c.advice, c.frames); have != c.want {
			t.Errorf("%s: %q, want %q", c.name, have, c.want)
		}
	}
}
