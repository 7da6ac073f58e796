package cli

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// counted is a profile, read without the code that wrote it.
type counted struct {
	self    map[string]uint64 // by object and function
	object  string            // of the guest
	total   uint64            // of all lines
	summary uint64            // what valgrind says
}

// readCounts adds up a profile's own costs: lines that do not follow one with calls.
func readCounts(t *testing.T, path string) counted {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	c := counted{self: make(map[string]uint64)}
	names := map[string]string{}
	name := func(kind, v string) string {
		number, text, defined := strings.Cut(v, " ")
		if defined {
			names[kind+number] = text
		}
		return names[kind+number]
	}
	var object, function string
	calls := false
	for line := range strings.Lines(string(b)) {
		line = strings.TrimSpace(line)
		key, value, _ := strings.Cut(line, "=")
		switch {
		case key == "ob":
			object = name("ob", value)
			if strings.HasSuffix(object, ".so") && strings.Contains(object, "/cache/perf/") {
				c.object = object
			}
		case key == "fn":
			function = name("fn", value)
		case key == "cfn":
			name("fn", value)
		case key == "cob":
			name("ob", value)
		case key == "calls":
			calls = true
		case strings.HasPrefix(line, "summary: "):
			c.summary = number(t, strings.TrimPrefix(line, "summary: "))
		case strings.HasPrefix(line, "0x"):
			if !calls {
				cost := number(t, strings.Fields(line)[2])
				c.self[object+" "+function] += cost
				c.total += cost
			}
			calls = false
		}
	}
	return c
}

func number(t *testing.T, s string) uint64 {
	t.Helper()
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// guest is what the guest's functions cost themselves.
func (c counted) guest() map[string]uint64 {
	g := maps.Clone(c.self)
	maps.DeleteFunc(g, func(k string, _ uint64) bool { return !strings.HasPrefix(k, c.object+" ") })
	return g
}

func TestCallgrindCountsGuestsInstructionsExactly(t *testing.T) {
	p := newProfiled(t, "perf/counts.c")
	count := func(file string, turns int) counted {
		p.run("faaslens", "callgrind", p.name, "-o", file, "--", "--", strconv.Itoa(turns))
		c := readCounts(t, filepath.Join(p.dir, file))
		if c.total != c.summary || c.object == "" {
			t.Errorf("%s: %d instructions at places of the object %q, valgrind counted %d", file, c.total, c.object, c.summary)
		}
		return c
	}
	once, again, more := count("a", 1000), count("b", 1000), count("c", 3000)
	if d := cmp.Diff(once.guest(), again.guest()); d != "" {
		t.Errorf("the same run again (-first +second):\n%s", d)
	}
	work := once.object + " work"
	if got, want := more.self[work]-once.self[work], 2000*loopLength(t, p, once.object, "work"); got != want {
		t.Errorf("2000 turns more cost %d instructions, by the machine code %d", got, want)
	}
	for function, n := range more.guest() {
		if function != work && n != once.self[function] && function != once.object+" atoi" {
			t.Errorf("%s costs %d with more turns, %d with fewer", function, n, once.self[function])
		}
	}
	annotated := p.run("callgrind_annotate", "--auto=yes", "a")
	if !regexp.MustCompile(`(?m)^ *\d,000 \( *\d+\.\d+%\) +x \^= x >> 17;$`).MatchString(annotated) {
		t.Errorf("no line of the guest's source has its thousands:\n%s", annotated[max(0, strings.Index(annotated, "counts.c")):][:2000])
	}
	if !regexp.MustCompile(`=> .*counts\.c:work \(1x\)`).MatchString(annotated) {
		t.Error("main does not call work once")
	}
}

// loopLength is how many instructions there are from where a function's only jump back
// leads to up to that jump.
func loopLength(t *testing.T, p *profiled, object, function string) uint64 {
	t.Helper()
	out := p.run("objdump", "-d", "--no-show-raw-insn", "--disassemble="+function, object)
	var addresses []uint64
	for _, m := range regexp.MustCompile(`(?m)^\s*([0-9a-f]+):\t(\S+)\s*([0-9a-f]*)`).FindAllStringSubmatch(out, -1) {
		at, err := strconv.ParseUint(m[1], 16, 64)
		if err != nil {
			t.Fatal(err)
		}
		addresses = append(addresses, at)
		if to, err := strconv.ParseUint(m[3], 16, 64); m[2][0] == 'j' && err == nil && to < at {
			n := uint64(0)
			for _, a := range addresses {
				if a >= to {
					n++
				}
			}
			return n
		}
	}
	t.Fatalf("no jump leads back:\n%s", out)
	return 0
}

func TestCallgrindCountsCachesAndPassesExitCodesOn(t *testing.T) {
	p := newProfiled(t, "exit_code.c")
	_, log, err := p.try(nil, "faaslens", "callgrind", p.name, "--cache-sim", "--branch-sim")
	want, _, plain := p.try(nil, "faaslens", "run", p.name)
	if fmt.Sprint(err) != fmt.Sprint(plain) {
		t.Errorf("callgrind ends with %v, a plain run with %v (%s)\n%s", err, plain, want, log)
	}
	b, err := os.ReadFile(filepath.Join(p.dir, "callgrind.out.shares"))
	if err != nil || !regexp.MustCompile(`(?m)^events: Ir .*D1mr.*Bcm`).Match(b) {
		t.Errorf("no events of caches and branches (%v):\n%.500s", err, b)
	}
}

func TestCallgrindOfARunThatIsMisusedSaysWhatTheRunSaid(t *testing.T) {
	p := newProfiled(t, "exit_code.c")
	_, log, err := p.try(nil, "faaslens", "callgrind", p.name, "--", "--runs", "0")
	exit, ok := err.(*exec.ExitError)
	if !ok || exit.ExitCode() != exitMisuse || !strings.Contains(log, "--runs 0: want 1 or more") || strings.Contains(log, "jitdump") {
		t.Errorf("%v\n%s", err, log)
	}
}
