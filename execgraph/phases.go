package execgraph

import (
	"time"

	"github.com/faaslens/faaslens/scheduler"
)

// Phases are what an invocation spent its time with.
type Phases struct {
	Queue time.Duration // from its acceptance until a worker had it
	Ready time.Duration // until its function was ready: a cold start, if Cold
	Run   time.Duration // in the function, without Wait
	Wait  time.Duration // for invocations that it chained
	Cold  bool
}

// PhasesOf tells them as of now, for an invocation that may not have ended.
func PhasesOf(i *scheduler.Invocation, now time.Time) Phases {
	t := &i.Times
	end := t.Finished
	if end.IsZero() {
		end = now
	}
	if t.Started.IsZero() {
		return Phases{Queue: max(end.Sub(t.Queued), 0)}
	}
	p := Phases{Queue: t.Started.Sub(t.Queued), Ready: t.Ready, Wait: t.Waited, Cold: t.Cold}
	p.Run = max(end.Sub(t.Started)-p.Ready-p.Wait, 0)
	return p
}

// Ending says in a few words how far an invocation has come or how it ended.
func Ending(i *scheduler.Invocation) string {
	switch {
	case i.Result == nil:
		return i.Status.String()
	case i.Result.Failure != nil:
		return i.Result.Failure.Kind + ": " + i.Result.Failure.Code
	}
	return "exit " + itoa(int64(i.Result.ReturnValue))
}

// failed reports whether an invocation ended and did not succeed.
func failed(i *scheduler.Invocation) bool {
	return i.Result != nil && (i.Result.Failure != nil || i.Result.ReturnValue != 0)
}

// short rounds a time to what can be read.
func short(d time.Duration) string {
	switch {
	case d < 100*time.Microsecond:
		return d.Round(100 * time.Nanosecond).String()
	case d < 100*time.Millisecond:
		return d.Round(10 * time.Microsecond).String()
	}
	return d.Round(10 * time.Millisecond).String()
}
