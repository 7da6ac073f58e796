package scheduler

import (
	"slices"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/hostcall/faasm"
)

// ID names an invocation. Guests know it as a number, as Faasm's do.
type ID uint32

// Request is what an invocation is asked to do. The scheduler does not change it, and
// it must not be changed once it has been given.
type Request struct {
	// ID is the number that it should have; if that is 0, or taken, it gets another, which
	// is odd.
	ID       ID
	Function guest.Name
	Input    []byte
	Args     []string // behind the program's name
	Python   faasm.Python
	Limits   guest.Limits
	// Pointer runs the function at that index of the module's table in place of the
	// module's main function; nil does not.
	Pointer *uint32
	// KeepStdout is how many bytes of stdout the result has; 0 means 256 KiB.
	KeepStdout int
	// Queued is when the request was accepted, if that was before the scheduler saw
	// it.
	Queued time.Time
}

// Status is how far an invocation has come.
type Status uint8

const (
	Queued Status = iota // waits for a worker
	Running
	Waiting // runs, and waits for one that it chained
	Done
)

func (s Status) String() string {
	return [...]string{"queued", "running", "waiting", "done"}[s]
}

// Frame is a call on a guest's stack, as text has it.
type Frame struct {
	Function string `json:"function"`
	Index    uint32 `json:"index"` // of the function in its module
	File     string `json:"file,omitempty"`
	Line     int    `json:"line,omitempty"`
	Column   int    `json:"column,omitempty"`
	Inlined  bool   `json:"inlined,omitempty"`
	Offset   uint64 `json:"code_offset"`
	Note     string `json:"note,omitempty"` // why something is missing
}

// Failure is why an invocation has no exit code of its own.
type Failure struct {
	Kind    string  `json:"kind"` // "trap", "limit" or "error"
	Code    string  `json:"code"` // which of the kind, in a word or two
	Message string  `json:"message"`
	Frames  []Frame `json:"frames,omitempty"` // innermost first
	// Callers are the stacks of the invocations that waited for this one, for the one
	// that did, and so on, each at its wait.
	Callers []Caller `json:"callers,omitempty"`
}

// Caller is an invocation that waited.
type Caller struct {
	ID       ID         `json:"id"`
	Function guest.Name `json:"function"`
	Frames   []Frame    `json:"frames"`
}

// Result is how an invocation ended.
type Result struct {
	// ReturnValue is the exit code; 1 with a Failure, as in Faasm.
	ReturnValue int32
	Output      []byte // what it wrote by Faasm's interface
	// Stdout and Stderr are the first of what it wrote there, StdoutSize and
	// StderrSize how many bytes that were in all.
	Stdout, Stderr         []byte
	StdoutSize, StderrSize int64
	Failure                *Failure // nil if it ended by itself
	Memory                 uint64   // bytes, the most there was
}

// Times are when an invocation came from one state to the next. Zero is not yet.
type Times struct {
	Queued, Started, Finished time.Time
	// Ready is how long it took to have the function ready to run: nothing to speak
	// of, unless it was compiled or loaded for this invocation.
	Ready time.Duration
	Cold  bool // it was loaded for this invocation
	// Waited is how long it waited for those that it chained.
	Waited time.Duration
}

// record is an invocation that is known.
type record struct {
	id      ID
	request *Request
	parent  *record // nil if it was not chained, or by one of another host
	errand  *Errand // as which it came from another host; nil if it did not
	depth   int
	// answered is whether who asked for the tree that begins here has its result as soon as
	// that is there.
	answered bool

	stays  bool // it is run here, for a host that ran it was lost; its goroutine's own
	permit int  // the worker that it has; its goroutine's own
	status atomic.Uint32
	chain  chain    // what its function chains with, while it runs
	life   lifetime // of the tree that begins here

	// Guarded by the scheduler's lock.
	times    Times
	children []*record
	live     int           // of its tree, itself included, how many have not ended
	tree     int           // how many its tree has, itself included
	result   *Result       // nil until there is one
	first    Result        // the one that result leads to at first
	size     int           // of what it keeps
	holds    bool          // it counts as an instance
	done     chan struct{} // closed when result is there; nil while nobody waits for that
	worker   int           // that it ran on last; -1 if none
	lent     bool          // another host runs it, or has
	host     string        // which; "" if it is this one
	settled  chan struct{} // closed when live is 0; only an errand has it
}

// now is the time. Where the scheduler itself has noted when it accepted the invocation, it
// looks at one clock, and time.Now at two. It is for the invocation's goroutine.
func (r *record) now() time.Time {
	if queued := r.times.Queued; r.request.Queued.IsZero() {
		return queued.Add(time.Since(queued))
	}
	return time.Now()
}

func (r *record) isDone() bool { return Status(r.status.Load()) == Done }

// ended is closed when the result is there. The scheduler's lock is held.
func (r *record) ended() <-chan struct{} {
	if r.done == nil {
		r.done = make(chan struct{})
		if r.result != nil {
			close(r.done)
		}
	}
	return r.done
}

// isWithin reports whether r is a, or was chained by a, by one that a chained, and so
// on, here or on other hosts.
func (r *record) isWithin(a ID) bool {
	for ; r != nil; r = r.parent {
		if r.id == a || r.errand != nil && slices.Contains(r.errand.Ancestors, a) {
			return true
		}
	}
	return false
}

// footprint is about how many bytes it takes.
func (r *record) footprint() int {
	n := overhead + len(r.request.Input)
	if r.result != nil {
		n += len(r.result.Output) + len(r.result.Stdout) + len(r.result.Stderr)
	}
	return n
}

// root is the invocation that nobody chained and that leads to r.
func (r *record) root() *record {
	for r.parent != nil {
		r = r.parent
	}
	return r
}

// Stack is where a running invocation is.
type Stack struct {
	ID       ID
	Function guest.Name
	Elapsed  time.Duration
	Call     string  // the host call that it is in; empty in its own code
	Frames   []Frame // innermost first
	Depth    int     // of the stack: may be more than there are frames
}

// String returns it in decimal.
func (id ID) String() string { return strconv.FormatUint(uint64(id), 10) }
