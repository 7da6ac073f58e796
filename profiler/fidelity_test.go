package profiler_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/google/pprof/profile"

	"github.com/faaslens/faaslens/codemap"
	"github.com/faaslens/faaslens/engine"
	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/internal/guesttest"
	"github.com/faaslens/faaslens/profiler"
	"github.com/faaslens/faaslens/store"
	"github.com/faaslens/faaslens/worker"
)

// What tells this program to record a run of shares.c, below perf.
var sharesName = guest.Name{User: "t", Function: "shares"}

const (
	fidelityModule = "FAASLENS_TEST_SHARES_MODULE"
	fidelityDir    = "FAASLENS_TEST_SHARES_DIR"
)

// piece is compiled code of one function, inlined ones apart: what perf's addresses are
// looked up in. It is made of the code map and the symbols, without the profiler.
type piece struct {
	Start, End uintptr
	Function   string
}

// shareRounds make about seven seconds of processor time in each of two invocations at
// once.
const shareRounds = "64000"

// recordShares records two invocations of shares.c at once, and leaves the profile and
// the pieces in a directory.
func recordShares(module, dir string) (err error) {
	var pieces []piece
	var mu sync.Mutex
	r, err := newRig(dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.worker.Close()) }()
	b, err := os.ReadFile(module)
	if err != nil {
		return err
	}
	// A worker of its own, which tells the pieces too.
	w, err := worker.New(worker.Config{
		Store:  r.store,
		Engine: engine.Config{Shards: 2, Slots: 2},
		Loaded: func(f *worker.Function, l codemap.Loaded) {
			r.code.Loaded(profiler.Function{Name: f.Name, Module: f.Module(), Symbols: f.Symbols}, l)
			mu.Lock()
			defer mu.Unlock()
			pieces = append(pieces, piecesOf(f, l)...)
		},
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	if _, err := r.store.Add(sharesName, b, store.AddOptions{}); err != nil {
		return err
	}
	f, err := w.Open(context.Background(), sharesName)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	cpu, err := profiler.StartCPU(r.code, 1000)
	if err != nil {
		return err
	}
	errs := make(chan error)
	for n := range 2 {
		go profiler.Invocation{Function: f.Name, Number: n + 1, Start: profiler.Warm}.Do(context.Background(), func(ctx context.Context) {
			_, err := f.Invoke(ctx, &worker.Invocation{Args: []string{"function.wasm", shareRounds}, Stdout: io.Discard})
			errs <- err
		})
	}
	err = errors.Join(<-errs, <-errs)
	p, stopErr := cpu.Stop()
	if err := errors.Join(err, stopErr); err != nil {
		return err
	}
	var out bytes.Buffer
	if err := p.Write(&out); err != nil {
		return err
	}
	sort.Slice(pieces, func(i, j int) bool { return pieces[i].Start < pieces[j].Start })
	j, err := json.Marshal(pieces)
	return errors.Join(err,
		os.WriteFile(filepath.Join(dir, "cpu.pb.gz"), out.Bytes(), 0o644),
		os.WriteFile(filepath.Join(dir, "pieces.json"), j, 0o644))
}

func piecesOf(f *worker.Function, l codemap.Loaded) []piece {
	var all []piece
	for _, b := range l.Map.Bodies {
		for at := b.Start; at < b.End; at++ {
			name := fmt.Sprintf("function %d", b.Func)
			if fr, ok := l.Map.NearestFrame(at); ok {
				if code, ok := f.Module().CodeOffset(fr.Offset); ok {
					name = f.Symbols().At(code)[0].Function
				}
			}
			if n := len(all); n > 0 && all[n-1].Function == name && all[n-1].End == l.Base+at {
				all[n-1].End++
				continue
			}
			all = append(all, piece{l.Base + at, l.Base + at + 1, name})
		}
	}
	return all
}

// Of three functions, of which two are inlined, our profile and perf's see the known
// shares within 3 points, in the same run. Below that, chance would show: there are at
// least 3,000 samples, and so a standard deviation of 0.9 points.
func TestSharesAreThoseOfTheCodeAndOfPerf(t *testing.T) {
	perf, err := exec.LookPath("perf")
	if err != nil {
		t.Fatal("perf is missing: apt-get install linux-perf")
	}
	dir := t.TempDir()
	module := filepath.Join(dir, "shares.wasm")
	if err := os.WriteFile(module, guesttest.Build(t, "2", "profile/shares.c"), 0o644); err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	data := filepath.Join(dir, "perf.data")
	cmd := exec.Command(perf, "record", "-q", "-e", "cpu-clock", "-F", "1999", "-o", data, self)
	cmd.Env = append(os.Environ(), fidelityModule+"="+module, fidelityDir+"="+dir)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s\nperf has to be allowed: sysctl kernel.perf_event_paranoid=1", cmd, err, out)
	}
	b, err := os.ReadFile(filepath.Join(dir, "cpu.pb.gz"))
	if err != nil {
		t.Fatal(err)
	}
	p, err := profile.ParseData(b)
	if err != nil {
		t.Fatal(err)
	}
	accepted(t, p)
	ours, theirs := ourShares(p), perfShares(t, perf, data, filepath.Join(dir, "pieces.json"))
	t.Logf("samples: ours %d, perf's %d; %s", ours.all, theirs.all, strings.Join(p.Comments, "; "))
	if ours.all < 3000 || theirs.all < 3000 {
		t.Fatalf("%d samples of ours, %d of perf's: want 3000", ours.all, theirs.all)
	}
	for name, want := range map[string]float64{"steps_60": 60, "steps_30": 30, "steps_10": 10} {
		a, b := ours.percent(name), theirs.percent(name)
		t.Logf("%s: %.2f %%, perf %.2f %%", name, a, b)
		if math.Abs(a-want) > 3 || math.Abs(b-want) > 3 || math.Abs(a-b) > 3 {
			t.Errorf("%s has %.2f %% of ours and %.2f %% of perf's samples: want %v %%", name, a, b, want)
		}
	}
	checkStacksOfShares(t, p)
	checkPprofOnShares(t, p)
}

