package cli

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/faaslens/faaslens/internal/guesttest"
)

// profiled is a data directory with functions, and programs to run them by.
type profiled struct {
	t    *testing.T
	dir  string // everything
	bin  string // of it, the programs
	env  []string
	name string
}

// newProfiled builds a guest.
func newProfiled(t *testing.T, source string) *profiled {
	t.Helper()
	for program, pkg := range map[string]string{"perf": "linux-perf", "addr2line": "binutils", "objdump": "binutils", "readelf": "binutils", "llvm-dwarfdump-19": "llvm-19", "valgrind": "valgrind", "callgrind_annotate": "valgrind"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Fatalf("%s is missing: apt-get install %s", program, pkg)
		}
	}
	p := &profiled{t: t, dir: t.TempDir(), name: "t/shares"}
	p.bin = filepath.Join(p.dir, "bin")
	if err := os.Mkdir(p.bin, 0o755); err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"faaslens", "simple_runner"} {
		if err := os.Symlink(self, filepath.Join(p.bin, name)); err != nil {
			t.Fatal(err)
		}
	}
	p.env = append(os.Environ(), "FAASLENS_DIR="+filepath.Join(p.dir, "data"), "HOME="+p.dir, "PATH="+p.bin+":"+os.Getenv("PATH"), "LC_ALL=C", "PERF_CONFIG=/dev/null")
	p.run("faaslens", "build", p.name, filepath.Join(guesttest.Dir(), source))
	return p
}

// run runs a program in the directory and returns its stdout.
func (p *profiled) run(name string, args ...string) string {
	p.t.Helper()
	out, stderr, err := p.try(nil, name, args...)
	if err != nil {
		p.t.Fatalf("%s %s: %v\n%s%s", name, strings.Join(args, " "), err, out, stderr)
	}
	return out
}

// try runs a program with more in its environment.
func (p *profiled) try(env []string, name string, args ...string) (stdout, stderr string, err error) {
	p.t.Helper()
	if program := filepath.Join(p.bin, name); fileExists(program) {
		name = program
	}
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	var out, log bytes.Buffer
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = p.dir, append(p.env[:len(p.env):len(p.env)], env...), &out, &log
	err = cmd.Run()
	return out.String(), log.String(), err
}

func fileExists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// shares reads the lines of perf report: percent, and what stands behind it.
func shares(report string) map[string]float64 {
	found := make(map[string]float64)
	line := regexp.MustCompile(`(?m)^\s*([0-9.]+)%\s+(?:\[\.\] )?(.*?)\s*$`)
	for _, m := range line.FindAllStringSubmatch(report, -1) {
		if share, err := strconv.ParseFloat(m[1], 64); err == nil {
			found[m[2]] += share
		}
	}
	return found
}

// guideGuest is a guest with three functions, and what perf calls them.
type guideGuest struct {
	source, big, mid, small string
}

// The guide's own steps, on guests in three languages and with each form of the jitdump:
// the names and lines of guests are perf's, and so are the shares, as far as a second of
// samples can tell.
func TestPerfNamesGuestsAsInTheGuide(t *testing.T) {
	for name, guest := range map[string]guideGuest{
		"C":    {"perf/shares.c", "big", "mid", "small"},
		"C++":  {"perf/shares.cpp", "work::Counter::big(unsigned int)", "work::Counter::mid(unsigned int)", "work::Counter::small(unsigned int)"},
		"Rust": {"perf/shares.rs", "shares::Counter::big", "shares::Counter::mid", "shares::Counter::small"},
	} {
		t.Run(name, func(t *testing.T) {
			p := newProfiled(t, guest.source)
			p.run("simple_runner", "t", "shares") // compiles it
			functions := strings.Count(p.run("faaslens", "symbols", p.name), "\n")
			for form, files := range map[string]func(functions, objects int) bool{
				"jitdump": func(functions, objects int) bool {
					return functions <= fewFunctions && objects > functions+1 || functions > fewFunctions && objects == 1
				},
				"jitdump-load":  func(functions, objects int) bool { return objects > functions },
				"jitdump-image": func(_, objects int) bool { return objects == 1 },
			} {
				t.Run(form, func(t *testing.T) {
					p.t = t
					objects := p.recordByHand(form, "-g")
					if !files(functions, len(objects)) {
						t.Errorf("%d functions are in %d objects: %v", functions, len(objects), objects)
					}
					checkReports(t, p, guest)
				})
			}
		})
	}
}

