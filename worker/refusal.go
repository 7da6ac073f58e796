package worker

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/faaslens/faaslens/engine"
	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/snapshot"
)

// InitialLimits are what an initialisation had and did not get through with. One that has
// more of any may.
type InitialLimits struct {
	// Timeout is zero if time is not what it ran out of: more would not have helped.
	Timeout time.Duration `json:"timeout_ns,omitempty"`
	Memory  uint64        `json:"memory"` // bytes of linear memory
	Stack   uint64        `json:"stack"`  // bytes of native stack
}

// initialLimits are those of initialisations here.
func (w *Worker) initialLimits() InitialLimits {
	l := InitialLimits{
		Timeout: cmp.Or(w.cfg.Initial.Timeout, initialTime),
		Memory:  cmp.Or(w.cfg.Initial.Memory, engine.DefaultMemory),
		Stack:   cmp.Or(w.cfg.Initial.Stack, w.cfg.Engine.Stack, engine.DefaultStack),
	}
	if l.Timeout < 0 {
		l.Timeout = math.MaxInt64 // never
	}
	return l
}

// within reports whether what was refused with those limits is with these.
func (l InitialLimits) within(tried *InitialLimits) bool {
	return (tried.Timeout == 0 || l.Timeout <= tried.Timeout) && l.Memory <= tried.Memory && l.Stack <= tried.Stack
}

// stands reports whether what is kept of the function's initialisation says how to start it
// here; if not, the initialisation is to be tried again.
func (f *Function) stands(s *Snapshot) bool {
	switch cfg := &f.worker.cfg; {
	case s.Refused == "":
		return true
	case f.retry || cfg.Retry || s.Again:
		return false
	case cfg.Warm && s.servable():
		return false
	}
	return s.Tried == nil || f.worker.initialLimits().within(s.Tried)
}

// refuse notes why the function is not initialised once, and reports whether that is to be
// kept: not if it lies in this try alone. What took too long is not tried again by each
// start even if it has read files or state, since each would take as long to find that out anew.
func (f *Function) refuse(s *Snapshot, err error) (lasting bool) {
	s.Refused, s.Stdout, s.Stderr = reasonOf(err), nil, nil
	var refused *snapshot.Refused
	var limit *guest.Limit
	var trap *guest.Trap
	var exit *guest.Exit
	tried := f.worker.initialLimits()
	switch {
	case errors.As(err, &refused):
		return true
	case errors.As(err, &limit) && limit.Kind == guest.LimitDeadline:
		lasting = true
	case limit != nil && limit.Kind != guest.LimitCancelled, errors.As(err, &trap), errors.As(err, &exit):
		lasting = true
		tried.Timeout = 0
		s.Again = s.readsWhatChanges()
	}
	if lasting {
		s.Tried = &tried
	}
	return lasting
}

// reasonOf says why an initialisation cannot be done once.
func reasonOf(err error) string {
	var refused *snapshot.Refused
	var limit *guest.Limit
	var trap *guest.Trap
	var exit *guest.Exit
	switch {
	case errors.As(err, &refused):
		return refused.Reason
	case errors.As(err, &exit):
		return fmt.Sprintf("its initialisation exits, with code %d", exit.Code)
	case errors.As(err, &limit) && limit.Kind == guest.LimitDeadline:
		return fmt.Sprintf("its initialisation takes more than %v", time.Duration(limit.Allowed))
	case limit != nil && limit.Kind == guest.LimitOutput:
		return fmt.Sprintf("its initialisation writes more than %s", guest.FormatBytes(limit.Allowed))
	case errors.As(err, &trap):
		return "its initialisation ends in a " + trap.Error()
	}
	return "its initialisation fails: " + err.Error()
}

// checkRefusal says what is wrong with a refusal that was kept for the function; nil if
// nothing is.
func (f *Function) checkRefusal(s *Snapshot) error {
	steps, _ := f.initialSteps()
	if !slices.Equal(s.Steps, steps) {
		return fmt.Errorf("it is of other steps, %q", s.Steps)
	}
	if s.Tried != nil && s.Tried.Timeout < 0 {
		return fmt.Errorf("it was tried for %v", s.Tried.Timeout)
	}
	return nil
}
