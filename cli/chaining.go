package cli

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/faaslens/faaslens/engine"
	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/hostcall"
	"github.com/faaslens/faaslens/hostcall/faasm"
	"github.com/faaslens/faaslens/scheduler"
	"github.com/faaslens/faaslens/symbol"
	"github.com/faaslens/faaslens/worker"
)

// Slots and depth of what a run may chain. Each waiting function keeps an instance.
const (
	chainSlots = 1200
	chainDepth = 1000
)

// companions run the functions that the function of a run chains. They have a worker of
// their own, which is started when the first is chained: most runs chain none.
type companions struct {
	session  *session
	workshop *workshop // of the run
	shared   bool      // functions share a file system, as Faasm's do
	quiet    bool      // what they print is not passed on

	once      sync.Once
	err       error
	worker    *worker.Worker
	library   *worker.Library
	scheduler *scheduler.Scheduler
}

// start starts the worker.
func (c *companions) start() error {
	c.once.Do(func() {
		e := engine.Config{Shards: 1, Slots: chainSlots}
		if e.Compile, c.err = c.session.compileApart(); c.err != nil {
			return
		}
		told := c.session.tellInitial
		if c.quiet {
			told = nil
		}
		c.worker, c.err = worker.New(worker.Config{
			Store: c.workshop.store, State: c.workshop.state, SharedRoot: c.shared, Snapshots: true, Initialised: told,
			Engine: e,
		})
		if c.err != nil {
			return
		}
		c.library = worker.NewLibrary(c.worker, 64)
		if !c.quiet {
			c.library.Stdout, c.library.Stderr = &lockedWriter{w: c.session.stdout}, &lockedWriter{w: c.session.stderr}
		}
		c.scheduler = scheduler.New(scheduler.Config{
			Functions: c.library, Workers: max(2, runtime.NumCPU()), MaxInstances: chainSlots, MaxDepth: chainDepth, Keep: 24 * time.Hour,
		})
	})
	return c.err
}

// close waits for what was chained and nobody waited for.
func (c *companions) close(ctx context.Context) {
	if c.scheduler == nil {
		return
	}
	c.scheduler.Close(ctx)
	c.library.Close()
	c.worker.Close()
}

// chainOf is what one run of a function chains with.
func (c *companions) chainOf(ctx context.Context, f *worker.Function, inv *worker.Invocation) *runChain {
	return &runChain{companions: c, ctx: ctx, function: f, request: &scheduler.Request{
		Function: f.Name, Input: inv.Input, Limits: inv.Limits, Python: inv.Python,
	}}
}

// runChain is one run's. It implements faasm.Chain.
type runChain struct {
	companions *companions
	ctx        context.Context // of the run
	function   *worker.Function
	request    *scheduler.Request

	chain faasm.Chain // nil until the first call is chained
	end   func(scheduler.Result)
	id    scheduler.ID
}

// Start implements faasm.Chain.
func (r *runChain) Start(c *hostcall.Call, t faasm.Target, input []byte) (uint32, error) {
	if r.chain == nil {
		if err := r.companions.start(); err != nil {
			return 0, fmt.Errorf("chain a function: %w", err)
		}
		var err error
		r.id, r.chain, r.end, err = r.companions.scheduler.Adopt(r.ctx, r.request, plainNames{r.function})
		if err != nil {
			return 0, fmt.Errorf("chain a function: %w", err)
		}
	}
	return r.chain.Start(c, t, input)
}

// Await implements faasm.Chain.
func (r *runChain) Await(c *hostcall.Call, id uint32) (faasm.Chained, bool, error) {
	if r.chain == nil {
		return faasm.Chained{}, false, nil
	}
	return r.chain.Await(c, id)
}

// finish ends the run's part and returns those that it chained and that failed.
func (r *runChain) finish(code int32) []scheduler.Invocation {
	if r.chain == nil {
		return nil
	}
	r.end(scheduler.Result{ReturnValue: code})
	g, err := r.companions.scheduler.Graph(r.id)
	if err != nil {
		return nil
	}
	return failures(g, nil)
}

// failures are the invocations of a graph that did not end by themselves.
func failures(g *scheduler.Node, all []scheduler.Invocation) []scheduler.Invocation {
	if g.Result != nil && g.Result.Failure != nil {
		all = append(all, g.Invocation)
	}
	for _, c := range g.Chained {
		all = failures(c, all)
	}
	return all
}

// plainNames names the frames of a function that the scheduler does not run.
type plainNames struct {
	function *worker.Function
}

func (p plainNames) Backtrace(stack []guest.Frame) []scheduler.Frame {
	return p.function.PlainBacktrace(stack)
}

// lockedWriter is a writer for several goroutines.
type lockedWriter struct {
	mu sync.Mutex
	w  io.Writer
}

// Write implements io.Writer.
func (l *lockedWriter) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}

// writeChained tells of a chained function that failed: its stack, and where those that
// waited for it stood.
func (s *session) writeChained(i scheduler.Invocation) {
	s.complain(chainedMessage(i))
	writeJoined(s.stderr, i.Result.Failure)
}

// logChained is writeChained in Faasm's log.
func (l *faasmLog) logChained(i scheduler.Invocation) {
	var b strings.Builder
	writeJoined(&b, i.Result.Failure)
	l.fail("%s", strings.TrimSuffix(chainedMessage(i)+"\n"+b.String(), "\n"))
}

func chainedMessage(i scheduler.Invocation) string {
	return fmt.Sprintf("%s, which was chained: %s", i.Request.Function, printable(i.Result.Failure.Message))
}

// writeJoined writes the stack of a failure and those of who waited.
func writeJoined(w io.Writer, f *scheduler.Failure) {
	writePlainStack(w, f.Frames)
	for _, c := range f.Callers {
		fmt.Fprintf(w, "  %s waited for it\n", c.Function)
		writePlainStack(w, c.Frames)
	}
}

// writePlainStack writes a stack that a scheduler kept.
func writePlainStack(w io.Writer, frames []scheduler.Frame) {
	if len(frames) == 0 {
		return
	}
	all := make([]worker.Frame, len(frames))
	for i, f := range frames {
		all[i].Func, all[i].Code, all[i].Offset = guest.FuncIndex(f.Index), guest.CodeOffset(f.Offset), guest.FileOffset(f.Offset)
		all[i].Location = symbol.Location{Function: f.Function, File: f.File, Line: f.Line, Column: f.Column, Inlined: f.Inlined, Note: f.Note}
	}
	s := stackWriter{w: w}
	s.write(all)
}