// recordByHand makes perf.data with perf's own commands, told of the code by a form of
// file, and returns the objects that it refers to then.
func (p *profiled) recordByHand(form string, flags ...string) (objects []string) {
	p.t.Helper()
	home := filepath.Join(p.dir, form)
	args := append([]string{"record", "-q", "-N", "-k", "1", "-e", "cpu-clock", "-o", "raw"}, flags...)
	if _, log, err := p.try([]string{"FAASLENS_PERF=" + form, "HOME=" + home}, "perf", append(args, "simple_runner", "t", "shares", "4")...); err != nil {
		p.t.Fatalf("%v\n%s", err, log)
	}
	p.run("perf", "inject", "-j", "-f", "-i", "raw", "-o", "perf.data")
	dumps, err := filepath.Glob(filepath.Join(home, ".debug", "jit", "*", "jit-*.dump"))
	if err != nil || len(dumps) != 1 {
		p.t.Fatalf("jitdumps: %v, %v; want one", dumps, err)
	}
	objects, err = filepath.Glob(filepath.Join(filepath.Dir(dumps[0]), "jitted-*.so"))
	if err != nil {
		p.t.Fatal(err)
	}
	return objects
}

// checkReports checks what perf report and perf annotate say of perf.data.
func checkReports(t *testing.T, p *profiled, guest guideGuest) {
	t.Helper()
	got := shares(p.run("perf", "report", "-i", "perf.data", "--stdio", "--no-children", "-g", "none", "--sort", "sym"))
	total := got[guest.big] + got[guest.mid] + got[guest.small]
	for function, want := range map[string]float64{guest.big: 60, guest.mid: 30, guest.small: 10} {
		if share := 100 * got[function] / total; math.IsNaN(share) || math.Abs(share-want) > 8 {
			t.Errorf("%s has %.1f%% of the three functions' time, want about %.0f%%: %v", function, share, want, got)
		}
	}
	lines := shares(p.run("perf", "report", "-i", "perf.data", "--stdio", "--no-children", "-g", "none", "--sort", "srcline", "-S", guest.big))
	checkLines(t, lines, filepath.Join(guesttest.Dir(), guest.source))
	source, err := os.ReadFile(filepath.Join(guesttest.Dir(), guest.source))
	if err != nil {
		t.Fatal(err)
	}
	annotated := p.run("perf", "annotate", "-i", "perf.data", "--stdio", "-s", guest.big)
	if shift := sourceLine(string(source), "<< 13"); !strings.Contains(annotated, shift) || !regexp.MustCompile(`\d\.\d\d : +[0-9a-f]+: +\w`).MatchString(annotated) {
		t.Errorf("perf annotate shows no %q, or no instructions:\n%s", shift, annotated)
	}
}

// By records of functions, perf finds callers through the guest to the engine, and what
// it makes of a function has the function's unwind table.
func TestPerfUnwindsGuestsByRecordsOfFunctions(t *testing.T) {
	p := newProfiled(t, "perf/shares.c")
	p.run("simple_runner", "t", "shares") // compiles it
	objects := p.recordByHand("jitdump-load", "--call-graph", "dwarf", "-F", "400")
	var stack []string
	complete := false
	script := p.run("perf", "script", "-i", "perf.data", "-F", "ip,sym")
	for line := range strings.Lines(script) {
		if f := strings.Fields(line); len(f) > 1 {
			stack = append(stack, strings.Join(f[1:], " "))
			continue
		}
		complete = complete || through(stack, "big", "main", "__main_void", "_start", "engine: wasm[0]::array_to_wasm_trampoline")
		stack = nil
	}
	if !complete {
		t.Errorf("no stack leads from the engine through main to big:\n%.3000s", script)
	}
	found := false
	for _, object := range objects {
		symbols := p.run("readelf", "-sW", object)
		m := regexp.MustCompile(`: 0*([0-9a-f]+) +(\d+) FUNC .* big\n`).FindStringSubmatch(symbols)
		if m == nil {
			continue
		}
		found = true
		start, _ := strconv.ParseUint(m[1], 16, 64)
		size, _ := strconv.ParseUint(m[2], 10, 64)
		table := p.run("llvm-dwarfdump-19", "--eh-frame", object)
		if want := fmt.Sprintf("pc=%08x...%08x", start, start+size); !strings.Contains(table, want) {
			t.Errorf("the unwind table of big lacks %s:\n%s", want, table)
		}
	}
	if !found {
		t.Error("no object has big")
	}
}