// shares are samples of the guest by innermost function.
type shares struct {
	all        int64
	byFunction map[string]int64
}

func (s shares) percent(function string) float64 {
	return 100 * float64(s.byFunction[function]) / float64(s.all)
}

func ourShares(p *profile.Profile) shares {
	s := shares{byFunction: map[string]int64{}}
	for _, sample := range p.Sample {
		leaf := sample.Location[0]
		if strings.HasPrefix(leaf.Mapping.File, "wasm:") {
			s.all += sample.Value[0]
			s.byFunction[leaf.Line[0].Function.Name] += sample.Value[0]
		}
	}
	return s
}

// perfShares looks up the addresses of perf's samples.
func perfShares(t *testing.T, perf, data, piecesFile string) shares {
	t.Helper()
	b, err := os.ReadFile(piecesFile)
	if err != nil {
		t.Fatal(err)
	}
	var pieces []piece
	if err := json.Unmarshal(b, &pieces); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(perf, "script", "-i", data, "-F", "ip")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v", cmd, err)
	}
	s := shares{byFunction: map[string]int64{}}
	for lines := bufio.NewScanner(bytes.NewReader(out)); lines.Scan(); {
		at, err := strconv.ParseUint(strings.TrimSpace(lines.Text()), 16, 64)
		if err != nil {
			t.Fatalf("perf script says %q: %v", lines.Text(), err)
		}
		i := sort.Search(len(pieces), func(i int) bool { return pieces[i].Start > uintptr(at) }) - 1
		if i >= 0 && uintptr(at) < pieces[i].End {
			s.all++
			s.byFunction[pieces[i].Function]++
		}
	}
	return s
}

// checkStacksOfShares holds the stacks against what calls what.
func checkStacksOfShares(t *testing.T, p *profile.Profile) {
	t.Helper()
	whole, all := int64(0), int64(0)
	for _, s := range p.Sample {
		n := names(s)
		if n[0] != "steps_60" && n[0] != "steps_30" && n[0] != "steps_10" {
			continue
		}
		all += s.Value[0]
		if !strings.HasPrefix(strings.Join(n[1:], " "), "turn main __main_void ") {
			continue
		}
		if n[len(n)-1] != "github.com/faaslens/faaslens/profiler_test.recordShares.gowrap1" && !strings.Contains(strings.Join(n, " "), "(*Function).Invoke") {
			t.Errorf("a stack does not lead back to Go: %q", n)
		}
		whole += s.Value[0]
		if fn, inv := s.Label["function"], s.Label["invocation"]; len(fn) != 1 || fn[0] != "t/shares" || len(inv) != 1 {
			t.Errorf("labels %v", s.Label)
		}
	}
	if whole < all*99/100 {
		t.Errorf("%d of %d stacks are whole", whole, all)
	}
	for _, f := range p.Function {
		if f.Name == "steps_60" && (filepath.Base(f.Filename) != "shares.c" || f.StartLine != 15) {
			t.Errorf("steps_60 is at %s:%d, want shares.c:15", f.Filename, f.StartLine)
		}
	}
	if m := p.Mapping[0]; m.File != "wasm:t/shares" || len(m.BuildID) != 40 || m.Start == 0 || m.Limit <= m.Start ||
		!m.HasFunctions || !m.HasFilenames || !m.HasLineNumbers || !m.HasInlineFrames {
		t.Errorf("the guest's mapping is %+v", m)
	}
}

// checkPprofOnShares does what people do with profiles.
func checkPprofOnShares(t *testing.T, p *profile.Profile) {
	t.Helper()
	for _, c := range []struct {
		name string
		args []string
		want []string
	}{
		{"-list shows the source with its share", []string{"-list=steps_60"}, []string{"ROUTINE ======", "steps_60 in ", "shares.c", "STEPS(60000)"}},
		{"-lines tells lines", []string{"-top", "-lines"}, []string{"steps_60 ", "shares.c:16 (inline)", "shares.c:26"}},
		{"-peek tells callers", []string{"-peek=steps_10"}, []string{"turn", "| steps_10"}},
		{"-tagfocus finds the function", []string{"-top", "-tagfocus=function=t/shares"}, []string{"steps_60 (inline)"}},
		{"-tagfocus finds a warm start", []string{"-top", "-tagfocus=start=warm"}, []string{"steps_60 (inline)"}},
		{"-raw has the comments", []string{"-raw"}, []string{"Comment: rate: requested 1000 Hz, delivered", "Comment: unknown stacks: "}},
	} {
		t.Run(c.name, func(t *testing.T) {
			out := pprof(t, p, c.args...)
			for _, want := range c.want {
				if !strings.Contains(out, want) {
					t.Errorf("%q is not in what pprof %v writes:\n%s", want, c.args, out)
				}
			}
		})
	}
}
