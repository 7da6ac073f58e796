package worker

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/faaslens/faaslens/engine"
	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/hostcall"
	"github.com/faaslens/faaslens/hostcall/faasm"
	"github.com/faaslens/faaslens/hostcall/wasi"
	"github.com/faaslens/faaslens/wasm"
)

// Invocation is what one call of a function is given. Its zero value is a function
// without input whose output is thrown away.
type Invocation struct {
	Input  []byte   // what Faasm's interface reads; must not change meanwhile
	Args   []string // with the program's name first; nil for that name alone
	Env    []string // NAME=VALUE; these count before those that every function gets
	Stdin  io.Reader
	Stdout io.Writer
	Stderr io.Writer
	// Preopens are directories beside the function's own root.
	Preopens []wasi.Preopen
	Limits   guest.Limits
	Python   faasm.Python
	Observer hostcall.Observer
	// Chain runs other functions for this one; nil traps where it asks for one.
	Chain faasm.Chain
	// Pointer runs the function at that index of the module's table in place of its
	// main function; nil does not.
	Pointer *uint32
	// Tag is what Stacks calls the invocation.
	Tag uint64
	// KeepOutput is called with what the function wrote by Faasm's interface;
	// the bytes are valid until it returns. May be nil.
	KeepOutput func([]byte)
}

// Outcome is how an invocation ended that was not stopped and did not trap.
type Outcome struct {
	// Code is what the function returned or exited with.
	Code    int32
	Memory  uint64 // the most linear memory that there was, in bytes
	Elapsed time.Duration
}

// call is the state of one invocation, kept for the next.
type call struct {
	wasi    wasi.System
	faasm   faasm.Invocation
	run     engine.Run
	states  [2]any
	out     budget
	stdout  limitedWriter
	stderr  limitedWriter
	env     []string
	roots   []wasi.Preopen
	written func() uint64
	// function is the one that runs; backtrace is kept, as written is, so that an
	// invocation makes no new one.
	function  *Function
	backtrace func(depth int32, h *hostcall.Call) error
}

func newCall() *call {
	c := &call{}
	c.states = [2]any{wasiState: &c.wasi, faasmState: &c.faasm}
	c.run.States = c.states[:]
	c.stdout.budget, c.stderr.budget = &c.out, &c.out
	c.out.other = func() uint64 { return uint64(len(c.faasm.Output())) }
	c.written = func() uint64 { return c.out.used }
	c.backtrace = c.writeBacktrace
	return c
}

// programName is the first argument of every function, as in Faasm.
const programName = "function.wasm"

var programArgs = []string{programName}

// Invoke runs the function once, in a fresh instance, on the calling goroutine. The
// error is a *guest.Trap or *guest.Limit if the function did not end by itself; the
// outcome's times and sizes are valid then too.
func (f *Function) Invoke(ctx context.Context, inv *Invocation) (Outcome, error) {
	if f.plain != nil && f.snapshot.differs(inv) {
		return f.invokePlain(ctx, inv)
	}
	c := f.worker.calls.Get().(*call)
	defer f.worker.calls.Put(c)
	if err := c.prepare(f, inv); err != nil {
		return Outcome{}, err
	}
	if f.plain != nil && len(f.snapshot.Mapped) > 0 {
		if err := c.remap(ctx, f.snapshot.Mapped); err != nil {
			// The state is another now, and so would be what it is initialised to.
			c.release()
			return f.invokePlain(ctx, inv)
		}
	}
	res, err := f.module.Run(ctx, &c.run)
	if inv.KeepOutput != nil {
		inv.KeepOutput(c.faasm.Output())
	}
	c.release()
	o := Outcome{Code: res.Value, Memory: res.Memory, Elapsed: res.Elapsed}
	if err == nil {
		return o, failedStep(f.steps, res)
	}
	var exit *guest.Exit
	if errors.As(err, &exit) {
		o.Code = exit.Code
		return o, nil
	}
	return o, err
}

