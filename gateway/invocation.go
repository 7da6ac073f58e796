package gateway

import (
	"time"

	"github.com/faaslens/faaslens/execgraph"
	"github.com/faaslens/faaslens/scheduler"
)

// Invocation is what is known of an invocation at one moment.
type Invocation struct {
	ID       scheduler.ID `json:"id"`
	Parent   scheduler.ID `json:"parent,omitempty"` // that chained it
	Function string       `json:"function"`
	Pointer  *uint32      `json:"pointer,omitempty"` // into the module's table, if it is what runs
	Status   string       `json:"status"`            // "queued", "running", "waiting" or "done"
	Host     string       `json:"host,omitempty"`
	Worker   int          `json:"worker"` // that it ran on last; -1 if none

	Queued   time.Time  `json:"queued"`
	Started  *time.Time `json:"started,omitempty"`
	Finished *time.Time `json:"finished,omitempty"`
	// Times in nanoseconds, so far: for a worker, until the function was ready, in the
	// function, and for those that it chained.
	QueueTime time.Duration `json:"queue_ns"`
	ReadyTime time.Duration `json:"ready_ns"`
	RunTime   time.Duration `json:"run_ns"`
	WaitTime  time.Duration `json:"wait_ns"`
	Cold      bool          `json:"cold_start"`

	ExitCode   *int32             `json:"exit_code,omitempty"` // none while it runs or if it failed
	Failure    *scheduler.Failure `json:"failure,omitempty"`
	Memory     uint64             `json:"memory_bytes,omitempty"`
	OutputSize int64              `json:"output_bytes,omitempty"`
	StdoutSize int64              `json:"stdout_bytes,omitempty"`
	StderrSize int64              `json:"stderr_bytes,omitempty"`
	Chained    []scheduler.ID     `json:"chained,omitempty"`
}

func invocationOf(i *scheduler.Invocation, now time.Time) *Invocation {
	p := execgraph.PhasesOf(i, now)
	v := &Invocation{
		ID: i.ID, Parent: i.Parent, Function: i.Request.Function.String(), Pointer: i.Request.Pointer,
		Status: i.Status.String(), Host: i.Host, Worker: i.Worker, Queued: i.Times.Queued.UTC(),
		Started: instant(i.Times.Started), Finished: instant(i.Times.Finished),
		QueueTime: p.Queue, ReadyTime: p.Ready, RunTime: p.Run, WaitTime: p.Wait, Cold: p.Cold, Chained: i.Chained,
	}
	if r := i.Result; r != nil {
		v.Failure, v.Memory = r.Failure, r.Memory
		v.OutputSize, v.StdoutSize, v.StderrSize = int64(len(r.Output)), r.StdoutSize, r.StderrSize
		if r.Failure == nil {
			v.ExitCode = &r.ReturnValue
		}
	}
	return v
}

func instant(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}
