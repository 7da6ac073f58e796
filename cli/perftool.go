package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/faaslens/faaslens/codemap"
	"github.com/faaslens/faaslens/engine"
	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/perf"
	"github.com/faaslens/faaslens/profiler/export"
	"github.com/faaslens/faaslens/symbol"
	"github.com/faaslens/faaslens/worker"
)

// perfRecord runs a function under perf.
func (s *session) perfRecord(ctx context.Context, name guest.Name, f *perfFlags, runArgs []string) error {
	switch {
	case f.frequency < 1:
		return misuse("-F %d: want 1 or more", f.frequency)
	case f.callGraph != "fp" && f.callGraph != "dwarf":
		return misuse("--call-graph %s: want fp or dwarf", f.callGraph)
	}
	self, err := s.self()
	if err != nil {
		return err
	}
	if _, err := s.findTool("perf", "linux-perf"); err != nil {
		return err
	}
	if _, err := s.prepareForPerf(ctx, name, engine.Config{}); err != nil {
		return err
	}
	dir, err := s.recordingDir(name, f)
	if err != nil {
		return err
	}
	r := &recording{s, name, dir}
	if err := r.clear(); err != nil {
		return fmt.Errorf("make room for the recording: %w", err)
	}
	event := f.event
	if event == "" {
		event = "cycles"
		if countCycles() != nil {
			event = "cpu-clock"
		}
	}
	raw := filepath.Join(dir, "raw.data")
	args := []string{"record", "-q", "-N", "-k", "CLOCK_MONOTONIC", "-e", event, "-F", strconv.Itoa(f.frequency), "--call-graph", f.callGraph, "-o", raw, "--", self, "run", "--perf=jitdump-image", name.String()}
	ended := s.perfTool(ctx, dir, nil, append(args, runArgs...)...)
	if _, err := os.Stat(raw); err != nil {
		return fmt.Errorf("perf recorded nothing: see what 'faaslens doctor' says of perf and the kernel")
	}
	if err := s.perfTool(context.WithoutCancel(ctx), dir, nil, "inject", "-j", "-i", raw, "-o", r.data()); err != nil {
		return fmt.Errorf("give perf's recording names: %w", err)
	}
	if err := os.Remove(raw); err != nil {
		return fmt.Errorf("drop perf's first recording: %w", err)
	}
	fmt.Fprintf(s.stderr, "recorded %s in %s, by %s\n  see 'faaslens perf report %s'\n", name, r.data(), event, name)
	return ended
}

// clear removes an earlier recording, and nothing else: the directory may be anybody's.
func (r *recording) clear() error {
	if err := os.MkdirAll(filepath.Join(r.dir, jitdumps), 0o755); err != nil {
		return err
	}
	for _, old := range []string{"perf.data", "raw.data", "raw.data.old"} {
		if err := os.Remove(filepath.Join(r.dir, old)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return os.RemoveAll(filepath.Join(r.dir, jitdumps))
}

// prepareForPerf compiles a function and writes its symbols, so that what is measured has
// neither, and returns the path of the symbols.
func (s *session) prepareForPerf(ctx context.Context, name guest.Name, o engine.Config) (object string, err error) {
	st, err := s.openStore()
	if err != nil {
		return "", err
	}
	objects := perfObjects(st)
	st.Close()
	var failed error
	w, err := s.newWorkshop(worker.Config{AllowUnknown: true, Engine: o, Loaded: func(f *worker.Function, l codemap.Loaded) {
		object, failed = perf.Keep(objects, perf.Code{Loaded: l, Module: f.Module(), Symbols: f.Symbols()})
	}})
	if err != nil {
		return "", err
	}
	defer w.close()
	f, err := w.open(ctx, name)
	if err != nil {
		return "", err
	}
	return object, errors.Join(failed, f.Close())
}

// countCycles says why perf cannot use the processor's counter of cycles; nil if it can.
func countCycles() error {
	attr := unix.PerfEventAttr{Type: unix.PERF_TYPE_HARDWARE, Config: unix.PERF_COUNT_HW_CPU_CYCLES, Size: unix.PERF_ATTR_SIZE_VER5, Bits: unix.PerfBitDisabled | unix.PerfBitExcludeKernel | unix.PerfBitExcludeHv}
	fd, err := unix.PerfEventOpen(&attr, 0, -1, -1, unix.PERF_FLAG_FD_CLOEXEC)
	if err != nil {
		return err
	}
	return unix.Close(fd)
}

// self is the path of this program, by the name that it was called by.
func (s *session) self() (string, error) {
	path, err := exec.LookPath(s.program)
	if err == nil {
		path, err = filepath.Abs(path)
	}
	if err != nil {
		return "", fmt.Errorf("find this program to start it again: %w", err)
	}
	return path, nil
}

// findTool finds a program of the system's.
func (s *session) findTool(name, pkg string) (string, error) {
	path, err := exec.LookPath(name)
	if err != nil {
		return "", fmt.Errorf("find %s: %w\n  install it with 'apt-get install %s'", name, err, pkg)
	}
	return path, nil
}

// jitdumps is where a recording has what its data refers to.
const jitdumps = "faaslens-jitdumps"

// perfTool runs perf with the caller's streams, stdout going to out if there is one.
// What perf keeps of files goes below dir, and so does the jitdump. When ctx ends, perf is
// interrupted, which lets it finish its file.
func (s *session) perfTool(ctx context.Context, dir string, out io.Writer, args ...string) error {
	path, err := s.findTool("perf", "linux-perf")
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, path, append([]string{"--buildid-dir", filepath.Join(dir, jitdumps, "buildid")}, args...)...)
	cmd.Cancel = func() error { return cmd.Process.Signal(unix.SIGINT) }
	cmd.Env = append(s.env[:len(s.env):len(s.env)], "JITDUMPDIR="+filepath.Join(dir, jitdumps))
	cmd.Stdin, cmd.Stdout, cmd.Stderr = s.stdin, s.stdout, s.stderr
	if out != nil {
		cmd.Stdout = out
	}
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			return cause(ctx, err)
		}
		var exit *exec.ExitError
		if errors.As(err, &exit) && exit.ExitCode() >= 0 {
			return &exitStatus{exit.ExitCode()}
		}
		return fmt.Errorf("run perf: %w", err)
	}
	return nil
}

