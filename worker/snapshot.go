package worker

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/hostcall/faasm"
	"github.com/faaslens/faaslens/snapshot"
	"github.com/faaslens/faaslens/wasm"
)

// Snapshot is what became of running once what initialises a function.
type Snapshot struct {
	// Steps are the exports that initialise it, in order; WarmExport is the one among them
	// that was asked for, if one was.
	Steps      []string `json:"steps"`
	WarmExport string   `json:"warm_export,omitempty"`
	// Refused is why each invocation calls them; "" if they were called once, and
	// invocations start from the memory that they left.
	Refused string `json:"refused,omitempty"`
	// Tried are the limits that they had when they were refused; nil if the limits do not
	// matter.
	Tried *InitialLimits `json:"tried,omitempty"`
	// Again says that each start tries again: it failed after it had read files, which may
	// be others then.
	Again bool `json:"again,omitempty"`
	// Reads is what they learnt of their host: "clock", "random numbers", "files" and
	// "state" are then the same for all invocations; one that brings others of its own "arguments",
	// "environment" and "directories" calls them again.
	Reads []string `json:"reads,omitempty"`
	// Mapped is the state that they left in memory: it is mapped again for each invocation.
	Mapped []faasm.StateExtent `json:"mapped,omitempty"`
	// Stdout and Stderr are what they wrote.
	Stdout []byte        `json:"stdout,omitempty"`
	Stderr []byte        `json:"stderr,omitempty"`
	Memory uint64        `json:"memory,omitempty"` // linear memory then, bytes
	Size   int           `json:"size,omitempty"`   // of the module that starts there, bytes
	Took   time.Duration `json:"took_ns,omitempty"`
	// SHA256 is of that module, in hex.
	SHA256 string `json:"sha256,omitempty"`
	// Made is whether this process called them.
	Made bool `json:"-"`
}

// Snapshot is how the function is initialised; nil if nothing does that but its invocations,
// or if snapshots are off.
func (f *Function) Snapshot() *Snapshot { return f.snapshot }

// differs reports whether an invocation would have initialised the function otherwise.
func (s *Snapshot) differs(inv *Invocation) bool {
	return inv.Preopens != nil && slices.Contains(s.Reads, readsDirectories) ||
		len(inv.Env) > 0 && slices.Contains(s.Reads, readsEnvironment) ||
		inv.Args != nil && !slices.Equal(inv.Args, programArgs) && slices.Contains(s.Reads, readsArguments)
}

const (
	// initialTime is how long initialisation may take unless the limits say.
	initialTime = time.Minute
	// initialOutput is how much it may write.
	initialOutput = 64 << 10
)

// initialise finds or makes the module that starts where the function is initialised. It
// is nil, and the snapshot says why, where that cannot be; an error is that the
// context ended, or that the module cannot be compiled or linked. What is compiled of it is to be kept in dir.
func (f *Function) initialise(ctx context.Context, cacheDir string) (frozen *wasm.Module, dir string, err error) {
	c := newSnapshotCache(f, cacheDir)
	if s, m := c.find(); s != nil && f.stands(s) {
		f.snapshot = s
		return m, c.dir, nil
	}
	s := &Snapshot{Made: true}
	s.Steps, s.WarmExport = f.initialSteps()
	f.snapshot = s
	b, err := f.freeze(ctx, s, c.dir)
	if ctx.Err() != nil {
		return nil, "", fmt.Errorf("initialise: %w", context.Cause(ctx))
	}
	var link *guest.LinkError
	var failure *guest.CompileFailure
	if errors.As(err, &link) || errors.As(err, &failure) {
		return nil, "", err // it would be the same without a snapshot
	}
	lasting := false
	if err != nil {
		lasting = f.refuse(s, err)
	} else {
		if frozen, err = wasm.Parse(b); err != nil {
			return nil, "", fmt.Errorf("read what the function was initialised to: %w", err)
		}
		s.Size, s.SHA256 = len(b), checksum(b)
		lasting = !s.readsWhatChanges()
	}
	if lasting {
		c.keep(s, b)
	}
	f.tell()
	return frozen, c.dir, nil
}

// initialSteps are the exports that initialise the function, and the one among them that
// was asked for.
func (f *Function) initialSteps() (steps []string, warmExport string) {
	for _, step := range f.steps[:f.main] {
		steps = append(steps, step.Export)
		if step.Role == faasm.Warm {
			warmExport = step.Export
		}
	}
	return steps, warmExport
}