// through reports whether a stack goes through functions in this order, from the
// innermost on, and perhaps through others.
func through(stack []string, functions ...string) bool {
	for _, name := range stack {
		if len(functions) > 0 && strings.HasPrefix(name, functions[0]) {
			functions = functions[1:]
		}
	}
	return len(functions) == 0
}

// sourceLine is the first line of a source with some text, without spaces around it.
func sourceLine(source, text string) string {
	for line := range strings.Lines(source) {
		if strings.Contains(line, text) {
			return strings.TrimSpace(line)
		}
	}
	return ""
}

// checkLines checks that perf found a function's time in its source: most of it in lines
// of that file that do the work. The rest may be in the library, as of Rust's loops.
func checkLines(t *testing.T, lines map[string]float64, path string) {
	t.Helper()
	source, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	all := strings.Split(string(source), "\n")
	working, total := 0.0, 0.0
	for at, share := range lines {
		total += share
		file, number, _ := strings.Cut(at, ":")
		n, err := strconv.Atoi(number)
		if err == nil && file == filepath.Base(path) && n > 0 && n <= len(all) && regexp.MustCompile(`<<|>>|for |mix\(`).MatchString(all[n-1]) {
			working += share
		}
	}
	if working < 0.7*total || total == 0 {
		t.Errorf("%.1f of %.1f%% are in lines of %s that work: %v", working, total, filepath.Base(path), lines)
	}
}

func TestPerfCommandsRecordReportAnnotateAndFold(t *testing.T) {
	p := newProfiled(t, "perf/shares.c")
	if _, log, err := p.try(nil, "faaslens", "perf", "report", p.name); err == nil || !strings.Contains(log, "faaslens perf record t/shares") {
		t.Errorf("a report without a recording: %v\n%s", err, log)
	}
	p.run("faaslens", "perf", "record", p.name, "--call-graph", "dwarf", "-F", "400", "--", "--runs", "2", "--", "100000")
	report := p.run("faaslens", "perf", "report", p.name, "--", "-g", "none", "--sort", "sym")
	if got := shares(report); got["big"] < got["mid"] || got["mid"] < got["small"] || got["small"] == 0 {
		t.Errorf("report:\n%s", report)
	}
	for what, args := range map[string][]string{
		"the hottest function":      nil,
		"a function by its number":  {"--function", "functionDef" + definition(t, p, "big")},
		"a function by its name":    {"--function", "big"},
		"perf annotate's own flags": {"--function", "big", "--", "--percent-limit", "0"},
	} {
		if out := p.run("faaslens", append([]string{"perf", "annotate", p.name}, args...)...); !strings.Contains(out, "<big>:") || !strings.Contains(out, "x ^= x << 13;") {
			t.Errorf("annotate of %s:\n%s", what, out)
		}
	}
	folded := p.run("faaslens", "perf", "flame", p.name, "-o", "-")
	if !regexp.MustCompile(`(?m)^faaslens;.*;main_\[j\];big_\[j\];mix_\[i\] \d+$`).MatchString(folded) {
		t.Errorf("no stack leads to what is inlined in big:\n%s", folded)
	}
	p.run("faaslens", "perf", "flame", p.name)
	if svg, err := os.ReadFile(filepath.Join(p.dir, flameFile)); err != nil || !strings.Contains(string(svg), "<svg") || !strings.Contains(string(svg), "big") {
		t.Errorf("no flame graph with big: %v", err)
	}
	if _, err := os.Stat(filepath.Join(p.dir, ".debug")); err == nil {
		t.Error("files are left in the home directory")
	}
	for want, args := range map[string][]string{
		"no function":    {"annotate", p.name, "--function", "nothing"},
		"want fp or":     {"record", p.name, "--call-graph", "x"},
		"want 1 or":      {"record", p.name, "-F", "0"},
		"goes behind --": {"report", p.name, "x"},
		"unknown":        {"repot", p.name},
	} {
		if _, log, err := p.try(nil, "faaslens", append([]string{"perf"}, args...)...); err == nil || !strings.Contains(log, want) {
			t.Errorf("faaslens perf %v: %v\n%s", args, err, log)
		}
	}
	_, log, err := p.try(nil, "faaslens", "perf", "record", "t/none")
	if exit, ok := err.(*exec.ExitError); !ok || exit.ExitCode() != exitNotFound {
		t.Errorf("of no function: %v\n%s", err, log)
	}
}

