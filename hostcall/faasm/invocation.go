package faasm

import (
	"context"
	"io"
	"log/slog"
	"os"

	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/hostcall"
	"github.com/faaslens/faaslens/state"
)

// Files is the guest's descriptors, as far as calls of this package touch them.
type Files interface {
	// ReadAt reads from a regular file at an offset, as io.ReaderAt does.
	ReadAt(fd int32, p []byte, off int64) (int, error)
	// Open opens a regular file of the guest's, or a shared one, for reading.
	Open(ctx context.Context, path string) (*os.File, error)
	// Dup returns a new descriptor for what fd is open on.
	Dup(fd int32) (int32, error)
}

// Python says which Python function the invocation is for; it is only read by
// the guest that hosts Python.
type Python struct {
	User, Function, Entry string
	// Preload answers the flag PYTHON_PRELOAD.
	Preload bool
}

// Config is what one invocation brings. The zero Config is a function without
// input, files and limits.
type Config struct {
	// Input is read in place and must not change during the invocation.
	Input  []byte
	Python Python

	// OutputLimit bounds the bytes of the output together with Written. Zero
	// is no bound.
	OutputLimit uint64
	// Written is the bytes so far on streams that share OutputLimit. Nil is
	// none.
	Written func() uint64

	// Files is the guest's descriptors. Nil is none: no descriptor is open.
	Files Files
	// Stdout takes what the guest prints through the host. Nil drops it.
	Stdout io.Writer

	// Processors is how many of them sysconf reports. Zero is one, as one
	// invocation runs on one thread.
	Processors int
	// Log takes warnings for the operator, at most one in an invocation. Nil
	// drops them.
	Log *slog.Logger
	// Chain runs other functions for the guest. Nil traps.
	Chain Chain
	// State is what functions share, and User whose it is. Nil traps.
	State *state.Local
	User  string
	// Backtrace answers __faasm_backtrace: depth is the number of innermost
	// frames to leave out. Nil traps.
	Backtrace func(depth int32, c *hostcall.Call) error
}

// Invocation is the state that the calls of one invocation share. It is used by
// one goroutine at a time, and again after Reset.
type Invocation struct {
	cfg    Config
	output []byte
	heap   heap
	umask  uint32
	domain uint32 // where the guest's last textdomain string is; 0 before
	static uint32 // where the host's strings are in the guest; 0 before
	warned bool

	session *state.Session        // opened when it is first needed
	mapped  map[piece]StateExtent // what of the state is in the guest's memory
}

// maxKeptOutput bounds the buffer that a pooled Invocation keeps for the next.
const maxKeptOutput = 1 << 20

// initialUmask is what a login shell starts with.
const initialUmask = 0o022

// Reset makes the invocation ready for the next one. What Output returned before is
// no longer valid.
func (v *Invocation) Reset(cfg Config) {
	if cap(v.output) > maxKeptOutput {
		v.output = nil
	}
	v.cfg = cfg
	v.output = v.output[:0]
	v.heap.reset()
	v.umask = initialUmask
	v.domain, v.static = 0, 0
	v.warned = false
	v.Close()
}

// Close gives back what the invocation holds of the state: it must have ended.
func (v *Invocation) Close() {
	if v.session != nil {
		v.session.Close()
		v.session, v.mapped = nil, nil
	}
}

// Output is the last output that the function wrote. It is valid until Reset.
func (v *Invocation) Output() []byte { return v.output }

// setOutput replaces the output, as long as it stays within the limit.
func (v *Invocation) setOutput(b []byte) error {
	if v.cfg.OutputLimit != 0 {
		used := uint64(len(b))
		if v.cfg.Written != nil {
			used += v.cfg.Written()
		}
		if used > v.cfg.OutputLimit {
			return &guest.Limit{Kind: guest.LimitOutput, Allowed: v.cfg.OutputLimit, Used: used}
		}
	}
	v.output = append(v.output[:0], b...)
	return nil
}

// maxWarned bounds what a warning repeats of the guest's words.
const maxWarned = 64

// warnUnknownFlag warns once: a hostile guest must not fill the log.
func (v *Invocation) warnUnknownFlag(key []byte) {
	if v.cfg.Log == nil || v.warned {
		return
	}
	v.warned = true
	v.cfg.Log.Warn("function asked for an unknown conf flag, which is off", "flag", string(key[:min(len(key), maxWarned)]))
}

// invocation is the state that every call of this set gets.
func invocation(c *hostcall.Call) *Invocation { return c.State.(*Invocation) }