// failedStep is the error of an invocation that ended before all its steps ran.
func failedStep(steps []faasm.Step, res engine.Result) error {
	if res.Step >= len(steps) {
		return nil
	}
	if _, err := steps[res.Step].Code(guest.ValueI32(res.Value)); err != nil {
		return &guest.Trap{Code: guest.TrapHost, Message: err.Error()}
	}
	return nil
}

// invokePlain is Invoke for an invocation that initialises the function by itself.
func (f *Function) invokePlain(ctx context.Context, inv *Invocation) (Outcome, error) {
	p, err := f.plain()
	if err != nil {
		return Outcome{}, err
	}
	o, err := p.Invoke(ctx, inv)
	moveFrames(err, p.parsed, f.parsed)
	return o, err
}

// moveFrames gives the frames of an error the offsets that they have in another module
// with the same code.
func moveFrames(err error, from, to *wasm.Module) {
	var trap *guest.Trap
	var limit *guest.Limit
	var frames []guest.Frame
	switch {
	case errors.As(err, &trap):
		frames = trap.Frames
	case errors.As(err, &limit):
		frames = limit.Frames
	}
	for i := range frames {
		if at, ok := from.CodeOffset(frames[i].Offset); ok {
			frames[i].Offset, _ = to.FileOffset(at)
		}
	}
}

func (c *call) prepare(f *Function, inv *Invocation) error {
	limit := inv.Limits.Output
	if limit == 0 {
		limit = engine.DefaultOutput
	}
	c.out.reset(limit)
	c.stdout.w, c.stderr.w = inv.Stdout, inv.Stderr
	// Of two entries for a name, C libraries and language runtimes take the first.
	c.env = append(append(c.env[:0], inv.Env...), f.env...)
	c.roots = append(append(c.roots[:0], f.roots...), inv.Preopens...)
	args := inv.Args
	if args == nil {
		args = programArgs
	}
	cfg := wasi.Config{
		Args:     args,
		Env:      c.env,
		Stdin:    inv.Stdin,
		Stdout:   &c.stdout,
		Stderr:   &c.stderr,
		Preopens: c.roots,
		Shared:   f.worker.cfg.Files,
	}
	if inv.Args != nil || inv.Env != nil || inv.Preopens != nil {
		// What the function itself brings was found right when it was opened.
		if err := cfg.Validate(); err != nil {
			return err
		}
	}
	c.wasi.Reset(&cfg)
	c.faasm.Reset(faasm.Config{
		Input:       inv.Input,
		Python:      inv.Python,
		OutputLimit: limit,
		Written:     c.written,
		Files:       &c.wasi,
		Stdout:      &c.stdout,
		Log:         f.worker.cfg.Log,
		Chain:       inv.Chain,
		State:       f.worker.cfg.State,
		User:        f.Name.User,
		Backtrace:   c.backtrace,
	})
	c.function = f
	c.run.Limits, c.run.Observer, c.run.Tag = inv.Limits, inv.Observer, inv.Tag
	if inv.Pointer != nil {
		c.run.Pointer = &engine.Pointer{Index: *inv.Pointer}
		var err error
		if c.run.Pointer.Arg, err = faasm.PointerArg(inv.Input); err != nil {
			c.run.Pointer.NoArg = err.Error()
		}
	}
	return nil
}

// remap has the run start with the state in its memory that initialising left there.
func (c *call) remap(ctx context.Context, mapped []faasm.StateExtent) error {
	for _, e := range mapped {
		fd, offset, size, err := c.faasm.Remap(ctx, e)
		if err != nil {
			return err
		}
		c.run.Files = append(c.run.Files, engine.File{Address: e.Address, FD: fd, Offset: offset, Size: size})
	}
	return nil
}

// release lets go of what belongs to the caller.
func (c *call) release() {
	c.wasi.Close()
	c.faasm.Close()
	c.stdout.w, c.stderr.w = nil, nil
	c.run.Observer, c.run.Pointer = nil, nil
	c.run.Files = c.run.Files[:0]
	c.function = nil
}