// readsWhatChanges reports whether they learnt what is theirs only as long as the process
// runs.
func (s *Snapshot) readsWhatChanges() bool {
	return slices.Contains(s.Reads, readsFiles) || slices.Contains(s.Reads, readsState)
}

// servable reports whether what keeps the function from being initialised once does not
// do so in a process that serves.
func (s *Snapshot) servable() bool { return s.Refused == refusedFiles || s.Refused == refusedState }

const (
	refusedFiles = "its initialisation reads files, which may have changed by the next start: only a service starts its invocations from there"
	refusedState = "its initialisation uses state, which functions share as long as a process serves: only a service does that once"
)

// freeze calls what initialises the function and makes a module of what that left. dir is
// for what is compiled for that.
func (f *Function) freeze(ctx context.Context, s *Snapshot, dir string) ([]byte, error) {
	instrumented, reading, err := snapshot.Instrument(f.original)
	if err != nil {
		return nil, err
	}
	parsed, err := wasm.Parse(instrumented)
	if err != nil {
		return nil, err
	}
	g := &Function{Name: f.Name, worker: f.worker, original: f.original, root: f.root, roots: f.roots, env: f.env, steps: f.steps[:f.main]}
	dir = filepath.Join(dir, "initial")
	o := f.moduleOptions(g.steps, dir)
	o.Warm, o.Loaded, o.Unloaded = false, nil, nil
	if g.module, err = f.worker.engine.Compile(ctx, parsed, o); err != nil {
		return nil, err
	}
	defer g.module.Close()
	g.parsed, g.symbols = parsed, f.tableOf(parsed)
	f.worker.functions.Store(g.module, g)
	defer f.worker.functions.Delete(g.module)
	frozen, err := g.capture(ctx, s, reading)
	if err == nil {
		_ = os.RemoveAll(dir) // else another try needs it
	}
	return frozen, err
}

// capture runs the function's steps, notes in s what they did, and freezes the instance.
func (f *Function) capture(ctx context.Context, s *Snapshot, reading *snapshot.Reading) (frozen []byte, err error) {
	cfg := &f.worker.cfg
	guard := &admission{reads: make(map[string]bool), serves: cfg.Warm && cfg.State != nil}
	var stdout, stderr bytes.Buffer
	inv := &Invocation{Limits: cfg.Initial, Stdout: &stdout, Stderr: &stderr, Observer: guard}
	if inv.Limits.Timeout == 0 {
		inv.Limits.Timeout = initialTime
	}
	inv.Limits.Output = initialOutput
	c := newCall()
	if err := c.prepare(f, inv); err != nil {
		return nil, err
	}
	defer c.release()
	open := c.wasi.OpenPaths()
	res, err := f.module.Capture(ctx, &c.run, reading, func(state *snapshot.State) error {
		if now := c.wasi.OpenPaths(); !slices.Equal(open, now) {
			return &snapshot.Refused{Reason: fmt.Sprintf("its initialisation leaves other descriptors than it found: %q", now)}
		}
		if guard.reads[readsFiles] && !cfg.Warm {
			return &snapshot.Refused{Reason: refusedFiles}
		}
		if c.faasm.HoldsLocks() {
			return &snapshot.Refused{Reason: "its initialisation leaves state locked, for the invocation to unlock"}
		}
		s.Mapped = c.faasm.Mapped()
		frozen, err = snapshot.Freeze(f.original, reading, state)
		return err
	})
	s.Memory, s.Took = res.Memory, res.Elapsed
	s.Stdout, s.Stderr = stdout.Bytes(), stderr.Bytes()
	for what := range guard.reads {
		s.Reads = append(s.Reads, what)
	}
	slices.Sort(s.Reads)
	if guard.refused != "" {
		return nil, &snapshot.Refused{Reason: guard.refused}
	}
	if err == nil {
		err = failedStep(f.steps, res)
	}
	return frozen, err
}

// tell logs how the function was initialised.
func (f *Function) tell() {
	s, log := f.snapshot, f.worker.cfg.Log
	if told := f.worker.cfg.Initialised; told != nil {
		told(f)
	}
	if s.Refused != "" {
		log.Info("each invocation initialises the function", "function", f.Name.String(), "steps", s.Steps, "reason", s.Refused)
		return
	}
	log.Info("the function was initialised once", "function", f.Name.String(), "steps", s.Steps, "took", s.Took,
		"memory", s.Memory, "reads", s.Reads, "stdout", string(s.Stdout), "stderr", string(s.Stderr))
}