// perfAnnotate shows one function of a recording.
func (s *session) perfAnnotate(ctx context.Context, name guest.Name, f *perfFlags, args []string) error {
	r, err := s.openRecording(name, f)
	if err != nil {
		return err
	}
	var found string
	if f.function != "" {
		found, err = s.namedFunction(name, f.function)
	} else {
		found, err = r.hottest(ctx)
	}
	if err != nil {
		return err
	}
	return r.show(ctx, append(append([]string{"annotate"}, args...), "-s", found))
}

// namedFunction finds what perf calls a function of a module.
func (s *session) namedFunction(name guest.Name, function string) (string, error) {
	st, _, symbols, err := s.openSymbols(name)
	if err != nil {
		return "", err
	}
	defer st.Close()
	var found []symbol.Function
	for _, f := range symbols.Resolve(function) {
		if !f.Import {
			found = append(found, f)
		}
	}
	if len(found) == 0 {
		return "", fmt.Errorf("%s: %w\n  see 'faaslens symbols %s'", name, noFunction(symbols, function), name)
	}
	return found[0].Name, nil
}

// hottest is the guest's function that most samples are in.
func (r *recording) hottest(ctx context.Context) (string, error) {
	folded, err := r.fold(ctx)
	if err != nil {
		return "", err
	}
	counts := make(map[string]int)
	best := ""
	for stack, n := range folded {
		// What is inlined is a part of the function that it is in.
		for strings.HasSuffix(stack, "_[i]") {
			stack = stack[:max(strings.LastIndexByte(stack, ';'), 0)]
		}
		leaf := stack[strings.LastIndexByte(stack, ';')+1:]
		if name, guest := strings.CutSuffix(leaf, "_[j]"); guest {
			if counts[name] += n; counts[name] > counts[best] {
				best = name
			}
		}
	}
	if best == "" {
		return "", fmt.Errorf("no sample in the recording is in a function of %s: let it run longer, as with 'faaslens perf record %s -- --runs 100'", r.name, r.name)
	}
	return best, nil
}

// fold reads the stacks of the recording.
func (r *recording) fold(ctx context.Context) (map[string]int, error) {
	var out bytes.Buffer
	if err := r.session.perfTool(ctx, r.dir, &out, "script", "-F", perf.ScriptFields, "-i", r.data()); err != nil {
		return nil, err
	}
	return perf.Fold(&out)
}

// perfFlame writes the stacks of a recording.
func (s *session) perfFlame(ctx context.Context, name guest.Name, f *perfFlags) error {
	r, err := s.openRecording(name, f)
	if err != nil {
		return err
	}
	folded, err := r.fold(ctx)
	if err != nil {
		return err
	}
	if f.output == "-" {
		return perf.WriteFolded(s.stdout, folded)
	}
	var b bytes.Buffer
	if err := perf.WriteFolded(&b, folded); err != nil {
		return err
	}
	if filepath.Ext(f.output) == ".svg" {
		p, err := export.ParseFolded(&b)
		if err != nil {
			return err
		}
		err = writeProfile(f.output, p, export.SVG, export.Options{Title: name.String()})
		if err != nil {
			return err
		}
	} else if err := os.WriteFile(f.output, b.Bytes(), 0o644); err != nil {
		return fmt.Errorf("write the stacks: %w", err)
	}
	fmt.Fprintf(s.stderr, "wrote %d stacks to %s\n", len(folded), f.output)
	return nil
}