// definition is the N of functionDefN.
func definition(t *testing.T, p *profiled, name string) string {
	t.Helper()
	m := regexp.MustCompile(`(?m)^functionDef(\d+) = ` + name + `$`).FindStringSubmatch(p.run("faaslens", "symbols", p.name))
	if m == nil {
		t.Fatalf("no function %s", name)
	}
	return m[1]
}

func TestPerfReadsTheMap(t *testing.T) {
	p := newProfiled(t, "perf/shares.c")
	p.run("perf", "record", "-q", "-N", "-e", "cpu-clock", "-F", "400", "-g", "-o", "perf.data", "faaslens", "run", "--perf=map", p.name)
	maps := regexp.MustCompile(`/tmp/perf-\d+\.map`).FindString(p.run("perf", "script", "-i", "perf.data", "-F", "ip,sym,dso"))
	if maps != "" {
		t.Cleanup(func() { os.Remove(maps) })
	}
	report := p.run("perf", "report", "-i", "perf.data", "--stdio", "--no-children", "-g", "none", "--sort", "sym")
	if got := shares(report); got["big"] < got["mid"] || got["mid"] < got["small"] || got["small"] == 0 {
		t.Errorf("report:\n%s", report)
	}
}

func TestSwitchesForPerfSayWhatTheyWant(t *testing.T) {
	p := newProfiled(t, "hello.c")
	for _, c := range []struct {
		env  string
		args []string
		want string
	}{
		{"FAASLENS_PERF=yes", []string{"simple_runner", "t", "shares"}, "FAASLENS_PERF=yes: want jitdump, jitdump-load, jitdump-image, map or off"},
		{"FAASLENS_PERF=yes", []string{"faaslens", "run", "t/shares"}, "FAASLENS_PERF=yes: want jitdump, jitdump-load, jitdump-image, map or off"},
		{"FAASLENS_PERF=", []string{"faaslens", "run", "--perf=dump", "t/shares"}, "--perf=dump: want jitdump, jitdump-load, jitdump-image, map or off"},
		{"JITDUMPDIR=/dev/null", []string{"faaslens", "run", "--perf=jitdump", "t/shares"}, "set JITDUMPDIR to a directory"},
	} {
		out, log, err := p.try([]string{c.env}, c.args[0], c.args[1:]...)
		if err == nil || !strings.Contains(out+log, c.want) {
			t.Errorf("%s %v: %v, %s%s", c.env, c.args, err, out, log)
		}
	}
	if _, log, err := p.try([]string{"FAASLENS_PERF=yes"}, "faaslens", "run", "--perf=off", "t/shares"); err != nil {
		t.Errorf("the flag does not count before the environment: %v\n%s", err, log)
	}
	if fileExists(filepath.Join(p.dir, ".debug")) {
		t.Error("runs without the switch write a jitdump")
	}
}
